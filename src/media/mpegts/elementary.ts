/** What the PES packets of one elementary stream are: the other way round of `track.ts`. */

import type { Frame, Track } from '../../stream.js'
import { parseAdts } from '../adts.js'
import { mp3FrameSize, parseMp3Header } from '../mp3.js'
import { fromAnnexB } from '../nal.js'
import { makeOpusHead, opusDuration } from '../opus.js'
import { PictureReader } from '../rtp/track-reader.js'
import { isKlvMetadata, KlvStream } from './klv.js'
import type { PesUnit } from './pes-reader.js'
import type { ElementaryStream } from './section.js'
import { readDescriptors } from './section-reader.js'

/** One frame of a PES packet. */
export interface ReadFrame extends Pick<Frame, 'key' | 'data' | 'duration'> {
  /** µs behind the time of its packet; packets of sound hold several frames. */
  readonly later: number
}

/** Reads one elementary stream. */
export interface ElementaryReader {
  readonly kind: Track['kind']
  /** Absent until the stream has shown it; another object when it changed. */
  readonly track: Track | undefined
  /** The frames that begin in this unit. Throws `ERR_MEDIA_INVALID`. */
  read(unit: PesUnit): readonly ReadFrame[]
  /** Packets are missing: what was begun is not continued. */
  lost(): void
}

/** Ids of the tracks: a program has one picture, one sound and one sort of metadata here. */
export const trackIds = { video: 1, audio: 2, data: 3 } as const

/** The reader for a stream of the program map, or the name of a codec that is not read; undefined for what is neither picture nor sound nor KLV. */
export function readerFor(stream: ElementaryStream): ElementaryReader | string | undefined {
  switch (stream.type) {
    case 0x1b:
      return new PictureStream('avc1')
    case 0x24:
      return new PictureStream('hvc1')
    case 0x0f:
      return new PackedStream(adts)
    case 0x03:
    case 0x04:
      return new PackedStream(mp3)
    case 0x06:
      return privateReader(stream)
    case 0x15:
      return isKlvMetadata(stream) ? new KlvStream(trackIds.data, true) : undefined
    default:
      return unread.get(stream.type)
  }
}

/** Pictures and sounds that are not read, by stream_type. */
const unread: ReadonlyMap<number, string> = new Map([
  [0x01, 'MPEG-1 video'],
  [0x02, 'MPEG-2 video'],
  [0x10, 'MPEG-4 video'],
  [0x11, 'AAC in LATM'],
  [0x20, 'MVC video'],
  [0x21, 'JPEG 2000'],
  [0x33, 'VVC'],
  [0x81, 'AC-3'],
  [0x82, 'DTS'],
  [0x87, 'E-AC-3'],
  [0xc1, 'AC-3 (encrypted)'],
  [0xcf, 'AAC (encrypted)'],
  [0xdb, 'H.264 (encrypted)'],
  [0xea, 'VC-1'],
])

/** Private data says by descriptors what it is. */
function privateReader({ descriptors }: ElementaryStream): ElementaryReader | string | undefined {
  const found = readDescriptors(descriptors)
  const name = String.fromCharCode(...(found.find(({ tag }) => tag === 0x05)?.content.subarray(0, 4) ?? []))
  if (name === 'Opus') {
    const extension = found.find(({ tag, content }) => tag === 0x7f && content[0] === 0x80)
    const channels = extension?.content[1] ?? 2
    return channels === 1 || channels === 2 ? new OpusStream(channels) : `Opus with channel configuration ${channels}`
  }
  if (name === 'KLVA') return new KlvStream(trackIds.data, false)
  if (name === 'HEVC') return new PictureStream('hvc1')
  if (name === 'AV01') return 'AV1'
  if (name === 'AC-3' || found.some(({ tag }) => tag === 0x6a)) return 'AC-3'
  if (name === 'EAC3' || found.some(({ tag }) => tag === 0x7a)) return 'E-AC-3'
  return undefined
}

/** H.264 and H.265: one picture in a unit. */
class PictureStream implements ElementaryReader {
  readonly kind = 'video'
  readonly #codec: 'avc1' | 'hvc1'
  #reader: PictureReader

  constructor(codec: 'avc1' | 'hvc1') {
    this.#codec = codec
    this.#reader = new PictureReader(trackIds.video, codec, [])
  }

  get track(): Track | undefined {
    return this.#reader.track
  }

  read({ data, randomAccess }: PesUnit): readonly ReadFrame[] {
    const parts = fromAnnexB(data)
    const { frame } = this.#reader.read({ parts, timestamp: 0, later: 0 })
    // pictures that refresh bit by bit, or have others before them that cannot be decoded, are entry points of broadcasts without any IDR
    const isEntry = randomAccess && this.#codec === 'avc1' && parts.some((nal) => ((nal[0] ?? 0) & 0x1f) === 7)
    return frame ? [{ key: frame.key || isEntry, data: frame.data, later: 0 }] : []
  }

