/** The body of a `member` record: who a node is and whom it is linked with. The wire form is `proto/records.proto`. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { controlLimits } from '../swarm/control-messages.js'
import { readAscii, readText, writeMessage, writeText } from '../util/wire-text.js'
import { recordLimits, type SignedRecord } from './record.js'
import { MemberBody as Wire } from './records.pb.js'

const maxAddresses = 16
const maxAddress = 256
const maxLinks = 1024

/** What a node says of itself. */
export interface MemberBody {
  readonly name: string
  /** `shoal/0.1.0`. */
  readonly agent: string
  /** Multiaddrs others may dial. */
  readonly addresses: readonly string[]
  /** Peers with a direct link. */
  readonly links: readonly PeerId[]
  /** 8 random bytes of this run, in hex. */
  readonly instance: string
  /** When the run began: wall clock, ms since 1970; for people, and to choose between two runs with one identity. */
  readonly since: number
  readonly features: readonly string[]
  /** It stops. */
  readonly left: boolean
}

/** As bytes. What is over a limit is left out. */
export function encodeMember(body: MemberBody): Uint8Array {
  return Wire.encode({
    name: writeMessage(body.name, controlLimits.name),
    agent: writeMessage(body.agent, controlLimits.agent),
    addresses: body.addresses
      .filter((address) => address.length <= maxAddress)
      .slice(0, maxAddresses)
      .map(writeText),
    links: body.links.slice(0, maxLinks).map(writeText),
    instance: Buffer.from(body.instance, 'hex'),
    since: Math.max(0, Math.round(body.since)),
    features: body.features.slice(0, controlLimits.features).map(writeText),
    left: body.left,
  })
}

const counts = { addresses: maxAddresses, links: maxLinks, features: controlLimits.features }

/** Bytes as a body. Throws `ERR_PROTOCOL`. */
export function decodeMember(bytes: Uint8Array): MemberBody {
  const wire = parse(bytes)
  if (wire.instance.byteLength !== controlLimits.instance) throw new ShoalError('ERR_PROTOCOL', 'The instance of a member has not 8 bytes.')
  if (!Number.isSafeInteger(wire.since) || wire.since < 0) throw new ShoalError('ERR_PROTOCOL', 'The date of a member is out of range.')
  return {
    name: readText(wire.name, 'The name of a member', { min: 1, max: controlLimits.name }),
    agent: readText(wire.agent, 'The agent of a member', { max: controlLimits.agent }),
    addresses: wire.addresses.map((address) => readAscii(address, 'An address', { min: 1, max: maxAddress })),
    links: wire.links.map((peer) => readAscii(peer, 'A peer id', { min: 1, max: controlLimits.peerId })),
    instance: Buffer.from(wire.instance).toString('hex'),
    since: wire.since,
    features: wire.features.map((feature) => readAscii(feature, 'A feature', { min: 1, max: controlLimits.feature })),
    left: wire.left,
  }
}

function parse(bytes: Uint8Array): Wire {
  if (bytes.byteLength > recordLimits.body) throw new ShoalError('ERR_PROTOCOL', 'A member record is too large.')
  try {
    return Wire.decode(bytes, { limits: counts })
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A member record is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** A member record, read. */
export interface ReadMember extends MemberBody {
  readonly linked: ReadonlySet<PeerId>
}

const known = new WeakMap<SignedRecord, ReadMember | null>()

/** The body of a record, read once; undefined when it makes no sense. */
export function readMember(record: SignedRecord | undefined): ReadMember | undefined {
  if (!record) return undefined
  const before = known.get(record)
  if (before !== undefined) return before ?? undefined
  const body = attempt(record)
  known.set(record, body ?? null)
  return body
}

function attempt(record: SignedRecord): ReadMember | undefined {
  try {
    const body = decodeMember(record.body)
    return { ...body, linked: new Set(body.links) }
  } catch {
    return undefined
  }
}
