/** What a link is measured beside: the same frames over bare sockets, over libp2p, and over our own link. */

import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { Node } from '../src/daemon/swarm/node.js'
import { makeCertificate } from '../src/daemon/swarm/tls-certificate.js'
import { ownModule } from './own-module.js'

/** One direction of bytes, and what comes back. */
export interface Wire {
  /** Resolves when more may be sent; undefined when at once. */
  send(bytes: Uint8Array): Promise<unknown> | undefined
  onBytes(listener: (bytes: Uint8Array) => void): void
}

/** One end of one kind. */
export interface Transport {
  /** Serves wires; gives the address. */
  serve(accept: (wire: Wire) => void): Promise<string>
  /** Dials; gives what opens wires: over the one connection, or where there is no muxer each over its own. */
  dial(address: string): Promise<() => Promise<Wire>>
}

const protocol = '/shoal-bench/link/1'
const limits = { maxFrame: 1 << 20, maxInbound: 256 }

/** The keys of both ends, known beforehand: who is encrypted by nothing proves nothing. */
const keys = Promise.all([1, 2].map((byte) => generateKeyPairFromSeed('Ed25519', Buffer.alloc(32, byte))))

function overSocket(socket: Socket): Wire {
  return {
    send: (bytes) => (socket.write(bytes) ? undefined : once(socket, 'drain')),
    onBytes: (listener) => void socket.on('data', listener),
  }
}

function overStream(stream: Stream): Wire {
  return {
    send: (bytes) => (stream.send(bytes) ? undefined : new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))),
    onBytes: (listener) => stream.addEventListener('message', ({ data }) => listener(data.subarray())),
  }
}

function sockets(secure: boolean): Transport {
  return {
    async serve(accept) {
      const served = (socket: Socket): void => accept(overSocket(socket.setNoDelay(true)))
      const server = secure ? createTlsServer(await certificate(), served) : createTcpServer(served)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return String((server.address() as AddressInfo).port)
    },
    async dial(address) {
      const to = { host: '127.0.0.1', port: Number(address) }
      return async () => {
        const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connectTcp(to)
        await once(socket, secure ? 'secureConnect' : 'connect')
        return overSocket(socket.setNoDelay(true))
      }
    },
  }
}

async function certificate(): Promise<{ key: string; cert: string }> {
  const [, key] = await keys
  if (!key) throw new Error('no key')
  return makeCertificate({ publicKey: publicKeyToProtobuf(key.publicKey), sign: (data) => key.sign(data) })
}

/** No encryption at all. */
function plain(other: number): () => ConnectionEncrypter {
  const secure: ConnectionEncrypter['secureInbound'] = async (connection) => {
    const key = (await keys)[other]
    if (!key) throw new Error('no key')
    return { connection, remotePeer: peerIdFromPrivateKey(key) }
  }
  return () => ({ protocol: '/bench/plain/1', secureInbound: secure, secureOutbound: secure })
}

function libp2p(encrypted: boolean): Transport {
  const make = async (own: number): Promise<Libp2p> => {
    const privateKey = (await keys)[own]
    return createLibp2p({
      ...(privateKey && { privateKey }),
      addresses: { listen: own === 1 ? ['/ip4/127.0.0.1/tcp/0'] : [] },
      transports: [tcp()],
      connectionEncrypters: [encrypted ? noise() : plain(1 - own)],
      streamMuxers: [yamux()],
    })
  }
  return {
    async serve(accept) {
      const node = await make(1)
      await node.handle(protocol, (stream) => accept(overStream(stream)), { maxInboundStreams: 256 })
      return String(node.getMultiaddrs()[0])
    },
    async dial(address) {
      const node = await make(0)
      return async () => overStream(await node.dialProtocol(multiaddr(address), protocol, { maxOutboundStreams: 256 }))
    },
  }
}

type OwnStream = Awaited<ReturnType<Node['open']>>

function overLink(stream: OwnStream): Wire {
  return {
    send: (bytes) => (stream.send(bytes) ? undefined : stream.drained()),
    onBytes: (listener) => {
      const read = async (): Promise<void> => {
        for await (const frame of stream.frames) listener(frame)
      }
      read().catch(() => {})
    },
  }
}

/** Of the build, not of the sources: what a user runs. */
async function ownNode(own: number, noiseOnly: boolean): Promise<Node> {
  const { createNode } = (await ownModule('src/daemon/swarm/node.ts')) as typeof import('../src/daemon/swarm/node.js')
  const key = (await keys)[own]
  if (!key) throw new Error('no key')
  const log = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const node = await createNode({ privateKeyRaw: key.raw, listen: ['/ip4/127.0.0.1/tcp/0'], isTrusted: () => true, hooks: { noiseOnly }, log })
  await node.start()
  return node
}

function link(noiseOnly: boolean): Transport {
  return {
    async serve(accept) {
      const node = await ownNode(1, noiseOnly)
      node.handle(protocol, limits, (stream) => {
        accept(overLink(stream))
        return new Promise(() => {})
      })
      return node.addresses[0] ?? ''
    },
    async dial(address) {
      const node = await ownNode(0, noiseOnly)
      const peer = address.split('/').at(-1) ?? ''
      await node.dial(peer, [address])
      return async () => overLink(await node.open(peer, protocol, limits))
    },
  }
}

/** By name. */
export const transports = {
  link: link(false),
  'link by Noise': link(true),
  'libp2p, no encryption': libp2p(false),
  'libp2p, Noise': libp2p(true),
  'node:tls': sockets(true),
  'node:net': sockets(false),
} as const satisfies Readonly<Record<string, Transport>>

/** A name of {@link transports}. */
export type TransportName = keyof typeof transports
