import { afterEach, describe, expect, it } from 'vitest'
import type { NodeHooks } from '../../src/daemon/swarm/node-options.js'
import type { LinkStream } from '../../src/daemon/swarm/swarm.js'
import { decodeTunnel, encodeTunnel, type TunnelMessage } from '../../src/daemon/swarm/tunnel-codec.js'
import { type Routes, tunnelProtocol } from '../../src/daemon/swarm/tunnels.js'
import { collect, nextFrame, serveEcho, TestCluster, type TestNode, trust, until } from './swarm-cluster.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const marker = Buffer.from('the text that no relay may read')
const cluster = new TestCluster()
afterEach(() => cluster.stop())

const idOf = ({ node }: TestNode): string => node.id

/** Nodes in a row that all trust each other, each linked with the next only. */
async function chain(count: number, hooks: Readonly<Record<number, NodeHooks>> = {}): Promise<TestNode[]> {
  const nodes: TestNode[] = []
  for (let index = 0; index < count; index++) nodes.push(await cluster.add({ hooks: hooks[index] ?? {} }))
  for (const [index, one] of nodes.entries()) for (const other of nodes.slice(index + 1)) trust(one, other)
  for (const [index, one] of nodes.entries()) {
    const next = nodes[index + 1]
    if (next) await link(one, next)
    one.node.setRoutes(along(nodes, index))
  }
  return nodes
}

async function link(from: TestNode, to: TestNode): Promise<void> {
  await from.node.dial(idOf(to), to.addresses)
  await until(() => to.node.linked(idOf(from)), 'link at the far end')
}

/** Routes of a row of nodes. */
function along(nodes: readonly TestNode[], own: number): Routes {
  return (destination, except) => {
    const there = nodes.findIndex((node) => idOf(node) === destination)
    const next = nodes[own + Math.sign(there - own)]
    return next && !except.has(idOf(next)) ? idOf(next) : undefined
  }
}

async function echo(from: TestNode, to: TestNode, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await from.node.open(idOf(to), protocol, options)
  stream.send(bytes)
  const answer = await nextFrame(stream)
  await stream.close()
  return answer
}

