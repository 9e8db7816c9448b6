/** Every part of a node, built and wired in the order of the daemon's steps. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId, Plugin } from '../../plugin.js'
import type { Services } from '../../services.js'
import { sendQueue } from '../../viewing/send-queue.js'
import type { ApiServer } from '../api/server.js'
import { TokenFile } from '../api/token.js'
import type { Config, LoadedConfig } from '../config/config.js'
import { localPermission } from '../host/defaults/local-permission.js'
import { MemoryCache } from '../host/defaults/memory-cache.js'
import { tokenAuthentication } from '../host/defaults/token-authentication.js'
import { Host } from '../host/host.js'
import { PluginRoutes } from '../host/http.js'
import { ServiceTable } from '../host/services.js'
import { BlockList } from '../keystore/block-list.js'
import { ForgetPath } from '../keystore/forget.js'
import { PeerBook } from '../keystore/peer-book.js'
import type { HomeLock } from '../lock.js'
import type { Log } from '../log.js'
import type { Paths } from '../paths.js'
import type { NodeHooks } from '../swarm/node-options.js'
import { ClientKinds, clientsOwner } from './client-kinds.js'
import { Cluster, clusterNamespace } from './cluster.js'
import { ClusterServices, clusterOwner, linkedMembers } from './cluster-services.js'
import { Copies } from './copies.js'
import { Endpoints } from './endpoints.js'
import { atFirstStream } from './first-stream.js'
import { Grants } from './grants.js'
import { blockedNamespace, findPassphrase, type Home, openHome, peersNamespace } from './home.js'
import { HttpEndpoint } from './http-endpoint.js'
import type { KeptJobs } from './kept-jobs.js'
import { Media } from './media.js'
import { Messages } from './messages.js'
import { countStreams, errorSink } from './monitored.js'
import { Network } from './network.js'
import { PeerList } from './peer-list.js'
import type { PluginDesk } from './plugin-desk.js'
import type { PluginSet } from './plugin-set.js'
import type { PluginStore } from './plugin-store.js'
import { readSecrets } from './secrets.js'
import { Trust } from './trust.js'
import { version } from './version.js'

/** How a daemon is made. */
export interface DaemonOptions {
  /** Folder of everything; otherwise `SHOAL_HOME`, otherwise the XDG folders. */
  readonly home?: string
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Configuration that wins over files and environment, by key: `{ 'http.port': 0 }`. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** File whose first line is the passphrase of the identity. */
  readonly passphraseFile?: string
  /** Plugins beside the built-in ones and those of the configuration. */
  readonly plugins?: readonly Plugin[]
  /** Where log lines go unless `log.file` is set: a file descriptor and whether it is a terminal, or nowhere. Default: standard error. */
  readonly console?: { readonly fd: number; readonly tty: boolean } | null
  /** For tests: who can be dialled, and a look at what is passed on. */
  readonly hooks?: NodeHooks
}

/** What a daemon is made from, once its configuration was read. */
export interface DaemonInit {
  readonly options: DaemonOptions
  readonly env: Readonly<Record<string, string | undefined>>
  readonly paths: Paths
  readonly plugins: PluginSet
  readonly config: LoadedConfig
}

/** Parts that exist from a certain step on. */
export interface Parts {
  lock: HomeLock
  home: Home
  book: PeerBook
  blocks: BlockList
  token: TokenFile
  services: ServiceTable
  routes: PluginRoutes
  host: Host
  plugins: PluginDesk
  store: PluginStore
  network: Network
  cluster: Cluster
  clusterServices: ClusterServices
  peers: PeerList
  grants: Grants
  media: Media
  messages: Messages
  forgetting: ForgetPath
  trust: Trust
  copies: Copies
  keptPulls: KeptJobs
  keptPushes: KeptJobs
  api: ApiServer
  clientKinds: ClientKinds
  endpoints: Endpoints
}

/** The parts, and how each is made of those before it. */
export class Assembly {
  readonly parts: Partial<Parts> = {}
  /** The default endpoint. */
  readonly http: HttpEndpoint
  readonly #init: DaemonInit
  readonly #log: Log

