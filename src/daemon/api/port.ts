/** What the API needs of the daemon. The rooms' own objects fit most members as they are; `daemon.ts` puts them together. */

import type { ShoalError } from '../../errors.js'
import type { Payloads, PeerEvent, PeerId, PeerInfo } from '../../plugin.js'
import type { Action, Authentication, Principal } from '../../services.js'
import type { PullOptions, StreamEvent, StreamInfo, StreamVersion } from '../../stream.js'
import type { LoadedConfig, RuntimeChange } from '../config/config.js'
import type { PluginInfo } from '../host/hosted.js'
import type { SlotInfo } from '../host/services.js'
import type { Blocked } from '../keystore/block-list.js'
import type { ForgetReport } from '../keystore/forget.js'
import type { Invite } from '../keystore/invites.js'
import type { PairOutcome, PairRequest } from '../keystore/pair-requests.js'
import type { OpenWindow } from '../keystore/pair-window.js'
import type { Tombstone } from '../keystore/tombstone.js'
import type { Log } from '../log.js'
import type { LockEntry } from '../portable/install/plugin-lock.js'
import type { JobInfo } from '../streams/job.js'
import type { PullInfo } from '../streams/pulls.js'
import type { ReaderInfo } from '../streams/subscription.js'
import type { TaskNode } from '../util/scope.js'
import type { Input, Output } from './table.js'

/** The daemon. Every call may throw a `ShoalError`; it becomes the answer. */
export interface DaemonPort {
  readonly node: NodePort
  readonly log: Pick<Log, 'module' | 'tail' | 'listen' | 'levels' | 'setLevel' | 'reopen'>
  readonly config: ConfigPort
  readonly peers: PeersPort
  readonly trust: TrustPort
  readonly invites: InvitesPort
  readonly pairing: PairingPort
  readonly streams: StreamsPort
  readonly pulls: PullsPort
  readonly pushes: PushesPort
  readonly payloads: Pick<Payloads, 'send' | 'request'>
  readonly plugins: PluginsPort
  readonly store: PluginStorePort
  readonly portables: PortablesPort
}

/** What is installed in eKuiper's words; `file` is a URL. */
export interface PortableInstall {
  readonly name: string
  readonly file: string
  readonly shellParas?: readonly string[]
  readonly update?: boolean
  readonly allowScripts?: boolean
}

/** eKuiper's portable plugins, by eKuiper's name or ours. Throws `ERR_PLUGIN_UNKNOWN`. */
export interface PortablesPort {
  list(): Output<'portables.list'>
  get(name: string): Output<'portables.get'>
  status(name: string): Output<'portables.status'>
  /** As {@link PluginStorePort.install}; `ERR_URL_INVALID`. */
  install(request: PortableInstall, signal: AbortSignal): Promise<void>
  /** `ERR_PLUGIN_IN_USE` unless `force`. */
  remove(name: string, force: boolean): Promise<void>
  /** Calls a function. `ERR_NOT_FOUND`, `ERR_PLUGIN_FAILED`, `ERR_TIMEOUT`, `ERR_OVERLOADED`, `ERR_STOPPING`. */
  call(name: string, symbol: string, func: 'Exec' | 'Validate' | 'IsAggregate', args: readonly unknown[]): Promise<unknown>
}

/** Plugins that are installed, removed and looked at. */
export interface PluginStorePort {
  /** The last event is `installed`; a failure is thrown. */
  install(request: Input<'plugins.install'>['body'], signal: AbortSignal): AsyncIterable<Output<'plugins.install'>>
  /** Throws `ERR_PLUGIN_UNKNOWN`, `ERR_PLUGIN_IN_USE`. */
  remove(name: string, options: { readonly force?: boolean; readonly data?: boolean }): Promise<{ readonly version: string }>
  verify(): Promise<Output<'plugins.verify'>['plugins']>
  list(): Promise<readonly (LockEntry & { readonly name: string })[]>
}

