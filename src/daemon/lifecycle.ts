/**
 * Start in order, stop in reverse, each step with its own limit, and a report of both. One lifecycle runs once: it starts, it stops, and that was it.
 *
 * What happens when:
 * - `start` again: the same promise. After `stop`: `ERR_STOPPING`.
 * - A step fails or takes too long: its signal aborts, and the stop runs for all steps that were started, the failing one first.
 * - `stop` while starting: the signal aborts, no further step begins, the step under way is given its own stop's limit to return, and the same stop runs.
 * - `stop` again: the same promise. A step that fails or hangs in its stop is named, and the others go on.
 */

import { ShoalError } from '../errors.js'
import type { Logger } from '../plugin.js'
import { abortable, abortReason, deadline, monotonic, within } from './util/wait.js'

/** One part of the daemon. */
export interface Step {
  readonly name: string
  /** Resolves when the part is up. Throws `signal.reason` when it is told to give up. */
  start(signal: AbortSignal): void | Promise<void>
  /** Undoes `start`. Also called when `start` failed or did not return: it must bear that. */
  stop?(): void | Promise<void>
  /** ms; default 30,000. */
  readonly startTimeout?: number
  /** ms; default 10,000. */
  readonly stopTimeout?: number
}

/** How one step went. */
export interface StepReport {
  readonly name: string
  readonly ms: number
  /** `aborted`: told to give up by a stop, and did. */
  readonly outcome: 'ok' | 'failed' | 'timeout' | 'aborted'
  readonly error?: string
}

/** How a start or a stop went. Steps that were not reached are not in it. */
export interface LifecycleReport {
  readonly ok: boolean
  readonly ms: number
  readonly steps: readonly StepReport[]
}

/** Where a lifecycle is. */
export type LifecycleState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped'

const startLimit = 30_000
const stopLimit = 10_000

/** Steps as one whole. */
export class Lifecycle {
  #state: LifecycleState = 'created'
  #starting: Promise<LifecycleReport> | undefined
  #stopping: Promise<LifecycleReport> | undefined
  #startReport: LifecycleReport | undefined
  #stopReport: LifecycleReport | undefined
  /** Begun, in order. */
  readonly #begun: Step[] = []
  readonly #ending = new AbortController()
  readonly #steps: readonly Step[]
  readonly #log: Logger | undefined

  constructor(steps: readonly Step[], options: { readonly log?: Logger } = {}) {
    this.#steps = steps
    this.#log = options.log
  }

  get state(): LifecycleState {
    return this.#state
  }

  /** How the start went, once it is over. */
  get startReport(): LifecycleReport | undefined {
    return this.#startReport
  }

  /** How the stop went, once it is over. */
  get stopReport(): LifecycleReport | undefined {
    return this.#stopReport
  }

