/** Observations of the daemon's own keys. */

import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Subscription, Track } from '../../../src/stream.js'
import { waitFor } from '../../wait-for.js'
import { isLinked, pullOf, type TestNode, Ticker, take, textTrack, useTicket } from '../nodes.js'
import { type Bench, listens, type Observation } from './bench.js'

const film: Track = { id: 1, kind: 'video', codec: 'avc1.64001f' }
const host = '127.0.0.2'

/** Key → its observation. */
export function coreKeys(bench: Bench): Record<string, Observation> {
  return {
    ...nodeKeys(bench),
    ...secretKeys(bench),
    ...trustKeys(bench),
    ...httpKeys(bench),
    ...streamKeys(bench),
    ...limitKeys(bench),
    ...quotaKeys(bench),
    ...payloadKeys(bench),
    ...logKeys(bench),
    ...pullKeys(bench),
  }
}

/** A node with another name, and other addresses. */
const placed = (bench: Bench): Promise<TestNode> =>
  bench.node('placed', async () => ({
    flags: {
      'node.name': 'kitchen',
      'swarm.listen': [`/ip4/${host}/tcp/${await bench.port('swarm')}`],
      'swarm.announce': ['/ip4/203.0.113.7/tcp/4710'],
      'swarm.discovery': true,
      'http.host': host,
      'http.port': await bench.port('http'),
      'http.allowedHosts': ['cams.example'],
      'http.allowedOrigins': ['https://cams.example'],
      'access.read': 'anyone',
      'access.publish': 'anyone',
    },
  }))

function nodeKeys(bench: Bench): Record<string, Observation> {
  const discovery = async (node: TestNode): Promise<string[]> => {
    const { checks } = await node.client.call('doctor')
    return checks.filter(({ name }) => name.startsWith('discovery')).map(({ message: text }) => text)
  }
  return {
    'node.name': async () => {
      const node = await placed(bench)
      expect((await node.client.call('status')).name).toBe('kitchen')
      expect(node.probe.ctx.node.name).toBe('kitchen')
    },
    'swarm.listen': async () => {
      await placed(bench)
      expect(await listens(host, await bench.port('swarm'))).toBe(true)
    },
    'swarm.announce': async () => {
      const node = await placed(bench)
      expect((await node.client.call('status')).addresses).toEqual([`/ip4/203.0.113.7/tcp/4710/p2p/${node.id}`])
      expect((await node.client.call('invites.create', { body: {} })).addresses).toEqual([`/ip4/203.0.113.7/tcp/4710/p2p/${node.id}`])
    },
    'swarm.discovery': async () => {
      expect(await discovery(await placed(bench))).not.toContain('It is switched off.')
      expect(await discovery(await bench.plain())).toEqual(['It is switched off.'])
    },
    'swarm.relay': async () => {
      const selfish = await bench.node('selfish', { flags: { 'swarm.relay': false } })
      expect(await doctorSays(selfish, 'relay')).toMatch(/^switched off/)
      expect(await doctorSays(await bench.plain(), 'relay')).toBe('0 connections between other members are passed on')
    },
    'access.read': () => access(bench, 'stream.read'),
    'access.publish': () => access(bench, 'stream.publish'),
  }
}

function trustKeys(bench: Bench): Record<string, Observation> {
  return {
    'trust.introducers': async () => {
      const hub = await bench.node('hub')
      const wary = await bench.node('wary', { flags: { 'trust.introducers': 'none' } })
      const named = await bench.node('named', { flags: { 'trust.introducers': ['hub'] } })
      for (const node of [wary, named]) await bench.nodes.join(hub, node)
      const knows = (node: TestNode, peer: TestNode): boolean => node.probe.ctx.peers.get(peer.id) !== undefined
      await waitFor('one to take the word of the hub', () => knows(named, wary))
      await waitFor('the other one to refuse it', () => wary.daemon.log.tail({ lines: 1000 }).some(({ fields }) => fields['why'] === 'policy'))
      expect(knows(wary, named)).toBe(false)
    },
  }
}

