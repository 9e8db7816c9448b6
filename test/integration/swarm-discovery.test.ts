import { createSocket } from 'node:dgram'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterEach, describe, expect, it } from 'vitest'
import type { InterfaceAddress } from '../../src/daemon/swarm/addresses.js'
import { Discovery, type DiscoveryEvent, type DiscoveryOptions } from '../../src/daemon/swarm/discovery.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { until } from './swarm-cluster.js'

const loopback: InterfaceAddress = { name: 'lo', address: '127.0.0.1', family: 4, cidr: '127.0.0.1/8', internal: true }
const port = 40_000 + Math.floor(Math.random() * 20_000)
const running: Discovery[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((discovery) => discovery.stop()))
})

async function start(
  options: Partial<DiscoveryOptions> = {},
): Promise<{ id: string; discovery: Discovery; events: DiscoveryEvent[]; log: ReturnType<typeof memoryLog> }> {
  const id = options.id ?? peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
  const log = memoryLog()
  const discovery = new Discovery({
    id,
    name: () => `node ${id.slice(-4)}`,
    listening: () => ['/ip4/127.0.0.1/tcp/4710'],
    isKnown: () => false,
    log,
    port,
    interfaces: () => [loopback],
    times: { query: 200, scan: 50, answer: 50 },
    ...options,
  })
  running.push(discovery)
  const events: DiscoveryEvent[] = []
  const collect = async (): Promise<void> => {
    for await (const event of discovery.events()) events.push(event)
  }
  collect().catch(() => {})
  discovery.start()
  return { id, discovery, events, log }
}

describe('discovery on a real interface', () => {
  it('two nodes of one host find each other, and themselves not', async () => {
    const a = await start()
    const b = await start()
    await until(() => a.discovery.candidates().length > 0 && b.discovery.candidates().length > 0, 'candidates')
    expect(a.discovery.candidates()).toMatchObject([
      { peer: b.id, addresses: ['/ip4/127.0.0.1/tcp/4710'], name: `node ${b.id.slice(-4)}`, source: '127.0.0.1' },
    ])
    expect(b.discovery.addressesOf(a.id)).toEqual(['/ip4/127.0.0.1/tcp/4710'])
    expect(a.events).toContainEqual({ type: 'seen', peer: b.id })
  })

  it('a node that leaves is gone at once, and is seen again when it returns', async () => {
    const a = await start()
    const b = await start()
    await until(() => a.discovery.candidates().length === 1, 'seen')
    await b.discovery.stop()
    await until(() => a.discovery.candidates().length === 0, 'gone')
    await start({ id: b.id })
    await until(() => a.events.filter((event) => event.type === 'seen').length === 2, 'seen again')
  })

  it('survives an interface that goes away and comes back, and says so', async () => {
    let up = true
    const a = await start({ interfaces: () => (up ? [loopback] : []) })
    expect(a.discovery.interfaces()).toHaveLength(1)
    up = false
    await until(() => a.discovery.interfaces().length === 0, 'no interface')
    up = true
    await until(() => a.discovery.interfaces().length === 1, 'interface back')
    const b = await start()
    await until(() => a.discovery.addressesOf(b.id).length === 1, 'found on the new socket')
    expect(a.events.filter(({ type }) => type === 'network')).toHaveLength(2)
  })

  it('survives an interface whose address does not exist', async () => {
    const ghost: InterfaceAddress = { name: 'ghost', address: '203.0.113.77', family: 4, cidr: '203.0.113.77/24', internal: false }
    const a = await start({ interfaces: () => [ghost, loopback], loopback: true })
    const b = await start()
    await until(() => a.discovery.addressesOf(b.id).length === 1, 'found on the other interface')
  })

  it('a flood of rubbish is dropped before it is parsed', async () => {
    const a = await start()
    const sender = createSocket('udp4')
    const rubbish = Buffer.alloc(12)
    rubbish.writeUInt16BE(0x8400, 2)
    rubbish.writeUInt16BE(0xffff, 6)
    try {
      await new Promise<void>((resolve) => sender.bind(0, '127.0.0.1', resolve))
      sender.setMulticastInterface('127.0.0.1')
      const send = (bytes: Uint8Array): Promise<void> => new Promise((resolve) => sender.send(bytes, port, '224.0.0.251', () => resolve()))
      for (let i = 0; i < 500; i++) await send(i % 2 ? rubbish : Buffer.from(`rubbish ${i} and more of it`))
      await until(() => (a.discovery.interfaces()[0]?.refused ?? 0) > 100, 'refused')
    } finally {
      sender.close()
    }
    expect(a.discovery.candidates()).toEqual([])
  })
})
