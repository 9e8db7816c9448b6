/** Jobs by key: start, list, watch, stop. */

import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import { Broadcast } from '../util/queue.js'
import { Scope, type TaskNode } from '../util/scope.js'
import { Job, type JobInfo, type JobInit, Orphans } from './job.js'
import { onAbort } from './on-abort.js'

/** What a job set adds to a {@link JobInit} by itself. */
export type JobSpec = Omit<JobInit, 'log' | 'orphans' | 'changed' | 'name'>

interface Kept<Info> {
  readonly job: Job
  readonly info: () => Info
}

/** All pulls, or all pushes, of a node. */
export class JobSet<Info extends JobInfo> {
  readonly orphans: Orphans
  readonly #scope: Scope
  readonly #log: Logger
  readonly #jobs = new Map<string, Kept<Info>>()
  readonly #changes = new Broadcast<{ readonly key: string; readonly info: Info } | undefined>(() => undefined)
  #closed = false

  /** `name`: of the scope, `pulls` or `pushes`. */
  constructor(name: string, log: Logger) {
    this.#log = log
    this.#scope = new Scope({ name, log })
    this.orphans = new Orphans(log)
  }

  /** Throws `ERR_STOPPING` after `close`. */
  checkOpen(): void {
    if (this.#closed) throw new ShoalError('ERR_STOPPING', `The ${this.#scope.name} are closing.`)
  }

  /** Makes and starts a job; `extend` adds to its info. A job that ends by itself leaves the set. */
  start(key: string, spec: JobSpec, extend: (info: JobInfo) => Info): Job {
    const changed = (): void => this.#changes.emit({ key, info: kept.info() })
    const job = new Job({ ...spec, name: key, log: this.#log, orphans: this.orphans, changed })
    const kept: Kept<Info> = { job, info: () => extend(job.info()) }
    this.#jobs.set(key, kept)
    job.start(this.#scope)
    job.done.then(() => {
      if (this.#jobs.get(key) === kept) this.#jobs.delete(key)
    })
    return job
  }

  /** Stops a job, if it is still the one of its key. Resolves within a second. */
  async stop(key: string, job: Job): Promise<void> {
    if (this.#jobs.get(key)?.job === job) this.#jobs.delete(key)
    await job.stop()
  }

  info(key: string): Info | undefined {
    return this.#jobs.get(key)?.info()
  }

  list(): Info[] {
    return [...this.#jobs.values()].map((kept) => kept.info())
  }

  /** The jobs as tasks, for `shoal tasks`. */
  tree(): TaskNode[] {
    return this.#scope.tree().map((task) => this.#jobs.get(task.name)?.job.node(task) ?? task)
  }

  /** The job's info now and after each change, until it is stopped or `signal` aborts. Throws `ERR_NOT_FOUND`. */
  watch(key: string, signal?: AbortSignal): AsyncIterableIterator<Info> {
    const kept = this.#jobs.get(key)
    if (!kept) throw new ShoalError('ERR_NOT_FOUND', `There is no job ${key}.`)
    return this.#follow(key, kept, signal)
  }

  /** Any job's info after each change; ends with `signal`, or when the set is closed. */
  async *events(signal?: AbortSignal): AsyncGenerator<Info, void, undefined> {
    for await (const change of this.#changes.listen(signal)) {
      if (change) yield change.info
      else yield* this.list()
    }
  }

  async *#follow(key: string, kept: Kept<Info>, signal: AbortSignal | undefined): AsyncGenerator<Info, void, undefined> {
    const stop = new AbortController()
    const unlisten = onAbort(signal, () => stop.abort())
    if (signal?.aborted) stop.abort()
    const changes = this.#changes.listen(stop.signal)
    try {
      yield kept.info()
      // undefined: some changes were missed, so the present state is told
      for await (const change of changes) {
        if (change && change.key !== key) continue
        const info = change?.info ?? kept.info()
        yield info
        if (info.state === 'stopped') return
      }
    } finally {
      stop.abort()
      unlisten()
    }
  }

  /** Stops all; within about a second. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#jobs].map(([key, { job }]) => this.stop(key, job)))
    await this.#scope.close()
    this.#changes.close()
  }
}