const networkKey = '5a'.repeat(32)
const clusterSecret = 'correct horse battery staple'

/** A node with both secrets, and one that reads the same from files. */
const secretive = (bench: Bench): Promise<TestNode> =>
  bench.node('secretive', { flags: { 'swarm.networkKey': networkKey, 'cluster.secret': clusterSecret, 'swarm.discovery': true } })
const filed = (bench: Bench): Promise<TestNode> => {
  const file = (name: string, text: string): string => {
    const path = join(bench.nodes.folder, name)
    writeFileSync(path, `${text}\n`, { mode: 0o600 })
    return path
  }
  const flags = {
    'swarm.networkKeyFile': file('network.key', networkKey),
    'cluster.secretFile': file('cluster.secret', clusterSecret),
    'swarm.discovery': true,
  }
  return bench.node('filed', { flags })
}

/** What `doctor` says of one thing; undefined where it does not mention it. */
const doctorSays = async (node: TestNode, name: string): Promise<string | undefined> =>
  (await node.client.call('doctor')).checks.find((check) => check.name === name)?.message

function secretKeys(bench: Bench): Record<string, Observation> {
  const hidden = async (node: TestNode): Promise<void> => {
    const shown = JSON.stringify([await node.client.call('config.show'), await node.client.call('config.sources'), await node.client.call('status')])
    expect(shown).not.toContain(networkKey)
    expect(shown).not.toContain('horse')
  }
  const linkedByKey = async (): Promise<void> => {
    const [one, two] = [await secretive(bench), await filed(bench)]
    const { ticket } = await one.client.call('invites.create', { body: {} })
    await useTicket(two, ticket)
    await waitFor('a link over connections with the key', () => isLinked(one, two) && isLinked(two, one))
    for (const node of [one, two]) expect(await doctorSays(node, 'network key')).toMatch(/^set/)
    expect(await doctorSays(await bench.plain(), 'network key')).toBeUndefined()
  }
  return {
    'cluster.secret': async () => {
      const node = await secretive(bench)
      expect(await doctorSays(node, 'cluster secret')).toMatch(/^set/)
      expect(await doctorSays(await bench.plain(), 'cluster secret')).toBeUndefined()
      await hidden(node)
    },
    'cluster.secretFile': async () => {
      expect(await doctorSays(await filed(bench), 'cluster secret')).toMatch(/^set/)
      await hidden(await filed(bench))
    },
    'swarm.networkKey': linkedByKey,
    'swarm.networkKeyFile': linkedByKey,
  }
}

/** A client of another machine that showed nothing. */
async function access(bench: Bench, action: 'stream.read' | 'stream.publish'): Promise<void> {
  const stranger = { kind: 'client', id: 'anonymous', address: '192.0.2.1', local: false } as const
  const ask = (node: TestNode) => node.probe.ctx.use('permission').allows(stranger, { action, target: 'live/cam' })
  expect(await ask(await placed(bench))).toBe(true)
  expect(await ask(await bench.plain())).toEqual(expect.stringContaining('anyone'))
}

/** Status of `GET /healthz` with these headers, and the CORS header of the answer. */
async function health(node: TestNode, headers: Record<string, string>): Promise<[status: number | undefined, origin: string | undefined]> {
  const { host: at, port } = node.daemon.http ?? {}
  return await new Promise((resolve, reject) => {
    const asked = request({ host: at, port, path: '/healthz', headers }, (response) => {
      response.resume()
      resolve([response.statusCode, response.headers['access-control-allow-origin']])
    })
    asked.on('error', reject)
    asked.end()
  })
}

