/** Answers `/STREAM/PATH.EXT` over HTTP and WebSocket, in one format. */

import { ShoalError } from '../errors.js'
import type { HttpExchange, Logger, Streams, WebSocketExchange } from '../plugin.js'
import type { Subscription } from '../stream.js'
import { headersOf, sendError } from './answer.js'
import type { ViewerConfig } from './config.js'
import type { LiveFormat } from './format.js'
import { addressOf, type Incoming, wantedTracks } from './request.js'
import { closed, closeWith, HttpSink, type Sink, WebSocketSink } from './sink.js'
import { namingVersions } from './versions.js'
import { Viewer, type ViewerInfo } from './viewer.js'

/** The viewers of one plugin. Counts are since its start. */
export interface LiveInfo {
  readonly viewers: readonly ViewerInfo[]
  readonly opened: number
  /** Viewers that were cut because they took nothing. */
  readonly cut: number
  /** Requests answered with an error, such as for a stream that there is not. */
  readonly refused: number
}

/** What the server needs of its plugin. */
export interface LiveParts {
  /** The plugin's name. */
  readonly name: string
  readonly config: ViewerConfig
  readonly log: Logger
  readonly streams: Pick<Streams, 'list' | 'subscribe' | 'versions'>
}

/** All viewers of one format on one node. */
export class LiveServer {
  readonly #parts: LiveParts
  readonly #format: LiveFormat
  readonly #viewers = new Set<Viewer>()
  #opened = 0
  #cut = 0
  #refused = 0

  constructor(parts: LiveParts, format: LiveFormat) {
    this.#parts = parts
    this.#format = format
  }

  info(): LiveInfo {
    return { viewers: [...this.#viewers].map((viewer) => viewer.info()), opened: this.#opened, cut: this.#cut, refused: this.#refused }
  }

  /** GET sends the stream; HEAD says whether there is one, and starts nothing. */
  async http(path: string, exchange: HttpExchange): Promise<void> {
    const { request, response } = exchange
    await this.#answered(
      path,
      exchange,
      (refusal) => sendError(exchange, refusal),
      async () => {
        if (request.method === 'HEAD') {
          response.removeHeader('Transfer-Encoding')
          response.writeHead(200, headersOf(this.#format.open(this.#tracksOf(path, exchange), 0))).end()
          return
        }
        await using subscription = await this.subscribe(path, exchange)
        const sink = new HttpSink(response)
        sink.begin(this.#format.open(subscription.tracks, subscription.generation))
        await this.#serve(subscription, sink, exchange)
      },
    )
  }

  /** One binary message for each batch. Errors close it with 4000 + HTTP status. */
  async websocket(path: string, exchange: WebSocketExchange): Promise<void> {
    discard(exchange.socket.messages)
    await this.#answered(
      path,
      exchange,
      (refusal) => closeWith(exchange, refusal),
      async () => {
        await using subscription = await this.subscribe(path, exchange)
        await this.#serve(subscription, new WebSocketSink(exchange), exchange)
      },
    )
  }

  /** A subscription for this request, of a stream that the format carries. Rejects as `subscribe` of the streams does, and with `ERR_CODEC_UNSUPPORTED`. */
  async subscribe(path: string, exchange: Incoming): Promise<Subscription> {
    const { streams, config, name } = this.#parts
    const tracks = wantedTracks(exchange.query)
    const subscription = await streams.subscribe(path, { tracks, wait: config.wait, signal: exchange.signal, reader: `${name} ${addressOf(exchange)}` })
    try {
      this.#format.open(subscription.tracks, subscription.generation)
      return subscription
    } catch (error) {
      subscription.close()
      throw error
    }
  }

  /** Answers a request that is over at once, such as for a picture; failures are told and counted. */
  async answer(path: string, exchange: HttpExchange, respond: () => Promise<void>): Promise<void> {
    await this.#answered(path, exchange, (refusal) => sendError(exchange, refusal), respond)
  }

  #tracksOf(path: string, { query }: Incoming): Subscription['tracks'] {
    const kinds: readonly string[] = wantedTracks(query)
    const stream = this.#parts.streams.list().find((one) => one.path === path)
    if (!stream) throw new ShoalError('ERR_STREAM_NOT_FOUND', `There is no stream ${path}.`)
    return stream.tracks.filter(({ kind }) => kinds.includes(kind))
  }

  async #serve(subscription: Subscription, sink: Sink, exchange: Incoming): Promise<void> {
    const { bufferSize, stallTimeout } = this.#parts.config
    const viewer = new Viewer({ subscription, sink, format: this.#format, bufferSize, stallTimeout, signal: exchange.signal, address: addressOf(exchange) })
    this.#opened++
    this.#viewers.add(viewer)
    this.#parts.log.debug('viewer came', { path: subscription.path, address: addressOf(exchange), via: sink.via })
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
    const { log, config } = this.#parts
    const reason = outcome === undefined ? undefined : ShoalError.from(outcome)
    log.debug('viewer went', { ...viewer.info(), ...(reason && { reason: reason.code }) })
    if (reason?.code === 'ERR_SLOW_CONSUMER') {
      this.#cut++
      log.warn('viewer cut, it takes nothing', { path: viewer.info().path, address: addressOf(exchange), cut: this.#cut })
      sink.socket.destroy()
      return
    }
    sink.end(reason)
    if ((await closed(sink, config.stallTimeout, exchange.signal)) === 'stalled') log.debug('viewer did not leave', { address: addressOf(exchange) })
    sink.socket.destroy()
  }

  /** A request that fails before its stream begins is refused. The client that went needs no answer. */
  async #answered(path: string, exchange: Incoming, refuse: (refusal: ShoalError) => void, respond: () => Promise<void>): Promise<void> {
    try {
      await respond()
    } catch (error) {
      if (exchange.signal.aborted) return
      this.#refused++
      const refusal = namingVersions(ShoalError.from(error), this.#parts.streams.versions(path))
      this.#parts.log.debug('viewer refused', { path, address: addressOf(exchange), reason: refusal.code })
      refuse(refusal)
    }
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
