import { connect as connectTcp } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { pairProtocol } from '../../src/daemon/swarm/pairing.js'
import { slowness, waitFor } from '../wait-for.js'
import { serveEcho, TestCluster, type TestNode, trust } from './swarm-cluster.js'
import { portOf } from './tcp-proxy.js'

const cluster = new TestCluster()
afterEach(() => cluster.stop())

const dials = 1000
const attackers = 5

/** The victim with everything a daemon serves, and how often any of it was reached. */
async function victim(): Promise<TestNode & { invoked: number; serve(): void }> {
  const made = Object.assign(await cluster.add({ limits: { maxInboundRate: 100_000 } }), { invoked: 0, serve: () => {} })
  const count = (): void => {
    made.invoked++
  }
  for (const protocol of ['/shoal/control/1.0.0', '/shoal/stream/1.0.0']) made.node.handle(protocol, { maxFrame: 1 << 20, maxInbound: 64 }, count)
  made.node.door.handle(pairProtocol, { maxFrame: 1 << 14, maxInbound: 2 }, count)
  return made
}

it(`${dials} dials of strangers: each is refused before any stream, no handler is invoked, memory stays, and an honest peer gets in meanwhile`, async () => {
  const target = await victim()
  const strangers = await Promise.all(Array.from({ length: attackers }, () => cluster.add()))
  for (const { trusted } of strangers) trusted.add(target.node.id)
  const dial = async ({ node }: TestNode): Promise<void> => {
    await expect(node.dial(target.node.id, target.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
  }
  const attack = async (stranger: TestNode, times: number): Promise<void> => {
    for (let at = 0; at < times; at++) await dial(stranger)
  }
  // what a first round allocates stays allocated
  await Promise.all(strangers.map((stranger) => attack(stranger, 20)))
  const before = process.memoryUsage().rss
  const storm = Promise.all(strangers.map((stranger) => attack(stranger, dials / attackers - 20)))
  const honest = await cluster.add()
  serveEcho(target.node, '/shoal/test/1.0.0')
  trust(target, honest)
  const started = performance.now()
  await honest.node.dial(target.node.id, target.addresses)
  const took = performance.now() - started
  await storm
  const grown = process.memoryUsage().rss - before
  console.info(`honest peer linked after ${Math.round(took)} ms; memory grew by ${(grown / 1e6).toFixed(1)} MB over ${dials} dials of both sides`)
  expect(target.invoked).toBe(0)
  expect(target.node.refused.strangers).toBe(dials)
  expect(target.node.links().map(({ peer }) => peer)).toEqual([honest.node.id])
  expect(took).toBeLessThan(3000 * slowness)
  expect(grown).toBeLessThan(200e6)
  await waitFor('no stranger to be left', () => target.node.connections === 1)
}, 180_000)

it('silent sockets and slow handshakes keep no honest peer out', async () => {
  const target = await victim()
  const honest = await cluster.add()
  trust(target, honest)
  const sockets = Array.from({ length: 1000 }, () => connectTcp(portOf(target.addresses[0] ?? ''), '127.0.0.1').on('error', () => {}))
  // the handshake's first bytes, one at a time
  const slow = setInterval(() => {
    for (const socket of sockets.slice(0, 100)) if (socket.writable) socket.write(Uint8Array.of(0x13))
  }, 200)
  try {
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))))
    const started = performance.now()
    await honest.node.dial(target.node.id, target.addresses)
    expect(performance.now() - started).toBeLessThan(3000 * slowness)
    expect(target.invoked).toBe(0)
  } finally {
    clearInterval(slow)
    for (const socket of sockets) socket.destroy()
  }
})
