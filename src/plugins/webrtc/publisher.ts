/** A client that publishes a stream by WHIP. */

import { ShoalError } from '../../errors.js'
import { readerFor } from '../../media/webrtc/codec-match.js'
import type { Description, Format, Section } from '../../media/webrtc/description.js'
import { bestLayer } from '../../media/webrtc/layer.js'
import type { WrittenSection } from '../../media/webrtc/write-description.js'
import type { Publication, SourceStats, Track } from '../../stream.js'
import { Refusal } from './answer.js'
import type { Peer } from './peer.js'
import type { ReceivedStream } from './received-line.js'
import { nothingReadable, Receiver } from './receiver.js'
import type { Session, SessionInfo } from './session.js'

/** ms between reports to the publisher. */
const reportInterval = 1000

/** What is asked for first: what most ways out can carry. */
const preferred = ['h264', 'h265', 'av1', 'vp9', 'vp8', 'opus', 'pcma', 'pcmu']

/** Media that are taken, by payload type, and the answer's. */
export interface PublishPlan {
  readonly streams: ReadonlyMap<number, ReceivedStream>
  readonly sections: readonly WrittenSection[]
}

/** Chooses one format for each medium. Throws `ERR_CODEC_UNSUPPORTED` (406). */
export function planPublish(offer: Description): PublishPlan {
  const streams = new Map<number, ReceivedStream>()
  const sections = offer.sections.map((section): WrittenSection => {
    if (section.kind === 'application' && !section.refused) return { kind: 'application', mid: section.mid }
    const kind = section.kind === 'audio' ? 'audio' : 'video'
    const sends = section.direction === 'sendonly' || section.direction === 'sendrecv'
    const format = section.refused || !sends ? undefined : choose(section)
    const reader = format && !streams.has(format.payloadType) ? readerFor(format, streams.size + 1) : undefined
    if (!format || !reader) return { kind: section.kind, mid: section.mid, refused: true }
    streams.set(format.payloadType, { ...reader, kind, medium: section.mid })
    const layer = bestLayer(section.layers)
    return { kind, mid: section.mid, direction: 'recvonly', formats: [started(format, kind)], ...(layer !== undefined && { layers: [layer] }) }
  })
  if (streams.size > 0) return { streams, sections }
  throw new Refusal(406, nothingReadable(offer.sections.flatMap(({ formats }) => formats.map(({ encoding }) => encoding))))
}

function choose({ formats }: Section): Format | undefined {
  const known = formats.filter(
    (format) => readerFor(format, 1) !== undefined && (format.encoding !== 'h264' || format.parameters.get('packetization-mode') === '1'),
  )
  return known.toSorted((a, b) => preferred.indexOf(a.encoding) - preferred.indexOf(b.encoding))[0]
}

/** Browsers begin with 300 kbit/s and feel their way up; this lets them begin where a camera is worth looking at. */
function started(format: Format, kind: 'audio' | 'video'): Format {
  return kind === 'video' ? { ...format, parameters: new Map([...format.parameters, ['x-google-start-bitrate', '1500']]) } : format
}

/** What a publisher works with. */
export interface PublisherOptions {
  readonly path: string
  readonly plan: PublishPlan
  readonly peer: Peer
  readonly who: Session['who']
  readonly address: string
  /** Opens the stream, or gives the tracks to the one that was held. */
  readonly open: (tracks: readonly Track[]) => Publication
}

/** Receives a stream from one client. */
export class Publisher implements Session {
  readonly action = 'stream.publish'
  readonly path: string
  readonly who: Session['who']
  readonly peer: Peer
  readonly #options: PublisherOptions
  readonly #receiver: Receiver
  readonly #since = Date.now()
  #codecs: readonly string[] = []
  #connected = false

  constructor(options: PublisherOptions) {
    this.#options = options
    this.path = options.path
    this.who = options.who
    this.peer = options.peer
    this.#receiver = new Receiver({
      streams: options.plan.streams,
      open: (tracks) => this.#open(tracks),
      send: (packet) => this.peer.send(Buffer.from(packet)),
    })
    this.peer.events = { packets: (packets) => this.#receiver.receive(packets), message: (message) => this.#receiver.message(message) }
  }

  info(): SessionInfo {
    const { path, peer } = this
    const state = this.#connected ? 'connected' : 'connecting'
    return { path, kind: 'whip', address: peer.remote ?? this.#options.address, state, since: this.#since, codecs: this.#codecs, ...this.#receiver.counts }
  }

  /** How well its packets come. */
  stats(): SourceStats {
    return this.#receiver.stats()
  }

  /** A reader cannot go on without a key picture. */
  wantKey(): void {
    this.#receiver.wantKey()
  }

  /** Receives until the connection ends. Rejects as {@link Peer.connected}, and with what ended the connection. */
  async run(): Promise<void> {
    const reports = setInterval(() => this.#receiver.report(), reportInterval)
    try {
      await this.peer.connected
      this.#connected = true
      await this.peer.over
      if (this.peer.reason !== undefined) throw this.peer.reason
    } finally {
      clearInterval(reports)
      this.#receiver.close()
    }
  }

  #open(tracks: readonly Track[]): Publication {
    const publication = this.#options.open(tracks)
    this.#codecs = tracks.map(({ codec }) => codec)
    const { signal } = publication
    signal.addEventListener('abort', () => this.peer.close(signal.reason ?? new ShoalError('ERR_ABORTED')), { once: true })
    return publication
  }
}
