/** Service slots that a plugin's process calls. */

import { ShoalError } from '../../../errors.js'
import type { PluginContext } from '../../../plugin.js'
import type { Action, Credentials, Lock, Principal } from '../../../services.js'
import { errorAnswer } from './codec.js'
import type { MessagePipe } from './pipe.js'
import type { Answer, ServiceCall } from './portable.pb.js'
import { isFields, serviceArguments, toServiceJson } from './service-json.js'

/** What came of a call: a value, or a stream of events that begins when the answer is out. */
type Outcome = { readonly value: unknown } | { readonly events: (signal: AbortSignal) => AsyncIterable<unknown> }

/** A call of the process. */
export interface ServiceUse {
  readonly ctx: PluginContext
  readonly id: number
  /** Aborted when the process wants no answer, or is gone. */
  readonly signal: AbortSignal
  /** Throws `ERR_LIMIT` when the process has as many streams as it may. */
  readonly admit: () => void
}

/** What one method works with. */
interface Use extends ServiceUse {
  readonly values: Values
}

type Method = (use: Use) => Promise<Outcome> | Outcome

/** The slots that one process calls, and what it has of them. */
export class UsedServices {
  readonly #pipe: MessagePipe
  readonly #streams = new Map<number, AbortController>()
  readonly #locks = new Map<number, Lock>()
  readonly #uses: () => readonly string[]

  /** `uses`: slots that it said it would call. */
  constructor(pipe: MessagePipe, uses: () => readonly string[]) {
    this.#pipe = pipe
    this.#uses = uses
  }

  /** Streams of events, and locks. */
  get size(): number {
    return this.#streams.size + this.#locks.size
  }

  /** Calls a method. `after`: what begins when the answer is out. */
  async call(use: ServiceUse, call: ServiceCall): Promise<{ answer: Partial<Answer>; after?: () => void }> {
    const { slot, method } = call
    if (!this.#uses().includes(slot)) throw new ShoalError('ERR_USAGE', `The plugin does not name the slot ${slot.slice(0, 60)} in uses.`)
    const name = `${slot}.${method}`
    const found = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined
    if (!found) throw new ShoalError('ERR_USAGE', `The slot ${slot} has no method ${method.slice(0, 60)} for a process.`)
    const outcome = await found({ ...use, values: new Values(name, serviceArguments(call, `The arguments of ${name}`)) })
    if ('events' in outcome) return this.#open(use, outcome.events)
    const { json, blobs } = toServiceJson(outcome.value ?? null)
    return { answer: { body: json, blobs } }
  }

  /** The plugin does not want a stream any more, or a lock whose caller had given up when it was granted. */
  close(id: number): void {
    this.#streams.get(id)?.abort()
    this.#release(id).catch(() => {})
  }

  /** The process is gone: what it has is given back. */
  end(): void {
    for (const stop of this.#streams.values()) stop.abort()
    for (const lock of this.#locks.values()) void lock.release().catch(() => {})
    this.#locks.clear()
  }

  readonly #methods: Readonly<Record<string, Method>> = {
    'cache.get': async ({ ctx, values }) => ({ value: await ctx.use('cache').get(values.text(0)) }),
    'cache.set': async ({ ctx, values }) => ({ value: await ctx.use('cache').set(values.text(0), values.bytes(1), values.number(2)) }),
    'cache.delete': async ({ ctx, values }) => ({ value: await ctx.use('cache').delete(values.text(0)) }),
    'cache.clear': async ({ ctx }) => ({ value: await ctx.use('cache').clear() }),
    'authentication.authenticate': async ({ ctx, values }) => ({ value: await ctx.use('authentication').authenticate(values.credentials(0)) }),
    'permission.allows': async ({ ctx, values }) => ({ value: await ctx.use('permission').allows(values.principal(0), values.action(1)) }),
    'permission.changes': ({ ctx }) => ({ events: (signal) => changes(ctx, signal) }),
    'locks.get': (use) => this.#lock(use),
    'locks.release': async ({ values }) => {
      await this.#release(values.number(0))
      return { value: null }
    },
    'clusterNode.send': async ({ ctx, values }) => ({ value: await ctx.use('clusterNode').send(values.text(0), values.bytes(1)) }),
    'clusterNode.sendDirect': async ({ ctx, values }) => ({
      value: await ctx.use('clusterNode').sendDirect(values.text(0), values.text(1), values.bytes(2)),
    }),
    'clusterNode.subscribe': ({ ctx, values }) => {
      const topic = values.text(0)
      return { events: (signal) => ctx.use('clusterNode').subscribe(topic, { signal }) }
    },
    'clusterRegistry.members': ({ ctx }) => {
      const registry = ctx.use('clusterRegistry')
      return { value: { self: registry.self, members: registry.members(), leader: registry.leader() } }
    },
    'clusterRegistry.events': ({ ctx }) => ({ events: (signal) => ctx.use('clusterRegistry').events({ signal }) }),
  }

  async #lock({ ctx, id, values, signal, admit }: Use): Promise<Outcome> {
    admit()
    const timeout = values.number(1)
    const lock = await ctx.use('locks').get(values.text(0), { signal, ...(timeout > 0 && { timeout }) })
    if (!lock) return { value: null }
    if (signal.aborted) {
      await lock.release()
      throw signal.reason
    }
    this.#locks.set(id, lock)
    lock.signal.addEventListener('abort', () => this.#lost(id), { once: true })
    return { value: { token: lock.token } }
  }

  #lost(id: number): void {
    if (this.#locks.delete(id)) this.#pipe.send({ id, close: errorAnswer(new ShoalError('ERR_ABORTED', 'The lock is lost.')) })
  }

  async #release(id: number): Promise<void> {
    const lock = this.#locks.get(id)
    this.#locks.delete(id)
    await lock?.release()
  }

  /** Known at once, so that no two calls take the same place, and so that the end of the process ends it too. */
  #open({ id, signal, admit }: ServiceUse, events: (signal: AbortSignal) => AsyncIterable<unknown>): { answer: Partial<Answer>; after: () => void } {
    if (signal.aborted) throw signal.reason
    admit()
    const stop = new AbortController()
    this.#streams.set(id, stop)
    return { answer: {}, after: () => void this.#run(id, events, stop.signal) }
  }

  /** Sends events until somebody ends it. What the process does not read waits in the queue of the service, which says `lagged`. */
  async #run(id: number, events: (signal: AbortSignal) => AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
    let end = { code: '', message: '' }
    try {
      for await (const event of events(signal)) {
        const { json, blobs } = toServiceJson(event)
        this.#pipe.send({ id, notice: { slot: '', method: '', arguments: json, blobs } })
        await this.#pipe.drained()
      }
    } catch (error) {
      end = errorAnswer(error)
    }
    this.#streams.delete(id)
    this.#pipe.send({ id, close: { code: end.code, message: end.message } })
  }
}