/** The node itself. */
export interface NodePort {
  readonly id: PeerId
  readonly name: string
  readonly home: string
  /** Wall clock, ms since 1970. */
  readonly startedAt: number
  /** Versions, without `schema`. */
  readonly versions: Omit<Output<'version'>, 'schema'>
  state(): 'starting' | 'running' | 'stopping'
  /** Why a node that runs serves nobody; undefined = it serves. */
  refusal(): ShoalError | undefined
  /** Multiaddrs others can dial. */
  addresses(): readonly string[]
  /** Where the API listens over TCP. */
  http(): { readonly host: string; readonly port: number } | undefined
  /** What is not as it should be: a store that takes no writes, a plugin that failed … Empty = all well. */
  problems(): Output<'status'>['problems']
  notes(): Output<'status'>['notes']
  tasks(): readonly TaskNode[]
  /** Service slots and who fills them. */
  slots(): readonly SlotInfo[]
  doctor(signal: AbortSignal): Promise<Output<'doctor'>['checks']>
  /** Begins the graceful stop and returns; the stop waits for the answer that is under way. */
  stop(reason: string): void
  /** Makes a new token, which counts at once; the old one no longer does. */
  rotateToken(): Promise<string>
}

/** The configuration. `set` changes and, where the key is live, applies. */
export interface ConfigPort extends Pick<LoadedConfig, 'shown' | 'sources' | 'get' | 'schema'> {
  /** `undefined` takes an earlier change back. `plugin`: the one that must be restarted for it. */
  set(key: string, value: unknown): Promise<RuntimeChange & { readonly plugin?: string }>
}

/** Trusted peers, and those that could become it. */
export interface PeersPort {
  list(): readonly PeerInfo[]
  /** Throws `ERR_PEER_UNKNOWN`, `ERR_PEER_AMBIGUOUS`. */
  find(peer: string): PeerInfo
  discovered(): readonly { readonly peer: PeerId; readonly addresses: readonly string[]; readonly name?: string; readonly seen: number; readonly open?: true }[]
  /** Throws `ERR_NAME_TAKEN`. */
  rename(peer: PeerId, name: string): Promise<unknown>
  /** Uses a ticket. The last event is `joined`; a failure is thrown. */
  join(ticket: string, signal: AbortSignal): AsyncIterable<Output<'join'>>
  events(options: { readonly signal: AbortSignal }): AsyncIterable<PeerEvent>
}

/** Trust that is ended or refused. */
export interface TrustPort {
  /** Where forgetting counts unless somebody says otherwise. Throws `ERR_PEER_UNKNOWN`. */
  usualScope(peer: PeerId): 'cluster' | 'here'
  forget(peer: PeerId, scope: 'cluster' | 'here'): Promise<ForgetReport>
  /** Newest first; with the name of the member on whose word it was done, and how many of the members did the same. */
  forgotten(): readonly (Tombstone & { readonly sourceName?: string; readonly applied: number; readonly members: number })[]
  /** By id, prefix or the name it had. */
  findForgotten(peer: string): Tombstone | undefined
  blocked(): readonly Blocked[]
  /** Throws `ERR_PEER_UNKNOWN`, `ERR_PEER_AMBIGUOUS`, `ERR_REQUEST_INVALID`, `ERR_LIMIT`. */
  block(peer: string): Promise<{ readonly blocked: Blocked; readonly forgot: boolean }>
  /** Throws `ERR_NOT_FOUND`, `ERR_PEER_AMBIGUOUS`. */
  unblock(peer: string): Promise<Blocked>
}

/** Tickets that are out. */
export interface InvitesPort {
  /** `ttl` in ms. */
  issue(options: { readonly ttl?: number }): Promise<Invite & { readonly ticket: string; readonly addresses: readonly string[] }>
  list(): readonly Invite[]
  /** False: there is none of that id. */
  revoke(id: string): boolean
}

/** Pairing by short code. */
export interface PairingPort {
  /** The time in which requests are taken, while it lasts. */
  window(): OpenWindow | undefined
  requests(): readonly PairRequest[]
  /** Takes requests for `time` ms. Throws `ERR_REQUEST_INVALID`. */
  open(time: number | undefined): OpenWindow
  close(): void
  /** Asks a node that was discovered. The last event is `paired`; a failure is thrown. */
  ask(peer: string, signal: AbortSignal): AsyncIterable<Output<'pairing.ask'>>
  /** Throws `ERR_NOT_FOUND`, `ERR_PEER_AMBIGUOUS`, `ERR_PAIRING_REJECTED`. */
  accept(peer: string, code: string | undefined): { readonly peer: PeerId; readonly settled: Promise<PairOutcome> }
  reject(peer: string): PairRequest
}

