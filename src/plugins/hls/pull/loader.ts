/** Loads one media playlist and its pieces, one after the other, ahead of those who play them. */

import { createDecipheriv } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isShoalError, ShoalError } from '../../../errors.js'
import { type ListedSegment, type ReadMediaPlaylist, type Resource, readPlaylist } from '../../../media/hls/playlist-reader.js'
import type { Logger } from '../../../plugin.js'
import { fetchWhole, shown } from '../../../receiving/http-fetch.js'
import { BegunSegment } from './begun-segment.js'
import { Cursor, type Piece } from './cursor.js'
import { Handoff } from './handoff.js'

const maxPlaylist = 8 * 1024 * 1024
const maxPiece = 64 * 1024 * 1024

/** Pieces that wait to be played. */
const ahead = 3

/** Tries for each piece, and pieces in a row that may fail. */
const pieceTries = 3
const maxFailures = 5

/** Limits in ms. */
export interface LoadTiming {
  /** For each request; reloads that the server holds get the duration of three segments more. */
  readonly request: number
  /** Without anything new in the playlist; three segments at the least. */
  readonly stall: number
  /** Between two tries. */
  readonly retry: number
}

/** A piece with its bytes, decrypted. */
export interface LoadedPiece extends Pick<Piece, 'isFirst' | 'isWhole'> {
  readonly bytes: Uint8Array
  /** Pieces with the same one are on the same clock. */
  readonly clock: string
  /** The initialization segment, where it is another one than that of the piece before. */
  readonly map: Uint8Array | undefined
}

/** What a loader needs. */
export interface LoaderOptions {
  readonly url: URL
  /** With the user and password of the pull. */
  readonly login: URL
  readonly signal: AbortSignal
  readonly timing: LoadTiming
  readonly log: Logger
}

/** One rendition that is loaded. */
export class Loader {
  readonly pieces = new Handoff<LoadedPiece>(ahead)
  readonly #options: LoaderOptions
  readonly #cursor = new Cursor()
  readonly #begun = new BegunSegment()
  /** After redirects. */
  #base: URL
  #mapName = ''
  readonly #keys = new Map<string, Buffer>()
  #failures = 0

  constructor(options: LoaderOptions) {
    this.#options = options
    this.#base = options.url
  }

  /** ms by which what was loaded first is older than the server wants it. */
  get excess(): number {
    return this.#cursor.excess * 1000
  }

  /** Gets the playlist for the first time. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`, `ERR_TIMEOUT`. */
  async open(): Promise<ReadMediaPlaylist> {
    return this.#playlist(this.#options.url, this.#options.timing.request)
  }

  /** Loads until the playlist ends, or the signal aborts. Never rejects: {@link Loader.pieces} has the end, and the error. */
  async run(first: ReadMediaPlaylist): Promise<void> {
    try {
      await this.#run(first)
      this.pieces.end()
    } catch (error) {
      this.pieces.end(error)
    }
  }

  async #run(first: ReadMediaPlaylist): Promise<void> {
    const { signal, timing } = this.#options
    let playlist = first
    let loaded = performance.now()
    let fresh = loaded
    while (!signal.aborted) {
      const missed = this.#cursor.missed
      const pieces = this.#cursor.take(playlist)
      if (this.#cursor.missed > missed) this.#options.log.warn('segments went before they could be loaded', { missed: this.#cursor.missed - missed })
      if (pieces.length > 0) fresh = performance.now()
      for (const piece of pieces) await this.#load(piece)
      if (playlist.ended || signal.aborted) return
      const stall = Math.max(timing.stall, playlist.target * 3000)
      if (performance.now() - fresh > stall) throw new ShoalError('ERR_SOURCE_FAILED', `The playlist brought nothing new for ${Math.round(stall / 1000)} s.`)
      await this.#rest(playlist, pieces.length > 0, loaded)
      loaded = performance.now()
      playlist = await this.#reload(playlist)
    }
    signal.throwIfAborted()
  }

