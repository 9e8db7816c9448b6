/**
 * The plugin contract. A plugin is a plain object with a name; everything else is optional. Read this file, then
 * `stream.ts`; `docs/write-a-plugin.md` walks through an example.
 *
 *     export default definePlugin({
 *       name: 'hello',
 *       payloadKinds: ['hello.greet'],
 *       handlePayload: (src, kind, body) => new TextEncoder().encode(`hello ${src}`),
 *     })
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { KeyValue, ServiceName, Services } from './services.js'
import type { Publication, PublishOptions, Pull, PullOptions, StreamEvent, StreamInfo, StreamVersion, SubscribeOptions, Subscription, Track } from './stream.js'

/** libp2p peer id of an Ed25519 key in base58btc, `12D3KooW…`. The id is the key. */
export type PeerId = string

/** A JSON Schema (draft 2020-12). TypeBox types are ones; `Config` is the value it describes. */
export type Schema<Config = unknown> = (object | { readonly [keyword: string]: unknown }) & { readonly '~config'?: Config }

/** What a plugin is. */
export interface Plugin<Config = unknown> {
  /** Log scope, URL prefix, name space of the store: `[a-z][a-z0-9-]*`, at most 40 characters. */
  readonly name: string
  readonly info?: { readonly version?: string; readonly description?: string; readonly author?: string }
  /** Payload kinds this plugin claims: 1–255 printable ASCII characters each, by custom `PLUGIN.WHAT`. Registration order decides; the first match wins. */
  readonly payloadKinds?: readonly string[]
  /** Checked before `start`, with defaults filled in. */
  readonly config?: Schema<Config>
  /** Service slots it fills; it must call `ctx.provide` for each during `start`. */
  readonly provides?: readonly ServiceName[]
  /** Service slots it needs; their providers start first. */
  readonly requires?: readonly ServiceName[]
  /** Called once for each run; a plugin that is restarted gets a new context. Return when start-up is complete; put lasting work into `ctx.run`. */
  start?(ctx: PluginContext<Config>): void | Promise<void>
  /** A payload of a claimed kind from a trusted peer; in order and one at a time for each (peer, kind). What it returns is the reply; what it throws reaches the sender as `ERR_PAYLOAD_REJECTED`. `body` may be kept. */
  handlePayload?(src: PeerId, kind: string, body: Uint8Array): undefined | Uint8Array | void | Promise<undefined | Uint8Array | void>
  /** A peer was forgotten: remove what is kept of it. 5 s. */
  onPeerForgotten?(peer: PeerId): void | Promise<void>
  /** Called once for each run, links still up. 5 s. Afterwards `ctx.signal` aborts. */
  shutdown?(): void | Promise<void>
}

/** Gives a plugin object its type; returns it unchanged. */
export function definePlugin<Config = unknown>(plugin: Plugin<Config>): Plugin<Config> {
  return plugin
}

/** What a plugin can do. Everything registered here is undone by the host when the plugin stops, fails or is disabled. */
export interface PluginContext<Config = unknown> extends TaskScope {
  readonly config: Config
  readonly log: Logger
  /** This plugin's own folder, 0700; exists. */
  readonly dataDir: string
  /** This plugin's own name space in the `storage` service. */
  readonly store: KeyValue
  /** This node. The private key never leaves the keystore; `sign` is Ed25519 over a domain-separated message. */
  readonly node: { readonly id: PeerId; readonly name: string; sign(bytes: Uint8Array): Promise<Uint8Array> }
  readonly peers: Peers
  readonly payloads: Payloads
  readonly streams: Streams
  readonly http: Http
  /** Registers a puller: a URL scheme that becomes a stream. */
  puller(factory: PullerFactory): void
  /** Registers a pusher: a stream that is sent to a URL scheme. */
  pusher(factory: PusherFactory): void
  /** Fills a slot named in `provides`. */
  provide<K extends ServiceName>(slot: K, service: Services[K]): void
  /** Reads a slot. What it gives always speaks to whoever fills the slot then, and throws `ERR_SLOT_EMPTY` while nobody does. */
  use<K extends ServiceName>(slot: K): Services[K]
}

