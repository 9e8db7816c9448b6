/** The `monitoring` slot: what happens is counted where it happens, and told to all observers a moment later. */

import type { Logger } from '../../plugin.js'
import type { LoginCount, LogLine, Monitoring, PayloadCount, StreamCount } from '../../services.js'
import { Throttle } from '../util/rate.js'
import { monotonic } from '../util/wait.js'
import { describe } from './containment.js'
import type { Provider } from './provider.js'

/** How it is made. */
export interface CombinedMonitoringOptions {
  readonly observers: () => readonly Provider<Monitoring>[]
  readonly log: Logger
  /** Told when an observer threw or took too long. */
  readonly failed?: (plugin: string, error: unknown) => void
  /** ms for which things are counted before observers are told; default 250. */
  readonly interval?: number
}

/** Lines kept between two rounds. */
const maxLines = 1000
/** Sorts of payloads and logins counted apart between two rounds. */
const maxSorts = 500
/** ms that an observer may take for one round before it is named. */
const slow = 100

type Sum<T> = { -readonly [K in keyof T]: T[K] }

/** Counts and tells. Without an observer each call costs one look. */
export class CombinedMonitoring implements Monitoring {
  /** Calls that threw, and rounds that took too long, by plugin. */
  readonly failures = new Map<string, number>()
  /** Lines left out because there were too many. */
  dropped = 0
  readonly #options: CombinedMonitoringOptions
  readonly #notice = new Throttle(10_000)
  #lines: LogLine[] = []
  #logins = new Map<string, Sum<LoginCount>>()
  #payloads = new Map<string, Sum<PayloadCount>>()
  #streams = new Map<string, Sum<StreamCount>>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: CombinedMonitoringOptions) {
    this.#options = options
  }

  onError(line: LogLine): void {
    if (!this.#watched()) return
    if (this.#lines.length < maxLines) this.#lines.push(line)
    else this.dropped++
  }

  onLogin(login: LoginCount): void {
    if (!this.#watched()) return
    // doors are few: the daemon's protocols and endpoints name them, clients do not
    const key = `${login.allowed}|${login.via}|${login.kind}`
    const sum = this.#logins.get(key)
    if (sum) sum.count += login.count
    else if (this.#logins.size < maxSorts) this.#logins.set(key, { ...login })
  }

  onPayload(payloads: PayloadCount): void {
    if (!this.#watched()) return
    const known = this.#payloads.size < maxSorts || this.#payloads.has(payloadKey(payloads, payloads.kind))
    // peers choose kinds: when there are too many, the rest is counted without
    const kind = known ? payloads.kind : ''
    const key = payloadKey(payloads, kind)
    const sum = this.#payloads.get(key)
    if (!sum) {
      this.#payloads.set(key, { ...payloads, kind })
      return
    }
    sum.count += payloads.count
    sum.bytes += payloads.bytes
  }

  onStream(events: StreamCount): void {
    if (!this.#watched()) return
    const sum = this.#streams.get(events.type)
    if (sum) sum.count += events.count
    else this.#streams.set(events.type, { ...events })
  }

  /** Tells the observers at once what was counted so far. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const round = [this.#lines, [...this.#logins.values()], [...this.#payloads.values()], [...this.#streams.values()]] as const
    this.#lines = []
    this.#logins = new Map()
    this.#payloads = new Map()
    this.#streams = new Map()
    for (const observer of this.#options.observers()) this.#tell(observer, ...round)
  }

  /** Is there anybody to tell? Then there will be a round. */
  #watched(): boolean {
    if (this.#options.observers().length === 0) return false
    this.#timer ??= setTimeout(() => this.flush(), this.#options.interval ?? 250).unref()
    return true
  }

  #tell(
    { plugin, service }: Provider<Monitoring>,
    lines: readonly LogLine[],
    logins: readonly LoginCount[],
    payloads: readonly PayloadCount[],
    streams: readonly StreamCount[],
  ): void {
    const began = monotonic()
    // an observer that logs what it is told would never come to an end
    const foreign = lines.filter(({ module }) => module !== `plugin:${plugin}`)
    for (const line of foreign) this.#contain(plugin, () => service.onError?.(line))
    for (const one of logins) this.#contain(plugin, () => service.onLogin?.({ ...one }))
    for (const one of payloads) this.#contain(plugin, () => service.onPayload?.({ ...one }))
    for (const one of streams) this.#contain(plugin, () => service.onStream?.({ ...one }))
    if (monotonic() - began > slow) this.#failed(plugin, `a round took ${Math.round(monotonic() - began)} ms`)
  }

  #contain(plugin: string, call: () => unknown): void {
    try {
      const result = call()
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(plugin, describe(error)))
    } catch (error) {
      this.#failed(plugin, describe(error))
    }
  }

  #failed(plugin: string, reason: string): void {
    this.failures.set(plugin, (this.failures.get(plugin) ?? 0) + 1)
    this.#options.failed?.(plugin, reason)
    this.#notice.run((more) => this.#options.log.warn('monitoring plugin failed', { plugin, reason, more }))
  }
}

function payloadKey({ direction, outcome }: PayloadCount, kind: string): string {
  return `${direction} ${outcome} ${kind}`
}