  /**
   * Starts all steps, one after the other. Rejects, after the stop has run, with `ERR_START_FAILED` that names the step and keeps its error as
   * `cause`; with `ERR_ABORTED` when {@link stop} was called meanwhile, `ERR_STOPPING` when before.
   */
  start(): Promise<LifecycleReport> {
    if (!this.#starting && this.#stopping) return Promise.reject(new ShoalError('ERR_STOPPING', 'It has been stopped and starts no more.'))
    this.#starting ??= this.#start()
    return this.#starting
  }

  /** Stops what was started, in reverse. Never rejects: look at the report. */
  stop(): Promise<LifecycleReport> {
    if (!this.#stopping) {
      this.#ending.abort(new ShoalError('ERR_ABORTED', 'The daemon stops.'))
      const started = this.#begin
      this.#stopping = started.then(() => this.#stop())
    }
    return this.#stopping
  }

  /** Settles when no step is starting any more; never rejects. */
  #begin: Promise<unknown> = Promise.resolve()

  async #start(): Promise<LifecycleReport> {
    this.#state = 'starting'
    const begin = monotonic()
    const reports: StepReport[] = []
    const running = this.#startAll(reports)
    this.#begin = running
    const failure = await running
    this.#startReport = { ok: failure === undefined, ms: monotonic() - begin, steps: reports }
    if (failure === undefined) {
      if (!this.#stopping) this.#state = 'running'
      return this.#startReport
    }
    await this.stop()
    throw failure
  }

  /** Starts the steps until one does not; the reason for that. */
  async #startAll(reports: StepReport[]): Promise<ShoalError | undefined> {
    for (const step of this.#steps) {
      if (this.#ending.signal.aborted) return new ShoalError('ERR_ABORTED', `The start was cancelled before ${step.name}.`)
      this.#begun.push(step)
      const { report, error } = await this.#startStep(step)
      reports.push(report)
      this.#log?.debug('started', { ...report })
      if (report.outcome === 'aborted') return new ShoalError('ERR_ABORTED', `The start was cancelled at ${step.name}.`, { cause: error })
      if (report.outcome !== 'ok') {
        this.#log?.error('a step did not start', { step: step.name, err: error })
        return new ShoalError('ERR_START_FAILED', `${step.name} did not start: ${report.error}`, { cause: error, ...hintOf(error) })
      }
    }
    return undefined
  }

  async #startStep(step: Step): Promise<{ report: StepReport; error?: unknown }> {
    const begin = monotonic()
    const limit = step.startTimeout ?? startLimit
    const { signal, done } = deadline(limit, 'ERR_TIMEOUT', `not up within ${limit} ms`, this.#ending.signal)
    const starting = Promise.resolve().then(() => step.start(signal))
    const result = (outcome: StepReport['outcome'], error?: unknown) => {
      const report = { name: step.name, ms: monotonic() - begin, outcome, ...(error !== undefined && { error: ShoalError.from(error).message }) }
      return { report, error }
    }
    try {
      await abortable(starting, signal)
      return result('ok')
    } catch (error) {
      if (!signal.aborted) return result('failed', error)
      if (!this.#ending.signal.aborted) return result('timeout', abortReason(signal))
      // Told to give up: a little patience, so that its stop does not run beside its start.
      await within(starting, step.stopTimeout ?? stopLimit, 'ERR_TIMEOUT').catch(() => {})
      return result('aborted', error)
    } finally {
      done()
    }
  }

  async #stop(): Promise<LifecycleReport> {
    this.#state = 'stopping'
    const begin = monotonic()
    const steps: StepReport[] = []
    for (const step of this.#begun.splice(0).reverse()) {
      const report = await stopStep(step)
      steps.push(report)
      if (report.outcome === 'ok') this.#log?.debug('stopped', { ...report })
      else this.#log?.warn('a step did not stop', { ...report })
    }
    this.#stopReport = { ok: steps.every(({ outcome }) => outcome === 'ok'), ms: monotonic() - begin, steps }
    this.#state = 'stopped'
    return this.#stopReport
  }
}

async function stopStep(step: Step): Promise<StepReport> {
  const begin = monotonic()
  const limit = step.stopTimeout ?? stopLimit
  const { signal, done } = deadline(limit, 'ERR_TIMEOUT', `not down within ${limit} ms`)
  try {
    await abortable(
      Promise.resolve().then(() => step.stop?.()),
      signal,
    )
    return { name: step.name, ms: monotonic() - begin, outcome: 'ok' }
  } catch (error) {
    const outcome = signal.aborted && error === signal.reason ? 'timeout' : 'failed'
    return { name: step.name, ms: monotonic() - begin, outcome, error: ShoalError.from(error).message }
  } finally {
    done()
  }
}

/** What to do about a step's failure is what to do about the start's. */
function hintOf(error: unknown): { hint?: string } {
  return error instanceof ShoalError && error.hint !== undefined ? { hint: error.hint } : {}
}

/** Names of the steps that hung in a report: for the last words of a process. */
export function hungSteps(report: LifecycleReport): readonly string[] {
  return report.steps.filter(({ outcome }) => outcome === 'timeout').map(({ name }) => name)
}