/** Log lines of one module. `fields` are redacted: keys such as `token`, `secret`, `password`, and URL credentials. */
export interface Logger {
  trace(msg: string, fields?: Record<string, unknown>): void
  debug(msg: string, fields?: Record<string, unknown>): void
  info(msg: string, fields?: Record<string, unknown>): void
  warn(msg: string, fields?: Record<string, unknown>): void
  error(msg: string, fields?: Record<string, unknown>): void
}

/** Supervised work. Scopes nest; aborting one aborts its children. */
export interface TaskScope {
  /** Aborted when the scope ends. Give it to everything that can be cancelled. */
  readonly signal: AbortSignal
  /** Runs `body` under supervision. A throw is logged with the task's path and ends, or restarts, this task alone. */
  run(name: string, body: (scope: TaskScope) => void | Promise<void>, options?: TaskOptions): Task
  /** Says how far the task of this scope is, for lists of tasks; the newest word counts. Scopes that are not a task's have no use for it. */
  report?(progress: TaskProgress): void
}

/** How far a task is. */
export interface TaskProgress {
  /** For people; at most 200 characters are shown. */
  readonly text?: string
  /** So much of `total`, where both are known. */
  readonly done?: number
  readonly total?: number
}

/** How a task is supervised. */
export interface TaskOptions {
  /** Default `never`. */
  readonly restart?: 'never' | 'on-failure' | 'always'
  /** ms; doubles from `min` to `max` with jitter. Default 1,000 to 30,000. A run longer than `max` resets it. */
  readonly backoff?: { readonly min: number; readonly max: number }
  /** Default: no limit. */
  readonly maxRetries?: number
}

/** A piece of supervised work. */
export interface Task {
  readonly name: string
  readonly state: 'running' | 'backoff' | 'done' | 'failed' | 'stopped'
  /** Settles when the task will not run again. Rejects with its last error when it failed for good; an unhandled rejection of it is the host's, not yours. */
  readonly done: Promise<void>
  /** Aborts it and its children; resolves when they have returned. */
  stop(): Promise<void>
}

/** A peer as the keystore and the links show it. Times are wall clock, ms since 1970. */
export interface PeerInfo {
  readonly id: PeerId
  readonly name: string
  readonly connected: boolean
  readonly addresses: readonly string[]
  /** Payload kinds it says it handles; empty while it is away. */
  readonly kinds: readonly string[]
  readonly version?: string
  readonly trustedSince: number
  readonly lastSeen: number
  /** How it came to be trusted. */
  readonly trustedBy?: 'ticket' | 'code' | 'secret' | 'introduction'
  /** The member who introduced it, where it came so. */
  readonly introducedBy?: PeerId
  /** What encrypts the link to it, end to end; absent without a link. */
  readonly encryption?: 'tls' | 'noise'
  /** Round trip in ms, when known. */
  readonly rtt?: number
  /** Links on the shortest way to it: 1 = a direct one. Undefined while it is out of reach. */
  readonly hops?: number
  /** Members through which its link leads, the nearest first; absent where the link is direct. */
  readonly via?: readonly PeerId[]
}

/**
 * What happened to a peer. `seen`: an unknown node was discovered; it is not trusted. `copied`: two running nodes have its identity.
 * `asks`: a node that is not trusted waits for a person to compare the code. A listener that falls behind receives `lagged` and goes on.
 */
export type PeerEvent =
  | {
      readonly type: 'seen' | 'trusted' | 'connected' | 'disconnected' | 'forgotten' | 'renamed' | 'copied' | 'asks'
      readonly peer: PeerId
      readonly name: string
      readonly time: number
    }
  | { readonly type: 'lagged'; readonly missed: number; readonly time: number }

/** The trusted peers. */
export interface Peers {
  list(): readonly PeerInfo[]
  /** By peer id, unique prefix of at least 8 characters, or unique name. */
  get(peer: string): PeerInfo | undefined
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<PeerEvent>
}

