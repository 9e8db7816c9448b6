/** What is common to clients that view and clients that publish. */

import { randomBytes } from 'node:crypto'
import type { Description } from '../../media/webrtc/description.js'
import type { Principal } from '../../services.js'
import type { Peer } from './peer.js'

/** A client as lists show it. */
export interface SessionInfo {
  readonly path: string
  readonly kind: 'whep' | 'whip'
  /** Where its media go to or come from; its HTTP address until it is connected. */
  readonly address: string
  readonly state: 'connecting' | 'connected'
  /** Wall clock, ms since 1970. */
  readonly since: number
  readonly codecs: readonly string[]
  /** Frames, packets and bytes of media so far, out or in. */
  readonly frames: number
  readonly packets: number
  readonly bytes: number
  /** Packets that are missing at the receiving end. */
  readonly lost: number
  /** Packets that were asked for again (in) or sent again (out). */
  readonly again: number
  /** Key pictures asked for. */
  readonly keyRequests: number
}

/** A client's session. */
export interface Session {
  readonly path: string
  readonly who: Principal
  readonly action: 'stream.read' | 'stream.publish'
  readonly peer: Peer
  info(): SessionInfo
}

/** A name that nobody can guess: whoever knows it may end the session. */
export function newSessionId(): string {
  return randomBytes(16).toString('base64url')
}

/** Are data channels offered? */
export function offersData({ sections }: Description): boolean {
  return sections.some(({ kind, refused }) => kind === 'application' && !refused)
}