function httpKeys(bench: Bench): Record<string, Observation> {
  return {
    'http.enabled': async () => {
      const node = await bench.node('without-http', { flags: { 'http.enabled': false } })
      expect(node.daemon.http).toBeUndefined()
      expect((await node.client.call('status')).http).toBeUndefined()
    },
    'http.host': async () => {
      const node = await placed(bench)
      expect(node.daemon.http?.host).toBe(host)
      expect(await listens(host, await bench.port('http'))).toBe(true)
      expect(await listens('127.0.0.1', await bench.port('http'))).toBe(false)
    },
    'http.port': async () => expect((await placed(bench)).daemon.http?.port).toBe(await bench.port('http')),
    'http.allowedHosts': async () => {
      expect(await health(await placed(bench), { host: 'cams.example' })).toEqual([200, undefined])
      const plain = await bench.plain()
      expect(await health(plain, { host: 'cams.example' })).toEqual([403, undefined])
      // the key is live
      await plain.client.call('config.set', { params: { key: 'http.allowedHosts' }, body: { value: 'cams.example' } })
      expect(await health(plain, { host: 'cams.example' })).toEqual([200, undefined])
    },
    'http.trustedProxies': async () => {
      const plain = await bench.plain()
      const ticker = new Ticker(plain, 'live/proxied')
      const status = async (): Promise<number> => {
        const { host: at, port } = plain.daemon.http ?? {}
        const answer = await fetch(`http://${at}:${port}/live/proxied.jpg`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
        await answer.body?.cancel()
        return answer.status
      }
      // a client of this machine may read; what it says of others counts for nothing
      expect(await status()).not.toBe(401)
      await plain.client.call('config.set', { params: { key: 'http.trustedProxies' }, body: { value: '127.0.0.0/8' } })
      expect(await status()).toBe(401)
      ticker.stop()
    },
    'http.allowedOrigins': async () => {
      const node = await placed(bench)
      expect(await health(node, { origin: 'https://cams.example' })).toEqual([200, 'https://cams.example'])
      expect(await health(await bench.plain(), { origin: 'https://cams.example' })).toEqual([403, undefined])
    },
  }
}

const number = (data?: Uint8Array): number => Number(new TextDecoder().decode(data))

/** A node that keeps little and waits little. */
const tight = (bench: Bench): Promise<TestNode> =>
  bench.node('tight', {
    flags: {
      'streams.bufferTime': 1000,
      'streams.maxLatency': 1000,
      'streams.slowConsumerTimeout': 1000,
      'streams.maxPublishers': 3,
      'streams.maxSubscribers': 3,
    },
  })

/** A node with some flags, and two others that are linked to it and to each other. */
async function cluster(bench: Bench, name: string, flags: Record<string, unknown>): Promise<[TestNode, TestNode, TestNode]> {
  const first = await bench.node(name, { flags })
  const [near, far] = [await bench.node(`${name}-near`), await bench.node(`${name}-far`)]
  for (const node of [near, far]) await bench.nodes.join(first, node)
  await waitFor('the link', () => isLinked(near, far) && isLinked(far, near), 30_000)
  return [first, near, far]
}

const small = (bench: Bench): Promise<TestNode> =>
  bench.node('small', { flags: { 'streams.bufferBytes': 1_048_576, 'streams.publishTimeout': 200, 'streams.maxLatency': 500 } })

function streamKeys(bench: Bench): Record<string, Observation> {
  /** The same stream at both nodes. */
  const both = async (path: string, made = tight(bench)): Promise<{ nodes: [TestNode, TestNode]; stop: () => void }> => {
    const nodes: [TestNode, TestNode] = [await made, await bench.plain()]
    const tickers = nodes.map((node) => new Ticker(node, path))
    return { nodes, stop: () => tickers.forEach((ticker) => void ticker.stop()) }
  }
  const oldest = async (node: TestNode, path: string): Promise<number> => {
    const [frame] = await take(await node.probe.ctx.streams.subscribe(path, { start: { buffered: 3_600_000_000 } }), 1)
    return number(frame?.data)
  }
  return {
    'streams.bufferTime': async () => {
      const { nodes, stop } = await both('kept')
      await waitFor('the oldest frames to go', async () => (await oldest(nodes[0], 'kept')) > 0)
      expect(await oldest(nodes[1], 'kept')).toBe(0)
      stop()
    },
    'streams.maxLatency': async () => {
      const { nodes, stop } = await both('late', small(bench))
      const readers = await Promise.all(nodes.map((node) => node.probe.ctx.streams.subscribe('late')))
      // a reader is skipped forward when it comes back, so it comes back once this stream is 1.5 s old
      await waitFor('the readers to be late', () => nodes[0].probe.ctx.streams.list().some(({ path, framesIn }) => path === 'late' && framesIn > 75))
      await Promise.all(readers.map((reader) => take(reader, 1)))
      const [skipped = 0, whole] = readers.map(({ dropped }) => dropped)
      expect(skipped).toBeGreaterThan(0)
      expect(whole).toBe(0)
      stop()
    },
    'streams.slowConsumerTimeout': async () => {
      const { nodes, stop } = await both('stuck')
      const [cut, patient] = (await Promise.all(nodes.map((node) => node.probe.ctx.streams.subscribe('stuck')))) as [Subscription, Subscription]
      await waitFor('the reader to be cut', () => cut.signal.aborted)
      expect(cut.signal.reason).toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
      expect(patient.signal.aborted).toBe(false)
      patient.close()
      stop()
    },
  }
}

function limitKeys(bench: Bench): Record<string, Observation> {
  return {
    'streams.maxPublishers': async () => {
      const { streams } = (await tight(bench)).probe.ctx
      const three = ['p1', 'p2', 'p3'].map((path) => streams.publish(path, [textTrack]))
      expect(() => streams.publish('p4', [textTrack])).toThrow(expect.objectContaining({ code: 'ERR_LIMIT', message: expect.stringContaining('3') }))
      for (const one of three) one.close()
    },
    'streams.maxSubscribers': async () => {
      const { streams } = (await tight(bench)).probe.ctx
      const publication = streams.publish('read', [textTrack])
      const three = await Promise.all([1, 2, 3].map(() => streams.subscribe('read')))
      await expect(streams.subscribe('read')).rejects.toMatchObject({ code: 'ERR_LIMIT', message: expect.stringContaining('3') })
      for (const one of three) one.close()
      publication.close()
    },
    'streams.fanOut': async () => {
      const [narrow, near, far] = await cluster(bench, 'branching', { 'streams.fanOut': 1 })
      const ticker = new Ticker(narrow, 'fan')
      for (const [node, hops] of [[near, 1] as const, [far, 2] as const]) {
        node.probe.ctx.streams.pull('shoal://branching/fan')
        await waitFor('the copy', () => node.probe.ctx.streams.list().some((stream) => stream.path === 'fan' && stream.hops === hops))
      }
      ticker.stop()
    },
    'streams.seal': async () => {
      const [bare, near, far] = await cluster(bench, 'bare', { 'streams.seal': false })
      const ticker = new Ticker(bare, 'raw')
      near.probe.ctx.streams.pull('shoal://bare/raw')
      await waitFor('the copy', () => near.probe.ctx.streams.list().some(({ path }) => path === 'raw'))
      far.probe.ctx.streams.pull(`shoal://${near.name}/raw`)
      await waitFor('the refusal', async () => (await pullOf(far, 'raw'))?.error?.message.includes('does not seal'))
      ticker.stop()
    },
    'streams.bufferBytes': async () => {
      for (const [node, first] of [
        [await small(bench), 7],
        [await bench.plain(), 0],
      ] as const) {
        const publication = node.probe.ctx.streams.publish('big', [film])
        const frames = Array.from({ length: 10 }, (_, at) => ({ track: 1, timestamp: at * 40_000, key: true, data: new Uint8Array(300_000).fill(at) }))
        for (const frame of frames) publication.write(frame)
        const [kept] = await take(await node.probe.ctx.streams.subscribe('big', { start: { buffered: 3_600_000_000 } }), 1)
        expect(kept?.data[0]).toBe(first)
        publication.close()
      }
    },
    'streams.publishTimeout': async () => {
      const [short, long] = [await small(bench), await bench.plain()].map((node) => node.probe.ctx.streams.publish('silent', [textTrack]))
      await waitFor('the end of the silent one', () => short?.signal.aborted)
      expect(short?.signal.reason).toMatchObject({ code: 'ERR_PUBLISH_TIMEOUT' })
      expect(long?.signal.aborted).toBe(false)
      long?.close()
    },
  }
}

/** A node that lets its peers have little, and its peer. */
async function stingy(bench: Bench): Promise<readonly [TestNode, TestNode]> {
  const nodes = await Promise.all([bench.node('stingy', { flags: { 'limits.peerStreams': 2, 'limits.peerControlRate': 5 } }), bench.node('taker')])
  const [giver, taker] = nodes as [TestNode, TestNode]
  if (!isLinked(giver, taker)) await bench.nodes.join(giver, taker)
  return [giver, taker]
}

function quotaKeys(bench: Bench): Record<string, Observation> {
  return {
    'limits.peerStreams': async () => {
      const [giver, taker] = await stingy(bench)
      const tickers = ['q/1', 'q/2', 'q/3'].map((path) => new Ticker(giver, path))
      for (const path of ['q/1', 'q/2']) {
        await taker.client.call('pulls.create', { body: { url: `shoal://stingy/${path}` } })
        await take(await taker.probe.ctx.streams.subscribe(path, { wait: 10_000 }), 1)
      }
      await taker.client.call('pulls.create', { body: { url: 'shoal://stingy/q/3' } })
      const error = await waitFor('the refusal', async () => (await pullOf(taker, 'q/3'))?.error)
      expect(error).toMatchObject({ code: 'ERR_QUOTA_STREAMS', message: expect.stringContaining('2') })
      for (const path of ['q/1', 'q/2', 'q/3']) await taker.client.call('pulls.remove', { params: { path } })
      for (const ticker of tickers) ticker.stop()
    },
    'limits.peerControlRate': async () => {
      const [giver, taker] = await stingy(bench)
      const held = async (): Promise<boolean> =>
        (await giver.client.call('doctor')).checks.some(({ name, message }) => name === 'peer taker' && message.includes('held back'))
      await waitFor('control messages to be held back', async () => {
        // each change is announced to the peers
        for (let i = 0; i < 10; i++) {
          const publication = taker.probe.ctx.streams.publish('q/changes', [textTrack])
          await new Promise((resolve) => setTimeout(resolve, 30))
          publication.close()
        }
        return await held()
      })
    },
  }
}

function payloadKeys(bench: Bench): Record<string, Observation> {
  const flags = { 'payloads.maxSize': 1024, 'payloads.timeout': 200, 'payloads.queueLength': 1 }
  const narrow = (): Promise<TestNode> => bench.node('narrow', { kinds: ['t.echo', 't.hang'], flags })
  const send = (node: TestNode, kind: string, size = 0) => node.probe.ctx.payloads.send(node.id, kind, new Uint8Array(size))
  /** Codes of several payloads that nobody answers. */
  const codes = async (node: TestNode, count: number, size: number): Promise<(string | undefined)[]> => {
    const held = Promise.withResolvers<undefined>()
    node.probe.handle = (_, kind) => (kind === 't.hang' ? held.promise : undefined)
    const sent = Array.from({ length: count }, () =>
      send(node, 't.hang', size).then(
        () => undefined,
        (error: { code?: string }) => error.code,
      ),
    )
    await Promise.race(sent)
    held.resolve(undefined)
    return await Promise.all(sent)
  }
  return {
    'payloads.maxSize': async () => {
      const node = await narrow()
      node.probe.handle = () => undefined
      await send(node, 't.echo', 1024)
      await expect(send(node, 't.echo', 1025)).rejects.toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE', message: expect.stringContaining('1024') })
    },
    'payloads.timeout': async () => {
      const node = await narrow()
      const held = Promise.withResolvers<undefined>()
      node.probe.handle = () => held.promise
      await expect(send(node, 't.hang')).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('200 ms') })
      held.resolve(undefined)
    },
    'payloads.queueLength': async () => expect(await codes(await narrow(), 3, 0)).toContain('ERR_OVERLOADED'),
    'payloads.queueBytes': async () => {
      const thin = await bench.node('thin', { kinds: ['t.hang'], flags: { 'payloads.queueBytes': 1_048_576 } })
      expect(await codes(thin, 2, 600_000)).toContain('ERR_OVERLOADED')
      const wide = await bench.node('wide', { kinds: ['t.hang'], flags: { 'payloads.timeout': 300 } })
      expect(await codes(wide, 2, 600_000)).not.toContain('ERR_OVERLOADED')
    },
  }
}