/** A copy of a stream at a peer. */
export interface RemoteStream extends StreamInfo {
  /** The peer that has it. */
  readonly at: PeerId
}

/** Streams on this node, and what peers say they have. */
export interface StreamsPort {
  list(): readonly StreamInfo[]
  /** Streams that peers announce; `origin` is the node they come from, `hops` how far that is. */
  remote(): readonly RemoteStream[]
  /** By normalised path; `undefined`: not on this node. Throws `ERR_PATH_INVALID`. */
  info(path: string): StreamInfo | undefined
  subscribers(path: string): readonly ReaderInfo[]
  /** What is offered of a stream in other codecs. `path`: normalised. */
  versions(path: string): readonly StreamVersion[]
  /** How many streams go to a peer or come from it now. */
  countOf(peer: PeerId): number
  /** Throws `ERR_STREAM_NOT_FOUND`. */
  stop(path: string, reason: string | undefined): void
  events(options: { readonly signal: AbortSignal }): AsyncIterable<StreamEvent>
}

/** Pulls. */
export interface PullsPort {
  list(): readonly PullInfo[]
  /** Returns once the pull is there, not once it runs. */
  create(url: string, path: string | undefined, options: PullOptions): PullInfo | Promise<PullInfo>
  /** Throws `ERR_NOT_FOUND`. */
  remove(path: string): Promise<void>
  /** The pull now and after each change; ends with it. Throws `ERR_NOT_FOUND`. */
  watch(path: string, signal: AbortSignal): AsyncIterable<PullInfo>
  /** Any pull after each change of its state. */
  events(signal: AbortSignal): AsyncIterable<PullInfo>
}

/** Pushes. */
export interface PushesPort {
  list(): readonly JobInfo[]
  create(path: string, url: string, options: Readonly<Record<string, unknown>> | undefined): JobInfo | Promise<JobInfo>
  /** By path and URL as {@link list} shows them. */
  remove(path: string, url: string): Promise<void>
}

/** A plugin, with what waits for its restart. */
export interface PluginView extends PluginInfo {
  /** Keys of its configuration that changed since it was started: `port`. */
  readonly needsRestart: readonly string[]
}

/** How a plugin is switched. */
export interface SwitchOptions {
  /** Until the next start of the daemon; otherwise it is kept in the configuration. */
  readonly temporary?: boolean
}

/** Plugins. What switches one touches no other; changes are made one after the other. */
export interface PluginsPort {
  /** In the order of registration. */
  list(): readonly PluginView[]
  /** By its name or that of its section. Throws `ERR_PLUGIN_UNKNOWN`. */
  info(name: string): PluginView
  /** What its process uses; undefined for a plugin that has none. Throws `ERR_PLUGIN_UNKNOWN`. */
  usage(name: string): Promise<{ readonly cpu: number; readonly memory: number } | undefined>
  /**
   * Starts a plugin that does not run, with the configuration of now. Rejects with the reason when it does not start. One that
   * fills a slot which is decided at the start of the daemon stays `disabled` until then.
   */
  enable(name: string, options?: SwitchOptions): Promise<PluginView>
  disable(name: string, options?: SwitchOptions): Promise<PluginView>
  /** Stops it and starts it with the configuration of now; its file is read anew. As {@link enable}. */
  restart(name: string): Promise<PluginView>
  /** The plugin that must be restarted before a changed key such as `plugins.rtmp.port` counts; undefined = none runs. */
  waiting(key: string): string | undefined
}

/** Who is it, and may they? The combined service slots of the host fit. */
export interface Guard extends Authentication {
  /** Anything but `true` is a refusal; a text is its reason. */
  allows(who: Principal, what: Action): boolean | string | Promise<boolean | string>
  /** Calls `revoke` when what is about to be permitted is refused later. Taken before asking; returns the undo. Absent = permissions never change. */
  hold?(who: Principal, what: Action, revoke: (reason: string) => void): () => void
  /** Does anybody know users with passwords? Then players are asked for one. */
  passwords?(): boolean
}
