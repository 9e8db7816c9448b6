/** Answers playlists and segments of all streams. */

import { ShoalError } from '../../errors.js'
import { writeMediaPlaylist } from '../../media/hls/playlist.js'
import type { HttpExchange, PluginContext } from '../../plugin.js'
import type { Subscription } from '../../stream.js'
import { sendBody, sendError } from '../../viewing/answer.js'
import { addressOf, wantedTracks } from '../../viewing/request.js'
import { namingVersions } from '../../viewing/versions.js'
import type { HlsConfig } from './config.js'
import { type Format, openContainer } from './container.js'
import { LiveStream } from './live-stream.js'
import { durationOf, type Segment } from './segmenter.js'
import { type Carried, View } from './view.js'

/** What `GET /hls/streams` answers. */
export interface HlsInfo {
  readonly streams: readonly {
    readonly path: string
    readonly format: Format
    /** Wall clock, ms since 1970. */
    readonly since: number
    /** Complete segments in the playlist, and ms that they last. */
    readonly segments: number
    readonly duration: number
    readonly ended: boolean
  }[]
  /** Requests since the start, and those answered with an error. */
  readonly requests: number
  readonly refused: number
}

/** What the server needs of its plugin's context. */
export type HlsParts = Pick<PluginContext<HlsConfig>, 'config' | 'log' | 'streams' | 'run'>

const playlistType = 'application/vnd.apple.mpegurl'

/** Segments ahead of the newest that a request may wait for (RFC 8216bis 6.2.5.2). */
const ahead = 2

/** The streams whose segments are made. */
export class HlsServer {
  readonly #ctx: HlsParts
  /** By path, form and kinds of tracks: a stream, or one that is about to begin. */
  readonly #streams = new Map<string, Promise<LiveStream>>()
  readonly #live = new Set<LiveStream>()
  /** Numbers of segments never come again, so that a player that paused sees no old ones. */
  #sequence = 0
  #requests = 0
  #refused = 0

  constructor(ctx: HlsParts) {
    this.#ctx = ctx
  }

  info(): HlsInfo {
    const streams = [...this.#live].map(({ path, format, since, segmenter, ended }) => {
      const { segments } = segmenter
      return {
        path,
        format,
        since,
        segments: segments.length,
        duration: Math.round(segments.reduce((sum, segment) => sum + durationOf(segment), 0) / 1000),
        ended,
      }
    })
    return { streams, requests: this.#requests, refused: this.#refused }
  }

  /** `/PATH.m3u8`: the multivariant playlist, with `?media` the media playlist. HEAD says whether there is such a stream, and starts nothing. */
  async playlist(path: string, exchange: HttpExchange): Promise<void> {
    await this.#answered(path, exchange, async () => {
      if (exchange.request.method === 'HEAD') return this.#head(path, exchange)
      const format = this.#formatOf(exchange)
      const stream = await this.#open(path, format, exchange)
      const view = new View(stream, carriedOf(exchange), this.#ctx.config)
      // a playlist without a segment is no use, and the duration of segments must not change
      await stream.wait(() => stream.segmenter.segments[0], this.#patience(stream), exchange.signal)
      if (!exchange.query.has('media')) return sendBody(exchange, playlistType, view.multivariant())
      await this.#blocked(stream, exchange)
      sendBody(exchange, playlistType, writeMediaPlaylist(view.media(), exchange.query.get('_HLS_skip') !== null))
    })
  }

