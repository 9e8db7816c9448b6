/** The `locks` slot, filled by a plugin's process. */

import { isShoalError, ShoalError } from '../../../errors.js'
import type { Lock, LockOptions, Locks } from '../../../services.js'
import { abortable, abortReason, within } from '../../util/wait.js'
import type { ServiceCaller } from './service-caller.js'
import { isFields } from './service-json.js'

const slot = 'locks'
const maxLocks = 500
const defaultTimeout = 5000

/** ms beyond the timeout for an answer that is on its way: the process waits just as long. */
const grace = 500

interface Held {
  readonly lost: AbortController
}

/** Locks that the process grants. When it is gone, all of them are lost: the next one knows nothing of them. */
export class ProvidedLocks implements Locks {
  readonly #caller: ServiceCaller
  readonly #held = new Map<string, Held>()
  #trying = 0

  constructor(caller: ServiceCaller) {
    this.#caller = caller
  }

  async get(name: string, options: LockOptions = {}): Promise<Lock | undefined> {
    const { timeout = defaultTimeout, signal } = options
    const length = Buffer.byteLength(name)
    if (length < 1 || length > 200) throw new ShoalError('ERR_USAGE', `The name of a lock has 1 to 200 bytes, not ${length}.`)
    if (this.#held.size + this.#trying >= maxLocks) throw new ShoalError('ERR_LIMIT', `A node holds at most ${maxLocks} locks.`)
    if (signal?.aborted) throw abortReason(signal)
    const grant = this.#ask(name, timeout)
    try {
      const token = await abortable(within(grant, timeout + grace, 'ERR_TIMEOUT'), signal)
      return token === undefined ? undefined : this.#hold(name, token)
    } catch (error) {
      // a grant that comes later belongs to nobody
      void grant.then((token) => (token === undefined ? undefined : this.#release(name, token))).catch(() => {})
      if (isShoalError(error, 'ERR_TIMEOUT') && !signal?.aborted) return undefined
      throw error
    }
  }

  /** The process says that a lock is lost. */
  lost([name, token]: readonly unknown[]): void {
    this.#drop(`${String(name)}\n${String(token)}`, new ShoalError('ERR_ABORTED', 'The lock is lost.'))
  }

  /** The process is gone. */
  gone(): void {
    for (const key of [...this.#held.keys()])
      this.#drop(key, new ShoalError('ERR_PLUGIN_FAILED', `The plugin ${this.#caller.plugin}, which grants locks, ended.`))
  }

  /** The token; undefined when somebody has it, or no answer came in the time of a call. */
  async #ask(name: string, timeout: number): Promise<string | undefined> {
    this.#trying++
    try {
      const grant = await this.#caller.result(slot, 'get', [name, timeout])
      if (grant === null) return undefined
      if (isFields(grant) && typeof grant['token'] === 'string' && grant['token'] !== '') return grant['token']
      throw this.#caller.nonsense(slot, 'get')
    } catch (error) {
      if (isShoalError(error, 'ERR_TIMEOUT')) return undefined
      throw error
    } finally {
      this.#trying--
    }
  }

  #hold(name: string, token: string): Lock {
    const key = `${name}\n${token}`
    const lost = new AbortController()
    this.#held.set(key, { lost })
    const release = async (): Promise<void> => {
      if (!this.#drop(key, new ShoalError('ERR_ABORTED', 'The lock was released.'))) return
      await this.#release(name, token)
    }
    return { name, token, signal: lost.signal, release, [Symbol.asyncDispose]: release }
  }

  async #release(name: string, token: string): Promise<void> {
    await this.#caller.call(slot, 'release', [name, token])
  }

  #drop(key: string, reason: ShoalError): boolean {
    const held = this.#held.get(key)
    this.#held.delete(key)
    held?.lost.abort(reason)
    return held !== undefined
  }
}
