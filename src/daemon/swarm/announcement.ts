/** What nodes tell each other over mDNS: a PTR and a TXT record (RFC 6762, 6763) with peer id, name and addresses. */

import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerId } from '../../plugin.js'

/** Service tag of Shoal. */
export const serviceTag = '_shoal._tcp.local'

/** Addresses taken from one announcement. */
export const maxAnnouncedAddresses = 8

/** One string of a TXT record is at most this long (RFC 1035, 3.3.14). */
const maxText = 255

/** Seconds for which others may remember it. */
const timeToLive = 120

/** Longest name that is shown. */
const maxName = 64

/** A node's presence. */
export interface Announcement {
  readonly peer: PeerId
  /** For people only. */
  readonly name?: string
  /** Multiaddrs without the peer id, as claimed. */
  readonly addresses: readonly string[]
  /** What members of its cluster know it by: 16 hexadecimal digits; see `ClusterSecret`. */
  readonly tag?: string
  /** It says that it takes requests to pair. */
  readonly open?: true
  /** It is leaving. */
  readonly gone: boolean
}

/** A DNS record as multicast-dns takes and gives it. */
export interface DnsRecord {
  readonly name: string
  readonly type: string
  readonly ttl?: number
  readonly data?: unknown
}

/** The records of an announcement. Addresses that do not fit are left out. */
export function writeAnnouncement(announcement: Announcement, tag: string = serviceTag): DnsRecord[] {
  const { peer, name, addresses, tag: memberTag, open, gone } = announcement
  const ttl = gone ? 0 : timeToLive
  const instance = `${peer}.${tag}`
  const texts = [
    `id=${peer}`,
    ...(name === undefined ? [] : [`n=${cleanName(name)}`]),
    ...(memberTag === undefined ? [] : [`s=${memberTag}`]),
    ...(open ? ['p=1'] : []),
    ...addresses.slice(0, maxAnnouncedAddresses).map((text) => `a=${text}`),
  ]
  const data = texts.map((text) => Buffer.from(text)).filter((text) => text.byteLength <= maxText)
  return [
    { name: tag, type: 'PTR', ttl, data: instance },
    { name: instance, type: 'TXT', ttl, data },
  ]
}

/** Reads the first announcement among the answers of a packet; undefined when there is none that is well-formed. */
export function readAnnouncement(answers: readonly DnsRecord[], tag: string = serviceTag): Announcement | undefined {
  const record = answers.find(({ name, type }) => type === 'TXT' && name.toLowerCase().endsWith(`.${tag}`))
  if (!record || !Array.isArray(record.data)) return undefined
  const texts = record.data.filter((text) => text instanceof Uint8Array).map((text) => Buffer.from(text).toString('utf8'))
  const value = (key: string): string[] => texts.filter((text) => text.startsWith(`${key}=`)).map((text) => text.slice(key.length + 1))
  const [peer] = value('id')
  if (peer === undefined || !isPeerId(peer)) return undefined
  const name = cleanName(value('n')[0] ?? '')
  const memberTag = value('s').find((text) => /^[0-9a-f]{16}$/.test(text))
  return {
    peer,
    ...(name && { name }),
    addresses: value('a').slice(0, maxAnnouncedAddresses),
    ...(memberTag !== undefined && { tag: memberTag }),
    ...(value('p')[0] === '1' && { open: true }),
    gone: record.ttl === 0,
  }
}

/** A name without control, format and line-breaking characters, cut to 64. */
export function cleanName(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, '')
    .trim()
    .slice(0, maxName)
}

/** Ed25519 peer ids only: those of Shoal nodes. */
export function isPeerId(text: string): boolean {
  if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(text)) return false
  try {
    return peerIdFromString(text).type === 'Ed25519'
  } catch {
    return false
  }
}
