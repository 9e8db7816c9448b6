/** What a node is made of, and what it offers beyond {@link Swarm}. */

import type { Logger, PeerId } from '../../plugin.js'
import type { LinkTimes } from './links.js'
import type { StrangerLimits } from './strangers.js'
import type { LinkStream, ProtocolOptions, Swarm } from './swarm.js'
import type { Heartbeat } from './wire.js'

/** Where a node listens unless told otherwise. */
export const defaultListen: readonly string[] = ['/ip4/0.0.0.0/tcp/4710', '/ip6/::/tcp/4710']

/** Limits of a node. Each has a default; see {@link defaultLimits}. */
export interface NodeLimits {
  /** Connections in all. */
  readonly maxConnections: number
  /** Inbound connections within their handshake. */
  readonly maxPending: number
  /** The same from one host; beyond it the oldest is cut. */
  readonly maxPendingPerHost: number
  /** Inbound connections a second from one host. */
  readonly maxInboundRate: number
  /** Streams of all protocols that one connection may have open in one direction. */
  readonly maxStreams: number
  /** ms for the handshake of an inbound connection. */
  readonly handshakeTimeout: number
  /** ms for TCP to connect to one address. */
  readonly connectTimeout: number
  /** ms for one address of a dial, with its handshake: a busy machine needs seconds. */
  readonly addressTimeout: number
  readonly strangers: StrangerLimits
  readonly heartbeat: Heartbeat
  readonly link: Partial<LinkTimes>
}

/** The limits unless told otherwise. A dead link is noticed within 9 s; see `Heartbeat`. */
export const defaultLimits: NodeLimits = {
  maxConnections: 512,
  maxPending: 128,
  maxPendingPerHost: 32,
  maxInboundRate: 100,
  maxStreams: 1024,
  handshakeTimeout: 15_000,
  connectTimeout: 4000,
  addressTimeout: 10_000,
  strangers: { max: 4, time: 10_000, idle: 3000 },
  heartbeat: { interval: 2500, dead: 7500 },
  link: {},
}

/** What {@link createNode} takes. */
export interface NodeOptions {
  /** Ed25519: 64 bytes, seed and public key. */
  readonly privateKeyRaw: Uint8Array
  /** Multiaddrs; port 0 takes a free one. Default {@link defaultListen}. */
  readonly listen?: readonly string[]
  /** Multiaddrs to announce beside those that are listened on: a forwarded port, a DNS name. */
  readonly announce?: readonly string[]
  /** The keystore's answer, asked again each time. */
  isTrusted(peer: PeerId): boolean
  /** Is an invite out, so that strangers may come in to pair? Default: never. */
  pairingOpen?(): boolean
  /** A trusted peer told where it listens. */
  onAddresses?(peer: PeerId, addresses: readonly string[]): void
  readonly limits?: Partial<NodeLimits>
  readonly log: Logger
}

/** A stream to or from a peer that need not be trusted. */
export interface StrangerStream {
  readonly stream: LinkStream
  /** The far end's multiaddr, without its peer id. */
  readonly address: string
  /** Ends the visit: the connection becomes the link when the peer is trusted by now, and is closed otherwise. */
  leave(): void
}

/** The way in for pairing, and for nothing else. */
export interface StrangerDoor {
  /** Serves a protocol to everybody the gater lets in; `address` is where the peer comes from. Returns the undo. */
  handle(protocol: string, options: ProtocolOptions, handler: (stream: LinkStream, address: string) => void | Promise<void>): () => void
  /** Dials a peer that need not be trusted and opens one stream. Rejects with `ERR_PEER_UNREACHABLE`. */
  open(peer: PeerId, addresses: readonly string[], protocol: string, options: ProtocolOptions & { readonly signal: AbortSignal }): Promise<StrangerStream>
}

/** A node of the network: what the daemon sees, and what only its composition root and the pairing use. */
export interface Node extends Swarm {
  readonly door: StrangerDoor
  /** All multiaddrs on which it listens, loopback too, without the peer id. */
  readonly listening: readonly string[]
  /** Connections of all kinds. */
  readonly connections: number
  /** Listens. Rejects with `ERR_PORT_IN_USE`, `ERR_START_FAILED`. */
  start(): Promise<void>
  /** Takes and makes no new connection from now on; links stay up. */
  quiesce(): void
  /** Closes all links and stops to listen. Idempotent. */
  stop(): Promise<void>
  /**
   * Makes a link to a trusted peer; resolves with the address that worked when the link is up (at once, when it is up already).
   * Undefined when the peer dialled: where such a connection comes from, nobody listens. Addresses are tried in order. Rejects
   * with `ERR_PEER_UNKNOWN`, `ERR_PEER_UNREACHABLE`.
   */
  dial(peer: PeerId, addresses: readonly string[], signal?: AbortSignal): Promise<string | undefined>
  /** Looks at all connections again, after trust was given or taken. It also happens each second. */
  recheck(): void
  /** Connections of strangers and dials to them that were refused so far. */
  readonly refused: { readonly strangers: number; readonly dials: number }
}