function logKeys(bench: Bench): Record<string, Observation> {
  const file = join(bench.nodes.folder, 'logs', 'shoal.log')
  const logging = (): Promise<TestNode> =>
    bench.node('logging', { flags: { 'log.level': 'warn', 'log.levels': { 'plugin:probe': 'trace' }, 'log.file': file } })
  const written = async (text: string): Promise<string> =>
    await waitFor(`${text} in the log`, () => readFileSync(file, 'utf8').includes(text) && readFileSync(file, 'utf8'))
  /** What a node says on its standard error while it starts. */
  const said = async (format: string): Promise<string> => {
    const output = join(bench.nodes.folder, `${format}.log`)
    const { daemon } = await bench.nodes.create('speaks', { flags: { 'log.format': format }, console: { fd: openSync(output, 'a'), tty: false } })
    await daemon.start()
    await daemon.stop()
    return readFileSync(output, 'utf8')
  }
  return {
    'log.level': async () => {
      const node = await logging()
      node.probe.ctx.log.error('an error')
      const text = await written('an error')
      expect(text).not.toContain('"msg":"ready"')
      expect((await (await bench.plain()).client.call('log.tail', { query: { lines: 1000 } })).lines.some(({ msg }) => msg === 'ready')).toBe(true)
    },
    'log.levels': async () => {
      ;(await logging()).probe.ctx.log.trace('a whisper')
      await written('a whisper')
    },
    'log.file': async () => {
      await logging()
      expect(readFileSync(file, 'utf8')).toBeDefined()
    },
    'log.format': async () => {
      expect(await said('pretty')).toMatch(/INFO {2}daemon {2}ready/)
      expect(await said('json')).toContain('"msg":"ready"')
    },
  }
}

