/** Pulls and pushes that people asked for, kept over restarts. */

import { createHash } from 'node:crypto'
import type { Logger } from '../../plugin.js'
import type { KeyValue } from '../../services.js'

/** One of them: for which path, from or to where, and how. */
export interface KeptJob {
  readonly path: string
  /** As it was given, with credentials. */
  readonly url: string
  /** As lists show it. */
  readonly shown: string
  readonly options: Readonly<Record<string, unknown>>
}

/** A list of jobs on the disk. */
export class KeptJobs {
  readonly #store: KeyValue
  readonly #log: Logger

  constructor(store: KeyValue, log: Logger) {
    this.#store = store
    this.#log = log
  }

  async keep(job: KeptJob): Promise<void> {
    await this.#store.set(keyOf(job), new TextEncoder().encode(JSON.stringify(job)))
  }

  /** Drops those of a path, or the one that lists show with this URL. */
  async drop(path: string, shown?: string): Promise<void> {
    for (const job of await this.load()) if (job.path === path && (shown === undefined || job.shown === shown)) await this.#store.delete(keyOf(job))
  }

  /** All of them; one that cannot be read is left out and logged. */
  async load(): Promise<KeptJob[]> {
    const jobs: KeptJob[] = []
    for await (const [key, bytes] of this.#store.entries()) {
      try {
        const job = JSON.parse(new TextDecoder().decode(bytes)) as KeptJob
        if (typeof job.path === 'string' && typeof job.url === 'string') jobs.push({ ...job, options: Object(job.options) })
      } catch (err) {
        this.#log.warn('a kept pull or push cannot be read', { key, err })
      }
    }
    return jobs
  }
}

/** Keys are limited to 512 bytes; a path alone has up to 255, a URL up to 2,048. */
function keyOf({ path, url }: KeptJob): string {
  return `${path} ${createHash('sha256').update(url).digest('hex').slice(0, 32)}`
}
