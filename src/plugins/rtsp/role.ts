/** What a client does with a stream, and what it needs for that. */

import type { PluginContext, TaskScope } from '../../plugin.js'
import type { Action } from '../../services.js'
import type { RtspConfig } from './config.js'
import type { Connection } from './connection.js'
import type { Nonces } from './nonces.js'
import type { Outlet, PacketCache } from './player.js'
import type { Sources } from './sources.js'

/** What sessions share. */
export interface SessionHost {
  readonly ctx: PluginContext<RtspConfig>
  readonly cache: PacketCache
  readonly nonces: Nonces
  readonly sources: Sources
  /** The connection is in TLS. */
  readonly secure: boolean
}

/** What a role needs of its session. */
export interface RoleHost extends SessionHost {
  readonly connection: Connection
  readonly scope: TaskScope
  /** The role is over; the session ends after what was said is handed over. */
  finish(reason?: unknown): void
}

/** A stream that is published or played. */
export interface Role {
  readonly action: Action['action']
  readonly path: string
  /** Does it prove by itself that its client lives? */
  readonly lively: boolean
  /** The medium that a SETUP names; throws `ERR_STREAM_NOT_FOUND`. */
  mediumOf(uri: string): number
  /** SETUP: how a medium travels. */
  add(medium: number, line: Outlet): void
  /** RECORD or PLAY. */
  start(): void
  pause(): void
  /** A packet of a medium. */
  packet(medium: number, bytes: Uint8Array, report: boolean): void
  close(): void
}