function pullKeys(bench: Bench): Record<string, Observation> {
  const yaml = 'pulls:\n  - { url: "file:///sample" }\n  - { url: "file:///sample", path: on/demand, onDemand: true, idleDelay: 50 }\n'
  const pulling = (): Promise<TestNode> => bench.node('pulling', { yaml })
  const there = async (path: string) => expect(await pullOf(await pulling(), path)).toMatchObject({ url: 'file:///sample' })
  return {
    pulls: async () => expect((await (await pulling()).client.call('pulls.list')).pulls).toHaveLength(2),
    'pulls[].url': () => there('sample'),
    'pulls[].path': () => there('on/demand'),
    'pulls[].standby': async () => {
      const yaml = 'pulls:\n  - { url: "file:///absent.flv", standby: "file:///sample", path: stands/by }\n'
      const node = await bench.node('standing', { yaml })
      await waitFor('the standby', () => node.probe.ctx.streams.list().some(({ path, source }) => path === 'stands/by' && source === 'file:///sample'))
    },
    'pulls[].onDemand': async () => {
      const node = await pulling()
      await waitFor('the other one to run', async () => (await pullOf(node, 'sample'))?.state === 'running')
      expect(await pullOf(node, 'on/demand')).toMatchObject({ state: 'idle', onDemand: true })
    },
    'pulls[].idleDelay': async () => {
      const node = await pulling()
      await node.client.call('pulls.create', { body: { url: 'file:///sample', path: 'patient', onDemand: true } })
      for (const path of ['patient', 'on/demand']) (await node.probe.ctx.streams.subscribe(path, { wait: 10_000 })).close()
      await waitFor('it to rest', async () => (await pullOf(node, 'on/demand'))?.state === 'idle')
      expect((await pullOf(node, 'patient'))?.state).toBe('running')
    },
  }
}
