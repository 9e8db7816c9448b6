/** The `permission` slot as the daemon asks it: a provider that throws or does not answer refuses. */

import type { Logger } from '../../plugin.js'
import type { Action, Permission, Principal } from '../../services.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { contain, describe, type Outcome } from './containment.js'
import type { Provider } from './provider.js'

/** How it is made. */
export interface GuardedPermissionOptions {
  readonly provider: () => Provider<Permission> | undefined
  /** The plugin that should be the provider and does not run. */
  readonly lost: () => string | undefined
  readonly log: Logger
  /** ms. */
  readonly limit: number
  /** Told when the provider threw or hung. */
  readonly failed?: (plugin: string, error: unknown) => void
}

/** Answers `true`, `false` or a sentence; never throws, never hangs. */
export class GuardedPermission implements Permission {
  /** Questions that a provider answered with a throw or not at all. */
  failures = 0
  readonly #options: GuardedPermissionOptions
  readonly #notice = new Throttle(10_000)
  /** One waiting change says as much as many. */
  readonly #changes = new Broadcast<'changed'>(() => 'changed', 1)
  #following = new AbortController()

  constructor(options: GuardedPermissionOptions) {
    this.#options = options
  }

  allows(who: Principal, what: Action): boolean | string | Promise<boolean | string> {
    const source = what.action === 'stream.read' ? sourceOf(what.target) : undefined
    if (source === undefined) return this.#ask(who, what)
    // who may not have the stream may not have what is made of it either
    const answer = this.allows(who, { ...what, target: source })
    if (answer === true) return this.#ask(who, what)
    return typeof answer === 'object' ? answer.then((first) => (first === true ? this.#ask(who, what) : first)) : answer
  }

  #ask(who: Principal, what: Action): boolean | string | Promise<boolean | string> {
    const provider = this.#options.provider()
    if (!provider) return this.#closed(who)
    try {
      const answer = provider.service.allows(who, what)
      return typeof answer === 'object' ? this.#wait(provider.plugin, answer) : plain(answer)
    } catch (error) {
      return this.#failed(provider.plugin, { kind: 'threw', error })
    }
  }

  /** Yields when the provider says that its answers changed, and when there is another provider. */
  changes(signal: AbortSignal): AsyncIterable<unknown> {
    return this.#changes.listen(signal)
  }

  /** There is another provider, or none. */
  providerChanged(): void {
    this.#following.abort()
    this.#following = new AbortController()
    const provider = this.#options.provider()
    if (typeof provider?.service.changes === 'function') void this.#follow(provider, this.#following.signal)
    this.#changes.emit('changed')
  }

  async #follow({ plugin, service }: Provider<Permission>, signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of service.changes?.(signal) ?? []) this.#changes.emit('changed')
    } catch (error) {
      if (!signal.aborted) this.#options.log.error('permission plugin tells of no changes any more', { plugin, reason: describe(error) })
    }
  }

  /** Without a provider the owner goes on, so that the machine can be repaired; nobody else does. */
  #closed(who: Principal): boolean | string {
    if (who.kind === 'owner') return true
    const lost = this.#options.lost()
    return lost === undefined ? 'Nothing decides about permissions here.' : `The plugin ${lost}, which decides about permissions, does not run.`
  }

  async #wait(plugin: string, answer: PromiseLike<boolean | string>): Promise<boolean | string> {
    const outcome = await contain(`${plugin}.allows`, () => answer, this.#options.limit)
    return outcome.kind === 'done' ? plain(outcome.value) : this.#failed(plugin, outcome)
  }

  #failed(plugin: string, outcome: Exclude<Outcome<unknown>, { kind: 'done' }>): string {
    this.failures++
    this.#options.failed?.(plugin, outcome.error)
    this.#notice.run((more) => this.#options.log.error('permission plugin failed; refused', { plugin, reason: describe(outcome.error), more }))
    return outcome.kind === 'hung' ? `The plugin ${plugin} took too long to decide.` : `The plugin ${plugin} failed to decide.`
  }
}

/** The stream that `live/cam~opus` is made of. */
function sourceOf(path: string): string | undefined {
  return /^(.+)~[a-z0-9]{1,20}$/.exec(path)?.[1]
}

/** Anything but `true` and a sentence is a plain refusal. */
function plain(answer: unknown): boolean | string {
  return typeof answer === 'string' ? answer.slice(0, 500) || false : answer === true
}
