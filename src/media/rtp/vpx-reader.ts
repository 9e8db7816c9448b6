/** VP8, VP9 and AV1: the track is described by its key pictures. */

import type { Track } from '../../stream.js'
import { parseAv1Sequence } from '../av1-sequence.js'
import { obuType, splitObus } from '../obu.js'
import type { AccessUnit } from './depacketizer.js'
import type { ReadUnit, TrackReader } from './track-reader.js'
import { parseVp8 } from './vp8.js'
import { parseVp9 } from './vp9.js'

/** What a key picture says of its track. */
type Described = Pick<Track, 'codec' | 'width' | 'height' | 'description'>

/** Reads pictures of which key pictures describe the track. */
class SelfDescribed implements TrackReader {
  track: Track | undefined
  readonly #id: number
  readonly #describe: (picture: Uint8Array) => { readonly key: boolean; readonly described?: Described }

  constructor(id: number, describe: (picture: Uint8Array) => { readonly key: boolean; readonly described?: Described }) {
    this.#id = id
    this.#describe = describe
  }

  read({ parts }: AccessUnit): ReadUnit {
    const [data] = parts
    if (!data || data.length === 0) return {}
    const { key, described } = this.#describe(data)
    const changed = described !== undefined && this.#differs(described)
    if (changed) this.track = { id: this.#id, kind: 'video', ...described }
    if (!this.track) return {}
    return { ...(changed && { track: this.track }), frame: { track: this.#id, key, data } }
  }

  #differs({ codec, width, height }: Described): boolean {
    const { track } = this
    return !track || track.codec !== codec || track.width !== width || track.height !== height
  }
}

/** Reads VP8 pictures. */
export class Vp8Reader extends SelfDescribed {
  constructor(id: number) {
    super(id, (picture) => {
      const { key, width, height } = parseVp8(picture)
      return { key, ...(width && height && { described: { codec: 'vp8', width, height } }) }
    })
  }
}

/** Reads VP9 pictures. */
export class Vp9Reader extends SelfDescribed {
  constructor(id: number) {
    super(id, (picture) => {
      const { key, codec, width, height } = parseVp9(picture)
      return { key, ...(codec && width && height && { described: { codec, width, height } }) }
    })
  }
}

/** Reads AV1 temporal units. One with a sequence header is where a reader may join. */
export class Av1Reader extends SelfDescribed {
  constructor(id: number) {
    super(id, (unit) => {
      const header = splitObus(unit).find((obu) => obuType(obu) === 1)
      if (!header) return { key: false }
      const { codec, description, width, height } = parseAv1Sequence(header)
      return { key: true, described: { codec, description, width, height } }
    })
  }
}
