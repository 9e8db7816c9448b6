/**
 * Streams: what a publisher writes and a reader reads. The vocabulary is that of WebCodecs: codec strings,
 * `description`, key and delta chunks, microseconds.
 *
 * A stream has a path, one publisher and any number of readers. It is kept as groups: a group starts at a key frame and
 * is the unit that is joined, skipped and dropped. Writers never wait for readers.
 */

/** One elementary stream. Immutable; a change of codec is announced with {@link Publication.update}. */
export interface Track {
  /** Small positive integer, unique within the stream; frames refer to it. */
  readonly id: number
  readonly kind: TrackKind
  /** WebCodecs codec string: `avc1.64001f`, `hvc1.1.6.L93.B0`, `av01.0.04M.08`, `mp4a.40.2`, `opus`, `text`, `application/json`. */
  readonly codec: string
  /** Decoder configuration: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead. Absent where the codec needs none. */
  readonly description?: Uint8Array
  /** Coded size in pixels (video). */
  readonly width?: number
  readonly height?: number
  /** Hz (audio). */
  readonly sampleRate?: number
  readonly channels?: number
}

/** What a track carries. */
export type TrackKind = 'video' | 'audio' | 'data'

/** One access unit, audio packet or message. Immutable; written in decode order. */
export interface Frame {
  /** {@link Track.id} of its track. */
  readonly track: number
  /** Presentation time, integer µs on the publisher's clock. */
  readonly timestamp: number
  /** Decode time in µs, where it differs from `timestamp` (B-frames). */
  readonly decodeTime?: number
  /** µs. */
  readonly duration?: number
  /** A subscriber may join here. In a stream with video only video key frames count. */
  readonly key: boolean
  /** AVC and HEVC: NAL units with 4-byte lengths, no parameter sets. AAC: raw, no ADTS. Opus: one packet. AV1: low-overhead OBUs. */
  readonly data: Uint8Array
}

/** The writing end of a stream. */
export interface Publication extends AsyncDisposable {
  /** Normalised path. */
  readonly path: string
  readonly tracks: readonly Track[]
  /** Aborted when someone stops or takes over the stream, or it times out; `signal.reason` is a `ShoalError` that says which. */
  readonly signal: AbortSignal
  /** Readers now. */
  readonly subscribers: number
  /** Hands over one frame. Never blocks and never waits for a reader. After the end it is a no-op. Throws `ERR_FRAME_INVALID` for a frame that breaks the rules of {@link Frame}. */
  write(frame: Frame): void
  /** Announces a changed (same id) or added track. Readers see it before the next frame of that track. */
  update(track: Track): void
  /** Ends the stream. Readers receive what is buffered, then the end; with a `reason` they receive it as an error. Idempotent. */
  close(reason?: unknown): void
}

/** How to publish. */
export interface PublishOptions {
  /** End the present publisher of the path (its signal aborts with `ERR_TAKEN_OVER`) and keep its readers. Otherwise a taken path is `ERR_STREAM_TAKEN`. */
  readonly takeover?: boolean
  /** ms without a frame before the stream ends with `ERR_PUBLISH_TIMEOUT`; 0 = never. Default from the config (`streams.publishTimeout`). */
  readonly publishTimeout?: number
  /** ms without a reader before the stream ends with `ERR_IDLE`; 0 = never (default). */
  readonly idleTimeout?: number
  /** Ends the publication when aborted. */
  readonly signal?: AbortSignal
  /** A reader cannot go on without a key frame: where the source can make one, ask it to. Called at most every 500 ms; what it throws is lost. */
  readonly keyWanted?: () => void
  /** How well the source comes, for lists: asked when somebody looks, once a second at most; what it throws, and what is no number, is left out. */
  readonly sourceStats?: () => SourceStats
}

/** How well the packets of a source come, since it began. What its protocol does not tell is absent. */
export interface SourceStats {
  /** Packets that came. */
  readonly received?: number
  /** Packets that never came, or too late to be of use. */
  readonly lost?: number
  /** Packets that came twice, or after they were given up. */
  readonly late?: number
  /** Packets that came in the wrong order, in time. */
  readonly reordered?: number
  /** Packets that were asked for again. */
  readonly retransmitted?: number
  /** How unevenly they come: ms (RFC 3550), of the worst of its media. */
  readonly jitter?: number
  /** Round trip to the source, ms. */
  readonly rtt?: number
  /** ms that packets may be late, as both sides agreed. */
  readonly latency?: number
  /** What the way from the source is reckoned to carry, bits a second. */
  readonly bandwidth?: number
}

