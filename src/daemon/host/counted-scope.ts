/** Task scopes of a plugin: every task, however deep, counts against the plugin's limit. */

import type { Task, TaskOptions, TaskScope } from '../../plugin.js'
import type { Registrations } from './registrations.js'

/** A {@link TaskScope} that counts. `run` throws `ERR_LIMIT` when the plugin has too many tasks. */
export class CountedScope implements TaskScope {
  readonly signal: AbortSignal
  readonly #inner: TaskScope
  readonly #registrations: Registrations

  constructor(inner: TaskScope, registrations: Registrations) {
    this.#inner = inner
    this.signal = inner.signal
    this.#registrations = registrations
  }

  run(name: string, body: (scope: TaskScope) => void | Promise<void>, options?: TaskOptions): Task {
    // the scope ends its tasks itself, so there is nothing to undo
    const drop = this.#registrations.add('task', String(name), () => () => {})
    try {
      const task = this.#inner.run(String(name), (scope) => body(new CountedScope(scope, this.#registrations)), options)
      task.done.then(drop, drop)
      return task
    } catch (error) {
      drop()
      throw error
    }
  }
}
