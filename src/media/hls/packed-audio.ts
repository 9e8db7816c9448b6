/** Segments of sound alone: an ID3 tag with the time, then AAC or MP3 frames (RFC 8216 3.4). */

import { ShoalError } from '../../errors.js'
import type { Track } from '../../stream.js'
import type { MediaDemuxer, MediaEvent } from '../media-event.js'
import { adts, mp3, PackedStream, trackIds } from '../mpegts/elementary.js'
import { tsTimescale } from '../mpegts/packet.js'
import { SourceClock } from '../source-clock.js'

const toMicros = 1e6 / tsTimescale
const owner = 'com.apple.streaming.transportStreamTimestamp\0'

/** Does a segment begin like packed audio? */
export function isPackedAudio(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes
  return startsWith(bytes, 'ID3') || (first === 0xff && (second & 0xe0) === 0xe0)
}

/** Reads packed audio; every push is a whole segment. */
export class PackedAudioDemuxer implements MediaDemuxer {
  readonly complete = true
  readonly leftOut: readonly string[] = []
  readonly #clock: SourceClock
  #stream: PackedStream | undefined
  #track: Track | undefined
  /** µs, of the first frame of the next segment that does not say it. */
  #next = 0

  /** `earliest`: µs, of {@link SourceClock}. */
  constructor(earliest = 0) {
    this.#clock = new SourceClock(2 ** 33 * toMicros, earliest)
  }

  get tracks(): readonly Track[] {
    return this.#track ? [this.#track] : []
  }

  push(chunk: Uint8Array): MediaEvent[] {
    const { size, ticks } = readTag(chunk)
    const data = chunk.subarray(size)
    const isAac = ((data[1] ?? 0) & 0x06) === 0
    this.#stream ??= new PackedStream(isAac ? adts : mp3)
    const start = ticks === undefined ? this.#next : ticks * toMicros
    const events: MediaEvent[] = []
    for (const { later, ...frame } of this.#stream.read({ pts: undefined, dts: undefined, randomAccess: true, data })) {
      const timestamp = this.#clock.place(trackIds.audio, start + later)
      this.#next = start + later + (frame.duration ?? 0)
      events.push({ type: 'frame', frame: { track: trackIds.audio, timestamp, ...frame } })
    }
    this.#stream.lost()
    const { track } = this.#stream
    if (!track) throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'HLS: the sound of this playlist is neither AAC nor MP3.')
    if (track === this.#track) return events
    this.#track = track
    return [{ type: 'track', track }, ...events]
  }

  /** Nothing waits. */
  flush(): MediaEvent[] {
    return []
  }
}

/** The bytes of the tags at the start, and the time that one of them says. */
function readTag(bytes: Uint8Array): { readonly size: number; readonly ticks: number | undefined } {
  let at = 0
  let ticks: number | undefined
  while (at + 10 <= bytes.length && startsWith(bytes.subarray(at), 'ID3')) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at + 6, at + 10)
    const end = at + 10 + ((a & 0x7f) << 21) + ((b & 0x7f) << 14) + ((c & 0x7f) << 7) + (d & 0x7f)
    ticks ??= readTime(bytes.subarray(at + 10, end))
    at = Math.min(end, bytes.length)
  }
  return { size: at, ticks }
}

/** The PRIV frame with 8 bytes of PTS. */
function readTime(tag: Uint8Array): number | undefined {
  const at = Buffer.from(tag.buffer, tag.byteOffset, tag.byteLength).indexOf(owner)
  const from = at + owner.length
  if (at < 0 || from + 8 > tag.length) return undefined
  const view = new DataView(tag.buffer, tag.byteOffset, tag.byteLength)
  return (view.getUint32(from) & 1) * 2 ** 32 + view.getUint32(from + 4)
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0))
}
