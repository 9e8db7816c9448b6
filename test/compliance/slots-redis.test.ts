/** Cache, cluster node and locks over Redis, against a real server. */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { toString as encode } from 'uint8arrays/to-string'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisConfig } from '../../src/backends/redis-config.js'
import { openRedis, type RedisLink } from '../../src/backends/redis-link.js'
import { RedisCache } from '../../src/plugins/cache-redis/redis-cache.js'
import { RedisNode } from '../../src/plugins/cluster-redis/redis-node.js'
import { RedisLocks } from '../../src/plugins/locks-redis/redis-locks.js'
import type { ClusterNode, Locks } from '../../src/services.js'
import { type ClusterSubject, cacheCompliance, clusterNodeCompliance, locksCompliance, memoryLog } from '../../src/testing/index.js'
import { describeWith } from '../needs.js'
import { type RedisServer, startRedis } from '../servers/redis.js'
import { slowness, waitFor } from '../wait-for.js'

const { signal } = new AbortController()

const api = { describe, expect, it }

/** A key pair and the id made of it. */
function person(): { readonly id: string; readonly key: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { id: encode(Buffer.concat([Buffer.from('002408011220', 'hex'), raw]), 'base58btc'), key: privateKey }
}

describeWith(['redis-server'], 'Redis', () => {
  let server: RedisServer
  let rounds = 0
  const links: RedisLink[] = []
  const open = async (config: Partial<RedisConfig> = {}): Promise<RedisLink> => {
    const link = await openRedis({ url: server.url, prefix: '', timeout: 5000, ...config }, { log: memoryLog(), signal })
    links.push(link)
    expect(await link.ready(10_000)).toBe(true)
    return link
  }

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    for (const link of links) link.close()
    await server?.stop()
  })

  cacheCompliance(api, 'cache-redis', async () => new RedisCache(links[0] ?? (await open()), `cache${++rounds}:`))

  /** A node with connections of its own, or what `kill` leaves of it. */
  async function clusterMember(prefix: string, self: ReturnType<typeof person>, trusted: ReadonlySet<string>) {
    const [link, ear] = [await open(), await open()]
    const signed = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from('shoal-plugin:cluster-redis:'), bytes])
    const node = { id: self.id, sign: async (bytes: Uint8Array) => new Uint8Array(sign(null, signed(bytes), self.key)) }
    const service = new RedisNode({ link, prefix, node, trusts: (peer) => trusted.has(peer), log: memoryLog() })
    ear.redis.on('messageBuffer', (_: Buffer, message: Buffer) => service.receive(message))
    await ear.redis.subscribe(...service.channels)
    const end = (): void => {
      link.close()
      ear.close()
    }
    return { peer: self.id, service, end }
  }

  const makeNodes = async (size: number): Promise<ClusterSubject<ClusterNode>> => {
    const people = Array.from({ length: size }, person)
    const trusted = new Set(people.map(({ id }) => id))
    const prefix = `cluster${++rounds}:`
    const nodes = await Promise.all(people.map((self) => clusterMember(prefix, self, trusted)))
    const end = async (at: number): Promise<void> => nodes[at]?.end()
    const close = async (): Promise<void> => {
      for (const node of nodes) node.end()
    }
    return { nodes, stop: end, kill: end, close }
  }
  clusterNodeCompliance(api, 'cluster-redis', { make: makeNodes, limit: 8000 * slowness })

  const makeLocks = async (size: number): Promise<ClusterSubject<Locks>> => {
    const prefix = `locks${++rounds}:`
    const nodes = await Promise.all(
      Array.from({ length: size }, async (_, at) => {
        const link = await open()
        return { peer: `peer-${at}`, link, service: new RedisLocks({ link, prefix, ttl: 2000, log: memoryLog() }) }
      }),
    )
    const close = async (): Promise<void> => {
      await Promise.all(nodes.map(({ service }) => service.close()))
      for (const { link } of nodes) link.close()
    }
    const stop = async (at: number): Promise<void> => {
      await nodes[at]?.service.close()
      nodes[at]?.link.close()
    }
    return { nodes, stop, kill: async (at) => nodes[at]?.link.close(), close }
  }
  locksCompliance(api, 'locks-redis', { make: makeLocks, limit: 8000 * slowness })

  it('cluster-redis: what a stranger, a forger or a repeater sends counts for nothing', async () => {
    const [ann, ben, eve] = [person(), person(), person()]
    const prefix = `forged${++rounds}:`
    const trusted = new Set([ann.id, ben.id])
    const [a, b] = [await clusterMember(prefix, ann, trusted), await clusterMember(prefix, ben, trusted)]
    const stranger = await clusterMember(prefix, eve, new Set([...trusted, eve.id]))
    const pretender = await clusterMember(prefix, { id: ann.id, key: eve.key }, trusted)
    const spy = await open()
    const caught: Buffer[] = []
    spy.redis.on('messageBuffer', (_: Buffer, message: Buffer) => caught.push(message))
    await spy.redis.subscribe(...b.service.channels)
    const texts: string[] = []
    const stop = new AbortController()
    const reading = (async () => {
      for await (const message of b.service.subscribe('t', { signal: stop.signal }))
        if (message.type === 'message') texts.push(`${message.peer === ann.id ? 'ann' : message.peer} ${Buffer.from(message.body)}`)
    })()
    const bytes = (text: string): Uint8Array => Buffer.from(text)
    await stranger.service.send('t', bytes('from a stranger'))
    await pretender.service.send('t', bytes('forged'))
    await a.service.sendDirect(ben.id, 't', bytes('one'))
    await waitFor('the message', () => texts.length === 1)
    const raw = await open()
    // again to ben, and what was said to him alone to all
    for (const message of [...caught])
      for (const channel of [`${prefix}all`, `${prefix}to:${ben.id}`, `${prefix}to:${ann.id}`]) await raw.redis.publish(channel, message)
    const damaged = Buffer.from(caught.at(-1) ?? '')
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    for (const junk of [damaged, Buffer.from('junk'), Buffer.alloc(0)]) await raw.redis.publish(`${prefix}all`, junk)
    await a.service.send('t', bytes('two'))
    await waitFor('the next message', () => texts.length >= 2)
    stop.abort()
    await reading
    expect(texts).toEqual(['ann one', 'ann two'])
    expect(b.service.refused).toBeGreaterThan(3)
    // ben starts again and remembers nothing: what was said before still does not pass
    b.end()
    const again = await clusterMember(prefix, ben, trusted)
    const heard: string[] = []
    const ending = new AbortController()
    const listening = (async () => {
      for await (const message of again.service.subscribe('t', { signal: ending.signal }))
        heard.push(message.type === 'message' ? Buffer.from(message.body).toString() : 'lagged')
    })()
    a.end()
    const later = await clusterMember(prefix, ann, trusted)
    for (const message of [...caught]) await raw.redis.publish(`${prefix}all`, message)
    await later.service.send('t', bytes('three'))
    await waitFor('the message after the start', () => heard.length > 0)
    ending.abort()
    await listening
    expect(heard).toEqual(['three'])
    for (const node of [again, later, stranger, pretender]) node.end()
  })

  it('locks-redis: a lock that cannot be renewed is lost before its time in Redis is over; one that can is kept', async () => {
    const own = await startRedis()
    const link = await openRedis({ url: own.url, prefix: '', timeout: 2000 }, { log: memoryLog(), signal })
    expect(await link.ready(10_000)).toBe(true)
    const locks = new RedisLocks({ link, prefix: 'l:', ttl: 1200, log: memoryLog() })
    const lock = await locks.get('l')
    const before = lock?.token ?? ''
    const spy = await openRedis({ url: own.url, prefix: '', timeout: 2000 }, { log: memoryLog(), signal })
    expect(await spy.ready(10_000)).toBe(true)
    const owner = await spy.call((redis) => redis.get('l:held:l'))
    // longer than its time: it was renewed
    const since = performance.now()
    await waitFor('some renewals', () => performance.now() - since > 1600)
    expect([lock?.signal.aborted, await spy.call((redis) => redis.get('l:held:l'))]).toEqual([false, owner])
    await own.kill()
    await waitFor('the loss', () => lock?.signal.aborted)
    await own.start()
    await waitFor('the way back', () => link.up)
    // a server that lost its data still gives the greater token
    const again = await locks.get('l')
    expect((again?.token ?? '') > before).toBe(true)
    await locks.close()
    link.close()
    spy.close()
    await own.stop()
  })

  it('cache-redis: clearing leaves what others keep alone, also where the prefix has signs of patterns', async () => {
    const link = await open()
    const [odd, other] = [new RedisCache(link, 'x[a*]?\\:'), new RedisCache(link, 'xa:')]
    const long = Array.from({ length: 900 }, (_, at) => odd.set(`k${at}`, Buffer.from('v'), 60_000))
    await Promise.all([...long, other.set('k', Buffer.from('kept'), 60_000)])
    await odd.clear()
    expect([await odd.get('k1'), await odd.get('k899'), Buffer.from((await other.get('k')) ?? []).toString()]).toEqual([undefined, undefined, 'kept'])
  })

  it('a link that is down fails at once with a code, and comes back by itself', async () => {
    const own = await startRedis({ password: 'open sesame' })
    const log = memoryLog()
    const link = await openRedis({ url: own.url, password: 'open sesame', prefix: '', timeout: 60_000 }, { log, signal })
    const cache = new RedisCache(link, 'p:')
    const wrong = await openRedis({ url: own.url.replace('//', '//:not-so-secret@'), prefix: '', timeout: 500 }, { log, signal })
    try {
      expect(await link.ready(10_000)).toBe(true)
      await cache.set('a', Buffer.from('1'), 60_000)
      await own.kill()
      await waitFor('the loss', () => !link.up)
      const began = performance.now()
      await expect(cache.get('a')).rejects.toMatchObject({ code: 'ERR_BACKEND_UNREACHABLE' })
      // far below the time a command has
      expect(performance.now() - began).toBeLessThan(30_000)
      await own.start()
      await waitFor('the way back', () => link.up)
      expect(await cache.get('a')).toBeUndefined()
      await waitFor('the refusal', () => wrong.reason)
      await expect(new RedisCache(wrong, 'p:').get('a')).rejects.toMatchObject({ name: 'ShoalError' })
      expect(JSON.stringify(log.lines)).not.toMatch(/open sesame|not-so-secret/)
    } finally {
      link.close()
      wrong.close()
      await own.stop()
    }
  })
})
