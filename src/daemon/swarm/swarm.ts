/** What the rest of the daemon sees of the network: trusted peers, links to them, and safe streams of frames. No word of libp2p. */

import type { PeerId } from '../../plugin.js'

/**
 * One stream to one peer, made safe: varint-length-prefixed frames, bounded in both directions. Reading exerts
 * back-pressure on the sender; writing reports it.
 */
export interface LinkStream {
  /** The authenticated far end. */
  readonly peer: PeerId
  readonly protocol: string
  /** Aborted when the stream is over, for whatever reason; `signal.reason` says which. */
  readonly signal: AbortSignal
  /** Frames from the peer, in order. One reader. Ends when the peer closed its side; throws when the stream broke. A frame over the limit breaks the stream with `ERR_PROTOCOL` before anything is allocated for it. */
  readonly frames: AsyncIterable<Uint8Array>
  /**
   * Queues one frame given as one or more parts (not copied: leave them unchanged). False = the buffer is above its high-water
   * mark: wait for {@link drained}. Throws `ERR_PEER_UNREACHABLE` when the stream is over, `ERR_OVERLOADED` above the hard limit.
   */
  send(...parts: Uint8Array[]): boolean
  /** Bytes queued here and not yet taken by the network. */
  readonly buffered: number
  /** Resolves when the buffer is below its low-water mark; rejects when the stream is over. */
  drained(signal?: AbortSignal): Promise<void>
  /** Closes our side after what is queued. */
  close(): Promise<void>
  /** Resets the stream at once. */
  abort(reason: Error): void
}

/** Limits of the streams of one protocol. */
export interface ProtocolOptions {
  /** Bytes; a longer frame breaks the stream. */
  readonly maxFrame: number
  /** Streams of this protocol a peer may have open towards us. */
  readonly maxInbound: number
}

/** How a stream is opened. */
export interface OpenOptions extends ProtocolOptions {
  readonly signal?: AbortSignal
  /** On the connection of this stream, while it is open, and not on the one that new streams take: a peer may have two for a moment, and two runs of it one each. */
  readonly beside?: LinkStream
}

/** How a link is encrypted: by TLS on the socket itself, or by Noise where an end has no TLS or there is no bare socket. */
export type Encryption = 'tls' | 'noise'

/** A live connection to a trusted peer. */
export interface LinkInfo {
  readonly peer: PeerId
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** Monotonic ms since which it is up. */
  readonly since: number
  /** What encrypts it, end to end. */
  readonly encryption: Encryption
  /** ms, from the last ping. */
  readonly rtt?: number
  /** It leads through other members. */
  readonly relayed?: true
  /** Those members, the nearest first. */
  readonly via?: readonly PeerId[]
}

/** A link came up, went away, or stays up and `moved` between a direct way and one through others. One link counts a peer: the second of two that dialled each other at once is closed by a rule both know. */
export interface LinkEvent {
  readonly type: 'up' | 'down' | 'moved'
  readonly peer: PeerId
  readonly reason?: string
}

/** The network as the daemon uses it. */
export interface Swarm {
  readonly id: PeerId
  /** Multiaddrs others can dial, with our peer id. */
  readonly addresses: readonly string[]
  /** Serves a protocol to trusted peers; strangers are refused beneath it. Returns the undo. A handler that throws aborts its stream. */
  handle(protocol: string, options: ProtocolOptions, handler: (stream: LinkStream) => void | Promise<void>): () => void
  /** Opens a stream to a trusted, connected peer. Rejects with `ERR_PEER_UNKNOWN`, `ERR_PEER_UNREACHABLE`. */
  open(peer: PeerId, protocol: string, options: OpenOptions): Promise<LinkStream>
  links(): readonly LinkInfo[]
  linked(peer: PeerId): boolean
  /** Closes every connection to a peer now. */
  cut(peer: PeerId, reason: string): Promise<void>
  events(signal?: AbortSignal): AsyncIterableIterator<LinkEvent>
}
