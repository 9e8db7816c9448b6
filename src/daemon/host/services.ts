/**
 * The service slots at run time: who fills which, and the one object behind each that the rest of the daemon uses.
 *
 * - A slot that no plugin fills has its default. `authentication` keeps its default behind all plugins, so that a plugin
 *   that knows other credentials does not lock the owner's token out; it decides first, and may refuse.
 * - `permission`, `storage` fail closed: when the plugin that fills them fails or stops, the default does not step in,
 *   because that would open what it had closed, or write data to another place.
 * - `logger` and `authentication` are combinations, `permission` is guarded: these three objects stay the same for the
 *   whole run and always speak to whoever fills the slot now.
 */

import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { ServiceName, Services } from '../../services.js'
import { CombinedAuthentication } from './combined-authentication.js'
import { CombinedLogger } from './combined-logger.js'
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

const severalSlots: readonly string[] = ['logger', 'authentication']
const closedSlots: readonly string[] = ['permission', 'storage']

/** Functions a service has to have, for the slots of `services.ts`. */
const shapes: Readonly<Record<string, readonly string[]>> = {
  logger: ['write'],
  storage: ['open'],
  cache: ['get', 'set', 'delete', 'clear'],
  permission: ['allows'],
  authentication: ['authenticate'],
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
  readonly #defaults: ReadonlyMap<string, unknown>
  readonly #providers = new Map<string, Provider<unknown>[]>()
  readonly #declared = new Map<string, string>()
  readonly #lost = new Map<string, string>()

  constructor(options: ServiceTableOptions) {
    this.#defaults = new Map(Object.entries(options.defaults).filter(([, service]) => service !== undefined))
    const limit = options.limit ?? 5000
    this.logger = new CombinedLogger(() => this.#all('logger'))
    this.authentication = new CombinedAuthentication({ providers: () => this.#all('authentication'), cache: () => this.use('cache'), log: options.log, limit })
    this.permission = new GuardedPermission({ provider: () => this.#current('permission'), lost: () => this.#lost.get('permission'), log: options.log, limit })
  }

  /** Announces that `plugin` will fill `slots`. Throws `ERR_SLOT_CONFLICT` naming both plugins when another one announced a single slot before. */
  declare(plugin: string, slots: readonly string[]): void {
    for (const slot of slots) {
      if (severalSlots.includes(slot)) continue
      const other = this.#declared.get(slot)
      if (other !== undefined) throw conflict(slot, other, plugin)
      this.#declared.set(slot, plugin)
    }
  }

  /** Fills a slot. Returns the undo. Throws `ERR_PLUGIN_INVALID` for an object that is not such a service, `ERR_SLOT_CONFLICT`. */
  provide<K extends ServiceName>(plugin: string, slot: K, service: Services[K]): () => void {
    const missing = missingMember(slot, service)
    if (missing !== undefined) throw new ShoalError('ERR_PLUGIN_INVALID', `${plugin} fills the slot ${slot} with an object without ${missing}.`)
    const present = this.#providers.get(slot) ?? []
    const other = present[0]
    if (other && (!severalSlots.includes(slot) || present.some((one) => one.plugin === plugin))) throw conflict(slot, other.plugin, plugin)
    const provider: Provider<unknown> = { plugin, service }
    this.#providers.set(slot, [...present, provider])
    this.#lost.delete(slot)
    this.#changed(slot)
    return () => {
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

  /** What was found out with the providers of before counts no more. */
  #changed(slot: string): void {
    if (slot === 'authentication') this.authentication.invalidate()
    if (slot === 'permission') this.permission.providerChanged()
  }

  /** The service in a slot. Throws `ERR_SLOT_EMPTY`. */
  use<K extends ServiceName>(slot: K): Services[K]
  use(slot: string): unknown {
    if (slot === 'logger') return this.logger
    if (slot === 'authentication') return this.authentication
    if (slot === 'permission') return this.permission
    const provider = this.#current(slot)
    if (provider) return provider.service
    const lost = this.#lost.get(slot)
    const why = lost === undefined ? 'no plugin fills it, and it has no default' : `the plugin ${lost}, which fills it, does not run`
    throw new ShoalError('ERR_SLOT_EMPTY', `There is no service in the slot ${slot}: ${why}.`)
  }

  /** Would {@link use} find a service that works? */
  filled(slot: string): boolean {
    return this.#current(slot) !== undefined
  }

  /** Forgets what was found out about credentials: call it when a token changes. */
  invalidate(): void {
    this.authentication.invalidate()
  }

  /** Every slot that has a default or a provider. */
  list(): readonly SlotInfo[] {
    const slots = new Set([...this.#defaults.keys(), ...this.#providers.keys(), ...this.#lost.keys()])
    return [...slots].sort().map((slot) => {
      const providers = (this.#providers.get(slot) ?? []).map((one) => one.plugin)
      const lost = this.#lost.get(slot)
      const usesDefault = this.#defaults.has(slot) && lost === undefined && (providers.length === 0 || slot === 'authentication')
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
    if (providers.length > 0 && slot !== 'authentication') return providers
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

function missingMember(slot: string, service: unknown): string | undefined {
  const members: Record<string, unknown> = Object(service)
  if (service === undefined || service === null) return 'any member'
  return (shapes[slot] ?? []).find((member) => typeof members[member] !== 'function')
}