/** Limits of one payload call. */
export interface PayloadOptions {
  /** ms until `ERR_TIMEOUT`; default 10,000. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** What came of a broadcast at one peer. */
export interface BroadcastResult {
  readonly peer: PeerId
  /** Absent = handled. */
  readonly error?: { readonly code: string; readonly message: string }
}

/** Messages to plugins on other nodes. In order for each (peer, kind), at most once. */
export interface Payloads {
  /**
   * Resolves when the far plugin has handled it. Rejects with `ERR_PEER_UNKNOWN`, `ERR_PEER_UNREACHABLE`,
   * `ERR_KIND_UNCLAIMED`, `ERR_PAYLOAD_TOO_LARGE`, `ERR_PAYLOAD_REJECTED`, `ERR_OVERLOADED`, `ERR_TIMEOUT`.
   */
  send(peer: PeerId, kind: string, body: Uint8Array, options?: PayloadOptions): Promise<void>
  /** As `send`; resolves with the far handler's return value (empty where it returned nothing). */
  request(peer: PeerId, kind: string, body: Uint8Array, options?: PayloadOptions): Promise<Uint8Array>
  /** To every connected peer that claims the kind; never rejects for a peer. */
  broadcast(kind: string, body: Uint8Array, options?: PayloadOptions): Promise<readonly BroadcastResult[]>
}

/** Live streams on this node. */
export interface Streams {
  /**
   * Opens a stream for writing. With no tracks it holds the path, and begins with the first `update`; readers wait until then.
   * Throws `ERR_PATH_INVALID`, `ERR_STREAM_TAKEN`, `ERR_LIMIT`.
   */
  publish(path: string, tracks: readonly Track[], options?: PublishOptions): Publication
  /** Opens a stream for reading. Rejects with `ERR_PATH_INVALID`, `ERR_STREAM_NOT_FOUND`, `ERR_LIMIT`. */
  subscribe(path: string, options?: SubscribeOptions): Promise<Subscription>
  /** Feeds a path from a URL; the same URL and path again is the same pull. Throws `ERR_SCHEME_UNKNOWN`, `ERR_STREAM_TAKEN`. `path` defaults to the URL's path. */
  pull(url: string, path?: string, options?: PullOptions): Pull
  list(): readonly StreamInfo[]
  /** What is offered here of a stream in other codecs, such as by the plugin `transcode`: for readers who cannot take it as it is. */
  versions(path: string): readonly StreamVersion[]
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<StreamEvent>
}

/** A request to a plugin's route; validated against the route's schemas. */
export interface HttpRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly signal: AbortSignal
}

