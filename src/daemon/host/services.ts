/**
 * The service slots at run time: who fills which, and the one object behind each that the rest of the daemon uses.
 *
 * - A slot that no plugin fills has its default. `authentication` keeps its default behind all plugins, so that a plugin
 *   that knows other credentials does not lock the owner's token out; it decides first, and may refuse.
 * - `permission`, `storage` fail closed: when the plugin that fills them fails or stops, the default does not step in,
 *   because that would open what it had closed, or write data to another place.
 * - `logger`, `authentication` and `monitoring` are combinations, `permission` is guarded: these four objects stay the same
 *   for the whole run and always speak to whoever fills the slot now.
 */

import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { ServiceName, Services } from '../../services.js'
import { CombinedAuthentication } from './combined-authentication.js'
import { CombinedLogger } from './combined-logger.js'
import { CombinedMonitoring } from './combined-monitoring.js'
import { GuardedPermission } from './guarded-permission.js'
import type { Provider } from './provider.js'

/** How the table is made. */
export interface ServiceTableOptions {
  readonly defaults: Partial<Services>
  readonly log: Logger
  /** ms that a provider of `authentication` or `permission` has; default 5,000. */
  readonly limit?: number
}

/** A slot as lists show it. */
export interface SlotInfo {
  readonly slot: string
  readonly providers: readonly string[]
  /** The default answers, alone or behind the providers. */
  readonly usesDefault: boolean
  /** The plugin that should fill it and does not run; the slot is closed for that reason. */
  readonly lost?: string
}

/** Slots that may have several providers. */
export const severalSlots: readonly string[] = ['logger', 'authentication', 'monitoring', 'endpoint']
/** Slots whose default stays there, behind the providers. */
const keptDefaults: readonly string[] = ['authentication', 'endpoint']
const closedSlots: readonly string[] = ['permission', 'storage']

/** Functions a service has to have, for the slots of `services.ts`. */
const shapes: Readonly<Record<string, readonly string[]>> = {
  logger: ['write'],
  storage: ['open'],
  cache: ['get', 'set', 'delete', 'clear'],
  permission: ['allows'],
  authentication: ['authenticate'],
  // each of its calls may be absent
  monitoring: [],
  endpoint: ['open', 'close'],
  clusterNode: ['send', 'sendDirect', 'subscribe'],
  clusterRegistry: ['members', 'leader', 'isLeader', 'events'],
  stateRegistry: ['getRegistry'],
  subscriptionRegistry: ['getRegistry'],
  locks: ['get'],
}

/** Who fills which slot. */
export class ServiceTable {
  /** Writes each line to every sink. */
  readonly logger: CombinedLogger
  /** Asks the providers in order. */
  readonly authentication: CombinedAuthentication
  /** Asks the one provider, within a limit. */
  readonly permission: GuardedPermission
  /** Tells all observers. */
  readonly monitoring: CombinedMonitoring
  readonly #watchers = new Map<string, Set<() => void>>()
  #reported: (plugin: string, slot: string, error: unknown) => void = () => {}
  readonly #defaults: ReadonlyMap<string, unknown>
  readonly #providers = new Map<string, Provider<unknown>[]>()
  readonly #declared = new Map<string, string>()
  readonly #lost = new Map<string, string>()

