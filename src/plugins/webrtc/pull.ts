/** `whep://` and `wheps://` as a source: a stream of another server, by WHEP. */

import { ShoalError } from '../../errors.js'
import { readerFor } from '../../media/webrtc/codec-match.js'
import type { Description } from '../../media/webrtc/description.js'
import { readable } from '../../media/webrtc/offered-formats.js'
import type { PullJob } from '../../plugin.js'
import { Watchdog } from '../../receiving/watchdog.js'
import type { Publication, Track } from '../../stream.js'
import { parseAddress } from './address.js'
import { Client, type ClientParts, type ClientTiming, type Offer } from './client.js'
import type { Peer } from './peer.js'
import type { ReceivedStream } from './received-line.js'
import { Receiver } from './receiver.js'

/** Limits of a pull in ms. */
export interface PullTiming extends ClientTiming {
  /** From the connection until the stream starts. */
  readonly firstMedia: number
  /** Without a frame afterwards. */
  readonly silence: number
}

const defaultTiming: PullTiming = { answer: 15_000, connect: 15_000, firstMedia: 10_000, silence: 15_000 }

/** ms between reports to the server. */
const reportInterval = 1000

/** What is asked for: everything that is read. The channel makes room for those that the server opens for data. */
const offer: Offer = {
  sections: [
    { kind: 'video', mid: '0', direction: 'recvonly', formats: readable.video },
    { kind: 'audio', mid: '1', direction: 'recvonly', formats: readable.audio },
    { kind: 'application', mid: '2' },
  ],
  channels: [{ label: 'data', protocol: '' }],
}

/**
 * Pulls until the server ends the session; see `PullerFactory.pull`. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`,
 * `ERR_CODEC_UNSUPPORTED`, `ERR_PEER_UNREACHABLE`, `ERR_TIMEOUT`, `ERR_MEDIA_INVALID`, `ERR_URL_INVALID` or what the hub says.
 */
export async function pull(job: PullJob, parts: ClientParts, timing = defaultTiming): Promise<void> {
  job.signal.throwIfAborted()
  const client = await Client.open(parseAddress(job.url), offer, { parts, signal: job.signal, timing })
  const { peer } = client
  try {
    const receiving = new Receiving(job, peer, streamsOf(client.answer), timing)
    try {
      await client.connect()
      receiving.watch()
      await peer.over
    } finally {
      receiving.stop()
    }
    if (receiving.failed) throw peer.reason ?? new ShoalError('ERR_SOURCE_FAILED', 'The server ended the session before anything came.')
  } finally {
    await client.end()
  }
}

/** The media of an answer, by payload type. Throws `ERR_CODEC_UNSUPPORTED`. */
export function streamsOf({ sections }: Description): ReadonlyMap<number, ReceivedStream> {
  const streams = new Map<number, ReceivedStream>()
  for (const { kind, mid, refused, direction, formats } of sections) {
    if (refused || (kind !== 'audio' && kind !== 'video') || !/^send/.test(direction)) continue
    for (const format of formats) {
      const reader = streams.has(format.payloadType) ? undefined : readerFor(format, streams.size + 1)
      if (reader) streams.set(format.payloadType, { ...reader, kind, medium: mid })
    }
  }
  if (streams.size === 0) throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'The server offers nothing that can be read.')
  return streams
}

/** What comes of one connection. */
class Receiving {
  readonly #job: PullJob
  readonly #peer: Peer
  readonly #timing: PullTiming
  readonly #receiver: Receiver
  readonly #reports: NodeJS.Timeout
  #dog: Watchdog | undefined
  #started = false
  #frames = 0

  constructor(job: PullJob, peer: Peer, streams: ReadonlyMap<number, ReceivedStream>, timing: PullTiming) {
    this.#job = job
    this.#peer = peer
    this.#timing = timing
    // a server sends what others view, too: it is asked for key pictures only where they are needed
    const keyEvery = Number.POSITIVE_INFINITY
    this.#receiver = new Receiver({ streams, keyEvery, open: (tracks) => this.#open(tracks), send: (packet) => peer.send(Buffer.from(packet)) })
    this.#reports = setInterval(() => this.#receiver.report(), reportInterval)
    peer.events = { packets: (packets) => this.#take(packets), message: (message) => this.#receiver.message(message) }
  }

  /** Was it over before the source ended it? */
  get failed(): boolean {
    return !this.#started || (this.#peer.reason !== undefined && !this.#receiver.ended)
  }

  /** Media are due from now on. */
  watch(): void {
    const { firstMedia } = this.#timing
    if (!this.#started) this.#await(firstMedia)
  }

  stop(): void {
    clearInterval(this.#reports)
    this.#dog?.stop()
  }

  #take(packets: readonly Buffer[]): void {
    this.#receiver.receive(packets)
    const { frames } = this.#receiver.counts
    if (frames > this.#frames) this.#dog?.touch()
    this.#frames = frames
    if (this.#receiver.ended) this.#peer.close()
  }

  #open(tracks: readonly Track[]): Publication {
    const publication = this.#job.publish(tracks, { keyWanted: () => this.#receiver.wantKey(), sourceStats: () => this.#receiver.stats() })
    this.#started = true
    this.#await(this.#timing.silence)
    const { signal } = publication
    signal.addEventListener('abort', () => this.#peer.close(signal.reason ?? new ShoalError('ERR_ABORTED')), { once: true })
    return publication
  }

  #await(ms: number): void {
    this.#dog?.stop()
    this.#dog = new Watchdog(ms, () => this.#peer.close(new ShoalError('ERR_SOURCE_FAILED', `The server sent no media for ${ms} ms.`)))
  }
}
