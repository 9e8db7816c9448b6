/** What one plugin sees of the daemon. Everything that goes through here is owned by the plugin and ends with it. */

import { ShoalError } from '../../errors.js'
import type { Http, Logger, Payloads, Peers, PluginContext, PullerFactory, PusherFactory, Streams, Task, TaskOptions, TaskScope } from '../../plugin.js'
import type { KeyValue, LogSink, ServiceName, Services } from '../../services.js'
import { TokenBucket } from '../util/rate.js'
import { tended } from './containment.js'
import { pluginCluster } from './context-cluster.js'
import { pluginPuller, pluginPusher } from './context-factories.js'
import { pluginHttp } from './context-http.js'
import { pluginPayloads } from './context-payloads.js'
import { PluginStore, pluginNamespace, pluginStorage } from './context-store.js'
import { pluginStreams } from './context-streams.js'
import { CountedScope } from './counted-scope.js'
import { type ClusterSlots, isClusterSlot } from './defaults/cluster/cluster-defaults.js'
import type { Hosted } from './hosted.js'
import { lastingService } from './lasting-service.js'
import type { HostLimits } from './limits.js'
import { linkedEvents } from './linked-events.js'
import type { HostNode, HostOptions, HostParts } from './parts.js'

/** What a context is made of. */
export interface ContextInit {
  readonly hosted: Hosted
  /** Checked, frozen. */
  readonly config: unknown
  /** Exists. */
  readonly dataDir: string
  readonly options: HostOptions
  readonly limits: HostLimits
  /** Throws while the parts are not there yet. */
  readonly parts: () => HostParts
}

/** The context of one plugin. After the plugin stopped, members that act throw or reject with `ERR_STOPPING`; lists can still be read and log lines written. */
export class HostContext implements PluginContext {
  readonly config: unknown
  readonly log: Logger
  readonly dataDir: string
  readonly store: KeyValue
  readonly node: HostNode
  readonly peers: Peers
  readonly payloads: Payloads
  readonly streams: Streams
  readonly http: Http
  readonly signal: AbortSignal
  readonly #init: ContextInit
  readonly #scope: TaskScope
  readonly #sink: LogSink
  readonly #cluster: ClusterSlots

  constructor(init: ContextInit) {
    const { hosted, options, limits, parts } = init
    this.#init = init
    this.#scope = new CountedScope(hosted.scope, hosted.registrations, (task, error) => void hosted.note(`task ${task}`, { kind: 'threw', error }))
    this.#sink = limitedSink(hosted, options.services.logger, limits.logLines)
    this.#cluster = pluginCluster(hosted, options.services)
    this.config = init.config
    this.log = hosted.log
    this.dataDir = init.dataDir
    this.signal = hosted.scope.signal
    this.store = new PluginStore(hosted, () => options.services.use('storage'), pluginNamespace(hosted.name))
    this.node = pluginNode(hosted, options.node)
    this.peers = pluginPeers(hosted, () => parts().peers)
    this.payloads = pluginPayloads(hosted, () => parts().payloads)
    this.streams = pluginStreams(hosted, () => parts().streams)
    this.http = pluginHttp(hosted, options.routes, limits)
  }

  run(name: string, body: (scope: TaskScope) => void | Promise<void>, options?: TaskOptions): Task {
    this.#live()
    return this.#scope.run(name, body, options)
  }

  puller(factory: PullerFactory): void {
    const hosted = this.#live()
    const guarded = pluginPuller(hosted, factory)
    hosted.registrations.add('puller', factory.prefix ?? `${factory.protocol}:`, () => this.#init.parts().pulls.addFactory(guarded, hosted.name, hosted.rank))
  }

  pusher(factory: PusherFactory): void {
    const hosted = this.#live()
    const guarded = pluginPusher(hosted, factory)
    hosted.registrations.add('pusher', factory.prefix ?? `${factory.protocol}:`, () => this.#init.parts().pushes.addFactory(guarded, hosted.name, hosted.rank))
  }

  provide<K extends ServiceName>(slot: K, service: Services[K]): void {
    const hosted = this.#live()
    if (hosted.state !== 'starting')
      throw new ShoalError('ERR_PLUGIN_INVALID', `${hosted.name} fills the slot ${slot} too late: a service is provided during start.`)
    if (!hosted.provides.includes(slot))
      throw new ShoalError('ERR_PLUGIN_INVALID', `${hosted.name} fills the slot ${slot}, which it does not name in provides.`)
    hosted.registrations.add('service', slot, () => this.#init.options.services.provide(hosted.name, slot, service, hosted.rank))
  }

  use<K extends ServiceName>(slot: K): Services[K]
  use(slot: ServiceName): unknown {
    const hosted = this.#live()
    const { services } = this.#init.options
    if (slot === 'storage') return pluginStorage(hosted, () => services.use('storage'))
    if (slot === 'logger') return this.#sink
    if (isClusterSlot(slot)) return this.#cluster[slot]
    return lastingService(() => services.use(slot))
  }

  #live(): Hosted {
    const closed = this.#init.hosted.closed()
    if (closed) throw closed
    return this.#init.hosted
  }
}

/** Plugins sign with this before their bytes, so that no signature of a plugin is one of the daemon or of another plugin. */
function signDomain(plugin: string): Uint8Array {
  return new TextEncoder().encode(`shoal-plugin:${plugin}:`)
}

function pluginNode(hosted: Hosted, node: HostNode): HostNode {
  const domain = signDomain(hosted.name)
  const sign = async (bytes: Uint8Array): Promise<Uint8Array> => {
    const closed = hosted.closed()
    if (closed) throw closed
    if (!(bytes instanceof Uint8Array)) throw new ShoalError('ERR_USAGE', 'Only bytes can be signed.')
    return node.sign(Buffer.concat([domain, bytes]))
  }
  // copied member by member: what else the daemon's object holds stays there
  return Object.freeze({ id: node.id, name: node.name, sign: (bytes: Uint8Array) => tended(sign(bytes)) })
}

function pluginPeers(hosted: Hosted, peers: () => Peers): Peers {
  return {
    list: () => peers().list(),
    get: (peer) => peers().get(peer),
    events: (options) => {
      const closed = hosted.closed()
      if (closed) throw closed
      return linkedEvents((signal) => peers().events({ signal }), hosted.scope.signal, options?.signal)
    },
  }
}

/** The `logger` slot as a plugin reaches it: under its log limit. */
function limitedSink(hosted: Hosted, sink: LogSink, perSecond: number): LogSink {
  const bucket = new TokenBucket({ rate: perSecond, burst: perSecond })
  return {
    write: (line) => {
      if (bucket.take()) sink.write(line)
      else hosted.counters.droppedLogLines++
    },
    flush: async () => sink.flush?.(),
  }
}
