/** A node of a simulated cluster: the record set of the daemon with signatures that cost nothing. */

import { encodeMember } from '../../../../src/daemon/cluster/member-body.js'
import { deriveMembership, type Membership } from '../../../../src/daemon/cluster/membership.js'
import { hash, markText, memberSlot, type SignedRecord, signedBytes, type UnsignedRecord } from '../../../../src/daemon/cluster/record.js'
import { judgeRecord, startRecords, stepRecords } from '../../../../src/daemon/cluster/record-set.js'
import type { RecordEffect, RecordEvent, RecordState } from '../../../../src/daemon/cluster/record-state.js'
import type { ControlMessage } from '../../../../src/daemon/swarm/control-messages.js'

/** What the network does for a node. */
export interface SimWires {
  send(from: string, to: string, message: ControlMessage): void
  /** The node has something to flush. */
  soon(node: string): void
}

/** 64 bytes that differ for different records, as signatures do. */
export function cheapSignature(record: UnsignedRecord): Uint8Array {
  const text = Buffer.from(signedBytes(record)).toString('latin1')
  const signature = Buffer.alloc(64)
  signature.writeUInt32BE(hash(text), 0)
  signature.writeUInt32BE(hash(`${text.length} ${text}`), 4)
  return new Uint8Array(signature)
}

/** One node. */
export class SimNode {
  readonly id: string
  readonly instance: string
  state: RecordState
  readonly effects: Exclude<RecordEffect, { type: 'send' | 'sign' }>[] = []
  readonly #wires: SimWires
  readonly #keepEffects: boolean

  constructor(
    id: string,
    wires: SimWires,
    start: { epoch: number; trusted: Iterable<string>; state?: RecordState; since?: number; instance?: string; keepEffects?: boolean },
  ) {
    this.id = id
    this.#wires = wires
    this.#keepEffects = start.keepEffects ?? false
    this.instance = start.instance ?? hash(`${id} ${start.epoch}`).toString(16).padStart(16, '0')
    const fresh = startRecords({ self: id, epoch: start.epoch, instance: this.instance, since: start.since ?? 1, trusted: [] })
    this.state = start.state ?? { ...fresh, trusted: start.trusted instanceof Set ? start.trusted : new Set(start.trusted) }
  }

  step(event: RecordEvent): void {
    const { state, effects } = stepRecords(this.state, event)
    this.state = state
    for (const effect of effects) this.#carryOut(effect)
    if (this.state.outbox.size > 0) this.#wires.soon(this.id)
  }

  /** A message arrives. */
  take(peer: string, message: ControlMessage): void {
    if (message.type === 'digest') this.step({ type: 'digest', peer, digest: message.value })
    if (message.type !== 'records') return
    const records = message.value.filter((record) => judgeRecord(this.state, record) !== 'drop')
    if (records.length > 0) this.step({ type: 'records', peer, records })
  }

  link(peer: string): void {
    this.step({ type: 'linked', peer })
    this.introduce()
  }

  unlink(peer: string): void {
    this.step({ type: 'unlinked', peer })
    this.introduce()
  }

  introduce(left = false): void {
    const links = [...this.state.peers.keys()].sort()
    const body = { name: this.id, agent: 'sim', addresses: [], links, instance: this.instance, since: this.state.since, features: [], left }
    this.step({ type: 'own', slot: memberSlot, body: encodeMember(body) })
  }

  get mark(): string {
    return markText(this.state.mark)
  }

  membership(): Membership {
    return deriveMembership(this.state)
  }

  #carryOut(effect: RecordEffect): void {
    if (effect.type === 'send') this.#wires.send(this.id, effect.peer, effect.message)
    else if (effect.type === 'sign') this.step({ type: 'signed', record: sign(effect.record) })
    else if (this.#keepEffects) this.effects.push(effect)
  }
}

/** A record with its cheap signature. */
export function sign(record: UnsignedRecord): SignedRecord {
  return { ...record, signature: cheapSignature(record) }
}
