/** A wish that is tried again and again: what pulls and pushes have in common. */

import { type ErrorCode, isShoalError, ShoalError } from '../../errors.js'
import type { Logger, Task, TaskScope } from '../../plugin.js'
import type { PullState } from '../../stream.js'
import { Throttle } from '../util/rate.js'
import { Scope, type TaskNode } from '../util/scope.js'
import { abortable, Backoff, delay, monotonic } from '../util/wait.js'
import { onAbort } from './on-abort.js'
import { redact } from './source-url.js'

/** ms a body gets to return after it was aborted. */
const grace = 500

/** A run at least so long (ms) counts as a success: the pauses begin anew. */
const settled = 5000

/** Characters kept of an error's message. */
const maxMessage = 1000

/** Limits of the pauses between tries, ms. */
export const retryPauses = { min: 500, max: 10_000 }

/** A job in lists. */
export interface JobInfo {
  readonly path: string
  /** Without credentials. */
  readonly url: string
  readonly state: PullState
  /** Who asked for it: a plugin's name, or the API. */
  readonly owner: string
  /** How often it was tried. */
  readonly tries: number
  /** Wall clock, ms since 1970: when it came into this state. */
  readonly since: number
  /** Why the last try ended, where it failed. */
  readonly lastError?: { readonly code: ErrorCode; readonly message: string }
}

/** One try. */
export interface Attempt {
  /** Aborted with the try. */
  readonly scope: TaskScope
  /** The try works: the job is `running`. */
  running(): void
  /** Ends the try, as if the body had thrown `reason`. */
  abort(reason: unknown): void
}

/** What a job does. */
export interface JobInit {
  readonly name: string
  readonly path: string
  /** Without credentials. */
  readonly url: string
  readonly owner: string
  readonly log: Logger
  /** The end of a try without an error ends the job. */
  readonly once: boolean
  /** Undefined: try at once. Otherwise the job is `idle` until the function, called with the job's signal, resolves. */
  readonly ready: () => ((signal: AbortSignal) => Promise<void>) | undefined
  /** Should the next try follow without a pause? */
  readonly atOnce?: () => boolean
  /** One try. Return = the source ended, throw = failed; `ERR_IDLE` = nobody needs it any more. */
  readonly attempt: (attempt: Attempt) => Promise<void>
  /** The state or the last error changed. */
  readonly changed: () => void
  /** Counts bodies that did not return after they were aborted. */
  readonly orphans: Orphans
}

/** Bodies that go on although they were aborted. They hold nothing of the daemon but their own memory and sockets. */
export class Orphans {
  count = 0
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  adopt(name: string, body: Promise<unknown>): void {
    this.count++
    this.#log.warn('a job does not return although it was stopped', { job: name, orphans: this.count })
    const gone = (): void => {
      this.count--
      this.#log.info('a stopped job has returned at last', { job: name, orphans: this.count })
    }
    body.then(gone, gone)
  }
}

/** Runs tries one after the other with growing pauses, for ever, until it is stopped. */
export class Job {
  state: PullState = 'idle'
  tries = 0
  since = Date.now()
  lastError: ShoalError | undefined
  readonly #init: JobInit
  readonly #backoff = new Backoff(retryPauses)
  readonly #failures = new Throttle(10_000)
  #task: Task | undefined
  #scope: Scope | undefined
  /** Ends the present try, or the present pause. */
  #interrupt: ((reason: ShoalError) => void) | undefined

  constructor(init: JobInit) {
    this.#init = init
  }

  start(scope: Scope): void {
    this.#task = scope.run(this.#init.name, ({ signal }) => this.#loop(signal))
  }

  /** Resolves within a second, also when the body ignores its signal. Idempotent. */
  async stop(): Promise<void> {
    await this.#task?.stop()
    this.#set('stopped')
  }

  /** Resolves when the job will not be tried again. */
  get done(): Promise<void> {
    return this.#task ? this.#task.done.catch(() => {}) : Promise.resolve()
  }

  /** Ends the present try, which fails with `reason`, or the present pause; what follows is decided anew. */
  interrupt(reason: ShoalError): void {
    this.#interrupt?.(reason)
  }

