/**
 * Fills the slot `clusterNode` with Redis; off by default. All members of the cluster have to use it, with the same server and
 * prefix. Messages are signed and not encrypted: whoever can read from Redis reads them.
 */

import { type RedisConfig, redisSchema } from '../../backends/redis-config.js'
import { definePlugin, type PeerId, type Plugin, type PluginContext } from '../../plugin.js'
import { RedisNode } from './redis-node.js'

/** ms that a start waits for the first connection. */
const patience = 2000

/** Makes the plugin. */
export function clusterRedis(): Plugin<RedisConfig> {
  let node: RedisNode | undefined
  return definePlugin<RedisConfig>({
    name: 'cluster-redis',
    info: { description: 'Carries the messages between members over Redis.' },
    config: redisSchema('shoal:cluster:'),
    provides: ['clusterNode'],
    async start(ctx) {
      // a node without it does not load the library
      const { openRedis } = await import('../../backends/redis-link.js')
      const { log, config, signal } = ctx
      const link = await openRedis(config, { log, signal })
      const made = new RedisNode({ link, prefix: config.prefix, node: ctx.node, trusts: (peer) => isTrusted(ctx, peer), log })
      // a connection that listens takes no other commands
      const ear = await openRedis(config, {
        log,
        signal,
        onReady: () => {
          ear.redis.subscribe(...made.channels).catch((err: unknown) => log.warn('the channels of the cluster cannot be listened to', { err }))
        },
      })
      ear.redis.on('messageBuffer', (_: Buffer, message: Buffer) => made.receive(message))
      await Promise.all([link.ready(patience), ear.ready(patience)])
      node = made
      ctx.provide('clusterNode', made)
    },
    onPeerForgotten: (peer) => node?.forget(peer),
  })
}

/** Services start before the peers are there: until then nobody is. */
function isTrusted(ctx: PluginContext<RedisConfig>, peer: PeerId): boolean {
  try {
    return ctx.peers.get(peer)?.id === peer
  } catch {
    return false
  }
}