  constructor(options: ServiceTableOptions) {
    this.#defaults = new Map(Object.entries(options.defaults).filter(([, service]) => service !== undefined))
    const limit = options.limit ?? 5000
    const failed = (slot: string) => (plugin: string, error: unknown) => this.#reported(plugin, slot, error)
    this.logger = new CombinedLogger(() => this.#all('logger'), failed('logger'))
    this.authentication = new CombinedAuthentication({
      providers: () => this.#all('authentication'),
      cache: () => this.use('cache'),
      log: options.log,
      limit,
      judged: (login) => this.monitoring.onLogin(login),
      failed: failed('authentication'),
    })
    this.monitoring = new CombinedMonitoring({ observers: () => this.#all('monitoring'), log: options.log, failed: failed('monitoring') })
    this.permission = new GuardedPermission({
      provider: () => this.#current('permission'),
      lost: () => this.#lost.get('permission'),
      log: options.log,
      limit,
      failed: failed('permission'),
    })
  }

  /** Announces that `plugin` will fill `slots`. Throws `ERR_SLOT_CONFLICT` naming both plugins when another one announced a single slot before. */
  declare(plugin: string, slots: readonly string[]): void {
    for (const slot of slots) {
      if (severalSlots.includes(slot)) continue
      const other = this.#declared.get(slot)
      if (other !== undefined && other !== plugin) throw conflict(slot, other, plugin)
      this.#declared.set(slot, plugin)
    }
  }

  /**
   * Fills a slot; of several providers the lowest `rank` is asked first. Returns the undo. Throws `ERR_PLUGIN_INVALID` for
   * an object that is not such a service, `ERR_SLOT_CONFLICT`.
   */
  provide<K extends ServiceName>(plugin: string, slot: K, service: Services[K], rank = 0): () => void {
    const missing = missingMember(slot, service)
    if (missing !== undefined) throw new ShoalError('ERR_PLUGIN_INVALID', `${plugin} fills the slot ${slot} with an object without ${missing}.`)
    const present = this.#providers.get(slot) ?? []
    const other = present[0]
    if (other && (!severalSlots.includes(slot) || present.some((one) => one.plugin === plugin))) throw conflict(slot, other.plugin, plugin)
    const provider: Provider<unknown> = { plugin, rank, service }
    this.#providers.set(
      slot,
      [...present, provider].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0)),
    )
    this.#lost.delete(slot)
    this.#changed(slot)
    const unfollow = slot === 'authentication' && isChanging(service) ? this.authentication.follow(plugin, service) : () => {}
    return () => {
      unfollow()
      const rest = (this.#providers.get(slot) ?? []).filter((one) => one !== provider)
      this.#providers.set(slot, rest)
      this.lose(plugin, [slot])
    }
  }

  /** Says that `plugin` does not fill these slots after all. Slots that fail closed are closed from now on. */
  lose(plugin: string, slots: readonly string[]): void {
    for (const slot of slots) if (closedSlots.includes(slot)) this.#lost.set(slot, plugin)
    for (const slot of slots) this.#changed(slot)
  }

  /** From now on `listener` is told when a plugin that fills one of the four combined or guarded slots throws or hangs. One listener. */
  reportTo(listener: (plugin: string, slot: string, error: unknown) => void): void {
    this.#reported = listener
  }

  /** Which plugin announced itself for a slot that takes one. */
  declaredBy(slot: string): string | undefined {
    return this.#declared.get(slot)
  }

  /**
   * Takes back what {@link declare} said, but for the slots in `keep`: another plugin may fill them now, and until then the
   * default does. That is so for `permission` too, as a person decided it. `storage` stays closed: what was written would
   * not be there.
   */
  release(plugin: string, keep: readonly string[] = []): void {
    const ended = [...this.#declared].filter(([slot, owner]) => owner === plugin && !keep.includes(slot))
    for (const [slot] of ended) this.#declared.delete(slot)
    for (const [slot, owner] of [...this.#lost]) {
      if (owner !== plugin || slot === 'storage' || keep.includes(slot)) continue
      this.#lost.delete(slot)
      this.#changed(slot)
    }
  }

  /** What was found out with the providers of before counts no more. */
  #changed(slot: string): void {
    if (slot === 'authentication') this.authentication.invalidate()
    if (slot === 'permission') this.permission.providerChanged()
    for (const watcher of this.#watchers.get(slot) ?? []) watcher()
  }

  /** Who fills a slot that takes several, the default among them. */
  providers<K extends 'authentication' | 'endpoint' | 'monitoring'>(slot: K): readonly Provider<Services[K]>[] {
    return this.#all(slot)
  }

  /** Calls `changed` whenever somebody fills a slot or leaves it. Returns the undo. */
  watch(slot: ServiceName, changed: () => void): () => void {
    const watchers = this.#watchers.get(slot) ?? new Set()
    this.#watchers.set(slot, watchers.add(changed))
    return () => void watchers.delete(changed)
  }

  /** The service in a slot. Throws `ERR_SLOT_EMPTY`. */
  use<K extends ServiceName>(slot: K): Services[K]
  use(slot: string): unknown {
    if (slot === 'logger') return this.logger
    if (slot === 'authentication') return this.authentication
    if (slot === 'permission') return this.permission
    if (slot === 'monitoring') return this.monitoring
    // whoever could close another's door, or the owner's, would not be a guest
    if (slot === 'endpoint') throw new ShoalError('ERR_SLOT_EMPTY', 'Endpoints are opened by the daemon and used by nobody else.')
    const provider = this.#current(slot)
    if (provider) return provider.service
    const lost = this.#lost.get(slot)
    const why = lost === undefined ? 'no plugin fills it, and it has no default' : `the plugin ${lost}, which fills it, does not run`
    throw new ShoalError('ERR_SLOT_EMPTY', `There is no service in the slot ${slot}: ${why}.`)
  }

  /** Would {@link use} find a service that works? */
  filled(slot: string): boolean {
    return slot === 'monitoring' || this.#current(slot) !== undefined
  }

  /** Forgets what was found out about credentials: call it when a token changes. */
  invalidate(): void {
    this.authentication.invalidate()
  }

  /** Every slot of `services.ts`, and those that plugins added. */
  list(): readonly SlotInfo[] {
    const slots = new Set([...Object.keys(shapes), ...this.#defaults.keys(), ...this.#providers.keys(), ...this.#lost.keys()])
    return [...slots].sort().map((slot) => {
      const providers = (this.#providers.get(slot) ?? []).map((one) => one.plugin)
      const lost = this.#lost.get(slot)
      const usesDefault = this.#defaults.has(slot) && lost === undefined && (providers.length === 0 || keptDefaults.includes(slot))
      return { slot, providers, usesDefault, ...(lost !== undefined && { lost }) }
    })
  }

  /** The provider of a single slot, or its default where that may step in. */
  #current<K extends ServiceName>(slot: K): Provider<Services[K]> | undefined
  #current(slot: string): Provider<unknown> | undefined
  #current(slot: string): Provider<unknown> | undefined {
    const provider = this.#providers.get(slot)?.[0]
    if (provider || this.#lost.has(slot)) return provider
    return this.#fallback(slot)
  }

  /** The providers of a slot that may have several. */
  #all<K extends ServiceName>(slot: K): readonly Provider<Services[K]>[]
  #all(slot: string): readonly Provider<unknown>[] {
    const providers = this.#providers.get(slot) ?? []
    if (providers.length > 0 && !keptDefaults.includes(slot)) return providers
    const fallback = this.#fallback(slot)
    return fallback ? [...providers, fallback] : providers
  }

  #fallback(slot: string): Provider<unknown> | undefined {
    return this.#defaults.has(slot) ? { plugin: 'default', service: this.#defaults.get(slot) } : undefined
  }
}

function conflict(slot: string, first: string, second: string): ShoalError {
  const message = first === second ? `${first} fills the slot ${slot} twice.` : `Both ${first} and ${second} fill the service slot ${slot}, which takes one.`
  return new ShoalError('ERR_SLOT_CONFLICT', message, { data: { slot, plugins: [first, second] } })
}

/** Does the service tell of changes? */
function isChanging(service: object): service is { changes(signal: AbortSignal): AsyncIterable<unknown> } {
  return 'changes' in service && typeof service.changes === 'function'
}

function missingMember(slot: string, service: unknown): string | undefined {
  const members: Record<string, unknown> = Object(service)
  if (service === undefined || service === null) return 'any member'
  return (shapes[slot] ?? []).find((member) => typeof members[member] !== 'function')
}