  /** `/PATH.m4s` and `/PATH.mpegts`: `?init=N`, `?n=SEGMENT`, `?n=SEGMENT&part=N`. */
  async segment(path: string, format: Format, exchange: HttpExchange): Promise<void> {
    await this.#answered(path, exchange, async () => {
      const stream = await this.#streams.get(this.#keyOf(path, format, exchange))
      if (!stream) throw new ShoalError('ERR_NOT_FOUND', `No segments of ${path} are made now.`, { hint: `Ask for ${path}.m3u8 first.` })
      stream.touch()
      const kind = stream.segmenter.container?.tracks[0]?.kind ?? 'video'
      const bytes = exchange.query.has('init') ? initOf(stream, exchange) : await this.#bytesOf(stream, exchange)
      sendBody(exchange, format === 'ts' ? 'video/mp2t' : `${kind}/mp4`, bytes)
    })
  }

  /** Waits for what `_HLS_msn` and `_HLS_part` ask for. Throws `ERR_REQUEST_INVALID` for what is too far ahead. */
  async #blocked(stream: LiveStream, { query, signal }: HttpExchange): Promise<void> {
    const sequence = numberOf(query, '_HLS_msn')
    const part = numberOf(query, '_HLS_part')
    if (sequence === undefined) {
      if (part !== undefined) throw new ShoalError('ERR_REQUEST_INVALID', '_HLS_part needs _HLS_msn.')
      return
    }
    const { segmenter } = stream
    if (sequence > segmenter.sequence + ahead) throw new ShoalError('ERR_REQUEST_INVALID', `Segment ${sequence} is too far ahead of ${segmenter.sequence}.`)
    const there = (): true | undefined =>
      stream.ended || sequence < segmenter.sequence || (part !== undefined && hasPart(segmenter.open, sequence, part)) ? true : undefined
    await stream.wait(there, this.#patience(stream), signal)
  }

  /** A whole segment, or a part, also the one that comes next. */
  async #bytesOf(stream: LiveStream, { query, signal }: HttpExchange): Promise<Uint8Array> {
    const { segmenter } = stream
    const sequence = numberOf(query, 'n') ?? -1
    const part = numberOf(query, 'part')
    const missing = (): ShoalError =>
      new ShoalError('ERR_NOT_FOUND', `There is no segment ${sequence} of ${stream.path}${part === undefined ? '' : ` with part ${part}`}.`)
    if (sequence > segmenter.sequence || (part === undefined && sequence === segmenter.sequence)) throw missing()
    const ready = (): Uint8Array | undefined => {
      const segment = segmenter.find(sequence)
      const isComplete = sequence < segmenter.sequence
      if (part === undefined) return segment && Buffer.concat(segment.parts.map(({ bytes }) => bytes))
      const found = segment?.parts[part]?.bytes
      if (!found && isComplete) throw missing()
      return found
    }
    if (sequence < segmenter.sequence && !segmenter.find(sequence)) throw missing()
    if (part !== undefined && part > (segmenter.find(sequence)?.parts.length ?? 0)) throw missing()
    return await stream.wait(ready, this.#patience(stream), signal)
  }

  /** ms to wait for something that should come: three segments. */
  #patience(stream: LiveStream): number {
    return Math.max(this.#ctx.config.wait, 3 * this.#ctx.config.segmentDuration, (3 * stream.longest) / 1000)
  }

  #head(path: string, exchange: HttpExchange): void {
    const kinds: readonly string[] = wantedTracks(exchange.query)
    const stream = this.#ctx.streams.list().find((one) => one.path === path)
    if (!stream) throw new ShoalError('ERR_STREAM_NOT_FOUND', `There is no stream ${path}.`)
    openContainer(
      this.#formatOf(exchange),
      stream.tracks.filter(({ kind }) => kinds.includes(kind)),
    )
    sendBody(exchange, playlistType, '')
  }

  /** `?format=fmp4` or `?format=ts`. Throws `ERR_REQUEST_INVALID`. */
  #formatOf({ query }: HttpExchange): Format {
    const format = query.get('format') ?? this.#ctx.config.format
    if (format === 'fmp4' || format === 'ts') return format
    throw new ShoalError('ERR_REQUEST_INVALID', `format takes fmp4 or ts, not ${JSON.stringify(format.slice(0, 40))}.`)
  }

  #keyOf(path: string, format: Format, { query }: HttpExchange): string {
    return `${format} ${wantedTracks(query).sort().join()} ${path}`
  }

  /** The stream's segments; begins to make them with the first who asks. */
  async #open(path: string, format: Format, exchange: HttpExchange): Promise<LiveStream> {
    const key = this.#keyOf(path, format, exchange)
    const known = await this.#streams.get(key)
    if (known && !(known.ended && this.#ctx.streams.list().some((stream) => stream.path === path))) {
      known.touch()
      return known
    }
    if (known) this.#streams.delete(key)
    const begun = this.#streams.get(key) ?? this.#begin(path, format, key, exchange)
    this.#streams.set(key, begun)
    return await begun
  }

  async #begin(path: string, format: Format, key: string, exchange: HttpExchange): Promise<LiveStream> {
    const { streams, config } = this.#ctx
    let subscription: Subscription | undefined
    try {
      // what is kept already makes the first segments
      const start = { buffered: 3 * config.segmentDuration * 1000 }
      const reader = `hls ${format} ${addressOf(exchange)}`
      subscription = await streams.subscribe(path, { tracks: wantedTracks(exchange.query), start, wait: config.wait, reader })
      openContainer(format, subscription.tracks)
      const stream = new LiveStream(path, format, { ...this.#cuts(format), window: config.window, sequence: this.#sequence })
      this.#keep(stream, subscription, key)
      return stream
    } catch (error) {
      subscription?.close()
      this.#streams.delete(key)
      throw error
    }
  }

  /** µs. */
  #cuts(format: Format): { readonly segmentDuration: number; readonly partDuration: number } {
    const { segmentDuration, partDuration } = this.#ctx.config
    const hasParts = format === 'fmp4' && partDuration > 0
    return { segmentDuration: segmentDuration * 1000, partDuration: hasParts ? partDuration * 1000 : Number.POSITIVE_INFINITY }
  }

  /** Makes segments until nobody asks any more. */
  #keep(stream: LiveStream, subscription: Subscription, key: string): void {
    const { path, format } = stream
    this.#ctx.run(`hls ${format} ${path}`, async ({ signal }) => {
      this.#live.add(stream)
      this.#ctx.log.debug('segments begin', { path, format })
      try {
        await stream.run(subscription, this.#ctx.config.idleTimeout, signal)
      } finally {
        this.#live.delete(stream)
        this.#streams.delete(key)
        this.#sequence = Math.max(this.#sequence, stream.segmenter.sequence)
        this.#ctx.log.debug('segments end', { path, format })
      }
    })
  }

  async #answered(path: string, exchange: HttpExchange, respond: () => void | Promise<void>): Promise<void> {
    this.#requests++
    try {
      await respond()
    } catch (error) {
      if (exchange.signal.aborted) return
      this.#refused++
      const refusal = namingVersions(ShoalError.from(error), this.#ctx.streams.versions(path))
      this.#ctx.log.debug('request refused', { path, address: addressOf(exchange), reason: refusal.code })
      sendError(exchange, refusal)
    }
  }
}

function hasPart(open: Segment | undefined, sequence: number, part: number): boolean {
  return open?.sequence === sequence && open.parts.length > part
}

function initOf(stream: LiveStream, { query }: HttpExchange): Uint8Array {
  const init = stream.segmenter.containerOf(numberOf(query, 'init') ?? 0)?.init
  if (!init) throw new ShoalError('ERR_NOT_FOUND', `There is no such initialization segment of ${stream.path}.`)
  return init
}

/** A parameter that is a natural number; undefined without it. Throws `ERR_REQUEST_INVALID`. */
function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new ShoalError('ERR_REQUEST_INVALID', `${name} takes a number, not ${JSON.stringify(text.slice(0, 40))}.`)
  return Number(text)
}

/** Parameters that the following requests need too. */
function carriedOf({ query }: HttpExchange): Carried {
  return ['format', 'tracks', 'token'].flatMap((name) =>
    query
      .getAll(name)
      .slice(0, 1)
      .map((value): [string, string] => [name, value]),
  )
}
