/** Who an RTMP client is and what it may do. Credentials travel in query strings, because RTMP has no better place that encoders fill in. */

import { ShoalError } from '../../errors.js'
import type { PluginContext } from '../../plugin.js'
import type { Action, Principal } from '../../services.js'
import type { TrackKind } from '../../stream.js'

/** Credentials a client showed so far. */
export interface Shown {
  readonly token?: string
  readonly user?: string
  readonly password?: string
}

/** A name with its query string taken off. */
export interface SplitName {
  readonly name: string
  readonly shown: Shown
  /** Kinds of tracks that are wanted; absent = all. */
  readonly kinds?: readonly TrackKind[]
}

/** Splits `live/cam?token=…&user=…&pass=…&tracks=audio`. Other parameters are dropped: they are for servers that want them. */
export function splitName(text: string): SplitName {
  const mark = text.indexOf('?')
  if (mark < 0) return { name: text, shown: {} }
  const query = new URLSearchParams(text.slice(mark + 1))
  const token = query.get('token')
  const user = query.get('user')
  const password = query.get('pass') ?? query.get('password')
  const tracks = query.get('tracks')
  return {
    name: text.slice(0, mark),
    ...((tracks === 'audio' || tracks === 'video') && { kinds: [tracks] }),
    shown: { ...(token !== null && { token }), ...(user !== null && { user }), ...(password !== null && { password }) },
  }
}

/** The stream path of an application and a name, written the one way permissions are asked for. */
export function pathOf(app: string, name: string): string {
  return `${app}/${name}`.split('/').filter(Boolean).join('/').normalize('NFC')
}

/** Is it this machine? IPv4 addresses may come in their IPv6 form. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address)
  return plain === '::1' || plain.startsWith('127.')
}

/** An address without the IPv6 form of IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** Asks the authentication service. Nobody's to judge = an anonymous client; rejects with `ERR_UNAUTHENTICATED` when the credentials are wrong. */
export async function authenticate(ctx: PluginContext<unknown>, shown: Shown, remote: string): Promise<Principal> {
  const address = plainAddress(remote)
  const local = isLoopback(remote)
  const who = await ctx.use('authentication').authenticate({ via: 'rtmp', ...shown, address, local })
  if (who === false)
    throw new ShoalError('ERR_UNAUTHENTICATED', 'The credentials are wrong.', { hint: 'Put ?token=… or ?user=…&pass=… behind the stream name.' })
  return who ?? { kind: 'client', id: 'anonymous', address, local }
}

/** What a session was permitted, by message stream: asked again whenever permissions change. */
export class Permits {
  readonly #ctx: PluginContext<unknown>
  readonly #revoke: (stream: number, error: unknown) => void
  readonly #held = new Map<number, { readonly who: Principal; readonly action: Action['action']; readonly path: string }>()

  /** `revoke`: what a message stream does is refused from now on. */
  constructor(ctx: PluginContext<unknown>, revoke: (stream: number, error: unknown) => void) {
    this.#ctx = ctx
    this.#revoke = revoke
  }

  /** Asks for permission and holds it until {@link drop}. Rejects with `ERR_FORBIDDEN`. */
  async take(stream: number, who: Principal, action: Action['action'], path: string): Promise<void> {
    // held before it is asked for: no change can slip in between
    this.#held.set(stream, { who, action, path })
    try {
      await permit(this.#ctx, who, action, path)
    } catch (error) {
      this.#held.delete(stream)
      throw error
    }
  }

  /** The message stream is free again. */
  drop(stream: number): void {
    this.#held.delete(stream)
  }

  /** Asks again after each change, until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#ctx.use('permission').changes?.(signal) ?? []) await Promise.all([...this.#held.keys()].map((stream) => this.#askAgain(stream)))
  }

  async #askAgain(stream: number): Promise<void> {
    const held = this.#held.get(stream)
    if (!held) return
    try {
      await permit(this.#ctx, held.who, held.action, held.path)
    } catch (error) {
      if (this.#held.get(stream) === held) this.#revoke(stream, error)
    }
  }
}

/** Asks the permission service; rejects with `ERR_FORBIDDEN` and its reason. */
export async function permit(ctx: PluginContext<unknown>, who: Principal, action: Action['action'], path: string): Promise<void> {
  const answer = await ctx.use('permission').allows(who, { action, target: path })
  if (answer === true) return
  const reason = typeof answer === 'string' ? answer : `${who.id} may not ${action === 'stream.publish' ? 'publish' : 'read'} ${path}.`
  throw new ShoalError('ERR_FORBIDDEN', reason)
}
