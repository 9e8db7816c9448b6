/** RTCP: sender and receiver reports, goodbyes (RFC 3550 section 6). */

import { ShoalError } from '../../errors.js'

/** A sender's clock: what its media clock showed at a wall-clock time. */
export interface SenderReport {
  readonly type: 'sender-report'
  readonly ssrc: number
  /** µs since 1900, as the sender's wall clock had it. */
  readonly wall: number
  /** The middle 32 bits of the NTP time: receivers send them back. */
  readonly mark: number
  /** The same moment in ticks of the media clock. */
  readonly timestamp: number
  readonly packets: number
  readonly octets: number
}

/** What a receiver got. */
export interface ReceptionReport {
  /** Whose packets these are. */
  readonly ssrc: number
  /** Part of the packets since the last report that is missing, 0 to 255 of 256. */
  readonly fractionLost: number
  readonly lost: number
  readonly highest: number
  /** In ticks. */
  readonly jitter: number
  /** {@link SenderReport.mark} of the newest sender report, and the time since in 1/65,536 s. */
  readonly lastReport: number
  readonly sinceLastReport: number
}

/** One packet of a compound. */
export type RtcpPacket =
  | SenderReport
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly reports: readonly ReceptionReport[] }
  | { readonly type: 'goodbye'; readonly sources: readonly number[] }

const types = { senderReport: 200, receiverReport: 201, description: 202, goodbye: 203 } as const

/** Reads a compound packet; types that are not known are passed over. Throws `ERR_MEDIA_INVALID`. */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw invalid('a header is cut short')
    const first = view.getUint8(at)
    if (first >> 6 !== 2) throw invalid(`version ${first >> 6}`)
    const size = (view.getUint16(at + 2) + 1) * 4
    if (at + size > bytes.length) throw invalid('a packet is cut short')
    const packet = parseOne(view.getUint8(at + 1), first & 0x1f, new DataView(bytes.buffer, bytes.byteOffset + at, size))
    if (packet) packets.push(packet)
    at += size
  }
  return packets
}

function parseOne(type: number, count: number, view: DataView): RtcpPacket | undefined {
  if (type === types.senderReport) return senderReportOf(view)
  if (type === types.receiverReport) {
    if (view.byteLength < 8 + count * 24) throw invalid('a receiver report is too short')
    return { type: 'receiver-report', ssrc: view.getUint32(4), reports: Array.from({ length: count }, (_, i) => receptionOf(view, 8 + i * 24)) }
  }
  if (type !== types.goodbye) return undefined
  if (view.byteLength < 4 + count * 4) throw invalid('a goodbye is too short')
  return { type: 'goodbye', sources: Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 4)) }
}

function senderReportOf(view: DataView): SenderReport {
  if (view.byteLength < 28) throw invalid('a sender report is too short')
  const [seconds, fraction] = [view.getUint32(8), view.getUint32(12)]
  return {
    type: 'sender-report',
    ssrc: view.getUint32(4),
    wall: seconds * 1e6 + Math.round((fraction * 1e6) / 2 ** 32),
    mark: (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0,
    timestamp: view.getUint32(16),
    packets: view.getUint32(20),
    octets: view.getUint32(24),
  }
}

function receptionOf(view: DataView, at: number): ReceptionReport {
  const lost = view.getUint32(at + 4)
  return {
    ssrc: view.getUint32(at),
    fractionLost: lost >>> 24,
    lost: (lost << 8) >> 8,
    highest: view.getUint32(at + 8),
    jitter: view.getUint32(at + 12),
    lastReport: view.getUint32(at + 16),
    sinceLastReport: view.getUint32(at + 20),
  }
}

/** Writes a sender report with the name of the source. `wall`: µs since 1900. */
export function writeSenderReport(report: Omit<SenderReport, 'type' | 'mark'>): Uint8Array {
  const bytes = start(types.senderReport, 0, 28)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, report.ssrc)
  const seconds = Math.floor(report.wall / 1e6)
  view.setUint32(8, seconds)
  view.setUint32(12, Math.round(((report.wall - seconds * 1e6) / 1e6) * 2 ** 32))
  view.setUint32(16, report.timestamp)
  view.setUint32(20, report.packets)
  view.setUint32(24, report.octets)
  return Buffer.concat([bytes, description(report.ssrc)])
}

/** Writes a receiver report about one source with the name of the receiver. */
export function writeReceiverReport(ssrc: number, report: ReceptionReport): Uint8Array {
  const bytes = start(types.receiverReport, 1, 32)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, ssrc)
  view.setUint32(8, report.ssrc)
  view.setUint32(12, (report.fractionLost << 24) | (report.lost & 0xff_ffff))
  view.setUint32(16, report.highest)
  view.setUint32(20, report.jitter)
  view.setUint32(24, report.lastReport)
  view.setUint32(28, report.sinceLastReport)
  return Buffer.concat([bytes, description(ssrc)])
}

/** Writes a goodbye, behind the empty report that every compound begins with. */
export function writeGoodbye(ssrc: number): Uint8Array {
  const report = start(types.receiverReport, 0, 8)
  const goodbye = start(types.goodbye, 1, 8)
  for (const bytes of [report, goodbye]) new DataView(bytes.buffer).setUint32(4, ssrc)
  return Buffer.concat([report, description(ssrc), goodbye])
}

/** SDES with a CNAME alone: every compound must have one (6.1). */
function description(ssrc: number): Uint8Array {
  const bytes = start(types.description, 1, 16)
  new DataView(bytes.buffer).setUint32(4, ssrc)
  bytes.set([1, 5, ...[...'shoal'].map((letter) => letter.charCodeAt(0))], 8)
  return bytes
}

function start(type: number, count: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes.set([0x80 | count, type, 0, size / 4 - 1])
  return bytes
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `RTCP: ${why}.`)
}
