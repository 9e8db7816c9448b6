import { afterEach, describe, expect, it } from 'vitest'
import { slowness } from '../wait-for.js'
import { collect, nextFrame, serveEcho, TestCluster, trust, until } from './swarm-cluster.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const cluster = new TestCluster()
afterEach(() => cluster.stop())

describe('links between nodes', () => {
  it('dials, opens a stream and says up once on both sides', async () => {
    const [a, b] = await cluster.pair()
    const events = [collect(a.node), collect(b.node)]
    serveEcho(b.node, protocol)
    const address = await a.node.dial(b.node.id, b.addresses)
    expect(b.addresses[0]).toContain(address)
    await until(() => b.node.linked(a.node.id), 'link at b')
    const stream = await a.node.open(b.node.id, protocol, options)
    stream.send(Uint8Array.of(1, 2), Uint8Array.of(3))
    expect([...(await nextFrame(stream))]).toEqual([1, 2, 3])
    expect(events).toEqual([[{ type: 'up', peer: b.node.id }], [{ type: 'up', peer: a.node.id }]])
    expect(a.node.links()).toMatchObject([{ peer: b.node.id, direction: 'outbound', rtt: expect.any(Number) }])
    await stream.close()
    await until(() => stream.signal.aborted, 'stream over')
  })

  it('a dial that finds the link up says an address only where this node dialled: nobody listens where a peer dials from', async () => {
    const [a, b] = await cluster.pair()
    const address = await a.node.dial(b.node.id, b.addresses)
    await until(() => b.node.linked(a.node.id), 'link at b')
    expect(await a.node.dial(b.node.id, b.addresses)).toBe(address)
    expect(await b.node.dial(a.node.id, a.addresses)).toBeUndefined()
  })

  it('keeps one of two connections that are dialled at once, and the link stays up', async () => {
    const [a, b] = await cluster.pair({ limits: { link: { retire: 200 } } })
    const events = [collect(a.node), collect(b.node)]
    serveEcho(a.node, protocol)
    serveEcho(b.node, protocol)
    await Promise.all([a.node.dial(b.node.id, b.addresses), b.node.dial(a.node.id, a.addresses)])
    await until(() => a.node.links()[0]?.direction === 'outbound' && b.node.links()[0]?.direction === 'inbound', 'the lower id dialled')
    const stream = await b.node.open(a.node.id, protocol, options)
    await until(() => a.node.connections === 1 && b.node.connections === 1, 'one connection')
    stream.send(Uint8Array.of(7))
    expect([...(await nextFrame(stream))]).toEqual([7])
    for (const seen of events) expect(seen.map(({ type }) => type)).toEqual(['up'])
  })

  it('tells of a lost link once, with its reason, and breaks its streams', async () => {
    const [a, b] = await cluster.pair()
    const seen = collect(b.node)
    serveEcho(b.node, protocol)
    await a.node.dial(b.node.id, b.addresses)
    const stream = await a.node.open(b.node.id, protocol, options)
    await until(() => b.node.linked(a.node.id), 'link')
    const started = performance.now()
    await a.node.cut(b.node.id, 'forgotten')
    expect(performance.now() - started).toBeLessThan(1000 * slowness)
    expect(stream.signal.reason).toMatchObject({ code: 'ERR_PEER_UNREACHABLE', message: 'The link was closed: forgotten.' })
    await expect(nextFrame(stream)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    await until(() => seen.some(({ type }) => type === 'down'), 'down at b')
    expect(seen.filter(({ type }) => type === 'down')).toHaveLength(1)
    await expect(a.node.open(b.node.id, protocol, options)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
  })

  it('names the port and the key when the port is in use', async () => {
    const a = await cluster.add()
    const port = Number(/tcp\/(\d+)/.exec(a.addresses[0] ?? '')?.[1])
    await expect(cluster.add({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })).rejects.toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: `Port ${port} of swarm.listen is in use.`,
      data: { port, setting: 'swarm.listen' },
    })
  })

  it('learns where a trusted peer listens, and from nobody else', async () => {
    const learned: [string, readonly string[]][] = []
    const [a, b] = await cluster.pair({ onAddresses: (peer, addresses) => learned.push([peer, addresses]) })
    await a.node.dial(b.node.id, b.addresses)
    await until(() => learned.length === 2, 'addresses')
    expect(learned).toContainEqual([b.node.id, b.addresses.map((text) => text.replace(/\/p2p\/.*/, ''))])
  })

  it('tells the dialler when the far end does not trust it, without a link that flaps', async () => {
    const [a, b] = await cluster.pair()
    const seen = collect(a.node)
    b.trusted.clear()
    await expect(a.node.dial(b.node.id, b.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    expect(seen).toEqual([])
    expect(b.node.refused.strangers).toBe(1)
  })

  it('never dials a stranger', async () => {
    const a = await cluster.add()
    const b = await cluster.add()
    await expect(a.node.dial(b.node.id, b.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    await expect(a.node.open(b.node.id, protocol, options)).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    trust(a, b)
    await a.node.dial(b.node.id, b.addresses)
  })

  it('closes the connection when trust is lost', async () => {
    const [a, b] = await cluster.pair()
    await a.node.dial(b.node.id, b.addresses)
    await until(() => b.node.linked(a.node.id), 'link')
    a.trusted.clear()
    a.node.recheck()
    await until(() => !a.node.linked(b.node.id) && !b.node.linked(a.node.id), 'no link')
  })

  it('takes no new connection after quiesce, and keeps its links', async () => {
    const [a, b] = await cluster.pair()
    const c = await cluster.add()
    trust(a, c)
    await a.node.dial(b.node.id, b.addresses)
    a.node.quiesce()
    await expect(c.node.dial(a.node.id, a.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    expect(a.node.linked(b.node.id)).toBe(true)
  })
})
