/** What a node is made of, and what it offers beyond {@link Swarm}. */

import type { Logger, PeerId } from '../../plugin.js'
import type { LinkTimes } from './links.js'
import type { StrangerLimits } from './strangers.js'
import type { LinkStream, ProtocolOptions, Swarm } from './swarm.js'
import type { Tap } from './tunnel-pipe.js'
import { type RelayLimits, relayLimits } from './tunnel-relay.js'
import type { Routes } from './tunnels.js'
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
  /** What is passed on for other members. */
  readonly relay: RelayLimits
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
  strangers: { max: 4, time: 10_000, idle: 3000, perHost: 3 },
  heartbeat: { interval: 2500, dead: 7500 },
  link: {},
  relay: relayLimits,
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
  /** May this stranger come in to pair: a ticket is out, a person takes requests, it is a member by the cluster secret? Default: never. */
  pairingOpen?(peer: PeerId): boolean
  /** Pre-shared key of the network, 32 bytes: connections are encrypted with it before anything else. */
  readonly networkKey?: Uint8Array
  /** Is this trusted peer refused for a while? Default: never. */
  refuses?(peer: PeerId): boolean
  /** A trusted peer told where it listens. */
  onAddresses?(peer: PeerId, addresses: readonly string[]): void
  /** Does this node pass connections on for other members? Default: true. */
  readonly relay?: boolean
  readonly limits?: Partial<NodeLimits>
  /** For tests: makes a network of this kind out of loopback. */
  readonly hooks?: NodeHooks
  readonly log: Logger
}

/** What a test can do to a node. */
export interface NodeHooks {
  /** False: the peer cannot be dialled directly. */
  mayDial?(peer: PeerId): boolean
  /** Offers no TLS, as a node from before it: to measure one beside the other. */
  readonly noiseOnly?: boolean
  /** Sees, and may alter, what this node passes on for others. */
  readonly tap?: Tap
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
  /** A stranger waits for a person: it may stay for `ms` from now. Whoever calls this bounds how many do. */
  stay(peer: PeerId, ms: number): void
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
   * Makes a direct link to a trusted peer; resolves with the address that worked when it is up (at once, when it is up already).
   * Undefined when the peer dialled: where such a connection comes from, nobody listens. Addresses are tried in order. Rejects
   * with `ERR_PEER_UNKNOWN`, `ERR_PEER_UNREACHABLE`.
   */
  dial(peer: PeerId, addresses: readonly string[], signal?: AbortSignal): Promise<string | undefined>
  /**
   * Makes a link to a trusted peer through other members; resolves when it is up (at once, when any link is up already). Rejects
   * with `ERR_PEER_UNKNOWN`, `ERR_NO_ROUTE`, `ERR_PEER_UNREACHABLE`, or the code with which a member on the way refused.
   */
  dialThrough(peer: PeerId, signal?: AbortSignal): Promise<void>
  /** Is there a way to try to a peer through other members? */
  reachable(peer: PeerId): boolean
  /** Does the link to a peer lead through other members? */
  relayed(peer: PeerId): boolean
  /** Who leads where; without it, each direct peer is tried. */
  setRoutes(routes: Routes): void
  /** Connections that this node passes on for others now. */
  readonly passing: number
  /** Looks at all connections again, after trust was given or taken. It also happens each second. */
  recheck(): void
  /** Connections of strangers and dials to them that were refused so far. */
  readonly refused: { readonly strangers: number; readonly dials: number; readonly handshakes: number; readonly struck: number }
}
