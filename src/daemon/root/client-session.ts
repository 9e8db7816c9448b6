/** A client of an endpoint that has logged in: everything it does is asked of `permission` first. */

import { setMaxListeners } from 'node:events'
import { ShoalError } from '../../errors.js'
import type { PayloadOptions, Payloads, PeerId } from '../../plugin.js'
import type { Action, EndpointCallOptions, EndpointSession, Permission, Principal } from '../../services.js'
import type { ClientKinds, Receive } from './client-kinds.js'
import type { Grants } from './grants.js'

/** What sessions work with. */
export interface SessionParts {
  readonly self: PeerId
  /** A trusted peer by id or name. Throws `ERR_PEER_UNKNOWN`, `ERR_PEER_AMBIGUOUS`. */
  find(peer: string): PeerId
  readonly payloads: Pick<Payloads, 'send' | 'request'>
  /** Never throws, never hangs: the guarded slot. */
  readonly permission: Permission
  readonly grants: Pick<Grants, 'hold'>
  readonly kinds: ClientKinds
}

/** Messages of one session that may be under way … */
const maxCalls = 64
/** … and kinds it may take. */
const maxKinds = 100

/** See {@link EndpointSession}. */
export class ClientSession implements EndpointSession {
  readonly principal: Principal
  readonly signal: AbortSignal
  readonly #parts: SessionParts
  readonly #over = new AbortController()
  readonly #taken = new Map<string, () => void>()
  /** Permissions are asked for at once, but messages leave in the order in which they came. */
  #turn: Promise<unknown> = Promise.resolve()
  #calls = 0

  constructor(principal: Principal, parts: SessionParts) {
    this.principal = principal
    this.signal = this.#over.signal
    this.#parts = parts
    setMaxListeners(0, this.signal)
  }

  send(to: string, kind: string, body: Uint8Array, options?: EndpointCallOptions): Promise<void> {
    return this.#call(to, kind, body, options, (peer, own) => this.#parts.payloads.send(peer, kind, body, own))
  }

  request(to: string, kind: string, body: Uint8Array, options?: EndpointCallOptions): Promise<Uint8Array> {
    return this.#call(to, kind, body, options, (peer, own) => this.#parts.payloads.request(peer, kind, body, own))
  }

  async subscribe(kind: string, receive: Receive): Promise<() => void> {
    this.signal.throwIfAborted()
    if (typeof kind !== 'string' || typeof receive !== 'function') throw new ShoalError('ERR_USAGE', 'A kind and a receiver are needed.')
    if (this.#taken.has(kind)) throw new ShoalError('ERR_USAGE', `This client takes ${kind} already.`)
    if (this.#taken.size >= maxKinds) throw new ShoalError('ERR_LIMIT', `A client may take ${maxKinds} kinds of payloads.`)
    const undo: (() => void)[] = []
    const leave = (): void => {
      if (this.#taken.get(kind) === leave) this.#taken.delete(kind)
      for (const one of undo.splice(0)) one()
    }
    this.#taken.set(kind, leave)
    try {
      // held before it is asked for: no change can slip in between
      undo.push(this.#parts.grants.hold(this.principal, payloadAction(kind), (reason) => this.end(new ShoalError('ERR_FORBIDDEN', reason))))
      await this.#permit(kind)
      this.signal.throwIfAborted()
      undo.push(this.#parts.kinds.add(kind, receive))
      return leave
    } catch (error) {
      leave()
      throw error
    }
  }

  close(): void {
    this.end(new ShoalError('ERR_ABORTED', 'The client has gone.'))
  }

  /** Ends it for a reason. Idempotent. */
  end(reason: ShoalError): void {
    if (this.signal.aborted) return
    for (const leave of [...this.#taken.values()]) leave()
    this.#over.abort(reason)
  }

  async #call<T>(
    to: string,
    kind: string,
    body: Uint8Array,
    options: EndpointCallOptions | undefined,
    act: (peer: PeerId, options: PayloadOptions) => Promise<T>,
  ): Promise<T> {
    this.signal.throwIfAborted()
    checkMessage(to, kind, body)
    if (this.#calls >= maxCalls) throw new ShoalError('ERR_OVERLOADED', `${maxCalls} messages of this client are under way.`)
    this.#calls++
    try {
      const permitted = this.#permit(kind)
      permitted.catch(() => {})
      // in an object: whose turn is next does not wait for the receipt
      const sent = this.#turn.then(async () => {
        await permitted
        this.signal.throwIfAborted()
        const timeout = options?.timeout
        return { result: act(this.#find(to), { signal: this.signal, ...(timeout !== undefined && { timeout }) }) }
      })
      this.#turn = sent.catch(() => {})
      return await (await sent).result
    } finally {
      this.#calls--
    }
  }

  #find(to: string): PeerId {
    const { self, find } = this.#parts
    return to === 'self' || to === self ? self : find(to)
  }

  async #permit(kind: string): Promise<void> {
    const answer = await this.#parts.permission.allows(this.principal, payloadAction(kind))
    if (answer !== true) throw new ShoalError('ERR_FORBIDDEN', typeof answer === 'string' ? answer : `Payloads of kind ${kind} are not permitted.`)
  }
}

function payloadAction(kind: string): Action {
  return { action: 'payload.send', target: kind }
}

/** Endpoints are plugins: what they hand over is looked at. */
function checkMessage(to: unknown, kind: unknown, body: unknown): void {
  if (typeof to !== 'string' || to === '') throw new ShoalError('ERR_USAGE', 'A receiver is a peer, or self.')
  if (typeof kind !== 'string') throw new ShoalError('ERR_KIND_INVALID')
  if (!(body instanceof Uint8Array)) throw new ShoalError('ERR_USAGE', 'The body of a payload is bytes.')
}
