import { expect, it } from 'vitest'
import { readReceived, readSent, statisticsSize } from '../../../../src/plugins/srt/statistics.js'

/** Memory as libsrt 1.5.1 filled it on x86-64: offset and value. */
function memory(ints: readonly [number, number][], longs: readonly [number, bigint][], doubles: readonly [number, number][]): Uint8Array {
  const bytes = Buffer.alloc(statisticsSize, 0xee)
  bytes.fill(0, 0, 496)
  for (const [offset, value] of ints) bytes.writeInt32LE(value, offset)
  for (const [offset, value] of longs) bytes.writeBigInt64LE(value, offset)
  for (const [offset, value] of doubles) bytes.writeDoubleLE(value, offset)
  return bytes
}

it('reads what a receiver counted', () => {
  const ints: [number, number][] = [
    [28, 12],
    [68, 2],
    [72, 1],
    [164, 10],
    [392, 137],
  ]
  const bytes = memory(
    ints,
    [
      [16, 500n],
      [88, 680_000n],
      [224, 3n],
    ],
    [
      [328, 0.019],
      [336, 11.916],
    ],
  )
  const counts = { received: 500, bytes: 680_000, missing: 12, lost: 2, late: 3, retransmitted: 10, undecrypted: 1 }
  expect(readReceived(bytes)).toEqual({ ...counts, rtt: 0.02, latency: 137, bandwidth: 11_916_000 })
})

it('reads what a sender counted, and leaves out a bandwidth that is not known', () => {
  const ints: [number, number][] = [
    [24, 5],
    [32, 6],
    [64, 1],
    [376, 91],
  ]
  const bytes = memory(
    ints,
    [
      [8, 506n],
      [80, 680_000n],
    ],
    [[328, 4.5]],
  )
  expect(readSent(bytes)).toEqual({ sent: 506, bytes: 680_000, missing: 5, retransmitted: 6, dropped: 1, rtt: 4.5, latency: 91 })
})
