/**
 * One connection to Redis that stays up by itself. While it is down calls fail at once: nothing is kept to be sent later, for
 * a command that runs minutes after its caller has given up does harm.
 */

import { isIP } from 'node:net'
import { Redis, type RedisOptions } from 'ioredis'
import { abortable, Backoff, deadline } from '../daemon/util/wait.js'
import { ShoalError } from '../errors.js'
import type { Logger } from '../plugin.js'
import { failed, overloaded, reasonOf, unreachable } from './backend-error.js'
import { readPassword } from './password.js'
import type { RedisConfig } from './redis-config.js'

/** Commands that may wait for an answer. */
const defaultInFlight = 1000

/** How a link is made. */
export interface RedisLinkOptions {
  readonly log: Logger
  /** Ends the link. */
  readonly signal: AbortSignal
  /** Commands that may wait for an answer; default 1,000. */
  readonly inFlight?: number
  /** Called each time the connection is ready for commands. */
  readonly onReady?: () => void
  /** Called each time it is lost. */
  readonly onLost?: () => void
}

/** Opens a link; it may be down at first. Rejects with `ERR_PLUGIN_CONFIG`, `ERR_MODE_UNSAFE`, and the signal's reason. */
export async function openRedis(config: RedisConfig, options: RedisLinkOptions): Promise<RedisLink> {
  const password = await readPassword(config)
  const url = parse(config.url)
  // a plugin may be stopped while it starts: a link made now would be nobody's, and dial for ever
  options.signal.throwIfAborted()
  const link = new RedisLink(url, config.timeout, password, options)
  options.signal.addEventListener('abort', () => link.close(), { once: true })
  return link
}

/** See {@link openRedis}. */
export class RedisLink {
  /** How messages call the server: never with credentials. */
  readonly name: string
  readonly redis: Redis
  readonly #timeout: number
  readonly #inFlight: number
  #waiting = 0
  #reason: string | undefined
  #closed = false

  /** For {@link openRedis} only. */
  constructor(url: URL, timeout: number, password: string | undefined, options: Omit<RedisLinkOptions, 'signal'>) {
    this.name = `Redis at ${url.host}`
    this.#timeout = timeout
    this.#inFlight = options.inFlight ?? defaultInFlight
    this.redis = new Redis(redisOptions(url, password))
    this.#watch(options)
    // what goes wrong is an event, and is tried again
    this.redis.connect().catch(() => {})
  }

  /** Is it ready for commands? */
  get up(): boolean {
    return !this.#closed && this.redis.status === 'ready'
  }

  /** Why it is down, where that is known. */
  get reason(): string | undefined {
    return this.up ? undefined : this.#reason
  }

  /** Runs a command. Rejects with `ERR_BACKEND_UNREACHABLE`, `ERR_BACKEND_FAILED`, `ERR_TIMEOUT`, `ERR_OVERLOADED`, `ERR_STOPPING`. */
  async call<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#closed) throw new ShoalError('ERR_STOPPING')
    if (!this.up) throw unreachable(this.name, this.#reason === undefined ? undefined : new Error(this.#reason))
    if (this.#waiting >= this.#inFlight) throw overloaded(this.name)
    this.#waiting++
    const running = command(this.redis).finally(() => this.#waiting--)
    const limit = deadline(this.#timeout, 'ERR_TIMEOUT', `${this.name} did not answer within ${this.#timeout} ms.`)
    try {
      return await abortable(running, limit.signal)
    } catch (error) {
      throw this.#typed(error)
    } finally {
      limit.done()
    }
  }

  /** Waits until it is up, or the first try has failed, at most `ms`; false when it is not. */
  async ready(ms: number): Promise<boolean> {
    if (this.up) return true
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        for (const event of ['ready', 'close']) this.redis.off(event, done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      for (const event of ['ready', 'close']) this.redis.once(event, done)
    })
    return this.up
  }

  /** Ends it. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.redis.disconnect()
  }

  #typed(error: unknown): ShoalError {
    if (error instanceof ShoalError) return error
    if (this.#closed) return new ShoalError('ERR_STOPPING')
    return Object(error).name === 'ReplyError' ? failed(this.name, error) : unreachable(this.name, error)
  }

  #watch({ log, onReady, onLost }: Omit<RedisLinkOptions, 'signal'>): void {
    let said = false
    this.redis.on('ready', () => {
      log.info('connected to Redis', { server: this.name })
      said = false
      onReady?.()
    })
    this.redis.on('error', (error: unknown) => {
      this.#reason = reasonOf(error)
      if (said) return
      said = true
      log.warn('Redis cannot be reached; it is tried again and again', { server: this.name, reason: this.#reason })
    })
    this.redis.on('close', () => {
      if (this.#closed) return
      onLost?.()
      if (said) return
      said = true
      log.warn('the connection to Redis is lost; it is tried again and again', { server: this.name })
    })
  }
}

function redisOptions(url: URL, configured: string | undefined): RedisOptions & { replyMapping?: 'legacy' } {
  const backoff = new Backoff({ min: 50, max: 5000 })
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const password = configured ?? (url.password === '' ? undefined : decodeURIComponent(url.password))
  return {
    host,
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(password !== undefined && { password }),
    // an address is no server name; it is held against the certificate all the same
    ...(url.protocol === 'rediss:' && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    // what Redis 5 speaks too
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5000,
    keepAlive: 5000,
    retryStrategy: (times) => {
      if (times === 1) backoff.reset()
      return backoff.next()
    },
  }
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.hostname === '' || !/^\/?\d{0,3}$/.test(url.pathname)) throw new ShoalError('ERR_PLUGIN_CONFIG', 'url is not redis://HOST:PORT/DATABASE.')
  return url
}
