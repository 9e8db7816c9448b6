/** Services of the daemon's slots whose work a plugin's process does. */

import type { Logger, PluginContext } from '../../../plugin.js'
import type { Authentication, Cache, LogLine, Monitoring, Permission, Principal, ServiceName } from '../../../services.js'
import { Broadcast } from '../../util/queue.js'
import { Throttle } from '../../util/rate.js'
import { ProvidedLocks } from './provided-locks.js'
import { ProvidedLogger, plainFields } from './provided-logger.js'
import { providedStorage } from './provided-storage.js'
import type { ServiceCaller } from './service-caller.js'
import { isFields } from './service-json.js'

/** ms that a decision about somebody at the door may take. */
const decisionLimit = 5000

/** The services of one plugin, and what its process says of them unasked. */
export class ProvidedServices {
  readonly #caller: ServiceCaller
  readonly #log: Logger
  /** One waiting change says as much as many. */
  readonly #changed = new Broadcast<'changed'>(() => 'changed', 1)
  readonly #judged = new Broadcast<'changed'>(() => 'changed', 1)
  readonly #locks: ProvidedLocks

  constructor(caller: ServiceCaller, log: Logger) {
    this.#caller = caller
    this.#log = log
    this.#locks = new ProvidedLocks(caller)
  }

  /** Fills the slots. */
  provide(ctx: PluginContext, slots: readonly ServiceName[]): void {
    const caller = this.#caller
    for (const slot of slots) {
      if (slot === 'authentication') ctx.provide(slot, authentication(caller, this.#judged))
      else if (slot === 'permission') ctx.provide(slot, permission(caller, this.#changed))
      else if (slot === 'cache') ctx.provide(slot, cache(caller, this.#log))
      else if (slot === 'storage') ctx.provide(slot, providedStorage(caller))
      else if (slot === 'locks') ctx.provide(slot, this.#locks)
      else if (slot === 'logger') ctx.provide(slot, new ProvidedLogger(caller, this.#log))
      else if (slot === 'monitoring') ctx.provide(slot, monitoring(caller))
    }
  }

  /** A one-way method that the process called. Those that are not known come from a later version. */
  notice(slot: string, method: string, values: readonly unknown[]): void {
    if (slot === 'permission' && method === 'changed') this.#changed.emit('changed')
    else if (slot === 'authentication' && method === 'changed') this.#judged.emit('changed')
    else if (slot === 'locks' && method === 'lost') this.#locks.lost(values)
  }

  /** The process is gone: what it decided may be decided in another way by the next one, and nobody knows its locks. */
  gone(): void {
    this.#changed.emit('changed')
    this.#judged.emit('changed')
    this.#locks.gone()
  }
}

function authentication(caller: ServiceCaller, changed: Broadcast<'changed'>): Authentication {
  return {
    async authenticate(credentials) {
      const verdict = await caller.result('authentication', 'authenticate', [credentials], decisionLimit)
      if (verdict === null || verdict === false) return verdict
      return readPrincipal(verdict) ?? Promise.reject(caller.nonsense('authentication', 'authenticate'))
    },
    changes: (signal) => changed.listen(signal),
  }
}

function readPrincipal(value: unknown): Principal | undefined {
  if (!isFields(value)) return undefined
  const { kind, id, address, local } = value
  if ((kind !== 'owner' && kind !== 'peer' && kind !== 'client') || typeof id !== 'string' || id === '') return undefined
  return { kind, id, ...(typeof address === 'string' && { address }), ...(typeof local === 'boolean' && { local }) }
}

function permission(caller: ServiceCaller, changed: Broadcast<'changed'>): Permission {
  return {
    async allows(who, what) {
      const answer = await caller.result('permission', 'allows', [who, what], decisionLimit)
      return answer === true || (typeof answer === 'string' && answer !== '' && answer)
    },
    changes: (signal) => changed.listen(signal),
  }
}

/** A cache may lose what it has, so one whose process is away misses and does not fail; but what shall be gone has to be gone. */
function cache(caller: ServiceCaller, log: Logger): Cache {
  const notice = new Throttle(10_000)
  const failed = (error: unknown): undefined =>
    notice.run((more) => log.warn('the cache plugin failed', { plugin: caller.plugin, err: error, more })) as undefined
  return {
    get: (key) => caller.bytes('cache', 'get', [key]).catch(failed),
    set: async (key, value, ttl) => void (await caller.call('cache', 'set', [key, value, ttl]).catch(failed)),
    delete: async (key) => void (await caller.call('cache', 'delete', [key])),
    clear: async () => void (await caller.call('cache', 'clear', [])),
  }
}

/** Counts and lines that the process does not read in time are left out: an observer changes nothing. */
function monitoring(caller: ServiceCaller): Monitoring {
  const tell =
    (method: string) =>
    (told: unknown): void =>
      void caller.tell('monitoring', method, [told])
  const onError = ({ level, time, module, msg, fields }: LogLine): void =>
    tell('onError')({ level, time, module, msg: msg.slice(0, 8192), fields: plainFields(fields) })
  return { onError, onLogin: tell('onLogin'), onPayload: tell('onPayload'), onStream: tell('onStream') }
}
