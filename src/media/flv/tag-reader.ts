/** Tag bodies to tracks and frames. */

import type { Frame, Track } from '../../stream.js'
import { type AmfValue, decodeAmf0 } from '../amf/amf0.js'
import { sameBytes } from '../nal.js'
import { opusDuration } from '../opus.js'
import { type CleanFrame, cleanFrame, nalCodecs } from './nal-codec.js'
import { type Packet, parseAudioPacket, parseVideoPacket } from './packet.js'
import type { TagEvent, TagKind } from './tag.js'
import { Timeline } from './timeline.js'
import { makeTrack, type SourceTrack, withSize } from './track.js'

const trackIds = { video: 1, audio: 2 } as const

/**
 * Reads the tag bodies of one source, in their order. Carried: AVC, AAC, MP3, HEVC as codec 12, and Enhanced RTMP with
 * avc1, hvc1, av01, vp09, mp4a, .mp3 and Opus. The picture is track 1, the sound track 2.
 *
 * Frames before their track's configuration are left out. Parameter sets inside frames are taken out; where they differ
 * from the configuration, a changed track is announced first. Times follow {@link Timeline}.
 */
export class TagReader {
  readonly #sources = new Map<number, SourceTrack>()
  readonly #timeline = new Timeline()
  #metadata: Readonly<Record<string, AmfValue>> = {}

  /** The tracks seen so far. */
  get tracks(): readonly Track[] {
    return [...this.#sources.values()].map((source) => source.track).sort((a, b) => a.id - b.id)
  }

  /**
   * What the body means. `timestamp` in ms, 32 bits. Frames refer to the memory of `body`: do not reuse it. Throws
   * `ERR_MEDIA_INVALID` for malformed bodies and `ERR_CODEC_UNSUPPORTED` for what is not carried; the reader can go on
   * after either.
   */
  read(kind: TagKind, timestamp: number, body: Uint8Array): TagEvent[] {
    if (kind === 'script') return this.#readScript(body)
    const packet = kind === 'video' ? parseVideoPacket(body) : parseAudioPacket(body)
    if (!packet) return []
    const id = trackIds[kind]
    if (packet.part === 'config') return this.#configure(id, packet.codec, packet.data)
    return this.#readFrame(id, timestamp, packet)
  }

  /** `onMetaData`, with or without `@setDataFrame` before it. It is advice, so a body that is not AMF0 is left out. */
  #readScript(body: Uint8Array): TagEvent[] {
    let values: AmfValue[]
    try {
      values = decodeAmf0(body)
    } catch {
      return []
    }
    if (values[0] === '@setDataFrame') values.shift()
    const [name, data] = values
    if (name !== 'onMetaData' || typeof data !== 'object' || data === null || Array.isArray(data) || data instanceof Date) return []
    this.#metadata = data
    return [{ type: 'metadata', data }]
  }

  /** `lengthSize`: of the source's frames, where the configuration was made here and does not say it. */
  #configure(id: number, codec: Packet['codec'], config: Uint8Array, lengthSize?: number): TagEvent[] {
    const known = this.#sources.get(id)
    if (known?.codec === codec && sameBytes(known.config, config)) return []
    // a copy, for it outlives the piece of network data it came in
    const made = makeTrack(id, codec, new Uint8Array(config))
    const track = withSize(made.track, this.#metadata['width'], this.#metadata['height'])
    const source = { ...made, track, lengthSize: lengthSize ?? made.lengthSize }
    this.#sources.set(id, source)
    return [{ type: 'track', track: source.track }]
  }

  #readFrame(id: number, timestamp: number, packet: Packet): TagEvent[] {
    const events = packet.codec === '.mp3' && this.#sources.get(id)?.codec !== '.mp3' ? this.#configure(id, '.mp3', packet.data) : []
    const source = this.#sources.get(id)
    if (source?.codec !== packet.codec) return events
    const { data, config } = clean(source, packet)
    if (config && packet.key) events.push(...this.#configure(id, packet.codec, config, source.lengthSize))
    if (data.length > 0) events.push({ type: 'frame', frame: this.#frame(id, timestamp, packet, data) })
    return events
  }

  #frame(id: number, timestamp: number, packet: Packet, data: Uint8Array): Frame {
    const decodeTime = this.#timeline.place(id, timestamp) * 1000 + packet.delay
    const presentation = Math.max(0, decodeTime + packet.composition)
    const duration = packet.codec === 'Opus' ? opusDuration(data) : this.#sources.get(id)?.frameDuration
    const { key } = packet
    // spelled out: an object that is spread costs more than all else here
    if (presentation === decodeTime) {
      return duration ? { track: id, timestamp: presentation, key, data, duration } : { track: id, timestamp: presentation, key, data }
    }
    if (duration) return { track: id, timestamp: presentation, key, data, duration, decodeTime }
    return { track: id, timestamp: presentation, key, data, decodeTime }
  }
}

function clean({ codec, config, lengthSize }: SourceTrack, { data }: Packet): CleanFrame {
  return codec === 'avc1' || codec === 'hvc1' ? cleanFrame(nalCodecs[codec], data, lengthSize, config) : { data }
}
