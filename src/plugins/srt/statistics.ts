/** What libsrt counts of a connection (`CBytePerfMon` of srt.h 1.5), read from its memory. */

/** Bytes that the library may fill: 496 in 1.5.1, and more in a later release. */
export const statisticsSize = 1024

/** Where in it what is read stands; 64-bit numbers stand on multiples of 8. */
const at = {
  sent: 8,
  received: 16,
  sendLoss: 24,
  receiveLoss: 28,
  retransmitted: 32,
  sendDrop: 64,
  receiveDrop: 68,
  undecrypted: 72,
  bytesSent: 80,
  bytesReceived: 88,
  retransmittedReceived: 164,
  belated: 224,
  rtt: 328,
  bandwidth: 336,
  sendDelay: 376,
  receiveDelay: 392,
} as const

/** What is common to both ways. */
interface WayStatistics {
  readonly bytes: number
  /** Packets that were sent again. */
  readonly retransmitted: number
  /** Packets that were found to be missing; most come later. */
  readonly missing: number
  /** ms that packets may be late, as both sides agreed. */
  readonly latency: number
  /** Round trip, ms. */
  readonly rtt: number
  /** What the way is reckoned to carry, bits a second; absent until it is known. */
  readonly bandwidth?: number
}

/** Since the start of a connection that receives. */
export interface ReceiveStatistics extends WayStatistics {
  /** Packets. */
  readonly received: number
  /** Packets that never came in time. */
  readonly lost: number
  /** Packets that came after they were given up. */
  readonly late: number
  /** Packets that could not be decrypted. */
  readonly undecrypted: number
}

/** Since the start of a connection that sends. */
export interface SendStatistics extends WayStatistics {
  /** Packets, with those that were sent again. */
  readonly sent: number
  /** Packets that were not sent, because they would have come too late. */
  readonly dropped: number
}

/** Of a connection that receives. `memory` has {@link statisticsSize} bytes. */
export function readReceived(memory: Uint8Array): ReceiveStatistics {
  const { view, count, many, way } = reading(memory)
  const own = { received: many(at.received), lost: count(at.receiveDrop), late: many(at.belated), undecrypted: count(at.undecrypted) }
  const again = { missing: count(at.receiveLoss), retransmitted: count(at.retransmittedReceived) }
  return { ...own, ...again, bytes: many(at.bytesReceived), latency: view.getInt32(at.receiveDelay, little), ...way }
}

/** Of a connection that sends. */
export function readSent(memory: Uint8Array): SendStatistics {
  const { view, count, many, way } = reading(memory)
  const own = { sent: many(at.sent), dropped: count(at.sendDrop), missing: count(at.sendLoss), retransmitted: count(at.retransmitted) }
  return { ...own, bytes: many(at.bytesSent), latency: view.getInt32(at.sendDelay, little), ...way }
}

/** Native memory is as the machine has it. */
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

function reading(memory: Uint8Array) {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  const count = (offset: number): number => view.getInt32(offset, little)
  const many = (offset: number): number => Number(view.getBigInt64(offset, little))
  const bandwidth = Math.round(view.getFloat64(at.bandwidth, little) * 1e6)
  const way = { rtt: Math.round(view.getFloat64(at.rtt, little) * 100) / 100, ...(bandwidth > 0 && { bandwidth }) }
  return { view, count, many, way }
}
