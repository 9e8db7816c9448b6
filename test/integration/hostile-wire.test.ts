import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Supervisor } from '../../src/daemon/swarm/supervisor.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { waitFor } from '../wait-for.js'
import { nextFrame, serveEcho, TestCluster, type TestNode } from './swarm-cluster.js'
import { portOf, replay, TcpProxy } from './tcp-proxy.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const cluster = new TestCluster()
const proxies: TcpProxy[] = []
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.close()
  await cluster.stop()
})

async function before(target: TestNode, flipEvery?: () => number): Promise<TcpProxy> {
  const proxy = await TcpProxy.before(target.addresses[0] ?? '', flipEvery ? { flipEvery } : {})
  proxies.push(proxy)
  return proxy
}

/** A payload that shows whether it was altered: its hash is in front. */
function sealed(number: number): Uint8Array {
  const body = Buffer.alloc(2000, number % 251)
  body.writeUInt32BE(number)
  return Buffer.concat([createHash('sha256').update(body).digest(), body])
}

function isSound(frame: Uint8Array): boolean {
  return createHash('sha256').update(frame.subarray(32)).digest().equals(frame.subarray(0, 32))
}

describe('a wire that flips bits', () => {
  it('no altered payload is ever delivered, and the link comes back each time', async () => {
    const [a, b] = await cluster.pair({ limits: { heartbeat: { interval: 200, dead: 1500 } } })
    let every = 0
    const proxy = await before(b, () => every)
    const received = { sound: 0, altered: 0 }
    b.node.handle(protocol, options, async (stream) => {
      for await (const frame of stream.frames) received[isSound(frame) ? 'sound' : 'altered']++
    })
    const supervisor = new Supervisor({
      node: a.node,
      desired: () => [{ peer: b.node.id, addresses: [proxy.address] }],
      log: memoryLog(),
      limits: { backoff: { min: 50, max: 300 }, dialTimeout: 3000, beat: 100, look: 200 },
    })
    supervisor.start()
    const sending = new AbortController()
    const sender = send(a, b, sending.signal)
    try {
      await waitFor('payloads to pass', () => received.sound > 20)
      every = 40
      await waitFor('ten bits to be flipped', () => proxy.flips >= 10, 30_000)
      const links = proxy.connections
      expect(links).toBeGreaterThan(3)
      every = 0
      const until = received.sound + 50
      await waitFor('the link to recover', () => received.sound > until, 30_000)
    } finally {
      sending.abort()
      await sender
      supervisor.stop()
    }
    console.info(`${proxy.flips} bits flipped, ${proxy.connections} connections, ${received.sound} payloads delivered, ${received.altered} altered`)
    expect(received.altered).toBe(0)
  })
})

/** Sends payloads on one stream after the other, as long as there is a link. */
async function send(from: TestNode, to: TestNode, signal: AbortSignal): Promise<void> {
  for (let number = 0; !signal.aborted; ) {
    try {
      const stream = await from.node.open(to.node.id, protocol, options)
      while (!signal.aborted) {
        if (!stream.send(sealed(number++))) await stream.drained(signal)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await stream.close()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

describe('a session that was recorded', () => {
  it('is refused when it is played again, by the same node and by another, and delivers nothing', async () => {
    const [a, b] = await cluster.pair()
    const other = await cluster.add()
    other.trusted.add(a.node.id)
    const delivered: Uint8Array[] = []
    for (const node of [b.node, other.node]) {
      node.handle(protocol, options, async (stream) => {
        for await (const frame of stream.frames) delivered.push(frame)
      })
    }
    const proxy = await before(b)
    await a.node.dial(b.node.id, [proxy.address])
    const stream = await a.node.open(b.node.id, protocol, options)
    for (let number = 0; number < 20; number++) stream.send(sealed(number))
    await waitFor('the session', () => delivered.length === 20)
    await a.node.cut(b.node.id, 'recorded')
    await waitFor('its end', () => b.node.connections === 0)
    const [session = []] = proxy.recorded
    expect(session.length).toBeGreaterThan(3)
    expect(Buffer.concat(session).includes(Buffer.from(sealed(7)).subarray(32, 64))).toBe(false)
    for (const target of [b, other, b]) await replay(session, portOf(target.addresses[0] ?? ''))
    await waitFor('the replays to be refused', () => b.node.refused.handshakes === 2 && other.node.refused.handshakes === 1)
    expect(delivered).toHaveLength(20)
    expect([b.node.connections, other.node.connections, b.node.linked(a.node.id)]).toEqual([0, 0, false])
    // and the honest peer is not harmed by it
    serveEcho(b.node, '/shoal/echo/1.0.0')
    await a.node.dial(b.node.id, [proxy.address])
    const echo = await a.node.open(b.node.id, '/shoal/echo/1.0.0', options)
    echo.send(Uint8Array.of(1))
    expect([...(await nextFrame(echo))]).toEqual([1])
  })
})
