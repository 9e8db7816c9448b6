/** The `logger` slot, filled by a plugin's process. */

import type { Logger } from '../../../plugin.js'
import type { LogLine, LogSink } from '../../../services.js'
import { Throttle } from '../../util/rate.js'
import { Redactor } from '../../util/redact.js'
import type { ServiceCaller } from './service-caller.js'

/** Hands lines on and never waits: a line that the process cannot take now is left out, and counted. */
export class ProvidedLogger implements LogSink {
  /** Lines that were left out. */
  dropped = 0
  readonly #caller: ServiceCaller
  readonly #log: Logger
  readonly #module: string
  readonly #notice = new Throttle(10_000)

  constructor(caller: ServiceCaller, log: Logger) {
    this.#caller = caller
    this.#log = log
    this.#module = `plugin:${caller.plugin}`
  }

  write({ level, time, module, msg, fields }: LogLine): void {
    // its own lines would make it write further ones for ever
    if (module === this.#module) return
    if (this.#caller.tell('logger', 'write', [{ level, time, module, msg: msg.slice(0, 8192), fields: plainFields(fields) }])) return
    this.dropped++
    this.#notice.run(() => this.#log.warn('the logger plugin does not take lines; some are left out', { dropped: this.dropped }))
  }

  async flush(): Promise<void> {
    await this.#caller.call('logger', 'flush', [])
  }
}

/** Fields of a line, redacted already, made fit for JSON and bounded. */
export function plainFields(fields: LogLine['fields']): unknown {
  return new Redactor({ clean: (text) => text }).value(fields)
}
