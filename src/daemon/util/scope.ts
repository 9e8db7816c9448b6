/** Supervised tasks: scopes nest, a failure stays in its task, restarts back off, and closing waits for everybody. */

import { ShoalError } from '../../errors.js'
import type { Logger, Task, TaskOptions, TaskProgress, TaskScope } from '../../plugin.js'
import { type Link, linkSignals } from './linked-signal.js'
import { Backoff, delay, monotonic } from './wait.js'

/** A task and its children, as `shoal tasks` shows them. */
export interface TaskNode {
  readonly name: string
  readonly state: Task['state']
  readonly restarts: number
  /** ms since it was last started. */
  readonly age: number
  readonly error?: string
  /** What it last said of itself. */
  readonly progress?: TaskProgress
  readonly children: readonly TaskNode[]
}

/** ms between two runs of a task at least; one that fails at once would otherwise keep the loop busy. */
const minPause = 10

const defaultBackoff = { min: 1000, max: 30_000 }

/** Tasks one scope may have at a time; more is `ERR_LIMIT`, so that a flood of tasks is contained. */
const maxTasks = 10_000

/** The root of a tree of tasks, owned by whoever made it. */
export class Scope implements TaskScope {
  readonly name: string
  readonly signal: AbortSignal
  /** What the task of this scope last said of itself. */
  progress: TaskProgress | undefined
  readonly #controller = new AbortController()
  readonly #link: Link
  readonly #log: Logger
  readonly #tasks = new Set<SupervisedTask>()

  constructor(options: { name: string; log: Logger; parent?: AbortSignal }) {
    this.name = options.name
    this.#log = options.log
    this.#link = linkSignals(options.parent, this.#controller.signal)
    this.signal = this.#link.signal
  }

  run(name: string, body: (scope: TaskScope) => void | Promise<void>, options: TaskOptions = {}): Task {
    if (this.#tasks.size >= maxTasks) throw new ShoalError('ERR_LIMIT', `${this.name} has ${maxTasks} tasks already.`)
    const task = new SupervisedTask({ name, path: `${this.name}/${name}`, body, options, parent: this.signal, log: this.#log })
    this.#tasks.add(task)
    task.settled.then(() => this.#tasks.delete(task))
    return task
  }

  report({ text, done, total }: TaskProgress): void {
    const known = done !== undefined && total !== undefined
    this.progress = { ...(text !== undefined && text !== '' && { text: text.slice(0, 200) }), ...(known && { done, total }) }
  }

  /** The tasks that are alive. */
  tree(): readonly TaskNode[] {
    return [...this.#tasks].map((task) => task.node())
  }

  /** Aborts everything and waits, at most `timeout` ms. Returns the names of tasks that still run then. Idempotent. */
  async close(reason: unknown = new ShoalError('ERR_ABORTED', `${this.name} ended.`), timeout = Number.POSITIVE_INFINITY): Promise<string[]> {
    this.#controller.abort(reason)
    const all = Promise.all([...this.#tasks].map((task) => task.settled))
    if (timeout === Number.POSITIVE_INFINITY) await all
    else {
      const timer = new AbortController()
      await Promise.race([all, delay(timeout, timer.signal).catch(() => {})])
      timer.abort()
    }
    return [...this.#tasks].map((task) => task.path)
  }
}

interface TaskInit {
  name: string
  path: string
  body: (scope: TaskScope) => void | Promise<void>
  options: TaskOptions
  parent: AbortSignal
  log: Logger
}

class SupervisedTask implements Task {
  readonly name: string
  readonly path: string
  readonly done: Promise<void>
  /** As `done`, but never rejects. */
  readonly settled: Promise<void>
  state: Task['state'] = 'running'
  #restarts = 0
  #since = monotonic()
  #error: unknown
  #scope: Scope | undefined
  readonly #controller = new AbortController()
  readonly #init: TaskInit
  readonly #link: Link

  constructor(init: TaskInit) {
    this.#init = init
    this.name = init.name
    this.path = init.path
    this.#link = linkSignals(init.parent, this.#controller.signal)
    this.done = this.#supervise()
    this.settled = this.done.catch(() => {}).finally(() => this.#link.done())
  }

  async stop(): Promise<void> {
    this.#controller.abort(new ShoalError('ERR_ABORTED', `${this.path} was stopped.`))
    await this.settled
  }

  node(): TaskNode {
    const error = this.#error === undefined ? {} : { error: ShoalError.from(this.#error).message }
    const progress = this.#scope?.progress === undefined ? {} : { progress: this.#scope.progress }
    const age = monotonic() - this.#since
    return { name: this.name, state: this.state, restarts: this.#restarts, age, children: this.#scope?.tree() ?? [], ...error, ...progress }
  }

  async #supervise(): Promise<void> {
    const { options, log } = this.#init
    const limits = options.backoff ?? defaultBackoff
    const backoff = new Backoff(limits)
    for (;;) {
      const failed = await this.#once()
      if (this.#link.signal.aborted) {
        this.state = 'stopped'
        return
      }
      const restart = options.restart === 'always' || (options.restart === 'on-failure' && failed)
      if (!restart || this.#restarts >= (options.maxRetries ?? Number.POSITIVE_INFINITY)) {
        this.state = failed ? 'failed' : 'done'
        if (failed) throw this.#error
        return
      }
      if (monotonic() - this.#since > limits.max) backoff.reset()
      const pause = Math.max(minPause, backoff.next())
      log.debug('task restarts', { task: this.path, pause, restarts: this.#restarts })
      this.state = 'backoff'
      await delay(pause, this.#link.signal).catch(() => {})
      this.#restarts++
    }
  }

  /** Runs the body once, with its children; true when it failed. */
  async #once(): Promise<boolean> {
    const { body, log } = this.#init
    if (this.#link.signal.aborted) return false
    this.state = 'running'
    this.#since = monotonic()
    this.#scope = new Scope({ name: this.path, log, parent: this.#link.signal })
    try {
      await body(this.#scope)
      return false
    } catch (error) {
      if (this.#link.signal.aborted) return false
      this.#error = error
      log.warn('task failed', { task: this.path, err: error })
      return true
    } finally {
      await this.#scope.close()
    }
  }
}
