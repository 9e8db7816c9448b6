/**
 * What lies beneath messages: an echo over a bare transport. Usage: payload-floor.ts KIND echo | payload-floor.ts KIND drive PLAN
 * ADDRESS, KIND one of tcp (node:net), libp2p (Noise and yamux as published), link (our links, without control channel and payloads).
 */

import '../src/polyfill.js'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { Node } from '../src/daemon/swarm/node.js'
import { closedLoop, Pipeline, type Plan } from './closed-loop.js'
import { ownModule } from './own-module.js'

const protocol = '/shoal-bench/echo/1'
const limits = { maxFrame: 2 * 1024 * 1024, maxInbound: 4 }

/** Sends a body; resolves when as many bytes are back. */
type Call = (body: Uint8Array) => Promise<void>

/** One transport. `echo` gives the address to drive it at. */
interface Floor {
  echo(): Promise<string>
  open(address: string): Promise<Call>
}

const overTcp: Floor = {
  async echo() {
    const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket).on('error', () => {})).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return address === null || typeof address === 'string' ? '' : String(address.port)
  },
  async open(address) {
    const pipeline = new Pipeline()
    const socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
    socket.on('data', (bytes) => pipeline.received(bytes.byteLength))
    await once(socket, 'connect')
    return (body) => {
      socket.write(body)
      return pipeline.expect(body.byteLength)
    }
  },
}

function stock(listen: readonly string[]): Promise<Libp2p> {
  return createLibp2p({ addresses: { listen: [...listen] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] })
}

const overLibp2p: Floor = {
  async echo() {
    const node = await stock(['/ip4/127.0.0.1/tcp/0'])
    await node.handle(protocol, (stream) => stream.addEventListener('message', ({ data }) => void stream.send(data)))
    return String(node.getMultiaddrs()[0])
  },
  async open(address) {
    const pipeline = new Pipeline()
    const node = await stock([])
    const stream = await node.dialProtocol(multiaddr(address), protocol)
    stream.addEventListener('message', ({ data }) => pipeline.received(data.byteLength))
    return (body) => {
      stream.send(body)
      return pipeline.expect(body.byteLength)
    }
  },
}

/** Of the build, not of the sources: what a user runs. */
async function ownNode(): Promise<Node> {
  const { createNode } = (await ownModule('src/daemon/swarm/node.ts')) as typeof import('../src/daemon/swarm/node.js')
  const { raw } = await generateKeyPair('Ed25519')
  const quiet = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const node = await createNode({ privateKeyRaw: raw, listen: ['/ip4/127.0.0.1/tcp/0'], isTrusted: () => true, log: quiet })
  await node.start()
  return node
}

const overLink: Floor = {
  async echo() {
    const node = await ownNode()
    node.handle(protocol, limits, async (stream) => {
      for await (const frame of stream.frames) stream.send(frame)
    })
    return node.addresses[0] ?? ''
  },
  async open(address) {
    const pipeline = new Pipeline()
    const node = await ownNode()
    const peer = address.split('/').at(-1) ?? ''
    await node.dial(peer, [address])
    const stream = await node.open(peer, protocol, limits)
    const read = async (): Promise<void> => {
      for await (const frame of stream.frames) pipeline.received(frame.byteLength)
    }
    void read()
    return (body) => {
      stream.send(body)
      return pipeline.expect(body.byteLength)
    }
  },
}

const floors: Readonly<Record<string, Floor>> = { tcp: overTcp, libp2p: overLibp2p, link: overLink }
const [kind = '', role, plans = '[]', address = ''] = process.argv.slice(2)
const floor = floors[kind]
if (!floor) throw new Error('usage: payload-floor.ts tcp|libp2p|link echo|drive [PLANS ADDRESS]')
if (role === 'echo') {
  process.stdout.write(`${JSON.stringify({ address: await floor.echo() })}\n`)
} else {
  const call = await floor.open(address)
  for (const plan of JSON.parse(plans) as Plan[]) process.stdout.write(`${JSON.stringify(await closedLoop(plan, call))}\n`)
  process.exit(0)
}
