/**
 * Service slots: the subsystems of the daemon that a plugin may replace. Each slot has a default that needs no set-up.
 * A plugin names the slots it fills in `provides` and hands the service over with `ctx.provide`; it reads one with
 * `ctx.use`. Slots marked "several" may have many providers, which the host combines; two providers of any other slot
 * are a start-up error that names both.
 *
 * A plugin adds a slot of its own by declaration merging on {@link Services}.
 */

/** Slot name → service. */
export interface Services {
  /** Where log lines go. Several: each line goes to all. */
  logger: LogSink
  /** Durable key-value data of plugins and of the daemon. */
  storage: Storage
  /** Fast data that may vanish. */
  cache: Cache
  /** Who may do what. */
  permission: Permission
  /** Who is it. Several: asked in order, the first answer that is not `null` decides; all `null` = refused. */
  authentication: Authentication
  /** Looks on: errors, logins, payloads, streams. Several: each is told everything. Default: nobody looks on. */
  monitoring: Monitoring
  /** Doors for clients that are no peers. Several: the daemon opens all of them last and closes them first. Default: the HTTP API, always there. */
  endpoint: Endpoint
  /** Messages between the members of the cluster. */
  clusterNode: ClusterNode
  /** Who is in the cluster, and who leads it. */
  clusterRegistry: ClusterRegistry
  /** Sets of names that every member sees, with their owners. */
  stateRegistry: StateRegistries
  /** Publish and subscribe by name, over all members. */
  subscriptionRegistry: SubscriptionRegistries
  /** Locks over all members. */
  locks: Locks
}

/** Name of a slot. */
export type ServiceName = keyof Services & string

