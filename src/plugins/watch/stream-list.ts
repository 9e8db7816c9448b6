/** The streams that somebody may watch, as a line of JSON whenever something of it changes. */

import type { HttpExchange, PluginContext } from '../../plugin.js'
import type { Principal } from '../../services.js'
import type { StreamInfo } from '../../stream.js'
import { type ListedStream, listed } from './listed-stream.js'

/** One line of `GET /watch/streams`. */
export interface StreamLine {
  /** Wall clock of the node, ms since 1970: pages tell by it how late a picture is. */
  readonly now: number
  readonly node: string
  /** Who asks, as authentication sees it. */
  readonly who: string
  /** Extensions that this node answers: `mp4`, `m3u8`, `flv`, `whep`. */
  readonly formats: readonly string[]
  readonly streams: readonly ListedStream[]
  /** Streams beyond the longest list. */
  readonly more: number
  /** Of the stream in `?path=`: may it be read? Otherwise the reason. */
  readonly asked?: { readonly path: string; readonly allowed: true | string }
}

/** What the list needs of its plugin's context. */
export type ListParts = Pick<PluginContext, 'log' | 'node' | 'run' | 'use' | 'http'> & {
  readonly streams: Pick<PluginContext['streams'], 'list' | 'events' | 'versions'>
}

/** ms between looks at figures, which come without an event. */
const interval = 2000
/** ms in which events become one line. */
const settling = 100
/** ms after which a line is sent though nothing changed: a page that hears nothing for longer connects anew. */
const heartbeat = 10_000
const maxStreams = 500
const maxReaders = 500

/** One page that listens. */
interface Reader {
  readonly exchange: HttpExchange
  last: string
  told: number
  busy: boolean
  again: boolean
}

/** Tells all pages. Looks at streams only while there is a page. */
export class StreamList {
  readonly #ctx: ListParts
  readonly #readers = new Set<Reader>()
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined

  constructor(ctx: ListParts) {
    this.#ctx = ctx
    ctx.run('stream events', async ({ signal }) => {
      for await (const _ of ctx.streams.events({ signal })) if (this.#readers.size > 0) this.#soon ??= setTimeout(() => this.#tellAll(), settling)
    })
  }

  /** Answers one page until it goes. */
  async serve(exchange: HttpExchange): Promise<void> {
    const { response, signal } = exchange
    if (this.#readers.size >= maxReaders) {
      response.writeHead(503, { 'Retry-After': '10', 'Content-Length': 0 }).end()
      return
    }
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    response.flushHeaders()
    const reader: Reader = { exchange, last: '', told: Number.NEGATIVE_INFINITY, busy: false, again: false }
    this.#readers.add(reader)
    this.#timer ??= setInterval(() => this.#tellAll(), interval)
    const leave = (): void => this.#leave(reader)
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    await this.#tell(reader)
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader)
    reader.exchange.response.end()
    if (this.#readers.size > 0) return
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    this.#timer = undefined
    this.#soon = undefined
  }

  #tellAll(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
    for (const reader of this.#readers) void this.#tell(reader)
  }

  /** One line at a time; what happens meanwhile makes one more. A page that takes nothing gets nothing. */
  async #tell(reader: Reader): Promise<void> {
    const { response } = reader.exchange
    reader.again = reader.busy
    if (reader.busy || response.writableNeedDrain) return
    reader.busy = true
    try {
      const line = await this.#lineFor(reader.exchange)
      const text = JSON.stringify(line)
      const at = performance.now()
      const due = text !== reader.last || at - reader.told >= heartbeat
      if (due && this.#readers.has(reader)) {
        response.write(`${JSON.stringify({ now: Date.now(), ...line })}\n`)
        reader.last = text
        reader.told = at
      }
    } catch (error) {
      this.#ctx.log.warn('the list of streams could not be made', { reason: String(error) })
      this.#leave(reader)
    } finally {
      reader.busy = false
    }
    if (reader.again && this.#readers.has(reader)) await this.#tell(reader)
  }

  async #lineFor({ who, query }: HttpExchange): Promise<Omit<StreamLine, 'now'>> {
    const { node, http, streams } = this.#ctx
    const all = await this.#readable(who, streams.list())
    const path = query.get('path')?.slice(0, 255)
    return {
      node: node.name,
      who: who.id,
      formats: [...http.extensions()].sort(),
      streams: await Promise.all(all.slice(0, maxStreams).map(async (stream) => listed(stream, await this.#permitted(who, streams.versions(stream.path))))),
      more: Math.max(0, all.length - maxStreams),
      ...(path && { asked: { path, allowed: await this.#allowed(who, path) } }),
    }
  }

  async #readable(who: Principal, streams: readonly StreamInfo[]): Promise<readonly StreamInfo[]> {
    return (await this.#permitted(who, streams)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  }

  async #permitted<T extends { readonly path: string }>(who: Principal, all: readonly T[]): Promise<readonly T[]> {
    const answers = await Promise.all(all.map(async ({ path }) => (await this.#allowed(who, path)) === true))
    return all.filter((_, i) => answers[i])
  }

  /** A permission that throws has refused. */
  async #allowed(who: Principal, target: string): Promise<true | string> {
    try {
      const answer = await this.#ctx.use('permission').allows(who, { action: 'stream.read', target })
      return answer === true || (typeof answer === 'string' ? answer : `${who.id} may not watch ${target}.`)
    } catch {
      return 'Whether this is permitted could not be found out.'
    }
  }
}
