/** What a plugin's process says of its work, as tasks of the plugin. */

import { ShoalError } from '../../../errors.js'
import type { Task, TaskScope } from '../../../plugin.js'
import type { TaskReport } from './portable.pb.js'

/** Pieces of work that are kept. */
export const maxTasks = 100

const controls = /[\u0000-\u001f\u007f-\u009f]/g

interface Open {
  readonly task: Task
  readonly end: (error?: ShoalError) => void
  tell: (report: TaskReport) => void
}

/** The tasks of one process. */
export class TaskReports {
  readonly #open = new Map<string, Open>()

  get size(): number {
    return this.#open.size
  }

  /** Takes a report. What is too much, or has no name or state that there is, is left out. */
  take(scope: TaskScope | undefined, report: TaskReport): void {
    const name = report.name.slice(0, 100).replace(controls, ' ').trim()
    if (!scope || scope.signal.aborted || name === '') return
    const open = this.#open.get(name)
    if (report.state === 'done' || report.state === 'stopped') open?.end()
    else if (report.state === 'failed') open?.end(new ShoalError('ERR_PLUGIN_FAILED', textOf(report) || undefined))
    else if (report.state === 'running' || report.state === 'backoff') (open ?? this.#begin(scope, name))?.tell(report)
  }

  /** The process is gone, and its work with it. */
  end(): void {
    for (const open of [...this.#open.values()]) open.end()
  }

  #begin(scope: TaskScope, name: string): Open | undefined {
    if (this.#open.size >= maxTasks) return undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let last: TaskReport | undefined
    let tell = (report: TaskReport): void => {
      last = report
    }
    const task = scope.run(name, (own) => {
      tell = ({ state, done, total, ...report }) =>
        own.report?.({ text: textOf({ state, ...report }), ...(total > 0 && { done: Math.min(done, total), total }) })
      if (last) tell(last)
      own.signal.addEventListener('abort', () => resolve(), { once: true })
      return promise
    })
    const end = (error?: ShoalError): void => {
      this.#open.delete(name)
      if (error) reject(error)
      else resolve()
    }
    const open: Open = { task, end, tell: (report) => tell(report) }
    this.#open.set(name, open)
    task.done.catch(() => {})
    return open
  }
}

function textOf({ state, text }: Pick<TaskReport, 'state' | 'text'>): string {
  const clean = text.slice(0, 200).replace(controls, ' ')
  return state === 'backoff' ? `waits to try again${clean && `: ${clean}`}` : clean
}