  constructor(init: DaemonInit, log: Log) {
    this.#init = init
    this.#log = log
    this.http = new HttpEndpoint({ api: () => this.parts.api, socket: init.paths.socket, config: () => this.#config.http })
  }

  /** A part that has been made. Throws `ERR_NOT_RUNNING`. */
  part<K extends keyof Parts>(name: K): Parts[K] {
    const part = this.parts[name]
    if (part === undefined) throw new ShoalError('ERR_NOT_RUNNING', `The daemon has not got as far as ${name}.`)
    return part as Parts[K]
  }

  get #config(): Config {
    return this.#init.config.config
  }

  get #id(): PeerId {
    return this.part('home').identity.id
  }

  /** Opens identity, keystore, peer book and token. */
  async openKeystore(): Promise<void> {
    const passphrase = findPassphrase(this.#init.env, this.#init.options.passphraseFile)
    if (passphrase !== undefined) this.#log.hide(passphrase)
    const log = this.#log.module('keystore')
    const home = await openHome(this.#init.paths, { log, ...(passphrase !== undefined && { passphrase }) })
    this.parts.home = home
    const blocks = await BlockList.open(home.store.open(blockedNamespace))
    this.parts.blocks = blocks
    this.parts.book = await PeerBook.open(home.store.open(peersNamespace), { identity: home.identity, log, isBlocked: (peer) => blocks.has(peer) })
    this.parts.token = await TokenFile.open(this.#init.paths.token)
    this.#log.hide(this.parts.token.token)
  }

  /** Closes them. */
  async closeKeystore(): Promise<void> {
    await this.parts.book?.close()
    await this.parts.home?.store.close()
  }

  /** Builds the service slots and starts the plugins that fill them. */
  async startServices(): Promise<void> {
    const { token, home } = { token: this.part('token'), home: this.part('home') }
    const defaults: Partial<Services> = {
      logger: this.#log.takeOutput(),
      storage: home.store,
      cache: new MemoryCache(),
      permission: localPermission(this.#config.access),
      authentication: tokenAuthentication({ token: () => token.token }),
      endpoint: this.http,
      ...this.#makeClusterServices().defaults,
    }
    const services = new ServiceTable({ defaults, log: this.#log.module('services') })
    this.#log.addSink(services.logger)
    this.#log.addSink(errorSink(services.monitoring))
    const routes = new PluginRoutes()
    const { identity } = home
    const host = new Host({
      log: (module) => this.#log.module(module),
      dataDir: (plugin) => `${this.#init.paths.data}/${plugin}`,
      node: { id: identity.id, name: this.#config.node.name, sign: (bytes) => identity.sign(bytes) },
      services,
      routes,
    })
    Object.assign(this.parts, { services, routes, host })
    const { plugins, paths } = this.#init
    const importing = (section: string, code: string): void => host.imports(section, code)
    host.load(await plugins.load({ config: this.#config, paths, log: this.#log.module('host'), importing }))
    await host.startServices()
  }

  #makeClusterServices(): ClusterServices {
    const services = (): ServiceTable => this.part('services')
    const use: ConstructorParameters<typeof ClusterServices>[0]['use'] = (slot) => services().use(slot)
    const made = new ClusterServices({ self: this.#id, use, storage: () => services().use('storage'), log: this.#log.module('cluster') })
    this.parts.clusterServices = made
    return made
  }

  /** Builds links, membership and the list of peers; nothing listens yet. */
  async makeNetwork(): Promise<void> {
    const { swarm, payloads, limits, node } = this.#config
    const { hidden, ...secrets } = await readSecrets(this.#config)
    for (const secret of hidden) this.#log.hide(secret)
    const network = await Network.create({
      identity: this.part('home').identity,
      book: this.part('book'),
      name: node.name,
      agent: `shoal/${version}`,
      listen: swarm.listen,
      announce: swarm.announce,
      discovery: swarm.discovery,
      relay: swarm.relay,
      ...(this.#init.options.hooks && { hooks: this.#init.options.hooks }),
      ...secrets,
      maxPayload: payloads.maxSize,
      controlRate: limits.peerControlRate,
      log: (module) => this.#log.module(module),
    })
    Object.assign(this.parts, { network, peers: this.#makePeers(network) })
    await this.#makeCluster(network)
  }

  #makePeers(network: Network): PeerList {
    return new PeerList(this.part('book'), network, (peer) => this.parts.cluster?.member(peer)?.hops)
  }

  async #makeCluster(network: Network): Promise<void> {
    const { identity, store } = this.part('home')
    const log = this.#log.module('cluster')
    const agent = `shoal/${version}`
    const cluster = await Cluster.open({
      ...{ identity, network, name: this.#config.node.name, agent, log },
      book: this.part('book'),
      store: store.open(clusterNamespace),
    })
    this.parts.cluster = cluster
    network.setRoutes(
      (destination, except) => cluster.nextHop(destination, except),
      (signal) => cluster.events(signal),
    )
  }

  /** Members are told that this node leaves while its links are up. */
  async stopNetwork(): Promise<void> {
    await this.parts.copies?.close()
    await this.parts.trust?.close()
    await this.parts.cluster?.close()
    await this.parts.network?.stop()
  }

  /** Builds everything about streams. */
  makeMedia(): void {
    const { permission } = this.part('services')
    const log = (module: string): Logger => this.#log.module(module)
    const grants = new Grants({ permission, log: log('permission') })
    const media = new Media({
      network: this.part('network'),
      gossip: this.part('cluster').gossip,
      peers: this.part('peers'),
      permission,
      grants,
      config: this.#config.streams,
      limits: this.#config.limits,
      identity: this.part('home').identity,
      log,
    })
    Object.assign(this.parts, { grants, media })
  }

  /** Builds everything about payloads, and what hangs on trust. */
  makeMessages(): void {
    const network = this.part('network')
    const messages = new Messages({
      network,
      book: this.part('book'),
      config: this.#config.payloads,
      deliver: (plugin, src, kind, body) => this.#deliver(plugin, src, kind, body),
      log: this.#log.module('payloads'),
      monitoring: this.part('services').monitoring,
    })
    this.parts.clientKinds = new ClientKinds((kind) => messages.router.claimSpare(clientsOwner, kind))
    this.part('clusterServices').connect({ ...messages, members: linkedMembers(network.control) })
    const forgetting = this.#makeForgetting(network, messages)
    Object.assign(this.parts, { messages, forgetting, trust: this.#makeTrust(network, forgetting), copies: this.#makeCopies(network) })
  }

  #makeCopies(network: Network): Copies {
    const book = this.part('book')
    return new Copies({
      self: this.#id,
      name: this.#config.node.name,
      events: (signal) => this.part('cluster').events(signal),
      control: network.control,
      announce: (peer, name) => book.announce('copied', peer, name),
      refuse: () => void network.withdraw(),
      log: this.#log.module('trust'),
    })
  }

  /** The cluster services give back their locks while links and payloads are there. */
  async stopMessages(): Promise<void> {
    await this.parts.clusterServices?.close()
    this.parts.messages?.close()
  }

  #makeTrust(network: Network, forgetting: ForgetPath): Trust {
    return new Trust({
      self: this.#id,
      book: this.part('book'),
      blocks: this.part('blocks'),
      forgetting,
      introducers: this.#config.trust.introducers,
      changed: () => {
        network.node.recheck()
        network.supervisor.refresh()
      },
      cut: (peer) => network.node.cut(peer, 'blocked'),
      log: this.#log.module('trust'),
    })
  }

  /** A payload from a peer, once `permission` has let it in. A promise only where permission or plugin need one. */
  #deliver(plugin: string, src: PeerId, kind: string, body: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (src === this.#id) return this.#handOver(plugin, src, kind, body)
    if (!this.part('book').isTrusted(src)) throw new ShoalError('ERR_PEER_FORGOTTEN')
    // as the control channel: rules that let some members in and others not would split leader and locks
    if (plugin === clusterOwner) return this.part('clusterServices').receive(src, body)
    const answer = this.part('services').permission.allows({ kind: 'peer', id: src }, { action: 'payload.send', target: kind })
    if (answer === true) return this.#handOver(plugin, src, kind, body)
    return this.#deliverIf(answer, plugin, src, kind, body)
  }

  async #deliverIf(
    permitted: boolean | string | Promise<boolean | string>,
    plugin: string,
    src: PeerId,
    kind: string,
    body: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const answer = await permitted
    if (answer !== true) throw new ShoalError('ERR_PAYLOAD_REJECTED', typeof answer === 'string' ? answer : `Payloads of kind ${kind} are not permitted.`)
    return await this.#handOver(plugin, src, kind, body)
  }

  #handOver(plugin: string, src: PeerId, kind: string, body: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (plugin !== clientsOwner) return this.part('host').deliver(plugin, src, kind, body)
    this.part('clientKinds').receive(src, kind, body)
    return undefined
  }

  #makeForgetting(network: Network, messages: Messages): ForgetPath {
    return new ForgetPath(
      this.part('book'),
      {
        cutLinks: async (peer) => {
          // a ticket it used would let it in again
          network.pairing.forget(peer)
          // what of it waits must not reach plugins after they were told
          messages.forget(peer)
          await network.node.cut(peer, 'forgotten')
        },
        cutStreams: (peer) => this.part('media').cut(peer),
        tellPlugins: (peer) => this.part('host').tellForgotten(peer),
        purge: async (peer) => {
          messages.forget(peer)
          network.strikes.forget(peer)
          this.parts.copies?.forget(peer)
          network.supervisor.refresh()
        },
      },
      { log: this.#log.module('keystore') },
    )
  }

  /** Starts the other plugins. */
  async startPlugins(): Promise<void> {
    const media = this.part('media')
    const { router, outbox } = this.part('messages')
    const host = this.part('host')
    host.connect({
      peers: this.part('peers'),
      payloads: outbox,
      streams: {
        publish: (path, tracks, options) => media.hub.publish(path, tracks, options),
        subscribe: (path, options) => media.hub.subscribe(path, options),
        pull: (url, path, options) => media.pulls.pull(url, path, { ...options, owner: 'plugin' }),
        list: () => media.hub.list(),
        versions: (path) => media.pulls.versions(path),
        events: (options) => media.hub.events(options),
      },
      pulls: media.pulls,
      pushes: media.pushes,
      claim: (kind, plugin) => router.claim(plugin, [kind]),
    })
    await host.startPlugins()
  }

  /** Makes what endpoints have of the daemon; none is open yet. */
  makeEndpoints(): void {
    const services = this.part('services')
    const peers = this.part('peers')
    this.parts.endpoints = new Endpoints({
      providers: () => services.providers('endpoint'),
      watch: (changed) => services.watch('endpoint', changed),
      authentication: services.authentication,
      session: {
        self: this.#id,
        find: (peer) => peers.find(peer).id,
        payloads: this.part('messages').outbox,
        permission: services.permission,
        grants: this.part('grants'),
        kinds: this.part('clientKinds'),
      },
      log: this.#log.module('endpoints'),
    })
  }

  /** Stops every plugin, in reverse. Those who look on are told first what was counted so far. */
  async stopPlugins(): Promise<void> {
    this.parts.services?.monitoring.flush()
    const report = await this.parts.host?.stop()
    if (report && report.hung.length > 0) this.#log.module('host').warn('plugins hung while stopping', { plugins: report.hung })
  }

  /** Listens, announces itself, and begins to serve. */
  async listen(): Promise<void> {
    await this.part('network').start()
    const cluster = this.part('cluster')
    cluster.start()
    this.part('trust').start(cluster.trustRecords())
    this.part('copies').start()
    this.part('grants').start()
    this.part('media').start()
    const { hub } = this.part('media')
    void countStreams(hub.events(), this.part('services').monitoring)
    void atFirstStream(hub.events(), () => sendQueue.prepare())
  }

  /** Permissions are asked for no more before the plugin that answers stops: its silence would look like a refusal. */
  async quiesce(): Promise<void> {
    await this.parts.grants?.close()
    await this.parts.network?.quiesce()
  }
}