/** The reading end of a stream. Iterating gives batches: everything that is due, in order, each frame at most once. */
export interface Subscription extends AsyncIterable<readonly Frame[]>, AsyncDisposable {
  readonly path: string
  /** The tracks this reader gets, as they are now. When one changes, its new value stands here before the first frame that needs it is handed out. */
  readonly tracks: readonly Track[]
  /** Rises by one with each change of `tracks`: compare it between batches to know when headers must be sent again. */
  readonly generation: number
  /** Frames skipped so far because this reader was late. Always whole groups: after a gap comes a key frame. */
  readonly dropped: number
  /** Aborted when the subscription is over; `signal.reason` says why. For readers that wait for something else, such as a socket. */
  readonly signal: AbortSignal
  /**
   * Hands each batch to `take` the moment it is due: cheaper than iterating where a stream has many readers. Where `take` returns a
   * promise, the next batch comes once it is fulfilled; meanwhile the reader falls behind like any other. A number that it gives
   * is the age in ms that the next frame may have: where it is older, frames are skipped up to a group that began within that
   * time, or to the next one. Fulfilled when the stream ends, rejects with what ended it or what `take` threw; the subscription
   * is over then. Use this or the iteration, once.
   */
  deliver(take: (frames: readonly Frame[]) => void | Promise<number | void>): Promise<void>
  /** Asks the publisher for a key frame, soon; nothing happens where it cannot make one. Any number of readers may ask: it hears of it every 500 ms at most. */
  wantKey(): void
  /** Ends the subscription; a pending iteration returns. Idempotent. */
  close(): void
}

/** How to read. */
export interface SubscribeOptions {
  /** Where to begin. `latest`: newest key frame in the cache (default); `next-key`: wait for one; `{ buffered }`: the key frame at least this many µs back, or the oldest kept. */
  readonly start?: 'latest' | 'next-key' | { readonly buffered: number }
  /** Kinds wanted; all by default. */
  readonly tracks?: readonly TrackKind[]
  /** ms a reader may be behind; older groups are skipped whole, up to the newest key frame. Default from the config (`streams.maxLatency`). */
  readonly maxLatency?: number
  /** ms to wait for a publisher, also for its return after it ended; on-demand pulls are started meanwhile. 0 (default) = fail at once with `ERR_STREAM_NOT_FOUND` and end with the publisher. */
  readonly wait?: number
  /**
   * ms that frames may wait for later ones, so that they come in fewer batches: at most 1000. With 0 each picture comes at once. Sound waits 40 ms
   * longer, for the next picture; without pictures it does not. Absent (default): nothing waits.
   */
  readonly batch?: number
  readonly signal?: AbortSignal
  /** Shown to people: `http-flv 127.0.0.1:5123`. */
  readonly reader?: string
}

/** A stream as lists and events show it. */
export interface StreamInfo {
  readonly path: string
  /** Who publishes it here: a plugin's name, `rtmp` or `shoal`. */
  readonly publisher: string
  /** Peer id of the node where the stream comes from; this node's own id when it is published here. */
  readonly origin: string
  /** 0 = published here. */
  readonly hops: number
  readonly tracks: readonly Track[]
  readonly subscribers: number
  /** Wall clock, ms since 1970; for people only. */
  readonly since: number
  readonly framesIn: number
  readonly bytesIn: number
  /** Frames skipped by late readers, all readers together. */
  readonly framesDropped: number
  /** Bits a second over the last seconds. */
  readonly bitrate: number
  /** URL it is pulled from, if it is pulled. Credentials removed. */
  readonly source?: string
  /** How well it comes, where its source is of this node and its protocol tells. */
  readonly sourceStats?: SourceStats
  /** Peer id of another node that publishes the same path and counts: this stream is reached as `shoal://PEER/PATH` only. */
  readonly contested?: string
}

/** What happened to a stream. Every listener has its own bounded queue; one that falls behind receives `lagged` with the number missed, and goes on. */
export type StreamEvent =
  | { readonly type: 'published' | 'unpublished'; readonly path: string; readonly time: number; readonly publisher: string; readonly reason?: string }
  | { readonly type: 'subscribed' | 'unsubscribed'; readonly path: string; readonly time: number; readonly reader: string; readonly reason?: string }
  /** Two nodes publish a path; `publisher` is the peer id of the one that counts. `settled`: this node is the publisher again. */
  | { readonly type: 'contested' | 'settled'; readonly path: string; readonly time: number; readonly publisher: string }
  | { readonly type: 'lagged'; readonly missed: number; readonly time: number }

/** A wish that a path be fed from a URL; lives until it is closed, across any number of interruptions of the source. */
export interface Pull {
  readonly path: string
  readonly url: string
  readonly state: PullState
  /** Ends the pull and its stream. */
  close(): Promise<void>
}

/** A stream that is made of another one, in other codecs, as a rule when somebody reads it: `live/cam~opus`. */
export interface StreamVersion {
  readonly path: string
  /** Codecs of its picture and of its sound: strings like those of tracks, whose profile is a guess. Absent = as in the stream. */
  readonly video?: string
  readonly audio?: string
  /** Its pictures come in the order in which they are shown: no B-pictures. */
  readonly inOrder?: boolean
}

/** Says that what a pull makes is a version of the stream `path`. */
export type VersionOf = StreamVersion

/** `idle`: on demand and nobody reads; `waiting`: between two tries. */
export type PullState = 'idle' | 'connecting' | 'running' | 'waiting' | 'stopped'

/** How to pull. */
export interface PullOptions {
  /** Start with the first reader, stop `idleDelay` ms after the last (default 10,000). */
  readonly onDemand?: boolean
  readonly idleDelay?: number
  /** Handed to the puller as `job.options`. `standby`, a URL: used when the first source fails or ends, and the other way round. */
  readonly options?: Readonly<Record<string, unknown>>
  /** What it makes is a version of another stream, and is named to readers who cannot take that one, for as long as there is the pull. */
  readonly versionOf?: VersionOf
}
