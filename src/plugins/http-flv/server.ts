/** Answers `/STREAM/PATH.flv` over HTTP and WebSocket. */

import { ShoalError } from '../../errors.js'
import type { HttpExchange, PluginContext, Streams, WebSocketExchange } from '../../plugin.js'
import type { Subscription, Track } from '../../stream.js'
import { headersOf, sendError } from '../../viewing/answer.js'
import { checkChoice } from '../../viewing/format.js'
import { addressOf, type Incoming, wantedTracks } from '../../viewing/request.js'
import { closed, closeWith, HttpSink, type Sink, WebSocketSink } from '../../viewing/sink.js'
import { namingVersions } from '../../viewing/versions.js'
import type { ViewerInfo } from '../../viewing/viewer.js'
import type { HttpFlvConfig } from './config.js'
import { type FlvFormat, FlvTags } from './tags.js'
import { Viewer } from './viewer.js'

/** What is told before the first byte. */
const headOf = ({ choice }: FlvFormat) => ({ contentType: 'video/x-flv', leftOut: choice.left.map(({ codec }) => codec) })

/** What `GET /http-flv/viewers` answers. Counts are since the start of the plugin. */
export interface HttpFlvInfo {
  readonly viewers: readonly ViewerInfo[]
  readonly opened: number
  /** Viewers that were cut because they took nothing. */
  readonly cut: number
  /** Requests answered with an error, such as for a stream that there is not. */
  readonly refused: number
}

/** What the server needs of its plugin's context. */
export interface HttpFlvParts extends Pick<PluginContext<HttpFlvConfig>, 'config' | 'log'> {
  readonly streams: Pick<Streams, 'list' | 'subscribe' | 'versions'>
}

/** All viewers of one node. */
export class HttpFlvServer {
  readonly #ctx: HttpFlvParts
  readonly #tags = new FlvTags()
  readonly #viewers = new Set<Viewer>()
  #opened = 0
  #cut = 0
  #refused = 0

  constructor(ctx: HttpFlvParts) {
    this.#ctx = ctx
  }

  info(): HttpFlvInfo {
    return { viewers: [...this.#viewers].map((viewer) => viewer.info()), opened: this.#opened, cut: this.#cut, refused: this.#refused }
  }

  /** GET sends the stream; HEAD says whether there is one, and starts nothing. */
  async http(path: string, exchange: HttpExchange): Promise<void> {
    const { request, response } = exchange
    try {
      if (request.method === 'HEAD') {
        const format = this.#carried(this.#tracksOf(path, exchange))
        response.removeHeader('Transfer-Encoding')
        response.writeHead(200, headersOf(headOf(format))).end()
        return
      }
      await using subscription = await this.#subscribe(path, exchange)
      const sink = new HttpSink(response)
      sink.begin(headOf(this.#tags.of(subscription.tracks)))
      await this.#serve(subscription, sink, exchange)
    } catch (error) {
      this.#refuse(path, exchange, error, (refusal) => sendError(exchange, refusal))
    }
  }

  /** One binary message for each batch. Errors close it with 4000 + HTTP status. */
  async websocket(path: string, exchange: WebSocketExchange): Promise<void> {
    discard(exchange.socket.messages)
    try {
      await using subscription = await this.#subscribe(path, exchange)
      await this.#serve(subscription, new WebSocketSink(exchange), exchange)
    } catch (error) {
      this.#refuse(path, exchange, error, (refusal) => closeWith(exchange, refusal))
    }
  }

  #tracksOf(path: string, { query }: Incoming): readonly Track[] {
    const kinds: readonly string[] = wantedTracks(query)
    const stream = this.#ctx.streams.list().find((one) => one.path === path)
    if (!stream) throw new ShoalError('ERR_STREAM_NOT_FOUND', `There is no stream ${path}.`)
    return stream.tracks.filter(({ kind }) => kinds.includes(kind))
  }

  /** Tracks as FLV. Throws `ERR_CODEC_UNSUPPORTED` where it carries none of them, or not the picture. */
  #carried(tracks: readonly Track[]): FlvFormat {
    const format = this.#tags.of(tracks)
    checkChoice('FLV', format.choice)
    return format
  }

  async #subscribe(path: string, exchange: Incoming): Promise<Subscription> {
    const tracks = wantedTracks(exchange.query)
    const subscription = await this.#ctx.streams.subscribe(path, {
      tracks,
      wait: this.#ctx.config.wait,
      batch: this.#ctx.config.batch,
      signal: exchange.signal,
      reader: `http-flv ${addressOf(exchange)}`,
    })
    try {
      this.#carried(subscription.tracks)
      return subscription
    } catch (error) {
      subscription.close()
      throw error
    }
  }

  async #serve(subscription: Subscription, sink: Sink, exchange: Incoming): Promise<void> {
    const { bufferSize, stallTimeout } = this.#ctx.config
    const viewer = new Viewer({ subscription, sink, tags: this.#tags, bufferSize, stallTimeout, signal: exchange.signal, address: addressOf(exchange) })
    this.#opened++
    this.#viewers.add(viewer)
    this.#ctx.log.debug('viewer came', { path: subscription.path, address: addressOf(exchange), via: sink.via })
    let outcome: unknown
    try {
      await viewer.run()
    } catch (error) {
      outcome = error
    }
    this.#viewers.delete(viewer)
    await this.#leave(viewer, sink, exchange, outcome)
  }

  /** Ends the connection: at once for a client that is gone or takes nothing, otherwise after what is written. */
  async #leave(viewer: Viewer, sink: Sink, exchange: Incoming, outcome: unknown): Promise<void> {
    const reason = outcome === undefined ? undefined : ShoalError.from(outcome)
    this.#ctx.log.debug('viewer went', { ...viewer.info(), ...(reason && { reason: reason.code }) })
    if (reason?.code === 'ERR_SLOW_CONSUMER') {
      this.#cut++
      this.#ctx.log.warn('viewer cut, it takes nothing', { path: viewer.info().path, address: addressOf(exchange), cut: this.#cut })
      sink.socket.destroy()
      return
    }
    sink.end(reason)
    if ((await closed(sink, this.#ctx.config.stallTimeout, exchange.signal)) === 'stalled')
      this.#ctx.log.debug('viewer did not leave', { address: addressOf(exchange) })
    sink.socket.destroy()
  }

  /** A request that fails before its stream begins. The client that went needs no answer. */
  #refuse(path: string, exchange: Incoming, error: unknown, answer: (refusal: ShoalError) => void): void {
    if (exchange.signal.aborted) return
    this.#refused++
    const refusal = namingVersions(ShoalError.from(error), this.#ctx.streams.versions(path))
    this.#ctx.log.debug('viewer refused', { path, address: addressOf(exchange), reason: refusal.code })
    answer(refusal)
  }
}

/** Reads messages and throws them away: a client has nothing to say, but its pings and its end are seen only while somebody reads. */
function discard(messages: AsyncIterable<unknown>): void {
  const read = async (): Promise<void> => {
    for await (const _ of messages) {
      // nothing is done with it
    }
  }
  read().catch(() => {})
}
