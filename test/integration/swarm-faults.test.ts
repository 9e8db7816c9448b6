import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Supervisor } from '../../src/daemon/swarm/supervisor.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { slowness } from '../wait-for.js'
import { collect, nextFrame, serveEcho, TestCluster, type TestNode, trust, until } from './swarm-cluster.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const heartbeat = { interval: 200, dead: 600 }
const cluster = new TestCluster()
const cables: Cable[] = []
afterEach(async () => {
  for (const cable of cables.splice(0)) cable.close()
  await cluster.stop()
})

/** A TCP forwarder that can be pulled out: nothing passes then, and nobody is told. */
class Cable {
  address = ''
  #out = false
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(target: string) {
    const port = Number(/tcp\/(\d+)/.exec(target)?.[1])
    this.#server = createServer((from) => {
      const to = connectTcp(port, '127.0.0.1')
      for (const [a, b] of [
        [from, to],
        [to, from],
      ] as const) {
        this.#sockets.add(a)
        a.on('error', () => {})
        a.on('data', (bytes) => {
          if (!this.#out) b.write(bytes)
        })
        a.on('close', () => {
          if (!this.#out) b.destroy()
        })
      }
    })
  }

  static async to(target: string): Promise<Cable> {
    const cable = new Cable(target)
    cables.push(cable)
    await new Promise<void>((resolve) => cable.#server.listen(0, '127.0.0.1', resolve))
    const at = cable.#server.address()
    cable.address = `/ip4/127.0.0.1/tcp/${typeof at === 'object' ? at?.port : 0}`
    return cable
  }

  pull(): void {
    this.#out = true
  }

  plug(): void {
    this.#out = false
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

function supervise(test: TestNode, desired: () => { peer: string; addresses: readonly string[] }[]): Supervisor {
  const supervisor = new Supervisor({
    node: test.node,
    desired,
    log: memoryLog(),
    limits: { backoff: { min: 50, max: 300 }, dialTimeout: 2000, beat: 100, look: 200 },
  })
  supervisor.start()
  return supervisor
}

describe('a network that fails', () => {
  it('a dead link is seen by both sides, though nobody closed it', async () => {
    const [a, b] = await cluster.pair({ limits: { heartbeat } })
    const events = [collect(a.node), collect(b.node)]
    const cable = await Cable.to(b.addresses[0] ?? '')
    await a.node.dial(b.node.id, [cable.address])
    await until(() => b.node.linked(a.node.id), 'link')
    cable.pull()
    await until(() => events.every((seen) => seen.some(({ type }) => type === 'down')), 'down on both sides', 5000)
    expect(events[0]?.[1]).toMatchObject({ type: 'down', reason: expect.stringContaining('nothing was heard') })
  })

  it('a link that is idle stays up', async () => {
    const [a, b] = await cluster.pair({ limits: { heartbeat } })
    const seen = collect(a.node)
    await a.node.dial(b.node.id, b.addresses)
    const started = performance.now()
    await until(() => performance.now() - started > 2500, 'four times the limit of silence')
    expect(seen.map(({ type }) => type)).toEqual(['up'])
    expect(a.node.links()[0]?.rtt).toBeGreaterThan(0)
  })

  it('cut ends a link within a second even when the far end hangs', async () => {
    const [a, b] = await cluster.pair()
    serveEcho(b.node, protocol)
    const cable = await Cable.to(b.addresses[0] ?? '')
    await a.node.dial(b.node.id, [cable.address])
    const stream = await a.node.open(b.node.id, protocol, options)
    cable.pull()
    for (let i = 0; i < 20; i++) stream.send(new Uint8Array(200_000))
    const started = performance.now()
    await a.node.cut(b.node.id, 'forgotten')
    expect(performance.now() - started).toBeLessThan(1000 * slowness)
    expect(a.node.connections).toBe(0)
  })

  it('the cable is out and in again: the supervisor links both, and streams work', async () => {
    const [a, b] = await cluster.pair({ limits: { heartbeat, addressTimeout: 500 } })
    serveEcho(b.node, protocol)
    const cable = await Cable.to(b.addresses[0] ?? '')
    const supervisor = supervise(a, () => [{ peer: b.node.id, addresses: [cable.address] }])
    try {
      for (let round = 0; round < 2; round++) {
        await until(() => a.node.linked(b.node.id), 'link')
        const stream = await a.node.open(b.node.id, protocol, options)
        stream.send(Uint8Array.of(round))
        expect([...(await nextFrame(stream))]).toEqual([round])
        cable.pull()
        await until(() => !a.node.linked(b.node.id) && !b.node.linked(a.node.id), 'no link')
        cable.plug()
      }
    } finally {
      supervisor.stop()
    }
  })

  it('a peer whose old connection is dead comes in by a new one at once', async () => {
    const [a, b] = await cluster.pair()
    const seen = collect(b.node)
    const cable = await Cable.to(a.addresses[0] ?? '')
    // the lower id has dialled, so its connection would win by the rule alone
    const toB = await Cable.to(b.addresses[0] ?? '')
    await a.node.dial(b.node.id, [toB.address])
    await until(() => b.node.linked(a.node.id), 'link')
    toB.pull()
    await b.node.cut(a.node.id, 'restart')
    await b.node.dial(a.node.id, [cable.address])
    await until(() => a.node.links()[0]?.direction === 'inbound', 'the new one took over')
    expect(a.node.linked(b.node.id)).toBe(true)
    expect(seen.map(({ type }) => type)).toEqual(['up', 'down', 'up'])
  })

  it('nodes that all dial each other at once end with one connection for each pair', async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => cluster.add({ limits: { link: { retire: 100 } } })))
    for (const one of nodes) for (const other of nodes) if (one !== other) trust(one, other)
    const supervisors = nodes.map((one) =>
      supervise(one, () => nodes.filter((other) => other !== one).map(({ node, addresses }) => ({ peer: node.id, addresses }))),
    )
    try {
      await until(() => nodes.every(({ node }) => node.links().length === 4 && node.connections === 4), 'full mesh, one connection a pair')
      for (const supervisor of supervisors) expect(supervisor.status().every(({ state }) => state === 'linked')).toBe(true)
    } finally {
      for (const supervisor of supervisors) supervisor.stop()
    }
  })

  it('a node that stops is seen at once, and leaves nothing behind', async () => {
    const [a, b] = await cluster.pair()
    const seen = collect(a.node)
    await a.node.dial(b.node.id, b.addresses)
    await b.node.stop()
    await b.node.stop()
    await until(() => seen.some(({ type }) => type === 'down'), 'down', 1000)
    expect(b.node.connections).toBe(0)
    await cluster.stop()
    const handles = (): string[] => process.getActiveResourcesInfo().filter((name) => /^(TCP|UDP|Immediate)/.test(name))
    await until(() => handles().length === 0, 'no handle')
  })
})
