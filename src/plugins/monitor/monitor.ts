/**
 * What happens on this node, for people and programs: `GET /monitor/summary`, `GET /monitor/events`, and
 * `GET /monitor/live` as server-sent events.
 */

import { Type } from 'typebox'
import { definePlugin, type HttpRequest, type Plugin, type PluginContext } from '../../plugin.js'
import { History } from './history.js'

/** Configuration of the monitor. */
export interface MonitorConfig {
  /** Events kept; default 1,000. */
  readonly history: number
}

/** Answer of `GET /monitor/summary`. Numbers of streams are those of the streams that are live now. */
export interface MonitorSummary {
  readonly node: { readonly id: string; readonly name: string }
  /** ms since the monitor started. */
  readonly uptime: number
  readonly streams: number
  readonly subscribers: number
  readonly framesIn: number
  readonly bytesIn: number
  /** Frames skipped by late readers. */
  readonly framesDropped: number
  readonly peers: { readonly known: number; readonly connected: number }
  /** Events since the monitor started, by type. */
  readonly events: Readonly<Record<string, number>>
  /** Events it never saw because it fell behind; they are in no other number. */
  readonly missed: number
}

const config = Type.Object(
  { history: Type.Integer({ default: 1000, minimum: 1, maximum: 100_000, description: 'Events kept for /monitor/events.' }) },
  { additionalProperties: false },
)

const eventsQuery = Type.Object(
  {
    since: Type.Optional(Type.Integer({ minimum: 0, description: 'Only events after this number.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  },
  { additionalProperties: false },
)

/** Makes the plugin. */
export function monitor(): Plugin<MonitorConfig> {
  return definePlugin<MonitorConfig>({
    name: 'monitor',
    info: { description: 'Counts streams, readers, peers and events, and keeps the last events.' },
    config,
    start(ctx) {
      const watch = new Watch(ctx)
      watch.run()
      ctx.http.route({ method: 'GET', path: '/summary', summary: 'Counts of streams, readers, peers and events', handler: () => watch.summary() })
      ctx.http.route({
        method: 'GET',
        path: '/events',
        summary: 'The last events, newest last',
        query: eventsQuery,
        handler: (request) => watch.events(request),
      })
      ctx.http.route({ method: 'GET', path: '/live', summary: 'Events as they happen', handler: ({ signal }) => watch.history.follow(signal) })
    },
  })
}

class Watch {
  readonly history: History
  readonly #ctx: PluginContext<MonitorConfig>
  readonly #counts = new Map<string, number>()
  readonly #started = performance.now()
  #missed = 0

  constructor(ctx: PluginContext<MonitorConfig>) {
    this.#ctx = ctx
    this.history = new History(ctx.config.history)
  }

  run(): void {
    const { peers, streams } = this.#ctx
    this.#follow('streams', (signal) => streams.events({ signal }))
    this.#follow('peers', (signal) => peers.events({ signal }))
  }

  /** Listens from this moment on, and again should the source fail. */
  #follow(source: 'streams' | 'peers', listen: (signal: AbortSignal) => AsyncIterable<{ readonly type: string; readonly time: number }>): void {
    let events: ReturnType<typeof listen> | undefined = listen(this.#ctx.signal)
    this.#ctx.run(
      `watch ${source}`,
      async ({ signal }) => {
        const own = events ?? listen(signal)
        events = undefined
        // `lagged` is an event like any other: it is counted, and the loop goes on
        for await (const event of own) this.#record(source, event)
      },
      { restart: 'on-failure' },
    )
  }

  #record(source: 'streams' | 'peers', event: { readonly type: string; readonly time: number; readonly missed?: number }): void {
    this.#counts.set(event.type, (this.#counts.get(event.type) ?? 0) + 1)
    if (event.type === 'lagged') this.#missed += event.missed ?? 0
    this.history.add({ ...event, source })
  }

  summary(): MonitorSummary {
    const { node, peers, streams } = this.#ctx
    const live = streams.list()
    const known = peers.list()
    const sum = (value: (stream: (typeof live)[number]) => number): number => live.reduce((total, stream) => total + value(stream), 0)
    return {
      node: { id: node.id, name: node.name },
      uptime: Math.round(performance.now() - this.#started),
      streams: live.length,
      subscribers: sum(({ subscribers }) => subscribers),
      framesIn: sum(({ framesIn }) => framesIn),
      bytesIn: sum(({ bytesIn }) => bytesIn),
      framesDropped: sum(({ framesDropped }) => framesDropped),
      peers: { known: known.length, connected: known.filter(({ connected }) => connected).length },
      events: Object.fromEntries(this.#counts),
      missed: this.#missed,
    }
  }

  events({ query }: HttpRequest): ReturnType<History['page']> {
    const { since, limit } = query
    return this.history.page(since === undefined ? undefined : Number(since), limit === undefined ? 100 : Number(limit))
  }
}
