/** What `ctx.use` gives for the cluster slots: whoever fills the slot now, and everything ends when the plugin stops. */

import { ShoalError } from '../../errors.js'
import type {
  ClusterNode,
  ClusterRegistry,
  Lock,
  LockOptions,
  Locks,
  StateRegistries,
  StateRegistry,
  SubscriptionRegistries,
  SubscriptionRegistry,
} from '../../services.js'
import { linkSignals } from '../util/linked-signal.js'
import { tended } from './containment.js'
import type { ClusterSlots } from './defaults/cluster/cluster-defaults.js'
import { ownPrefix } from './defaults/cluster/cluster-text.js'
import type { Hosted } from './hosted.js'
import { linkedEvents } from './linked-events.js'
import type { ServiceTable } from './services.js'

/** Makes them for one plugin. */
export function pluginCluster(hosted: Hosted, services: ServiceTable): ClusterSlots {
  return {
    clusterNode: pluginNode(hosted, () => services.use('clusterNode')),
    clusterRegistry: pluginRegistry(hosted, () => services.use('clusterRegistry')),
    stateRegistry: pluginStates(hosted, () => services.use('stateRegistry')),
    subscriptionRegistry: pluginSubscriptions(hosted, () => services.use('subscriptionRegistry')),
    locks: pluginLocks(hosted, () => services.use('locks')),
  }
}

/** Throws when the plugin has stopped. */
function checkLive(hosted: Hosted): void {
  const closed = hosted.closed()
  if (closed) throw closed
}

/** The daemon's own topics are not for plugins. */
function checkTopic(topic: string): void {
  if (String(topic).startsWith(ownPrefix)) throw new ShoalError('ERR_USAGE', `Topics that begin with ${ownPrefix} are the daemon's own.`)
}

function pluginNode(hosted: Hosted, node: () => ClusterNode): ClusterNode {
  const act = async (topic: string, call: () => Promise<void>): Promise<void> => {
    checkLive(hosted)
    checkTopic(topic)
    await call()
  }
  return {
    send: (topic, body) => tended(act(topic, () => node().send(topic, body))),
    sendDirect: (peer, topic, body) => tended(act(topic, () => node().sendDirect(peer, topic, body))),
    subscribe: (topic, options) => {
      checkLive(hosted)
      checkTopic(topic)
      return linkedEvents((signal) => node().subscribe(topic, { signal }), hosted.scope.signal, options?.signal)
    },
  }
}

function pluginRegistry(hosted: Hosted, registry: () => ClusterRegistry): ClusterRegistry {
  return {
    get self() {
      return registry().self
    },
    members: () => registry().members(),
    leader: () => registry().leader(),
    isLeader: () => registry().isLeader(),
    events: (options) => {
      checkLive(hosted)
      return linkedEvents((signal) => registry().events({ signal }), hosted.scope.signal, options?.signal)
    },
  }
}

function pluginStates(hosted: Hosted, states: () => StateRegistries): StateRegistries {
  const opened = new Map<string, StateRegistry>()
  return {
    getRegistry(topic) {
      checkLive(hosted)
      checkTopic(topic)
      const present = opened.get(topic)
      if (present) return present
      // opened at once, so that a wrong topic is refused here
      states().getRegistry(topic)
      const registry = pluginState(hosted, topic, () => states().getRegistry(topic))
      opened.set(topic, registry)
      return registry
    },
  }
}

/** Counts the references of the plugin: it can take away none of another plugin's, and leaves none behind. */
function pluginState(hosted: Hosted, topic: string, state: () => StateRegistry): StateRegistry {
  const references = new Map<string, number>()
  const { signal } = hosted.scope
  const removeAll = (): void => {
    for (const [name, count] of references) for (let left = count; left > 0; left--) state().remove(name)
    references.clear()
  }
  signal.addEventListener('abort', removeAll, { once: true })
  return {
    topic,
    add(name) {
      checkLive(hosted)
      state().add(name)
      references.set(name, (references.get(name) ?? 0) + 1)
    },
    remove(name) {
      const count = references.get(name) ?? 0
      if (count === 0) return
      if (count > 1) references.set(name, count - 1)
      else references.delete(name)
      state().remove(name)
    },
    has: (name) => state().has(name),
    getAll: (peer) => state().getAll(peer),
    ownersOf: (name) => state().ownersOf(name),
    events: (options) => {
      checkLive(hosted)
      return linkedEvents((own) => state().events({ signal: own }), signal, options?.signal)
    },
  }
}

function pluginSubscriptions(hosted: Hosted, subscriptions: () => SubscriptionRegistries): SubscriptionRegistries {
  return {
    getRegistry(topic) {
      checkLive(hosted)
      subscriptions().getRegistry(topic)
      return pluginSubscription(hosted, topic, () => subscriptions().getRegistry(topic))
    },
  }
}

function pluginSubscription(hosted: Hosted, topic: string, registry: () => SubscriptionRegistry): SubscriptionRegistry {
  const publish: SubscriptionRegistry['publish'] = async (name, body, options) => {
    checkLive(hosted)
    await registry().publish(name, body, options)
  }
  return {
    topic,
    subscribe(name, subscriber, options) {
      checkLive(hosted)
      const link = linkSignals(hosted.scope.signal, options?.signal)
      const stop = registry().subscribe(name, subscriber, { signal: link.signal })
      return () => {
        link.done()
        stop()
      }
    },
    publish: (name, body, options) => tended(publish(name, body, options)),
    subscribers: (name) => registry().subscribers(name),
    interested: (name) => registry().interested(name),
    names: () => registry().names(),
    events: (options) => {
      checkLive(hosted)
      return linkedEvents((signal) => registry().events({ signal }), hosted.scope.signal, options?.signal)
    },
  }
}

function pluginLocks(hosted: Hosted, locks: () => Locks): Locks {
  const get = async (name: string, options: LockOptions = {}): Promise<Lock | undefined> => {
    checkLive(hosted)
    const link = linkSignals(hosted.scope.signal, options.signal)
    try {
      const lock = await locks().get(name, { ...options, signal: link.signal })
      if (lock) releaseWith(hosted.scope.signal, lock)
      return lock
    } finally {
      link.done()
    }
  }
  return { get: (name, options) => tended(get(name, options)) }
}

/** Gives a lock back when the plugin stops. */
function releaseWith(owner: AbortSignal, lock: Lock): void {
  const release = (): void => void lock.release().catch(() => {})
  if (owner.aborted) release()
  else owner.addEventListener('abort', release, { once: true })
  lock.signal.addEventListener('abort', () => owner.removeEventListener('abort', release), { once: true })
}
