/** The default of the `permission` slot: this machine and the trusted peers, nobody else. */

import type { Action, Permission, Principal } from '../../../services.js'

/** Who may watch and publish. */
export interface LocalPermissionOptions {
  /** Config `access.read`. `known` (default): clients on this machine and clients that authenticated. `anyone`: every client that reaches a port. */
  readonly read?: 'known' | 'anyone'
  /** Config `access.publish`; as `read`. */
  readonly publish?: 'known' | 'anyone'
}

const peerActions: ReadonlySet<Action['action']> = new Set(['stream.read', 'stream.publish', 'payload.send'])

/**
 * Owner: everything. Peer: read streams, take over a path that is published here, send payloads. Client: read and publish
 * streams when it is on this machine, has authenticated, or the options let anyone. A refusal is a sentence that says what to set.
 */
export function localPermission(options: LocalPermissionOptions = {}): Permission {
  const allowed = { 'stream.read': options.read ?? 'known', 'stream.publish': options.publish ?? 'known' }
  return {
    allows(who: Principal, { action }: Action): boolean | string {
      if (who.kind === 'owner') return true
      if (who.kind === 'peer') return peerActions.has(action) || `A peer may not do this: ${action}.`
      if (who.kind !== 'client') return false
      if (action !== 'stream.read' && action !== 'stream.publish') return `Only the owner of this node may do this: ${action}.`
      const authenticated = who.id !== 'anonymous' && who.id !== ''
      if (who.local === true || authenticated || allowed[action] === 'anyone') return true
      const [verb, key] = action === 'stream.read' ? ['read', 'access.read'] : ['publish', 'access.publish']
      return `A client from another machine may not ${verb} streams here; set ${key} to anyone to allow it.`
    },
  }
}
