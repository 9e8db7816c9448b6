/** What the host needs of the rest of the daemon; the composition root hands it over, tests hand over fakes. */

import type { Logger, Payloads, PeerId, Peers, PullerFactory, PusherFactory } from '../../plugin.js'
import type {
  Publication,
  PublishOptions,
  Pull,
  PullOptions,
  StreamEvent,
  StreamInfo,
  StreamVersion,
  SubscribeOptions,
  Subscription,
  Track,
} from '../../stream.js'
import type { PluginRoutes } from './http.js'
import type { HostLimits } from './limits.js'
import type { ServiceTable } from './services.js'

/** What is there before the first plugin starts. */
export interface HostOptions {
  /** A logger by module name: `host`, `plugin:hello`. */
  log(module: string): Logger
  /** Folder of a plugin; the host creates it with mode 0700. */
  dataDir(plugin: string): string
  readonly node: HostNode
  readonly services: ServiceTable
  readonly routes: PluginRoutes
  readonly limits?: Partial<HostLimits>
}

/** The node, as far as plugins see it. `sign` gets bytes that carry the plugin's domain already. */
export interface HostNode {
  readonly id: PeerId
  readonly name: string
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** What may come later than service plugins, and before all others: {@link Host.connect}. */
export interface HostParts {
  readonly peers: Peers
  readonly payloads: Payloads
  readonly streams: HostStreams
  readonly pulls: FactoryRegistry<PullerFactory>
  readonly pushes: FactoryRegistry<PusherFactory>
  /** Routes a payload kind to a plugin. The host resolves conflicts before: at any time one claim of a kind. Returns the undo. */
  claim(kind: string, plugin: string): () => void
}

/** How a plugin publishes, and who is told of frames that are refused. */
export interface HostPublishOptions extends PublishOptions {
  readonly publisher: string
  readonly refused?: (error: unknown) => void
}

/** The hub and the pulls. Both end what they opened when the signal in the options aborts. */
export interface HostStreams {
  publish(path: string, tracks: readonly Track[], options: HostPublishOptions): Publication
  subscribe(path: string, options: SubscribeOptions): Promise<Subscription>
  /** `owner`: the plugin's name. */
  pull(url: string, path: string | undefined, options: PullOptions & { readonly owner: string }): Pull
  list(): readonly StreamInfo[]
  versions(path: string): readonly StreamVersion[]
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<StreamEvent>
}

/** Where pullers or pushers are registered. Returns the undo. Where several serve a URL, the lowest `rank` does. */
export interface FactoryRegistry<F> {
  addFactory(factory: F, owner: string, rank: number): () => void
}
