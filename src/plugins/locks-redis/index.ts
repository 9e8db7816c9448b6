/** Fills the slot `locks` with Redis; off by default. All members of the cluster have to use it, with the same server and prefix. */

import { Type } from 'typebox'
import { type RedisConfig, redisSchema } from '../../backends/redis-config.js'
import { definePlugin, type Plugin } from '../../plugin.js'
import { RedisLocks } from './redis-locks.js'

/** Its configuration. */
export interface LocksRedisConfig extends RedisConfig {
  /** ms that a lock outlives a holder that died. */
  readonly ttl: number
}

/** ms that a start waits for the first connection. */
const patience = 2000

/** Makes the plugin. */
export function locksRedis(): Plugin<LocksRedisConfig> {
  let locks: RedisLocks | undefined
  return definePlugin<LocksRedisConfig>({
    name: 'locks-redis',
    info: { description: 'Grants locks through Redis.' },
    config: redisSchema('shoal:locks:', {
      ttl: Type.Integer({
        default: 10_000,
        minimum: 100,
        maximum: 600_000,
        unit: 'ms',
        description: 'A lock is free this long after its holder died. It is renewed four times within.',
      }),
    }),
    provides: ['locks'],
    async start(ctx) {
      // a node without it does not load the library
      const { openRedis } = await import('../../backends/redis-link.js')
      const { prefix, ttl } = ctx.config
      const link = await openRedis(ctx.config, { log: ctx.log, signal: ctx.signal })
      await link.ready(patience)
      locks = new RedisLocks({ link, prefix, ttl, log: ctx.log })
      ctx.provide('locks', locks)
    },
    shutdown: () => locks?.close(),
  })
}
