import { describe, expect, it } from 'vitest'
import { type Reception, ReceptionReports } from '../../../../src/media/rtp/reception.js'

const source = (lost: number, received: number): Reception => ({
  ssrc: 7,
  buffer: { counters: { lost, received, late: 0, reordered: 0 }, highest: 70_000 },
  jitter: { ticks: 12.4 },
  newest: { mark: 99, at: 1000 },
})

/** The fields of RFC 3550 section 6.4.2. */
function read(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return {
    own: view.getUint32(4),
    ssrc: view.getUint32(8),
    fraction: view.getUint8(12),
    lost: view.getUint32(12) & 0xff_ffff,
    highest: view.getUint32(16),
    jitter: view.getUint32(20),
    mark: view.getUint32(24),
    since: view.getUint32(28),
  }
}

describe('reception reports', () => {
  it('tell of all that was lost, and of the part lost since the one before', () => {
    const reports = new ReceptionReports()
    expect(read(reports.next(1, source(10, 30), 1500))).toEqual({
      own: 1,
      ssrc: 7,
      fraction: 64,
      lost: 10,
      highest: 70_000,
      jitter: 12,
      mark: 99,
      since: 32_768,
    })
    expect(read(reports.next(1, source(10, 60), 1500))).toMatchObject({ fraction: 0, lost: 10 })
    expect(read(reports.next(1, source(20, 60), 1500))).toMatchObject({ fraction: 255, lost: 20 })
  })

  it('say nothing of sender reports that did not come, and never more than the field holds', () => {
    const { newest: _, ...silent } = source(2 ** 24, 1)
    expect(read(new ReceptionReports().next(1, silent, 5))).toMatchObject({ lost: 0x7f_ffff, mark: 0, since: 0 })
  })
})
