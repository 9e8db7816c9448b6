/** A job and the factory that serves its URL. */

import { ShoalError } from '../../errors.js'
import type { Logger, TaskScope } from '../../plugin.js'
import type { Factories, Registered, UrlFactory } from './factories.js'
import type { Job } from './job.js'
import type { SourceUrl } from './source-url.js'

/** Which factory a job uses now: it ends a try whose factory goes, and wakes a job that waits for one. */
export class FactoryUse<F extends UrlFactory> {
  readonly #factories: Factories<F>
  readonly #source: SourceUrl
  #present: Registered<F> | undefined

  constructor(factories: Factories<F>, source: SourceUrl) {
    this.#factories = factories
    this.#source = source
  }

  /** One try with the factory of the moment. Throws `ERR_SCHEME_UNKNOWN` when there is none. */
  async run(body: (entry: Registered<F>) => Promise<void>): Promise<void> {
    const entry = this.#factories.find(this.#source)
    this.#present = entry
    try {
      await body(entry)
    } finally {
      if (this.#present === entry) this.#present = undefined
    }
  }

  /** The registry changed. */
  changed(removed: Registered<F> | undefined, job: Job): void {
    if (removed && removed === this.#present) {
      job.interrupt(new ShoalError('ERR_SCHEME_UNKNOWN', `Plugin ${removed.owner}, which served ${this.#source.shown}, is gone.`))
    }
    const isStranded = job.state === 'waiting' && job.lastError?.code === 'ERR_SCHEME_UNKNOWN'
    if (!removed && isStranded) job.interrupt(new ShoalError('ERR_ABORTED', 'There may be a factory now.'))
  }
}

/** What pull jobs and push jobs have in common. */
export interface TryContext extends TaskScope {
  readonly url: URL
  readonly path: string
  readonly options: Readonly<Record<string, unknown>>
  readonly log: Logger
}

/** Makes it for one try; lines of its log name the path. */
export function tryContext(
  scope: TaskScope,
  init: { readonly source: SourceUrl; readonly path: string; readonly log: Logger },
  options: Readonly<Record<string, unknown>> = {},
): TryContext {
  const { source, path, log } = init
  const run: TaskScope['run'] = (name, body, taskOptions) => scope.run(name, body, taskOptions)
  return { url: new URL(source.url), path, options, log: logWith(log, { path }), signal: scope.signal, run }
}

function logWith(log: Logger, fields: Record<string, unknown>): Logger {
  const at = (level: keyof Logger) => (msg: string, more?: Record<string, unknown>) => log[level](msg, { ...fields, ...more })
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
