/** The one place that builds a libp2p node; everything libp2p can be set to is set here. */

import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { type Identify, type IdentifyComponents, identify } from '@libp2p/identify'
import type { ComponentLogger, Connection, Logger as Libp2pLogger, Stream, Upgrader } from '@libp2p/interface'
import { type Ping, type PingComponents, ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { createGater } from './gater.js'
import { Libp2pNode } from './libp2p-node.js'
import { noiseWhenUsed } from './libp2p-noise.js'
import { nativeTls, tlsProtocol } from './libp2p-tls.js'
import { thriftyYamux } from './libp2p-yamux.js'
import { defaultLimits, defaultListen, type Node, type NodeLimits, type NodeOptions } from './node-options.js'
import { Strangers } from './strangers.js'
import { pingServed } from './wire.js'

export type { Node, NodeOptions } from './node-options.js'

/** ms without a byte after which a socket is closed: the heartbeat is far quicker. */
const socketTimeout = 60_000

/** Largest delay a Node timer takes. */
const never = 2 ** 31 - 1

type Admits = (stream: Stream, connection: Connection) => boolean
/** The upgrader, which libp2p gives to services only. */
type Upgrade = { readonly upgrader: Upgrader }
type Services = { identify: Identify; ping: Ping; upgrade: Upgrade }
type Registrar = PingComponents['registrar']

/** Builds a node, not yet started. Rejects when the key is not one. */
export async function createNode(options: NodeOptions): Promise<Node> {
  const limits: NodeLimits = { ...defaultLimits, ...options.limits }
  const strangers = new Strangers(limits.strangers)
  let closed = false
  const { gater, counts } = createGater({
    isTrusted: (peer) => options.isTrusted(peer),
    pairingOpen: (peer) => options.pairingOpen?.(peer) ?? false,
    refuses: (peer) => options.refuses?.(peer) ?? false,
    strangers,
    pending: { max: limits.maxPending, perHost: limits.maxPendingPerHost },
    closed: () => closed,
    keyed: options.networkKey !== undefined,
    log: options.log,
  })
  // the services are built before the node that answers this
  let admits: Admits = () => false
  const libp2p = await createLibp2p({
    ...settings(options, limits),
    connectionGater: gater,
    services: { ...services((stream, connection) => admits(stream, connection)), upgrade: ({ upgrader }: Upgrade): Upgrade => ({ upgrader }) },
  })
  const node = new Libp2pNode(options, {
    libp2p,
    strangers,
    limits,
    identify: (connection) => listenAddresses(libp2p.services.identify, connection),
    refused: counts,
    upgrader: withoutSocket(libp2p.services.upgrade.upgrader),
    close: () => {
      closed = true
    },
  })
  admits = node.admits
  return node
}

function settings(options: NodeOptions, limits: NodeLimits): Libp2pOptions<Services> {
  return {
    start: false,
    privateKey: privateKeyFromRaw(options.privateKeyRaw),
    logger: silent,
    nodeInfo: { name: 'shoal', version: '1', userAgent: 'shoal' },
    addresses: { listen: [...(options.listen ?? defaultListen)], appendAnnounce: [...(options.announce ?? [])] },
    transports: [tcp({ inboundSocketInactivityTimeout: socketTimeout, outboundSocketInactivityTimeout: socketTimeout, dialOpts: connectOptions(limits) })],
    ...(options.networkKey && { connectionProtector: preSharedKey({ psk: keyFile(options.networkKey) }) }),
    // the first that both ends know is taken; TLS needs the bare socket, which the cipher of the network key is in front of
    connectionEncrypters: options.networkKey || options.hooks?.noiseOnly ? [noiseWhenUsed()] : [nativeTls(), noiseWhenUsed()],
    streamMuxers: [muxer(limits)],
    // our own heartbeat pings trusted peers only, on the monotonic clock, and knows when this process itself was stalled
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: limits.maxConnections,
      maxIncomingPendingConnections: limits.maxPending * 2,
      inboundConnectionThreshold: limits.maxInboundRate,
      inboundUpgradeTimeout: limits.handshakeTimeout,
      addressDialTimeout: limits.addressTimeout,
      connectionCloseTimeout: 300,
      // the supervisor redials; libp2p would try five times and give up
      reconnectRetries: 0,
      // addresses are tried in the order given
      addressSorter: () => 0,
    },
  }
}

/** The upgrader for connections that are no sockets, as those through other members: it offers Noise alone. */
function withoutSocket(upgrader: Upgrader): Upgrader {
  const encrypters = [...upgrader.getConnectionEncrypters()].filter(([protocol]) => protocol !== tlsProtocol)
  return Object.create(upgrader, { connectionEncrypters: { value: new Map(encrypters) } })
}

/** A network key in the only form that @libp2p/pnet reads. */
function keyFile(key: Uint8Array): Uint8Array {
  return Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${Buffer.from(key).toString('hex')}`)
}

/** The types of @libp2p/tcp lack `timeout`, which net.connect takes: a host that does not answer is given up before one that is slow to shake hands. */
function connectOptions(limits: NodeLimits): { noDelay: boolean; timeout: number } {
  return { noDelay: true, timeout: limits.connectTimeout }
}

/**
 * yamux: a window of 1 MiB stays below libp2p's read buffer of 4 MiB, so a paused reader is throttled and not reset, and small
 * messages pass beside bulk. `initialStreamWindowSize` is never set: the far end is not told of it.
 */
function muxer(limits: NodeLimits): ReturnType<typeof thriftyYamux> {
  return thriftyYamux({
    maxInboundStreams: limits.maxStreams,
    maxOutboundStreams: limits.maxStreams,
    streamOptions: { maxStreamWindowSize: 1024 * 1024, maxWriteBufferLength: 1024 * 1024, inactivityTimeout: never },
  })
}

/** identify and ping, for trusted peers only. */
function services(admits: Admits): { identify: (components: IdentifyComponents) => Identify; ping: (components: PingComponents) => Ping } {
  return {
    identify: (components) => {
      const { peerId, privateKey, peerStore, addressManager, events, logger, nodeInfo, registrar } = components
      // run by us for trusted peers, never by itself
      const init = { runOnConnectionOpen: false, maxInboundStreams: 2, maxOutboundStreams: 2 }
      return identify(init)({ peerId, privateKey, peerStore, addressManager, events, logger, nodeInfo, registrar: guarded(registrar, admits) })
    },
    ping: ({ registrar, connectionManager }) =>
      ping({ timeout: pingServed, maxInboundStreams: 4, maxOutboundStreams: 4 })({ registrar: guarded(registrar, admits), connectionManager }),
  }
}

/**
 * A registrar whose handlers ask `admits` first. Not with libp2p's stream middleware: its list grows by one handler with each
 * inbound stream, so a second stream is handled twice.
 */
function guarded<R extends Registrar>(registrar: R, admits: Admits): R {
  const guard: R = Object.create(registrar)
  guard.handle = (protocol, handler, options) =>
    registrar.handle(protocol, (stream, connection) => (admits(stream, connection) ? handler(stream, connection) : undefined), options)
  return guard
}

async function listenAddresses(service: Identify, connection: Connection): Promise<readonly string[]> {
  const { listenAddrs } = await service.identify(connection)
  return listenAddrs.map((address) => address.toString())
}

/** libp2p's log lines tell of dials and streams that this room reports itself. */
const silentLogger: Libp2pLogger = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => silentLogger })
const silent: ComponentLogger = { forComponent: () => silentLogger }
