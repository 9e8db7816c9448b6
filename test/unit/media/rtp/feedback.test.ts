import { expect, it } from 'vitest'
import { parseFeedback, writeKeyRequest, writeNack, writeRate } from '../../../../src/media/rtp/feedback.js'
import { writeGoodbye } from '../../../../src/media/rtp/rtcp.js'

it('asks for packets again, over the end of the numbers', () => {
  const sequences = [65_530, 65_534, 65_535, 0, 3, 40]
  expect(parseFeedback(writeNack(1, 2, sequences))).toEqual([{ type: 'nack', ssrc: 2, sequences }])
  expect(writeNack(1, 2, sequences).length).toBe(12 + 2 * 4)
})

it('asks for a key picture, by PLI and by FIR, also within a compound', () => {
  expect(parseFeedback(Buffer.concat([writeGoodbye(9), writeKeyRequest(1, 7)]))).toEqual([{ type: 'key', ssrc: 7 }])
  const fir = Uint8Array.from(Buffer.from('84ce000400000001000000000000000805000000', 'hex'))
  expect(parseFeedback(fir)).toEqual([{ type: 'key', ssrc: 8 }])
})

it.each([30_000, 262_143, 1_000_000, 20_000_000])('says the rate %i', (bitrate) => {
  const [read] = parseFeedback(writeRate(1, [5, 6], bitrate))
  expect(read?.type).toBe('rate')
  const said = read?.type === 'rate' ? read.bitrate : 0
  expect(Math.abs(said - bitrate) / bitrate).toBeLessThan(0.001)
})

it('refuses what is cut short, and bounds what one packet asks for', () => {
  expect(() => parseFeedback(writeNack(1, 2, [1]).subarray(0, 10))).toThrow(expect.objectContaining({ code: 'ERR_MEDIA_INVALID' }))
  const [all] = parseFeedback(
    writeNack(
      1,
      2,
      Array.from({ length: 3000 }, (_, i) => i),
    ),
  )
  expect(all?.type === 'nack' && all.sequences.length).toBeLessThan(600)
})
