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

/** Turns credentials into a principal. `null` = not mine to judge; `false` = mine, and wrong. */
export interface Authentication {
  authenticate(credentials: Credentials): Promise<Principal | null | false>
}
