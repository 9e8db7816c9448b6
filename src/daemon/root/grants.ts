/** What was permitted and still runs. It is asked for again whenever the answers of `permission` may have changed. */

import type { Logger } from '../../plugin.js'
import type { Action, Permission, Principal } from '../../services.js'

/** How it is made. */
export interface GrantsOptions {
  /** Never throws, never hangs: the guarded slot. */
  readonly permission: Permission
  readonly log: Logger
}

/** Something that runs because it was permitted. */
interface Grant {
  readonly who: Principal
  readonly what: Action
  readonly revoke: (reason: string) => void
}

/** All of a daemon. */
export class Grants {
  readonly #options: GrantsOptions
  readonly #held = new Set<Grant>()
  readonly #controller = new AbortController()
  #watching: Promise<void> = Promise.resolve()

  constructor(options: GrantsOptions) {
    this.#options = options
  }

  /** Begins to listen for changes. */
  start(): void {
    this.#watching = this.#watch()
  }

  /**
   * Calls `revoke`, once, when what was permitted is refused later. Take it before asking for permission: then no change can
   * slip in between. Returns the undo, for when it is over.
   */
  hold(who: Principal, what: Action, revoke: (reason: string) => void): () => void {
    const grant: Grant = { who, what, revoke }
    this.#held.add(grant)
    return () => void this.#held.delete(grant)
  }

  async close(): Promise<void> {
    this.#controller.abort()
    this.#held.clear()
    await this.#watching
  }

  async #watch(): Promise<void> {
    const { permission } = this.#options
    for await (const _ of permission.changes?.(this.#controller.signal) ?? []) await Promise.all([...this.#held].map((grant) => this.#askAgain(grant)))
  }

  async #askAgain(grant: Grant): Promise<void> {
    const { who, what, revoke } = grant
    const answer = await this.#options.permission.allows(who, what)
    // `delete` also says whether it is over by now
    if (answer === true || !this.#held.delete(grant)) return
    this.#options.log.info('a permission was taken back', { who: `${who.kind} ${who.id}`, action: what.action, target: what.target })
    revoke(typeof answer === 'string' ? answer : `${what.action} of ${what.target} is not permitted any more.`)
  }
}