/** A JSON route under `/PLUGIN/`. */
export interface HttpRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/summary`, `/items/:id`. */
  readonly path: string
  readonly summary?: string
  /** JSON Schemas; a request that does not fit is answered with `ERR_REQUEST_INVALID`. */
  readonly query?: Schema
  readonly body?: Schema
  /** Its return value is the JSON answer; an AsyncIterable is answered as server-sent events. A `ShoalError` becomes its status. */
  handler(request: HttpRequest): unknown | Promise<unknown>
  /** Answer without a token. Host and Origin are checked all the same. Default false. */
  readonly public?: boolean
}

/** Raw access to one HTTP exchange; the handler owns the response. */
export interface HttpExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The principal that authentication found. */
  readonly who: import('./services.js').Principal
  /** Aborted when the client goes or the plugin stops. */
  readonly signal: AbortSignal
}

/** One accepted WebSocket; binary messages out, bounded by the caller through `bufferedAmount`. */
export interface WebSocketExchange extends Omit<HttpExchange, 'response'> {
  readonly socket: WebSocketLike
}

/** The part of a WebSocket that plugins use. */
export interface WebSocketLike {
  readonly bufferedAmount: number
  /** The TCP socket beneath. */
  readonly transport: Duplex
  send(data: Uint8Array | string, done?: (error?: Error) => void): void
  close(code?: number, reason?: string): void
  /** Messages from the client, at most 64 KiB each. */
  readonly messages: AsyncIterable<Uint8Array | string>
}

/** HTTP under `/PLUGIN/…`. */
export interface Http {
  route(route: HttpRoute): void
  /** A route whose handler writes the response itself. `path` may end in `*`. */
  raw(method: 'GET' | 'POST', path: string, handler: (exchange: HttpExchange) => void | Promise<void>, options?: { readonly public?: boolean }): void
  websocket(path: string, handler: (exchange: WebSocketExchange) => void | Promise<void>, options?: { readonly public?: boolean }): void
  /**
   * Claims a file extension, `flv`, for streams: `GET /STREAM/PATH.flv` at the root, over HTTP and, with `websocket`, over
   * WebSocket. The host authenticates the client and asks `permission` for `stream.read`. First claim wins.
   */
  media(extension: string, handlers: MediaHandlers): void
  /** Extensions and session segments that are claimed now, by whichever plugin: what a page may offer. */
  extensions(): readonly string[]
  /**
   * Claims a last segment, `whep`, for sessions with streams: `POST /STREAM/PATH/whep` opens one, `PATCH` and `DELETE` of
   * `/STREAM/PATH/whep/ID` belong to it. The host authenticates the client of a POST and asks `permission`; an id is known to its
   * client alone, and nothing more is asked for it. First claim wins.
   */
  session(segment: string, handlers: SessionHandlers): void
}

/** What answers `/STREAM/PATH/SEGMENT` and `/STREAM/PATH/SEGMENT/ID`. */
export interface SessionHandlers {
  /** What a client must be permitted to do with the stream. */
  readonly action: 'stream.read' | 'stream.publish'
  /** MIME type of the bodies of POST, for `Accept-Post`. */
  readonly accepts: string
  /** POST. */
  open(path: string, exchange: HttpExchange): void | Promise<void>
  /** PATCH. */
  change(path: string, id: string, exchange: HttpExchange): void | Promise<void>
  /** DELETE. */
  close(path: string, id: string, exchange: HttpExchange): void | Promise<void>
}

/** What answers `/STREAM/PATH.EXT`. */
export interface MediaHandlers {
  http(path: string, exchange: HttpExchange): void | Promise<void>
  websocket?(path: string, exchange: WebSocketExchange): void | Promise<void>
}

/** A puller is one call that lasts as long as the pull: return = the source ended, throw = retry with backoff, abort = stop. */
export interface PullerFactory {
  /** URL scheme without the colon. */
  readonly protocol: string
  /** Default: `url.protocol === protocol + ':'`. The longest declared {@link prefix} wins among several. */
  supports?(url: URL): boolean
  /** `http://host/app/`: makes this factory more specific than one of the whole scheme. */
  readonly prefix?: string
  pull(job: PullJob): Promise<void>
}

/** One try of a pull. */
export interface PullJob extends TaskScope {
  readonly url: URL
  readonly path: string
  readonly options: Readonly<Record<string, unknown>>
  readonly log: Logger
  /** Opens the stream once the tracks are known. Closed by the host when `pull` returns, throws or is aborted. A source that may be silent for long sets `publishTimeout`. */
  publish(tracks: readonly Track[], options?: Pick<PublishOptions, 'publishTimeout' | 'keyWanted' | 'sourceStats'>): Publication
}

/** A pusher is one call that lasts as long as the push; the rules are those of {@link PullerFactory}. */
export interface PusherFactory {
  readonly protocol: string
  supports?(url: URL): boolean
  readonly prefix?: string
  push(job: PushJob): Promise<void>
}

/** One try of a push. */
export interface PushJob extends TaskScope {
  readonly url: URL
  readonly path: string
  readonly options: Readonly<Record<string, unknown>>
  readonly log: Logger
  /** Reads the stream; closed by the host. */
  subscribe(options?: SubscribeOptions): Promise<Subscription>
}
