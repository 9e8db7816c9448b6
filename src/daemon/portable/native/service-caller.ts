/** Methods of the service slots that a plugin's process fills. */

import { ShoalError } from '../../../errors.js'
import type { PortableTimes } from './limits.js'
import type { Answer } from './portable.pb.js'
import { fromServiceJson, toServiceJson } from './service-json.js'
import type { Session } from './session.js'

/** Bytes that may wait for the process before one-way methods are left out. */
const maxWaiting = 1024 * 1024

/** The part of a process that is called. */
export type ServiceSession = Pick<Session, 'call' | 'notice' | 'queues'>

/** What a caller needs. */
export interface ServiceCallerParts {
  /** Name of the plugin. */
  readonly plugin: string
  readonly times: PortableTimes
  /** The process, as soon as there is one. Rejects when it does not come soon. */
  readonly live: (signal?: AbortSignal) => Promise<ServiceSession>
  /** The process, if there is one now. */
  readonly now: () => ServiceSession | undefined
}

/** Calls a process. */
export class ServiceCaller {
  readonly plugin: string
  readonly #parts: ServiceCallerParts

  constructor(parts: ServiceCallerParts) {
    this.plugin = parts.plugin
    this.#parts = parts
  }

  /** Calls a method; `limit` in ms where it is shorter than that of all calls. Rejects as {@link Session.call}, and while the process is away. */
  async call(slot: string, method: string, values: readonly unknown[], limit = Number.POSITIVE_INFINITY): Promise<Answer> {
    const session = this.#parts.now() ?? (await this.#parts.live())
    const { json, blobs } = toServiceJson(values)
    const timeout = Math.min(limit, this.#parts.times.call)
    return session.call({ service: { slot, method, arguments: json, blobs } }, { what: `${slot}.${method}`, timeout })
  }

  /** Calls a method that has a result. */
  async result(slot: string, method: string, values: readonly unknown[], limit?: number): Promise<unknown> {
    const { body, blobs } = await this.call(slot, method, values, limit)
    return fromServiceJson(body, blobs, `The result of ${this.plugin}.${slot}.${method}`)
  }

  /** As {@link result}, for bytes or null. The bytes are the caller's own. */
  async bytes(slot: string, method: string, values: readonly unknown[]): Promise<Uint8Array | undefined> {
    const value = await this.result(slot, method, values)
    if (value === null) return undefined
    if (value instanceof Uint8Array) return new Uint8Array(value)
    throw this.nonsense(slot, method)
  }

  /** Tells without waiting; false when the process is away, or does not read. */
  tell(slot: string, method: string, values: readonly unknown[]): boolean {
    const session = this.#parts.now()
    if (!session || session.queues.backlog > maxWaiting) return false
    const { json, blobs } = toServiceJson(values)
    session.notice(0, { slot, method, arguments: json, blobs })
    return true
  }

  /** The error of a result that is of another sort. */
  nonsense(slot: string, method: string): ShoalError {
    return new ShoalError('ERR_PLUGIN_FAILED', `${this.plugin}.${slot}.${method} returned something else than it has to.`)
  }
}
