/** What a receiver tells a sender of the packets that came (RFC 3550 section 6.4.2). */

import type { Jitter } from './jitter.js'
import type { ReorderBuffer } from './reorder.js'
import { writeReceiverReport } from './rtcp.js'

/** The field for all packets lost has 24 bits, with a sign. */
const mostLost = 0x7f_ffff

/** One source as it is received. */
export interface Reception {
  readonly ssrc: number
  readonly buffer: Pick<ReorderBuffer, 'counters' | 'highest'>
  readonly jitter: Pick<Jitter, 'ticks'>
  /** Its newest sender report: the mark of it, and when it came (ms). */
  readonly newest?: { readonly mark: number; readonly at: number } | undefined
}

/** The reports about one source: each tells of what was lost since the one before. */
export class ReceptionReports {
  #seen = { lost: 0, received: 0 }

  /** The next report, by the source `own`. `now` in ms, on the clock of `newest`. */
  next(own: number, { ssrc, buffer, jitter, newest }: Reception, now: number): Uint8Array {
    const { lost, received } = buffer.counters
    const [missing, came] = [lost - this.#seen.lost, received - this.#seen.received]
    this.#seen = { lost, received }
    return writeReceiverReport(own, {
      ssrc,
      fractionLost: missing + came > 0 ? Math.max(0, Math.min(255, Math.floor((missing * 256) / (missing + came)))) : 0,
      lost: Math.min(lost, mostLost),
      highest: buffer.highest >>> 0,
      jitter: Math.round(jitter.ticks),
      lastReport: newest?.mark ?? 0,
      sinceLastReport: newest ? Math.round((now - newest.at) * 65.536) : 0,
    })
  }
}