  /** Waits before a reload (RFC 8216 6.3.4); where the server holds the request only if it did not. */
  async #rest(playlist: ReadMediaPlaylist, changed: boolean, loaded: number): Promise<void> {
    const { target, partTarget, canBlock } = playlist
    const step = canBlock ? (changed ? 0 : (partTarget ?? target) / 2) : (partTarget ?? target) / (changed ? 1 : 2)
    const wait = loaded + Math.max(canBlock && changed ? 0 : 50, step * 1000) - performance.now()
    if (wait > 0) await delay(wait, undefined, { signal: this.#options.signal })
  }

  /** A reload that fails is tried again, until the playlist counts as stalled. */
  async #reload(before: ReadMediaPlaylist): Promise<ReadMediaPlaylist> {
    const { timing, signal, log } = this.#options
    const { next } = this.#cursor
    const url = new URL(this.#base)
    if (before.canBlock && next) {
      url.searchParams.set('_HLS_msn', String(next.sequence))
      if (before.partTarget !== undefined) url.searchParams.set('_HLS_part', String(next.part))
    }
    const patience = timing.request + (before.canBlock ? before.target * 3000 : 0)
    try {
      return await this.#playlist(url, patience)
    } catch (error) {
      if (signal.aborted || !isShoalError(error, 'ERR_SOURCE_FAILED', 'ERR_TIMEOUT')) throw error
      log.debug('the playlist could not be loaded', { reason: error.message })
      await delay(timing.retry, undefined, { signal })
      return { ...before, segments: [] }
    }
  }

  async #playlist(url: URL, timeout: number): Promise<ReadMediaPlaylist> {
    const { signal, login } = this.#options
    const { bytes, url: final } = await fetchWhole(url, maxPlaylist, { signal, timeout, login })
    const playlist = readPlaylist(bytes.toString('utf8'))
    if (playlist.type !== 'media') throw new ShoalError('ERR_MEDIA_INVALID', `HLS: ${shown(url)} lists variants where segments should be.`)
    for (const name of ['_HLS_msn', '_HLS_part']) final.searchParams.delete(name)
    this.#base = final
    return playlist
  }

  /** A piece that cannot be had is left out; too many in a row end the pull. */
  async #load(piece: Piece): Promise<void> {
    const { segment, isFirst, isWhole, run } = piece
    try {
      const map = await this.#map(segment)
      const loaded = await this.#decrypted(await this.#fetch(piece.resource), segment)
      this.#failures = 0
      const bytes = this.#missing(piece, loaded)
      if (!bytes) return
      await this.pieces.push({ bytes, map, isFirst, isWhole, clock: `${run} ${segment.discontinuity}` })
    } catch (error) {
      if (this.#options.signal.aborted || !isShoalError(error, 'ERR_SOURCE_FAILED', 'ERR_TIMEOUT') || ++this.#failures >= maxFailures) throw error
      this.#begun.forget()
      this.#options.log.warn('a segment is left out', { reason: error.message })
    }
  }

  /** What of these bytes was not loaded before; undefined where it cannot be told. */
  #missing({ segment, isFirst, isWhole, isRest, run }: Piece, bytes: Buffer): Uint8Array | undefined {
    const name = `${run} ${segment.sequence}`
    if (!isWhole) this.#begun.part(name, isFirst, bytes)
    if (!isRest) return bytes
    const rest = this.#begun.restOf(name, bytes)
    if (!rest) this.#options.log.warn('the rest of a segment is left out', { reason: 'it does not begin with the parts that were loaded' })
    return rest
  }

  async #map({ map }: ListedSegment): Promise<Uint8Array | undefined> {
    const name = map ? `${map.uri} ${map.range?.from ?? ''} ${map.range?.length ?? ''}` : ''
    if (!map || name === this.#mapName) return undefined
    const bytes = await this.#fetch(map)
    this.#mapName = name
    return bytes
  }

  async #fetch({ uri, range }: Resource): Promise<Buffer> {
    const { signal, login, timing } = this.#options
    const url = this.#resolve(uri)
    for (let tries = 1; ; tries++) {
      try {
        return (await fetchWhole(url, maxPiece, { signal, timeout: timing.request, login, ...(range && { range }) })).bytes
      } catch (error) {
        const isGone = isShoalError(error) && [404, 410].includes(Number(error.data?.['status']))
        if (signal.aborted || isGone || tries >= pieceTries || !isShoalError(error, 'ERR_SOURCE_FAILED', 'ERR_TIMEOUT')) throw error
        await delay(timing.retry, undefined, { signal })
      }
    }
  }

  #resolve(uri: string): URL {
    const url = URL.canParse(uri, this.#base) ? new URL(uri, this.#base) : undefined
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new ShoalError('ERR_MEDIA_INVALID', 'HLS: a URL in the playlist is not one of HTTP.')
    return url
  }

  async #decrypted(bytes: Buffer, { key, sequence }: ListedSegment): Promise<Buffer> {
    if (!key) return bytes
    const secret = await this.#key(key.uri)
    const number = Buffer.alloc(16)
    number.writeBigUInt64BE(BigInt(sequence), 8)
    const decipher = createDecipheriv('aes-128-cbc', secret, key.iv ?? number)
    try {
      return Buffer.concat([decipher.update(bytes), decipher.final()])
    } catch (cause) {
      throw new ShoalError('ERR_MEDIA_INVALID', 'HLS: a segment cannot be decrypted with the key of the playlist.', { cause })
    }
  }

  async #key(uri: string): Promise<Buffer> {
    const known = this.#keys.get(uri)
    if (known) return known
    const key = await this.#fetch({ uri })
    if (key.length !== 16) throw new ShoalError('ERR_MEDIA_INVALID', `HLS: a key of ${key.length} bytes.`)
    if (this.#keys.size >= 8) this.#keys.clear()
    this.#keys.set(uri, key)
    return key
  }
}