describe('links through other members', () => {
  it('a chain of four: the ends are linked, and what passes is unreadable on the way', async () => {
    const passed: Buffer[] = []
    const tap = (bytes: Uint8Array): Uint8Array => {
      passed.push(Buffer.from(bytes))
      return bytes
    }
    const [a, b, c, d] = (await chain(4, { 1: { tap } })) as [TestNode, TestNode, TestNode, TestNode]
    serveEcho(d.node, protocol)
    await a.node.dialThrough(idOf(d))
    await until(() => d.node.linked(idOf(a)), 'link at d')
    expect(a.node.links().find(({ peer }) => peer === idOf(d))).toMatchObject({
      relayed: true,
      via: [idOf(b), idOf(c)],
      direction: 'outbound',
      encryption: 'noise',
    })
    expect(d.node.links().find(({ peer }) => peer === idOf(a))).toMatchObject({
      relayed: true,
      via: [idOf(c), idOf(b)],
      direction: 'inbound',
      encryption: 'noise',
    })
    expect(a.node.links().find(({ peer }) => peer === idOf(b))).toMatchObject({ encryption: 'tls' })
    expect(a.node.relayed(idOf(d))).toBe(true)
    expect(a.node.relayed(idOf(b))).toBe(false)
    expect(Buffer.from(await echo(a, d, marker))).toEqual(marker)
    const capture = Buffer.concat(passed)
    expect(capture.byteLength).toBeGreaterThan(2 * marker.byteLength)
    expect(capture.includes(marker)).toBe(false)
    expect([b.node.passing, c.node.passing]).toEqual([1, 1])
    await a.node.cut(idOf(d), 'test')
    await until(() => b.node.passing === 0 && c.node.passing === 0 && !d.node.linked(idOf(a)), 'the tunnel to be gone')
  })

  it('an altered byte kills the connection and is never delivered', async () => {
    let spoil = false
    const tap = (bytes: Uint8Array): Uint8Array => {
      if (!spoil || bytes.byteLength < 100) return bytes
      const altered = Uint8Array.from(bytes)
      altered[altered.length >> 1] = (altered[altered.length >> 1] as number) ^ 1
      return altered
    }
    const [a, b, c] = (await chain(3, { 1: { tap } })) as [TestNode, TestNode, TestNode]
    const got: Uint8Array[] = []
    c.node.handle(protocol, options, async (stream) => {
      for await (const frame of stream.frames) got.push(frame)
    })
    await a.node.dialThrough(idOf(c))
    const stream = await a.node.open(idOf(c), protocol, options)
    stream.send(new Uint8Array(1000).fill(1))
    await until(() => got.length === 1, 'the frame that was left alone')
    spoil = true
    stream.send(new Uint8Array(1000).fill(2))
    await until(() => stream.signal.aborted && !c.node.linked(idOf(a)), 'the connection to break')
    expect(got).toHaveLength(1)
    await until(() => b.node.passing === 0, 'the relay to let go')
  })

  it('carries bulk both ways at the pace of the reader, and prints what a relay costs', async () => {
    const [a, b, c, d] = (await chain(4)) as [TestNode, TestNode, TestNode, TestNode]
    for (const { node } of [b, d]) serveEcho(node, protocol)
    await a.node.dialThrough(idOf(c))
    await a.node.dialThrough(idOf(d))
    const figures: string[] = []
    for (const far of [b, d]) {
      const trips = await roundTrips(a, far, 100)
      const rate = await echoBulk(a, far, 16)
      figures.push(
        `${far === b ? 'direct' : 'two relays'}: round trip p50 ${trips[50]?.toFixed(2)} ms, p99 ${trips[98]?.toFixed(2)} ms, ${rate.toFixed(1)} MB/s each way`,
      )
      expect(rate).toBeGreaterThan(1)
    }
    console.log(figures.join('; '))
  })

  it('another relay is asked where the first says no, and the refusal is told when none is left', async () => {
    const [a, b, c, d] = [await cluster.add(), await cluster.add({ relay: false }), await cluster.add(), await cluster.add()]
    const all = [a, b, c, d]
    for (const [index, one] of all.entries()) for (const other of all.slice(index + 1)) trust(one, other)
    for (const relay of [b, c]) {
      await link(a, relay)
      await link(relay, d)
    }
    a.node.setRoutes((_, except) => [b, c].map(idOf).find((peer) => !except.has(peer)))
    await a.node.dialThrough(idOf(d))
    expect(a.node.links().find(({ peer }) => peer === idOf(d))?.via).toEqual([idOf(c)])
    await c.node.stop()
    await until(() => !a.node.linked(idOf(d)), 'the link to end with its relay')
    await expect(a.node.dialThrough(idOf(d))).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' })
    a.node.setRoutes(() => undefined)
    await expect(a.node.dialThrough(idOf(d))).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' })
    expect(a.node.reachable(idOf(d))).toBe(false)
  })

  it('without routes, direct peers are asked in turn', async () => {
    const [a, b, c, d] = [await cluster.add(), await cluster.add(), await cluster.add(), await cluster.add()]
    const all = [a, b, c, d]
    for (const [index, one] of all.entries()) for (const other of all.slice(index + 1)) trust(one, other)
    await link(a, b)
    await link(a, c)
    await link(c, d)
    expect(a.node.reachable(idOf(d))).toBe(true)
    await a.node.dialThrough(idOf(d))
    expect(a.node.links().find(({ peer }) => peer === idOf(d))?.via).toEqual([idOf(c)])
  })

  it('a stranger gets no further than over TCP: at the relay, at the far end, and while tickets are out', async () => {
    const [a, b, c] = (await chain(3)) as [TestNode, TestNode, TestNode]
    c.pairingOpen = true
    c.trusted.delete(idOf(a))
    await expect(a.node.dialThrough(idOf(c))).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' })
    c.trusted.add(idOf(a))
    b.trusted.delete(idOf(c))
    await until(() => !b.node.linked(idOf(c)), 'the relay to lose the far end')
    await expect(a.node.dialThrough(idOf(c))).rejects.toMatchObject({ code: expect.stringMatching(/ERR_FORBIDDEN|ERR_NO_ROUTE/) })
    expect(c.node.connections).toBe(0)
  })

  it('trust that ends while a tunnel is up ends it: of an end at the relay, of a relay at an end', async () => {
    const [a, b, c, d] = (await chain(4)) as [TestNode, TestNode, TestNode, TestNode]
    await a.node.dialThrough(idOf(d))
    await until(() => d.node.linked(idOf(a)), 'link at d')
    c.trusted.delete(idOf(a))
    await until(() => !a.node.linked(idOf(d)) && !d.node.linked(idOf(a)), 'the relay to cut it', 5000)
    c.trusted.add(idOf(a))
    await a.node.dialThrough(idOf(d))
    await until(() => d.node.linked(idOf(a)), 'link at d')
    d.trusted.delete(idOf(b))
    await until(() => !a.node.linked(idOf(d)) && !d.node.linked(idOf(a)), 'the end to cut it', 5000)
    await until(() => b.node.passing === 0 && c.node.passing === 0, 'nothing to be left')
  })

  it('a member cannot speak for another: not as a first, not as a relay', async () => {
    const [a, evil, d] = (await chain(3)) as [TestNode, TestNode, TestNode]
    const open = { type: 'open', destination: idOf(d), hops: 3 } as const
    expect(await ask(evil, d, { ...open, route: [idOf(a)] })).toMatchObject({ answer: { type: 'refuse', code: 'ERR_PROTOCOL' } })
    // it claims to pass on what a sent: the handshake of a is the one thing it cannot make
    const { answer, stream } = await ask(evil, d, { ...open, route: [idOf(a), idOf(evil)] })
    expect(answer).toEqual({ type: 'accept', relays: [] })
    stream.send(Buffer.from('/multistream/1.0.0\n'))
    stream.send(Buffer.from('/noise\n'))
    stream.send(new Uint8Array(70_000).fill(7))
    await until(() => stream.signal.aborted, 'the far end to give up', 30_000)
    expect(d.node.linked(idOf(a))).toBe(false)
  })

  it('there are no tunnels within tunnels, and none in a circle', async () => {
    const [a, b, c] = (await chain(3)) as [TestNode, TestNode, TestNode]
    await a.node.dialThrough(idOf(c))
    await until(() => c.node.linked(idOf(a)), 'link at c')
    const open = { type: 'open', destination: idOf(b), hops: 3, route: [idOf(a)] } as const
    await expect(ask(a, c, open)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    expect(await ask(a, b, { ...open, destination: idOf(c), route: [idOf(b), idOf(a)] })).toMatchObject({ answer: { type: 'refuse', code: 'ERR_NO_ROUTE' } })
  })

  it('a relay passes on as many as it may', async () => {
    const limits = { relay: { max: 4, perPeer: 1, idle: 60_000 } }
    const [a, b, c, d] = [await cluster.add(), await cluster.add({ limits }), await cluster.add(), await cluster.add()]
    const all = [a, b, c, d]
    for (const [index, one] of all.entries()) for (const other of all.slice(index + 1)) trust(one, other)
    for (const one of [a, c, d]) await link(one, b)
    await a.node.dialThrough(idOf(c))
    await expect(a.node.dialThrough(idOf(d))).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    await c.node.dialThrough(idOf(d))
    expect(b.node.passing).toBe(2)
  })

  it('a member that names another as the source takes none of its places', async () => {
    const limits = { relay: { max: 4, perPeer: 1, idle: 60_000 } }
    const [a, b, c, h] = [await cluster.add(), await cluster.add({ limits }), await cluster.add(), await cluster.add()]
    const all = [a, b, c, h]
    for (const [index, one] of all.entries()) for (const other of all.slice(index + 1)) trust(one, other)
    for (const one of [a, c, h]) await link(one, b)
    const forged = { type: 'open', destination: idOf(c), hops: 3, route: [idOf(a), idOf(h)] } as const
    expect(await ask(h, b, forged)).toMatchObject({ answer: { type: 'accept' } })
    expect(await ask(h, b, forged)).toMatchObject({ answer: { type: 'refuse', code: 'ERR_LIMIT' } })
    await a.node.dialThrough(idOf(c))
    expect(a.node.relayed(idOf(c))).toBe(true)
  })

  it('a relay ends what is idle', async () => {
    const [a, b, c] = [await cluster.add(), await cluster.add({ limits: { relay: { max: 4, perPeer: 4, idle: 300 } } }), await cluster.add()]
    trust(a, b)
    trust(b, c)
    trust(a, c)
    await link(a, b)
    await link(c, b)
    await a.node.dialThrough(idOf(c))
    await until(() => b.node.passing === 0 && !a.node.linked(idOf(c)), 'the relay to end it')
    expect(a.node.linked(idOf(b)) && c.node.linked(idOf(b))).toBe(true)
  })

  it('a direct link is kept before one through others on both sides, whoever dialled, and the other one goes', async () => {
    const [a, b, c] = (await chain(3)) as [TestNode, TestNode, TestNode]
    const events = collect(c.node)
    await a.node.dialThrough(idOf(c))
    await until(() => c.node.relayed(idOf(a)), 'link through b')
    const [low, high] = idOf(a) < idOf(c) ? [a, c] : [c, a]
    // the rule for two of a kind would keep what the lower id dialled
    await high.node.dial(idOf(low), low.addresses)
    await until(() => !a.node.relayed(idOf(c)) && !c.node.relayed(idOf(a)), 'the direct link')
    await until(() => b.node.passing === 0 && a.node.connections === 2 && c.node.connections === 2, 'the other one to go')
    expect(a.node.linked(idOf(c)) && c.node.linked(idOf(a))).toBe(true)
    expect(events.filter(({ peer }) => peer === idOf(a)).map(({ type }) => type)).toEqual(['up', 'moved'])
  })
})

/** Sends a wish for a tunnel by hand. */
async function ask(from: TestNode, to: TestNode, message: TunnelMessage): Promise<{ answer: TunnelMessage; stream: LinkStream }> {
  const stream = await from.node.open(idOf(to), tunnelProtocol, options)
  stream.send(encodeTunnel(message))
  return { answer: decodeTunnel(await nextFrame(stream)), stream }
}

/** Sorted round trips of 100 bytes, ms. */
async function roundTrips(from: TestNode, to: TestNode, count: number): Promise<number[]> {
  const stream = await from.node.open(idOf(to), protocol, options)
  const frames = stream.frames[Symbol.asyncIterator]()
  const trips: number[] = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    stream.send(new Uint8Array(100))
    await frames.next()
    trips.push(performance.now() - started)
  }
  await stream.close()
  return trips.sort((one, other) => one - other)
}

/** MB/s of an echo. */
async function echoBulk(from: TestNode, to: TestNode, megabytes: number): Promise<number> {
  const stream = await from.node.open(idOf(to), protocol, options)
  const count = megabytes * 16
  const started = performance.now()
  const send = async (): Promise<void> => {
    for (let i = 0; i < count; i++) if (!stream.send(new Uint8Array(65_536).fill(i))) await stream.drained()
    await stream.close()
  }
  const sending = send()
  let got = 0
  for await (const frame of stream.frames) {
    expect(frame.every((byte) => byte === got % 256)).toBe(true)
    got++
  }
  await sending
  expect(got).toBe(count)
  return (megabytes * 1.048576) / ((performance.now() - started) / 1000)
}
