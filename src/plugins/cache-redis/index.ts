/** Fills the slot `cache` with Redis; off by default. While Redis is away calls fail at once, and the daemon works as with an empty cache. */

import { type RedisConfig, redisSchema } from '../../backends/redis-config.js'
import { definePlugin, type Plugin } from '../../plugin.js'
import { RedisCache } from './redis-cache.js'

/** ms that a start waits for the first connection. */
const patience = 2000

/** Makes the plugin. */
export function cacheRedis(): Plugin<RedisConfig> {
  return definePlugin<RedisConfig>({
    name: 'cache-redis',
    info: { description: 'Keeps the cache in Redis.' },
    config: redisSchema('shoal:cache:'),
    provides: ['cache'],
    async start(ctx) {
      // a node without it does not load the library
      const { openRedis } = await import('../../backends/redis-link.js')
      const link = await openRedis(ctx.config, { log: ctx.log, signal: ctx.signal })
      await link.ready(patience)
      ctx.provide('cache', new RedisCache(link, ctx.config.prefix))
    },
  })
}
