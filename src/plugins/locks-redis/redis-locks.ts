/**
 * {@link Locks} in Redis: a key with a time to live for each lock that is held, which its holder renews. A holder that dies
 * stops renewing, and its locks are free after that time. One Redis, one truth: there is no split to heal.
 */

import { randomBytes } from 'node:crypto'
import type { RedisLink } from '../../backends/redis-link.js'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { Lock, LockOptions, Locks } from '../../services.js'
import { acquireScript, releaseScript, renewScript } from './lock-scripts.js'

/** Locks a node may hold and ask for at a time. */
const maxLocks = 500
const defaultTimeout = 5000
/** Digits of a token, so that the order of texts is that of numbers. */
const tokenDigits = 16

/** What it works with. */
export interface RedisLocksOptions {
  readonly link: Pick<RedisLink, 'call'>
  readonly prefix: string
  /** ms that a lock outlives its holder. */
  readonly ttl: number
  readonly log: Logger
}

interface Held {
  readonly key: string
  readonly owner: string
  readonly controller: AbortController
  /** Monotonic ms: until then nobody else can have it, whatever became of the connection. */
  until: number
  renewing: boolean
}

/** See the file. */
export class RedisLocks implements Locks {
  readonly #options: RedisLocksOptions
  readonly #held = new Map<string, Held>()
  readonly #instance = randomBytes(9).toString('base64url')
  #requests = 0
  #asked = 0
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: RedisLocksOptions) {
    this.#options = options
  }

  async get(name: string, options: LockOptions = {}): Promise<Lock | undefined> {
    checkName(name)
    const { signal, timeout = defaultTimeout } = options
    signal?.throwIfAborted()
    if (this.#closed) throw new ShoalError('ERR_STOPPING')
    if (this.#asked + this.#held.size >= maxLocks) throw new ShoalError('ERR_LIMIT', `This node has ${maxLocks} locks already.`)
    this.#asked++
    const asking = this.#ask(name).finally(() => this.#asked--)
    try {
      return await first(asking, timeout, signal)
    } catch (error) {
      signal?.throwIfAborted()
      if (!this.#closed) this.#options.log.warn('a lock could not be asked for', { name, err: error })
      return undefined
    }
  }

  /** Gives everything back, as far as Redis can be reached. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await Promise.all([...this.#held.values()].map((held) => this.#release(held, new ShoalError('ERR_STOPPING'))))
  }

  async #ask(name: string): Promise<Lock | undefined> {
    const { link, prefix, ttl } = this.#options
    const key = `${prefix}held:${name}`
    const owner = `${this.#instance}.${++this.#requests}`
    const asked = performance.now()
    const token = await link
      .call((redis) => redis.eval(acquireScript, 2, key, `${prefix}token`, owner, ttl))
      .catch((error: unknown) => {
        // it may have been granted all the same
        void this.#give(key, owner)
        throw error
      })
    if (token === null) return undefined
    const held: Held = { key, owner, controller: new AbortController(), until: asked + ttl, renewing: false }
    this.#held.set(owner, held)
    if (this.#closed) await this.#release(held, new ShoalError('ERR_STOPPING'))
    else this.#timer ??= setInterval(() => this.#renewAll(), ttl / 4).unref()
    const release = (): Promise<void> => this.#release(held, new ShoalError('ERR_ABORTED', 'The lock was released.'))
    return { name, token: String(token).padStart(tokenDigits, '0'), signal: held.controller.signal, release, [Symbol.asyncDispose]: release }
  }

  #renewAll(): void {
    for (const held of this.#held.values()) {
      // given up a round early: whoever holds it knows before anybody else can have it
      if (performance.now() + this.#options.ttl / 4 >= held.until) this.#lose(held)
      else if (!held.renewing) void this.#renew(held)
    }
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #renew(held: Held): Promise<void> {
    const { link, ttl } = this.#options
    held.renewing = true
    const asked = performance.now()
    try {
      const kept = await link.call((redis) => redis.eval(renewScript, 1, held.key, held.owner, ttl))
      if (kept === 1) held.until = asked + ttl
      else this.#lose(held)
    } catch {
      // asked again until its time is over
    } finally {
      held.renewing = false
    }
  }

  #lose(held: Held): void {
    if (!this.#held.delete(held.owner)) return
    held.controller.abort(new ShoalError('ERR_ABORTED', 'The lock is lost: Redis no longer has it as held by this node, or could not be asked in time.'))
    void this.#give(held.key, held.owner)
  }

  async #release(held: Held, reason: ShoalError): Promise<void> {
    if (!this.#held.delete(held.owner)) return
    held.controller.abort(reason)
    await this.#give(held.key, held.owner)
  }

  /** Where Redis cannot be told, the lock's time runs out. */
  async #give(key: string, owner: string): Promise<void> {
    await this.#options.link.call((redis) => redis.eval(releaseScript, 1, key, owner)).catch(() => {})
  }
}

/** The lock, nothing after `ms`, or the signal's reason. A lock that comes later is given back. */
function first(asking: Promise<Lock | undefined>, ms: number, signal: AbortSignal | undefined): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    let over = false
    const end = (settle: () => void): void => {
      over = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      settle()
    }
    const stop = (): void => end(() => reject(signal?.reason))
    const timer = setTimeout(() => end(() => resolve(undefined)), ms)
    signal?.addEventListener('abort', stop, { once: true })
    asking.then(
      (lock) => {
        if (over) void lock?.release()
        else end(() => resolve(lock))
      },
      (error: unknown) => {
        if (!over) end(() => reject(error))
      },
    )
  })
}

function checkName(name: string): void {
  const right = typeof name === 'string' && name.length > 0 && Buffer.byteLength(name) <= 200 && !/\p{Surrogate}/u.test(name)
  if (!right) throw new ShoalError('ERR_USAGE', 'The name of a lock is a text of 1 to 200 bytes.')
}