  info(): JobInfo {
    const { path, url, owner } = this.#init
    const error = this.lastError ? { lastError: { code: this.lastError.code, message: this.lastError.message } } : {}
    return { path, url, owner, state: this.state, tries: this.tries, since: this.since, ...error }
  }

  /** The job as a task, with the tasks of the present try beneath. */
  node(task: TaskNode): TaskNode {
    const state = this.state === 'waiting' ? 'backoff' : task.state
    const error = this.lastError ? { error: this.lastError.message } : {}
    return { ...task, state, restarts: Math.max(0, this.tries - 1), children: this.#scope?.tree() ?? [], ...error }
  }

  #set(state: PullState): void {
    if (this.state === state) return
    this.state = state
    this.since = Date.now()
    this.#init.changed()
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#init.ready()) await this.#awaitReady(signal)
      if (signal.aborted) break
      const ended = await this.#try(signal)
      if (signal.aborted || (ended && this.#init.once)) break
      if (this.#init.ready() || this.#init.atOnce?.()) continue
      await this.#pause(signal)
    }
    this.#set('stopped')
  }

  async #awaitReady(signal: AbortSignal): Promise<void> {
    const ready = this.#init.ready()
    if (!ready) return
    this.#set('idle')
    this.#backoff.reset()
    try {
      await ready(signal)
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
      await delay(retryPauses.min, signal).catch(() => {})
    }
  }

  /** True when the source ended by itself. Never throws. */
  async #try(signal: AbortSignal): Promise<boolean> {
    this.tries++
    this.#set('connecting')
    const started = monotonic()
    const scope = new Scope({ name: this.#init.name, log: this.#init.log })
    this.#scope = scope
    const unlisten = onAbort(signal, () => this.#abort(scope, signal.reason))
    this.#interrupt = (reason) => this.#abort(scope, reason)
    try {
      await this.#body(scope)
      this.lastError = undefined
      return true
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
      return false
    } finally {
      unlisten()
      this.#interrupt = undefined
      this.#scope = undefined
      if (monotonic() - started >= settled) this.#backoff.reset()
    }
  }

  /** The body, or the reason why it was aborted; with its tasks, and no longer than {@link grace} after that. */
  async #body(scope: Scope): Promise<void> {
    const running = (): void => {
      if (scope.signal.aborted) return
      this.lastError = undefined
      this.#set('running')
    }
    const abort = (reason: unknown): void => this.#abort(scope, reason)
    const body = Promise.resolve().then(() => this.#init.attempt({ scope, running, abort }))
    try {
      await abortable(body, scope.signal)
    } finally {
      const left = Promise.all([returned(body), scope.close(undefined, grace)])
      const [hasReturned, tasks] = await left
      if (!hasReturned) this.#init.orphans.adopt(this.#init.name, body)
      if (tasks.length > 0) this.#init.log.warn('tasks of a job do not end', { job: this.#init.name, tasks })
    }
  }

  #abort(scope: Scope, reason: unknown): void {
    // what is left to wait for is waited for where the body ends
    void scope.close(reason, 0)
  }

  #fail(error: unknown): void {
    if (isShoalError(error, 'ERR_IDLE')) return
    const known = ShoalError.from(error, 'ERR_SOURCE_FAILED')
    const details = { cause: error, ...(known.hint && { hint: known.hint }) }
    const failure = new ShoalError(known.code, redact(known.message.slice(0, maxMessage)), details)
    this.lastError = failure
    const { name: job, log } = this.#init
    this.#failures.run((heldBack) =>
      log.warn('job failed, it is tried again', { job, code: failure.code, reason: failure.message, tries: this.tries, heldBack }),
    )
  }

  async #pause(signal: AbortSignal): Promise<void> {
    this.#set('waiting')
    const pause = new AbortController()
    const stop = (): void => pause.abort()
    this.#interrupt = stop
    const unlisten = onAbort(signal, stop)
    await delay(this.#backoff.next(), pause.signal).catch(() => {})
    unlisten()
    this.#interrupt = undefined
  }
}

/** Does `body` settle within {@link grace}? */
async function returned(body: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const done = body.then(
    () => true,
    () => true,
  )
  const late = delay(grace, timer.signal).then(
    () => false,
    () => false,
  )
  const result = await Promise.race([done, late])
  timer.abort()
  return result
}