  lost(): void {}
}

/** One frame of packed sound, or how many bytes are needed to tell, or 0 where no frame begins. */
export type PackedFrame = { readonly size: number; readonly data: Uint8Array; readonly duration: number; readonly same: string; track(): Track } | number

/** Finds the frame at the start of `bytes`. */
export type FindFrame = (bytes: Uint8Array) => PackedFrame

/** Frames that say their own length, many in a unit, and any of them in two. */
export class PackedStream implements ElementaryReader {
  readonly kind = 'audio'
  track: Track | undefined
  readonly #find: FindFrame
  #rest: Uint8Array = new Uint8Array()
  #same = ''

  constructor(find: FindFrame) {
    this.#find = find
  }

  read({ data }: PesUnit): readonly ReadFrame[] {
    const begun = this.#rest.length
    const bytes = begun > 0 ? Buffer.concat([this.#rest, data]) : data
    const frames: ReadFrame[] = []
    let at = 0
    let later = 0
    while (at < bytes.length) {
      const found = this.#find(bytes.subarray(at))
      if (found === 0) {
        at++
        continue
      }
      if (typeof found === 'number' || found.size > bytes.length - at) break
      this.#know(found.same, found.track)
      // a frame that began in the unit before comes before this one's time
      const early = at < begun ? -found.duration : later
      if (at >= begun) later += found.duration
      frames.push({ key: true, data: found.data, duration: Math.round(found.duration), later: early })
      at += found.size
    }
    this.#rest = bytes.slice(at)
    return frames
  }

  lost(): void {
    this.#rest = new Uint8Array()
  }

  #know(same: string, track: () => Track): void {
    if (same === this.#same && this.track) return
    this.track = track()
    this.#same = same
  }
}

/** AAC. */
export const adts: FindFrame = (bytes) => {
  if (bytes[0] !== 0xff || (bytes.length > 1 && ((bytes[1] ?? 0) & 0xf6) !== 0xf0)) return 0
  if (bytes.length < 9) return 9
  const frame = parseAdts(bytes)
  if (!frame) return 0
  const { size, headerSize, config, description } = frame
  return {
    size,
    data: bytes.subarray(headerSize, size),
    duration: (config.frameLength * 1e6) / config.sampleRate,
    same: `${description}`,
    track: () => ({ ...trackOf(config), description }),
  }
}

/** MP3. */
export const mp3: FindFrame = (bytes) => {
  if (bytes[0] !== 0xff || (bytes.length > 1 && ((bytes[1] ?? 0) & 0xe0) !== 0xe0)) return 0
  if (bytes.length < 4) return 4
  const size = mp3FrameSize(bytes)
  if (size === 0) return 0
  const { sampleRate, channels, frameLength } = parseMp3Header(bytes)
  return {
    size,
    data: bytes.subarray(0, size),
    duration: (frameLength * 1e6) / sampleRate,
    same: `${sampleRate} ${channels}`,
    track: () => trackOf({ codec: 'mp3', sampleRate, channels }),
  }
}

function trackOf({ codec, sampleRate, channels }: { codec: string; sampleRate: number; channels?: number }): Track {
  return { id: trackIds.audio, kind: 'audio', codec, sampleRate, ...(channels !== undefined && { channels }) }
}

/** Opus packets, each behind a control header with its length. */
class OpusStream implements ElementaryReader {
  readonly kind = 'audio'
  readonly track: Track

  constructor(channels: number) {
    this.track = { id: trackIds.audio, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels, description: makeOpusHead(channels) }
  }

  read({ data }: PesUnit): readonly ReadFrame[] {
    const frames: ReadFrame[] = []
    let later = 0
    for (let at = 0; ; ) {
      const head = readOpusControl(data, at)
      if (!head) return frames
      const packet = data.subarray(head.from, head.from + head.size)
      const duration = opusDuration(packet)
      frames.push({ key: true, data: packet, duration, later })
      later += duration
      at = head.from + head.size
    }
  }

  lost(): void {}
}

/** opus_control_header: where the packet begins and how long it is; undefined where there is none or it is cut short. */
function readOpusControl(data: Uint8Array, start: number): { from: number; size: number } | undefined {
  const flags = data[start + 1] ?? 0
  if (data[start] !== 0x7f || (flags & 0xe0) !== 0xe0) return undefined
  let at = start + 2
  let size = 0
  for (let byte = 255; byte === 255; at++) {
    byte = data[at] ?? 0
    size += byte
  }
  if ((flags & 0x10) !== 0) at += 2 // start_trim
  if ((flags & 0x08) !== 0) at += 2 // end_trim
  if ((flags & 0x04) !== 0) at += 1 + (data[at] ?? 0) // control_extension
  return size > 0 && at + size <= data.length ? { from: at, size } : undefined
}
