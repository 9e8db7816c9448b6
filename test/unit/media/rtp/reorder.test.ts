import { describe, expect, it } from 'vitest'
import type { RtpPacket } from '../../../../src/media/rtp/packet.js'
import { ReorderBuffer } from '../../../../src/media/rtp/reorder.js'

const packet = (sequence: number): RtpPacket => ({ payloadType: 96, marker: false, sequence, timestamp: 0, ssrc: 1, payload: new Uint8Array(1) })

/** Sequence numbers as they come out; a gap before one makes it negative. */
function order(buffer: ReorderBuffer, sequences: readonly number[], now = 0): number[] {
  return sequences.flatMap((sequence) => buffer.push(packet(sequence), now).map(({ packet: { sequence: out }, gap }) => (gap ? -out : out)))
}

describe('ReorderBuffer', () => {
  it('puts packets back into order, also where the numbers wrap', () => {
    const buffer = new ReorderBuffer(8)
    expect(order(buffer, [65_534, 0, 65_535, 2, 1, 3])).toEqual([65_534, 65_535, 0, 1, 2, 3])
    expect(buffer.counters).toEqual({ received: 6, lost: 0, late: 0, reordered: 2 })
  })

  it('gives up what is missing after so many packets, or so long', () => {
    const full = new ReorderBuffer(3)
    expect(order(full, [1, 3, 4, 5, 6, 7])).toEqual([1, -3, 4, 5, 6, 7])
    expect(full.counters).toMatchObject({ lost: 1, reordered: 0 })
    const patient = new ReorderBuffer(100, 50)
    expect(order(patient, [1, 4, 5], 0)).toEqual([1])
    expect(order(patient, [6], 60)).toEqual([-4, 5, 6])
    expect(patient.counters.lost).toBe(2)
  })

  it('counts what comes twice or too late', () => {
    const buffer = new ReorderBuffer(0)
    expect(order(buffer, [1, 2, 2, 5, 3])).toEqual([1, 2, -5])
    expect(buffer.counters).toEqual({ received: 5, lost: 2, late: 2, reordered: 0 })
  })

  it('takes two packets far off for a new beginning, and one for a stray', () => {
    const buffer = new ReorderBuffer(8)
    expect(order(buffer, [1, 2, 30_000, 3, 40_000, 40_001, 40_002])).toEqual([1, 2, 3, 40_001, 40_002])
  })
})
