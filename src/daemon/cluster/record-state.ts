/** What a node knows of the records of all members, what happens to it, and what must be done about it. */

import type { PeerId } from '../../plugin.js'
import type { ControlMessage, Digest } from '../swarm/control-messages.js'
import { PersistentMap } from '../util/persistent-map.js'
import { type Mark, noMark, type SignedRecord, type UnsignedRecord } from './record.js'

/** Records of one author. */
export interface AuthorRecords {
  /** Newest epoch seen; records of an older one are gone, but for those of epoch 0. */
  readonly epoch: number
  readonly records: ReadonlyMap<string, SignedRecord>
  /** Of all of them. */
  readonly mark: Mark
  /** Of all bodies. */
  readonly bytes: number
}

/** A record that direct peers are about to be sent. */
export interface Outgoing {
  readonly record: SignedRecord
  /** Peers that have it: it came from them. */
  readonly from: readonly PeerId[]
}

/** Everything. Never changed in place. */
export interface RecordState {
  readonly self: PeerId
  /** Of this run; rises when records of another run with this identity are met. */
  readonly epoch: number
  /** Of the last own record but those of epoch 0. */
  readonly sequence: number
  /** This run, in hex. */
  readonly instance: string
  /** When it began: wall clock, ms since 1970. Only to choose between two runs with one identity: both must choose the same. */
  readonly since: number
  /** What this node says, by slot; without `trust/…`. */
  readonly own: ReadonlyMap<string, Uint8Array>
  /** Whose records are kept. */
  readonly trusted: ReadonlySet<PeerId>
  /** Peers with a direct link, and whether they were sent all authors since this node last began to compare. */
  readonly peers: ReadonlyMap<PeerId, { readonly told: boolean }>
  readonly authors: PersistentMap<AuthorRecords>
  /** Of everything. */
  readonly mark: Mark
  /** By author and slot. */
  readonly outbox: PersistentMap<Outgoing>
  /** Authors of whom a peer was asked for what is not here, up to which mark: others need not be asked for the same. */
  readonly asked: PersistentMap<{ readonly peer: PeerId; readonly mark: string }>
  /** Authors whose records did not come in the last round from whom they were asked of: now everybody is asked who has them. */
  readonly overdue: ReadonlySet<PeerId>
  /** Other runs with this identity, and the epoch in which each was first met. */
  readonly strangers: ReadonlyMap<string, number>
  /** Another run with this identity is alive. `newest`: this one began later; it raises its epoch no more. */
  readonly copied: { readonly instance: string; readonly newest: boolean } | undefined
  /** Times the epoch was raised; a round of digests takes one off. */
  readonly raises: number
}

/** What happens. */
export type RecordEvent =
  /** This node says something under a name. */
  | { readonly type: 'own'; readonly slot: string; readonly body: Uint8Array }
  /** What was to be signed is. */
  | { readonly type: 'signed'; readonly record: SignedRecord }
  /** A direct link with a control channel came up, or went. */
  | { readonly type: 'linked' | 'unlinked'; readonly peer: PeerId }
  /** Records whose signatures were checked. */
  | { readonly type: 'records'; readonly peer: PeerId; readonly records: readonly SignedRecord[] }
  | { readonly type: 'digest'; readonly peer: PeerId; readonly digest: Digest }
  | { readonly type: 'trusted' | 'untrusted'; readonly author: PeerId }
  /** Records that were gathered are sent. */
  | { readonly type: 'flush' }
  /** Compare with one peer, or with all in a new round. */
  | { readonly type: 'compare'; readonly peer?: PeerId }

/** A record that came or went. */
export interface RecordChange {
  readonly author: PeerId
  readonly slot: string
  readonly record?: SignedRecord
  readonly before?: SignedRecord
}

/** What must be done, in order. */
export type RecordEffect =
  | { readonly type: 'send'; readonly peer: PeerId; readonly message: ControlMessage }
  | { readonly type: 'sign'; readonly record: UnsignedRecord }
  | { readonly type: 'changed'; readonly change: RecordChange }
  /** A record that outlives this run came, or went. */
  | { readonly type: 'save'; readonly record: SignedRecord }
  | { readonly type: 'drop'; readonly author: PeerId; readonly slot: string }
  /** The epoch must be saved. */
  | { readonly type: 'raised'; readonly epoch: number }
  | { readonly type: 'copied'; readonly instance: string; readonly newest: boolean }
  /** A record is over the limits of its author. */
  | { readonly type: 'refused'; readonly author: PeerId; readonly slot: string }

/** The next state, and what to do. */
export interface RecordStep {
  readonly state: RecordState
  readonly effects: readonly RecordEffect[]
}

/** How a node begins. */
export interface RecordStart {
  readonly self: PeerId
  /** Higher than in any run before. */
  readonly epoch: number
  readonly instance: string
  /** When this run began, ms since 1970. */
  readonly since: number
  readonly trusted: Iterable<PeerId>
  /** Records of epoch 0 from an earlier run, of trusted authors or of this node. */
  readonly kept?: readonly SignedRecord[]
}

/** A node that knows nothing of others yet. */
export function emptyRecords({ self, epoch, instance, since, trusted }: RecordStart): RecordState {
  return {
    ...{ self, epoch, instance, since, sequence: 0, own: new Map(), trusted: new Set(trusted), peers: new Map() },
    ...{ authors: PersistentMap.empty<AuthorRecords>(), mark: noMark, outbox: PersistentMap.empty<Outgoing>(), asked: PersistentMap.empty() },
    overdue: new Set(),
    ...{ strangers: new Map(), copied: undefined, raises: 0 },
  }
}