/** A permission without changes never tells of one. */
async function* changes(ctx: PluginContext, signal: AbortSignal): AsyncGenerator<null> {
  for await (const _ of ctx.use('permission').changes?.(signal) ?? []) yield null
}

/** Arguments of a method, each checked as it is read. Every method throws `ERR_USAGE`. */
class Values {
  readonly #method: string
  readonly #values: readonly unknown[]

  constructor(method: string, values: readonly unknown[]) {
    this.#method = method
    this.#values = values
  }

  text(at: number): string {
    const value = this.#values[at]
    return typeof value === 'string' ? value : this.#wrong(at, 'a text')
  }

  number(at: number): number {
    const value = this.#values[at] ?? 0
    return typeof value === 'number' ? value : this.#wrong(at, 'a number')
  }

  /** A copy: the bytes of a message live as long as the message. */
  bytes(at: number): Uint8Array {
    const value = this.#values[at]
    return value instanceof Uint8Array ? new Uint8Array(value) : this.#wrong(at, 'bytes')
  }

  principal(at: number): Principal {
    const { kind, id, address, local } = this.#fields(at)
    if ((kind !== 'owner' && kind !== 'peer' && kind !== 'client') || typeof id !== 'string') return this.#wrong(at, 'a principal')
    return { kind, id, ...(typeof address === 'string' && { address }), ...(typeof local === 'boolean' && { local }) }
  }

  action(at: number): Action {
    const { action, target } = this.#fields(at)
    const known = (['stream.read', 'stream.publish', 'payload.send', 'api.call'] as const).find((each) => each === action)
    return known !== undefined && typeof target === 'string' ? { action: known, target } : this.#wrong(at, 'an action')
  }

  credentials(at: number): Credentials {
    const { via, local, ...rest } = this.#fields(at)
    if (typeof via !== 'string') return this.#wrong(at, 'credentials')
    const texts = Object.fromEntries(['token', 'user', 'password', 'address'].flatMap((name) => (typeof rest[name] === 'string' ? [[name, rest[name]]] : [])))
    return { via, ...texts, ...(typeof local === 'boolean' && { local }) }
  }

  #fields(at: number): Readonly<Record<string, unknown>> {
    const value = this.#values[at]
    return isFields(value) ? value : this.#wrong(at, 'an object')
  }

  #wrong(at: number, what: string): never {
    throw new ShoalError('ERR_USAGE', `Argument ${at + 1} of ${this.#method} is not ${what}.`)
  }
}
