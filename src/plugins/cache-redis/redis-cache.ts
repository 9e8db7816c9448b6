/** A {@link Cache} in Redis. All keys stand under one prefix, and nothing else is ever touched. */

import type { Redis } from 'ioredis'
import type { RedisLink } from '../../backends/redis-link.js'
import type { Cache } from '../../services.js'

/** Keys looked at in one round of {@link RedisCache.clear}. */
const batch = 500

/** See the file. */
export class RedisCache implements Cache {
  readonly #link: Pick<RedisLink, 'call'>
  readonly #prefix: string

  constructor(link: Pick<RedisLink, 'call'>, prefix: string) {
    this.#link = link
    this.#prefix = prefix
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = await this.#link.call((redis) => redis.getBuffer(this.#prefix + key))
    return value === null ? undefined : new Uint8Array(value)
  }

  async set(key: string, value: Uint8Array, ttl: number): Promise<void> {
    if (!(ttl > 0)) return await this.delete(key)
    // Redis counts whole ms, and refuses what it cannot add to its clock
    const ms = Math.min(Math.ceil(ttl), 10 * 365 * 86_400_000)
    const copy = Buffer.from(value)
    await this.#link.call((redis) => redis.set(this.#prefix + key, copy, 'PX', ms))
  }

  async delete(key: string): Promise<void> {
    await this.#link.call((redis) => redis.unlink(this.#prefix + key))
  }

  /** Removes the keys under the prefix, a few at a time, so that the server goes on serving others. */
  async clear(): Promise<void> {
    const pattern = `${this.#prefix.replace(/[\\*?[\]]/g, '\\$&')}*`
    let cursor = '0'
    do {
      const [next, keys] = await this.#link.call((redis: Redis) => redis.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', batch))
      if (keys.length > 0) await this.#link.call((redis) => redis.unlink(...keys))
      cursor = next.toString()
    } while (cursor !== '0')
  }
}
