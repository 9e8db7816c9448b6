/** Where a puller is in a media playlist that changes all the time. Times are s. */

import type { ListedPart, ListedSegment, ReadMediaPlaylist, Resource } from '../../../media/hls/playlist-reader.js'

/** Something to fetch next. */
export interface Piece {
  readonly resource: Resource
  readonly segment: ListedSegment
  /** The segment begins with it. */
  readonly isFirst: boolean
  /** It is the whole segment. */
  readonly isWhole: boolean
  /** Of the whole segment parts were taken before: what is behind them is wanted. */
  readonly isRest: boolean
  /** Another number whenever the source began anew. */
  readonly run: number
}

/** Goes through the pieces of a playlist, each once. */
export class Cursor {
  #sequence: number | undefined
  #part = 0
  #run = 0
  /** Pieces that were in the playlist and went before they were taken. */
  missed = 0
  /** How much older than the server wants it what was begun with is: a decoder cannot begin anywhere. */
  excess = 0

  /** What is asked for with a reload that the server holds until it is there. */
  get next(): { readonly sequence: number; readonly part: number } | undefined {
    return this.#sequence === undefined ? undefined : { sequence: this.#sequence, part: this.#part }
  }

  /** The pieces that are new. The first call chooses where to begin; so does one after the playlist began anew, or went on without us. */
  take(playlist: ReadMediaPlaylist): Piece[] {
    const [first, last] = [playlist.segments[0], playlist.segments.at(-1)]
    if (!first || !last) return []
    const isAnew = this.#sequence !== undefined && last.sequence + 1 < this.#sequence
    const isLeftBehind = this.#sequence !== undefined && first.sequence > this.#sequence
    if (isAnew) this.#run++
    if (isLeftBehind) this.missed += first.sequence - (this.#sequence ?? 0)
    if (this.#sequence === undefined || isAnew || isLeftBehind) this.#begin(playlist)
    return playlist.segments.flatMap((segment) => this.#segment(segment, lowLatency(playlist)))
  }

  #segment(segment: ListedSegment, parts: boolean): Piece[] {
    if (this.#sequence === undefined || segment.sequence < this.#sequence) return []
    const isNew = segment.sequence > this.#sequence
    if (isNew) this.#part = 0
    this.#sequence = segment.sequence
    const from = this.#part
    const byParts = parts && segment.parts.length > 0
    const pieces = segment.gap ? [] : byParts ? this.#parts(segment, from) : this.#whole(segment, from)
    this.#part = byParts ? Math.max(from, segment.parts.length) : from
    if (segment.whole) {
      this.#sequence++
      this.#part = 0
    }
    return pieces
  }

  #parts(segment: ListedSegment, from: number): Piece[] {
    return segment.parts.slice(from).map((resource, i) => ({ resource, segment, isFirst: from + i === 0, isWhole: false, isRest: false, run: this.#run }))
  }

  /** Parts go from the playlist before their segment does: who is late by more finds the whole alone. */
  #whole(segment: ListedSegment, from: number): Piece[] {
    return segment.whole ? [{ resource: segment.whole, segment, isFirst: from === 0, isWhole: true, isRest: from > 0, run: this.#run }] : []
  }

  /** The start of what is complete; of what is live as near to the end as the server wants it. */
  #begin(playlist: ReadMediaPlaylist): void {
    const { segments, target, partTarget = 0 } = playlist
    const byParts = lowLatency(playlist)
    const hold = byParts ? (playlist.partHoldBack ?? 3 * partTarget) : (playlist.holdBack ?? 3 * target)
    this.#part = 0
    this.#sequence = segments[0]?.sequence
    this.excess = 0
    let distance = 0
    if (playlist.ended) return
    for (const segment of segments.toReversed()) {
      this.#sequence = segment.sequence
      if (byParts) {
        const entry = entryPart(segment.parts, hold - distance)
        if (entry) {
          this.#part = entry.part
          this.excess = entry.distance + distance - hold
          return
        }
      }
      distance += segment.duration
      if (distance >= hold) return
    }
  }
}

function lowLatency({ canBlock, partTarget, ended }: ReadMediaPlaylist): boolean {
  return canBlock && partTarget !== undefined && !ended
}

/** The last part at which a decoder can begin and that is `hold` before the end of these; how far before. */
function entryPart(parts: readonly ListedPart[], hold: number): { readonly part: number; readonly distance: number } | undefined {
  let distance = 0
  for (let part = parts.length - 1; part >= 0; part--) {
    distance += parts[part]?.duration ?? 0
    if (distance >= hold && parts[part]?.independent) return { part, distance }
  }
  return undefined
}
