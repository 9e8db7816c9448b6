/** The plugins that run: how one of them begins, gets its payload kinds, and ends, while all others go on. */

import type { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import { Claims } from './claims.js'
import { contain } from './containment.js'
import type { ClaimInfo, Hosted } from './hosted.js'
import type { HostLimits } from './limits.js'
import type { HostOptions, HostParts } from './parts.js'
import type { Runnable } from './roster.js'
import { retire, Starter } from './starter.js'

/** What it needs. */
export interface RunningInit {
  readonly options: HostOptions
  readonly limits: HostLimits
  readonly log: Logger
  readonly parts: () => HostParts
  /** A plugin's process is not started again any more. */
  readonly givenUp: (one: Runnable, error: ShoalError) => void
}

/** Those that run, by name. */
export class Running {
  readonly claims: Claims
  readonly #init: RunningInit
  readonly #starter: Starter
  readonly #running = new Map<string, Runnable>()

  constructor(init: RunningInit) {
    this.#init = init
    this.#starter = new Starter(init)
    this.claims = new Claims((kind, plugin) => init.parts().claim(kind, plugin), init.log)
  }

  get size(): number {
    return this.#running.size
  }

  get(name: string): Runnable | undefined {
    return this.#running.get(name)
  }

  /** In the order in which they were started. */
  values(): Runnable[] {
    return [...this.#running.values()]
  }

  clear(): void {
    this.#running.clear()
  }

  /** Starts one; it then is `running`, or `failed` with its reason and nothing left of it. Never rejects. */
  async start(one: Runnable): Promise<void> {
    const { hosted, plugin, config } = one
    // before the start: nothing that happens to the process may be missed
    const unlisten = hosted.entry.process?.onGivenUp((error) => this.#init.givenUp(one, error))
    if (unlisten) hosted.scope.signal.addEventListener('abort', unlisten, { once: true })
    await this.#starter.start(hosted, plugin, config)
    if (hosted.state === 'running') this.#running.set(hosted.name, one)
  }

  /** Gives it its payload kinds. */
  claim({ name, kinds, rank, registrations }: Hosted): void {
    for (const kind of kinds) registrations.add('kind', kind, () => this.claims.add(kind, name, rank))
  }

  /**
   * Ends one: who is shadowed takes its kinds over, then `shutdown`, then its signal aborts with `reason`, its tasks are
   * awaited and everything it registered is undone. Never rejects, and takes no longer than the limits say.
   */
  async end(one: Runnable, reason: ShoalError): Promise<void> {
    const { log, limits } = this.#init
    await this.#close(one)
    await retire(one.hosted, reason, limits.tasks, log)
    one.hosted.state = 'stopped'
    this.#running.delete(one.hosted.name)
    this.#tellDependents(one.hosted)
  }

  /** As {@link end}; it is `failed` then, and what it filled stays closed where that is the safe way. */
  async fail(one: Runnable, where: string, error: ShoalError): Promise<void> {
    await this.#close(one)
    await this.#starter.fail(one.hosted, where, { kind: 'threw', error })
    this.#running.delete(one.hosted.name)
    this.#tellDependents(one.hosted)
  }

  /** The kinds a plugin claims, with who has them instead. */
  claimsOf(hosted: Hosted): ClaimInfo[] {
    return hosted.kinds.map((kind) => {
      const winner = this.claims.winner(kind)
      return { kind, ...(winner !== undefined && winner !== hosted.name && { shadowedBy: winner }) }
    })
  }

  async #close({ hosted, plugin }: Runnable): Promise<void> {
    hosted.state = 'stopping'
    for (const fault of hosted.registrations.undo('kind')) this.#init.log.warn('a registration could not be undone', { plugin: hosted.name, fault })
    const outcome = await contain(`${hosted.name}.shutdown`, () => plugin.shutdown?.(), this.#init.limits.shutdown)
    if (outcome.kind !== 'done') hosted.note('shutdown', outcome)
  }

  /** What they got from `ctx.use` says so itself at each call; this line says why. */
  #tellDependents(gone: Hosted): void {
    const { log, options } = this.#init
    for (const { hosted } of this.#running.values()) {
      const slot = hosted.requires.find((one) => gone.provides.includes(one) && !options.services.filled(one))
      if (slot !== undefined) log.warn('a plugin needs a service slot that nothing fills now', { plugin: hosted.name, slot, was: gone.name })
    }
  }
}
