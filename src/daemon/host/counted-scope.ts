/** Task scopes of a plugin: every task, however deep, counts against the plugin's limit. */

import type { Task, TaskOptions, TaskProgress, TaskScope } from '../../plugin.js'
import type { Registrations } from './registrations.js'

/** A {@link TaskScope} that counts. `run` throws `ERR_LIMIT` when the plugin has too many tasks. */
export class CountedScope implements TaskScope {
  readonly signal: AbortSignal
  readonly #inner: TaskScope
  readonly #registrations: Registrations
  readonly #failed: (task: string, error: unknown) => void

  /** `failed` is told of each throw of a task that was not aborted. */
  constructor(inner: TaskScope, registrations: Registrations, failed: (task: string, error: unknown) => void) {
    this.#inner = inner
    this.signal = inner.signal
    this.#registrations = registrations
    this.#failed = failed
  }

  report(progress: TaskProgress): void {
    this.#inner.report?.(progress)
  }

  run(name: string, body: (scope: TaskScope) => void | Promise<void>, options?: TaskOptions): Task {
    // the scope ends its tasks itself, so there is nothing to undo
    const drop = this.#registrations.add('task', String(name), () => () => {})
    try {
      const task = this.#inner.run(String(name), (scope) => this.#do(String(name), body, scope), options)
      task.done.then(drop, drop)
      return task
    } catch (error) {
      drop()
      throw error
    }
  }

  async #do(name: string, body: (scope: TaskScope) => void | Promise<void>, scope: TaskScope): Promise<void> {
    try {
      await body(new CountedScope(scope, this.#registrations, this.#failed))
    } catch (error) {
      if (!scope.signal.aborted) this.#failed(name, error)
      throw error
    }
  }
}
