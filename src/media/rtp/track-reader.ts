/** From the access units of one RTP stream to a track and its frames. */

import type { Frame, Track } from '../../stream.js'
import { type NalCodec, nalCodecs } from '../flv/nal-codec.js'
import { avcNal, avcNalType } from '../h264.js'
import { hevcNalType } from '../h265.js'
import { joinNals, sameBytes } from '../nal.js'
import { opusDuration } from '../opus.js'
import type { AccessUnit } from './depacketizer.js'

/** What a unit turned out to be. */
export interface ReadUnit {
  /** The track, where it is new or changed. */
  readonly track?: Track
  /** Without times. */
  readonly frame?: Pick<Frame, 'track' | 'key' | 'data' | 'duration'>
}

/** Reads units of one track. Units before the track is known, or without a picture, give no frame. */
export interface TrackReader {
  readonly track: Track | undefined
  /** Throws `ERR_MEDIA_INVALID`. */
  read(unit: AccessUnit): ReadUnit
}

/** H.264 and H.265: parameter sets come from the description of the session, or in front of key pictures. */
export class PictureReader implements TrackReader {
  track: Track | undefined
  readonly #id: number
  readonly #codec: 'avc1' | 'hvc1'
  readonly #nal: NalCodec
  #config: Uint8Array | undefined

  /** `sets`: parameter sets that are known. Such that cannot be read are as good as none. */
  constructor(id: number, codec: 'avc1' | 'hvc1', sets: readonly Uint8Array[]) {
    this.#id = id
    this.#codec = codec
    this.#nal = nalCodecs[codec]
    try {
      this.#configure(sets)
    } catch {
      // cameras put rubbish there; the picture will bring its own
    }
  }

  read({ parts }: AccessUnit): ReadUnit {
    const before = this.track
    const sets = parts.filter((nal) => this.#nal.isSet(nal))
    if (sets.length > 0) this.#configure(sets)
    const changed = this.track && this.track !== before ? { track: this.track } : {}
    const picture = parts.filter((nal) => !this.#nal.isSet(nal) && !isFiller(this.#codec, nal))
    if (!this.track || !picture.some((nal) => isSlice(this.#codec, nal))) return changed
    return { ...changed, frame: { track: this.#id, key: parts.some((nal) => isKey(this.#codec, nal)), data: joinNals(picture) } }
  }

  #configure(sets: readonly Uint8Array[]): void {
    // What is known stays until a complete configuration is there.
    const known = this.#config ? this.#nal.setsOf(this.#config) : []
    if (sets.every((nal) => known.some((other) => sameBytes(nal, other)))) return
    const config = this.#nal.configOf(sets)
    if (!config) return
    const { codec, width, height } = this.#nal.parse(config)
    this.#config = config
    this.track = { id: this.#id, kind: 'video', codec, description: config, width, height }
  }
}

/** Audio whose track is known from the description of the session. */
export class AudioReader implements TrackReader {
  readonly track: Track
  readonly #duration: number | undefined

  /** `duration`: µs of a unit where all are alike. */
  constructor(track: Track, duration?: number) {
    this.track = track
    this.#duration = duration
  }

  read({ parts }: AccessUnit): ReadUnit {
    const [data] = parts
    if (!data || data.length === 0) return {}
    const duration = this.#duration ?? (this.track.codec === 'opus' ? opusDuration(data) : Math.round((data.length * 1e6) / (this.track.sampleRate ?? 8000)))
    return { frame: { track: this.track.id, key: true, data, ...(duration > 0 && { duration }) } }
  }
}

function isKey(codec: 'avc1' | 'hvc1', nal: Uint8Array): boolean {
  if (codec === 'avc1') return avcNalType(nal) === avcNal.idr
  return hevcNalType(nal) >= 16 && hevcNalType(nal) <= 21
}

function isSlice(codec: 'avc1' | 'hvc1', nal: Uint8Array): boolean {
  return codec === 'avc1' ? avcNalType(nal) >= 1 && avcNalType(nal) <= 5 : hevcNalType(nal) <= 31
}

/** Access unit delimiters and filler data: of no use in a frame. */
function isFiller(codec: 'avc1' | 'hvc1', nal: Uint8Array): boolean {
  const type = codec === 'avc1' ? avcNalType(nal) : hevcNalType(nal)
  return codec === 'avc1' ? type === 9 || type === 12 : type === 35 || type === 38
}