/** Log levels, in rising order of weight. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** One log line, already redacted. */
export interface LogLine {
  readonly level: LogLevel
  /** Wall clock, ms since 1970. */
  readonly time: number
  /** `swarm`, `streams`, `plugin:rtmp` … */
  readonly module: string
  readonly msg: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Receives log lines. `write` must not throw and must not wait; a sink that throws is counted and left out for that line. */
export interface LogSink {
  write(line: LogLine): void
  /** Everything written so far is on its way when this resolves. */
  flush?(): Promise<void>
}

/** An ordered map from strings to bytes. Keys: 1–512 bytes of UTF-8. Values: up to 1 MiB. */
export interface KeyValue {
  get(key: string): Promise<Uint8Array | undefined>
  /** Durable when it resolves. */
  set(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  /** Entries whose key starts with `prefix`, in key order. */
  entries(prefix?: string): AsyncIterable<readonly [key: string, value: Uint8Array]>
  /** Removes every entry. */
  clear(): Promise<void>
}

/** Opens name spaces that cannot see each other. */
export interface Storage {
  open(namespace: string): KeyValue
}

/** A bounded cache. A missing key is `undefined`, never an error. */
export interface Cache {
  get(key: string): Promise<Uint8Array | undefined>
  /** `ttl` in ms. */
  set(key: string, value: Uint8Array, ttl: number): Promise<void>
  delete(key: string): Promise<void>
  clear(): Promise<void>
}

/** Who acts. */
export interface Principal {
  /** `owner`: this machine's user, by socket or token; `peer`: a trusted node; `client`: a player, an encoder or a browser. */
  readonly kind: 'owner' | 'peer' | 'client'
  /** Peer id, user name, or `anonymous`. */
  readonly id: string
  /** Remote address of a client, without port. */
  readonly address?: string
  /** The client is on this machine (loopback or unix socket). */
  readonly local?: boolean
}

/** What is asked. `target`: a stream path, a payload kind, or the name of an API route. */
export interface Action {
  readonly action: 'stream.read' | 'stream.publish' | 'payload.send' | 'api.call'
  readonly target: string
}

/** Decides what a principal may do. Anything but `true` is a refusal; a string is a refusal with a reason for the person. A throw is a refusal. */
export interface Permission {
  allows(who: Principal, what: Action): boolean | string | Promise<boolean | string>
  /**
   * Yields whenever an answer may have become another one: the host then asks again for what runs, and ends what is refused.
   * Ends when `signal` aborts. Absent = answers never change.
   */
  changes?(signal: AbortSignal): AsyncIterable<unknown>
}

/** What a client showed. */
export interface Credentials {
  /** Which door: `http`, `rtmp` … */
  readonly via: string
  readonly token?: string
  readonly user?: string
  readonly password?: string
  readonly address?: string
  readonly local?: boolean
}

/** Hash functions of Digest authentication (RFC 7616). */
export type DigestAlgorithm = 'MD5' | 'SHA-256'

/** An answer to a Digest challenge: proof of a password that is not sent. The door has checked realm, nonce, count and what is asked for. */
export interface DigestResponse {
  /** Which door: `rtsp`. */
  readonly via: string
  readonly user: string
  readonly algorithm: DigestAlgorithm
  readonly realm: string
  readonly method: string
  /** As the client hashed it. */
  readonly uri: string
  readonly nonce: string
  /** `nc` and `cnonce` of `qop=auth`; absent where the client answers as RFC 2069 has it. */
  readonly count?: string
  readonly cnonce?: string
  /** Hexadecimal. */
  readonly response: string
  readonly address?: string
  readonly local?: boolean
}

/** What a provider of `authentication` can do that knows more of a password than a salted hash. */
export interface DigestAuthentication {
  /** Algorithms by which everybody can log in now whom this provider knows by password; none = not to be offered. Never throws. */
  algorithms(): readonly DigestAlgorithm[]
  /** As {@link Authentication.authenticate}. Compares in constant time. */
  verify(answer: DigestResponse): Promise<Principal | null | false>
}

/**
 * Turns credentials into a principal. `null` = not mine to judge; `false` = mine, and wrong. What `ctx.use` gives rejects with
 * `ERR_LIMIT` after too many wrong ones from one address; a provider need not count them.
 */
export interface Authentication {
  authenticate(credentials: Credentials): Promise<Principal | null | false>
  /** Absent = passwords have to be shown. Doors offer Digest where all plugins that authenticate can do it. */
  readonly digest?: DigestAuthentication
  /**
   * Yields whenever an answer may have become another one; what the host keeps of answers is dropped then. Ends when `signal`
   * aborts. Absent = kept answers expire by themselves, within 10 s.
   */
  changes?(signal: AbortSignal): AsyncIterable<unknown>
}

/** A message of another member, or a note that the reader was too slow for some. */
export type ClusterMessage =
  | {
      readonly type: 'message'
      /** Peer id of the sender, as the link proved it; never this node's own. */
      readonly peer: string
      /** May be kept; do not change it, other readers have the same bytes. */
      readonly body: Uint8Array
    }
  | { readonly type: 'lagged'; readonly missed: number }

/** Logins of one sort since the last call. Each time that credentials are judged is one: an HTTP request with a token, too. */
export interface LoginCount {
  readonly allowed: boolean
  /** Which door: `http`, `rtmp` … */
  readonly via: string
  /** What those are who were let in. */
  readonly kind?: Principal['kind']
  readonly count: number
}

/** Payloads of one sort since the last call. */
export interface PayloadCount {
  /** `in`: answered here; `out`: sent from here. One from this node to itself is both. */
  readonly direction: 'in' | 'out'
  /** Empty where it is none, or where there were too many kinds at a time. */
  readonly kind: string
  /** `ok`, or the code of the error. */
  readonly outcome: string
  readonly count: number
  /** Of their bodies. */
  readonly bytes: number
}

/** What happened to streams on this node since the last call. */
export interface StreamCount {
  readonly type: 'published' | 'unpublished' | 'subscribed' | 'unsubscribed'
  readonly count: number
}

/**
 * An observer. Calls are one way, of plain data; what they return or throw changes nothing: a throw is contained, counted and
 * logged. The daemon counts while it works and calls a moment later, never for each payload or frame; what is counted at its end
 * is told before the plugins stop. Lines of the observer's own plugin are left out.
 */
export interface Monitoring {
  /** A log line of level `warn` or more, redacted. At most 1,000 a quarter of a second; the rest is left out. */
  onError?(line: LogLine): void
  onLogin?(logins: LoginCount): void
  onPayload?(payloads: PayloadCount): void
  onStream?(events: StreamCount): void
}

/**
 * A door through which clients that are no peers (browsers, scripts, players' pages) log in and exchange payloads with plugins.
 * `open` is called when everything else runs, `close` before anything else stops, once each; what goes wrong there is logged
 * with the plugin's name.
 */
export interface Endpoint {
  /** Shown to people, and `via` of its logins: `websocket`. */
  readonly name: string
  /** Begins to listen. `address`: where, for people. `signal` aborts when it is to close. */
  open(door: EndpointDoor, signal: AbortSignal): Promise<{ readonly address: string }>
  /** Takes no more clients and lets those that are there go. 5 s. */
  close(): Promise<void>
}

/** What an endpoint has of the daemon. Nobody gets past {@link login}. */
export interface EndpointDoor {
  /**
   * Asks `authentication`. Rejects with `ERR_UNAUTHENTICATED` when the credentials are wrong or nobody's, `ERR_TIMEOUT` after 10 s,
   * `ERR_LIMIT` (1,000 sessions; 100 logins at a time; too many wrong ones from there), `ERR_STOPPING`.
   */
  login(credentials: Omit<Credentials, 'via'>): Promise<EndpointSession>
}

/** A payload for a client. */
export interface EndpointPayload {
  /** Peer id of the sender; this node's own for its plugins and clients. */
  readonly from: string
  readonly kind: string
  /** Do not change it, other clients have the same bytes. */
  readonly body: Uint8Array
}

/** Limits of one call. */
export interface EndpointCallOptions {
  /** ms until `ERR_TIMEOUT`; default as for plugins. */
  readonly timeout?: number
}

/**
 * One client that has logged in. `permission` is asked for every message: `payload.send` with the kind, whichever way it goes.
 * Whoever receives a payload of a client sees this node as its sender: the client speaks in its name.
 */
export interface EndpointSession {
  readonly principal: Principal
  /** Aborted when it is over: closed, a permission it uses was taken back (`ERR_FORBIDDEN`), or the node stops (`ERR_STOPPING`). */
  readonly signal: AbortSignal
  /**
   * Resolves when the plugin has handled it. In order for each session. Rejects as `Payloads.send`, and with `ERR_FORBIDDEN`,
   * `ERR_OVERLOADED` (64 at a time). `to`: a peer's id or name; `self` = this node.
   */
  send(to: string, kind: string, body: Uint8Array, options?: EndpointCallOptions): Promise<void>
  /** As {@link send}; resolves with the plugin's reply. */
  request(to: string, kind: string, body: Uint8Array, options?: EndpointCallOptions): Promise<Uint8Array>
  /**
   * Takes payloads of a kind that come to this node, together with other clients. `receive` must not wait; it returns false when
   * it has no room. Resolves with the undo. Rejects with `ERR_FORBIDDEN`, `ERR_KIND_INVALID`, `ERR_KIND_CLAIMED` (a plugin handles
   * this kind; one that comes later takes it over), `ERR_USAGE` (twice), `ERR_LIMIT` (100 a session, 500 kinds a node).
   */
  subscribe(kind: string, receive: (payload: EndpointPayload) => boolean): Promise<() => void>
  /** Ends it. Idempotent. */
  close(): void
}

/**
 * Messages between members: at most once, in order for each sender, never to oneself. A member that nobody subscribed to the
 * topic on drops them. Topics: 1–255 bytes of UTF-8; those that begin with `shoal/` are the daemon's. Bodies: up to 256 KiB.
 */
export interface ClusterNode {
  /**
   * To all other members. Resolves when each has it or cannot get it; never rejects for a member. Rejects with `ERR_USAGE`,
   * `ERR_PAYLOAD_TOO_LARGE`. Await it where you send much: it is what holds a fast sender back.
   */
  send(topic: string, body: Uint8Array): Promise<void>
  /** To one other member. Resolves when it has it. Rejects with `ERR_PEER_UNREACHABLE`, `ERR_OVERLOADED`, `ERR_USAGE`, `ERR_PAYLOAD_TOO_LARGE`. */
  sendDirect(peer: string, topic: string, body: Uint8Array): Promise<void>
  /** Listens from now on, until `signal` aborts or the iteration is left. */
  subscribe(topic: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<ClusterMessage>
}

/** Somebody came or went, or the leader changed (`peer` is the new one). A listener that falls behind receives `lagged` and goes on. */
export type MemberEvent = { readonly type: 'joined' | 'left' | 'leader'; readonly peer: string } | { readonly type: 'lagged'; readonly missed: number }

/**
 * The members that can be reached now. All members that see the same members see the same leader, from the first moment on:
 * it follows from who is there, and is not elected by messages.
 */
export interface ClusterRegistry {
  /** Peer id of this node. */
  readonly self: string
  /** Peer ids, in order, this node among them. Before the network is up: this node alone. */
  members(): readonly string[]
  /** Peer id of the leader. */
  leader(): string
  isLeader(): boolean
  /** Events from now on; of this node only `leader`. {@link members} and {@link leader} already show what an event says. */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<MemberEvent>
}

/** A name got its first owner in the cluster, or lost its last. A listener that falls behind receives `lagged` and goes on. */
export type StateEvent = { readonly type: 'added' | 'removed'; readonly name: string } | { readonly type: 'lagged'; readonly missed: number }

/**
 * A set of names that all members see. What a node adds it owns until it removes it or is gone; members agree once nothing
 * changes any more, whatever was lost on the way. Names: 1–512 bytes of UTF-8.
 */
export interface StateRegistry {
  readonly topic: string
  /** Adds one reference of this node. Throws `ERR_USAGE`, `ERR_LIMIT` (10,000 names a node over all topics). */
  add(name: string): void
  /** Takes one reference of this node away; without one it does nothing. The last one ends the ownership. */
  remove(name: string): void
  /** Does any member own it? */
  has(name: string): boolean
  /** Names in order, of all members or of one. */
  getAll(peer?: string): readonly string[]
  /** Peer ids in order, this node's among them. */
  ownersOf(name: string): readonly string[]
  /** Events from now on. */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<StateEvent>
}

/** Opens state registries. Topics: 1–255 bytes of UTF-8; those that begin with `shoal/` are the daemon's. */
export interface StateRegistries {
  /** The same topic is the same set. Throws `ERR_USAGE`, `ERR_LIMIT` (1,000 topics a node). */
  getRegistry(topic: string): StateRegistry
}

/** What a subscriber gets. */
export interface Published {
  readonly name: string
  /** Peer id of the node on which it was published; may be this one. */
  readonly peer: string
  /** May be kept; do not change it, other subscribers have the same bytes. */
  readonly body: Uint8Array
}

/** Takes what is published; must not wait. A throw is contained and logged. */
export type Subscriber = (published: Published) => void

/** `first`: a name has its first subscriber in the cluster; `last`: the last one is gone. A listener that falls behind receives `lagged` and goes on. */
export type SubscriptionEvent = { readonly type: 'first' | 'last'; readonly name: string } | { readonly type: 'lagged'; readonly missed: number }

/** Publish and subscribe by name. Names: 1–512 bytes of UTF-8. Bodies: up to 250 KiB. */
export interface SubscriptionRegistry {
  readonly topic: string
  /** Subscribes until the returned function is called or `signal` aborts. Throws `ERR_USAGE` when this subscriber has the name already, `ERR_LIMIT`. */
  subscribe(name: string, subscriber: Subscriber, options?: { readonly signal?: AbortSignal }): () => void
  /**
   * To the subscribers of this node, in this turn, but not to `except`; and to the nodes that have subscribers, and no others.
   * Resolves when each of them has it or cannot get it. At most once, in order for each publishing node. Rejects with
   * `ERR_USAGE`, `ERR_PAYLOAD_TOO_LARGE`.
   */
  publish(name: string, body: Uint8Array, options?: { readonly except?: Subscriber }): Promise<void>
  /** Subscribers on this node. */
  subscribers(name: string): number
  /** Nodes with subscribers: peer ids in order, this node's among them. */
  interested(name: string): readonly string[]
  /** Names with a subscriber anywhere, in order. */
  names(): readonly string[]
  /** Events from now on. */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<SubscriptionEvent>
}

/** Opens subscription registries. Topics: 1–200 bytes of UTF-8. */
export interface SubscriptionRegistries {
  /** The same topic is the same registry. Throws `ERR_USAGE`, `ERR_LIMIT`. */
  getRegistry(topic: string): SubscriptionRegistry
}

/** A lock that is held. Releases itself at the end of `await using`. */
export interface Lock extends AsyncDisposable {
  readonly name: string
  /**
   * Fencing token: of two grants of one lock the later has the greater token, compared as strings (`<`), and no two grants have
   * the same. Give it to what the lock guards, and let that refuse a token lower than one it has seen.
   */
  readonly token: string
  /** Aborted when the lock is lost: released, or granted to another while this node was cut off. */
  readonly signal: AbortSignal
  /** Gives it back; nobody else can. Resolves when the leader was told. Idempotent. */
  release(): Promise<void>
}

/** Limits of one try. */
export interface LockOptions {
  /** ms to wait for the leader's answer, not for the lock; default 5,000. */
  readonly timeout?: number
  /** Gives the try up; the lock, once held, does not follow it. */
  readonly signal?: AbortSignal
}

/**
 * Locks that the leader grants. A try does not queue. A lock is free again when its holder releases it, leaves or dies. When the
 * leader changes, holders keep what they hold. While a cluster is split each part grants locks by itself: when it heals, the
 * holder with the lower token learns that its lock is lost; until then the token protects what the lock guards.
 */
export interface Locks {
  /** The lock, or nothing when somebody has it (also on this node) or no answer came in time. Names: 1–200 bytes of UTF-8. Rejects with `ERR_USAGE`, `ERR_LIMIT` (500 a node), and the signal's reason. */
  get(name: string, options?: LockOptions): Promise<Lock | undefined>
}
