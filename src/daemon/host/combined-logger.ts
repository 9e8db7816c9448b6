/** The `logger` slot: every line to every sink. */

import type { LogLine, LogSink } from '../../services.js'
import { contain, type Outcome } from './containment.js'
import type { Provider } from './provider.js'

/** ms a sink has to flush. */
const flushLimit = 5000

/** Writes to all sinks that are there now. A sink that throws is left out for that line and counted. */
export class CombinedLogger implements LogSink {
  readonly #sinks: () => readonly Provider<LogSink>[]
  readonly #failures = new Map<string, number>()
  #writing = false
  readonly #failed: (plugin: string, error: unknown) => void

  /** `failed` is told when a sink threw or did not flush in time; what it logs comes to no sink. */
  constructor(sinks: () => readonly Provider<LogSink>[], failed: (plugin: string, error: unknown) => void = () => {}) {
    this.#sinks = sinks
    this.#failed = failed
  }

  /** Lines each sink failed to take, by plugin. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures
  }

  write(line: LogLine): void {
    // a sink that logs through the daemon while it writes would call itself for ever
    if (this.#writing) return
    this.#writing = true
    try {
      for (const sink of this.#sinks()) this.#writeTo(sink, line)
    } finally {
      this.#writing = false
    }
  }

  async flush(): Promise<void> {
    await Promise.all(
      this.#sinks().map(async ({ plugin, service }) => this.#count(plugin, await contain(`${plugin}.flush`, () => service.flush?.(), flushLimit))),
    )
  }

  #writeTo({ plugin, service }: Provider<LogSink>, line: LogLine): void {
    try {
      const result: unknown = service.write(line)
      // `write` must not wait; an async one that rejects may not end the process
      if (result instanceof Promise) result.catch((error: unknown) => this.#count(plugin, { kind: 'threw', error }))
    } catch (error) {
      this.#count(plugin, { kind: 'threw', error })
    }
  }

  #count(plugin: string, outcome: Outcome<unknown>): void {
    if (outcome.kind === 'done') return
    this.#failures.set(plugin, (this.#failures.get(plugin) ?? 0) + 1)
    this.#failed(plugin, outcome.error)
  }
}
