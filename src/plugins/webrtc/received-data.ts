/** Data channels of a publisher as data tracks: a message is a frame. */

import type { Frame, Track } from '../../stream.js'
import type { ChannelMessage } from './peer.js'

/** Tracks that come from data channels at most. */
const maxTracks = 8

/** What a channel calls its messages, where that is a type: `application/json`. */
const type = /^(text|[\w.+-]{1,31}\/[\w.+-]{1,32})$/

/** Makes frames of messages. Each label is one track. */
export class ReceivedData {
  readonly #tracks = new Map<string, { readonly track: Track; last: number }>()
  readonly #first: number

  /** `first`: the number of the first data track. */
  constructor(first: number) {
    this.#first = first
  }

  /** The frame of a message that came at `time` (µs), and its track; undefined for a channel too many. */
  read({ label, protocol, data, text }: ChannelMessage, time: number): { readonly track: Track; readonly frame: Frame } | undefined {
    let known = this.#tracks.get(label)
    if (!known) {
      if (this.#tracks.size >= maxTracks) return undefined
      const codec = type.test(protocol) ? protocol : text ? 'text' : 'application/octet-stream'
      known = { track: { id: this.#first + this.#tracks.size, kind: 'data', codec }, last: 0 }
      this.#tracks.set(label, known)
    }
    // messages that come at once keep their order, and each has its own time
    known.last = Math.max(known.last + 1, Math.round(time))
    return { track: known.track, frame: { track: known.track.id, timestamp: known.last, key: true, data } }
  }
}
