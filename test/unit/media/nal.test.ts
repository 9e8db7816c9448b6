import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromAnnexB, joinNals, someNal, splitNals, toAnnexB, unescapeNal } from '../../../src/media/nal.js'
import { codeOf, hex } from './configs.js'

/** Units without start codes inside and without a trailing zero byte, as encoders make them. */
const nal = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte < 4 ? byte + 4 : byte)))
const nals = fc.array(nal, { maxLength: 6 })

describe('NAL units', () => {
  it('survive joining and splitting', () => {
    fc.assert(fc.property(nals, (units) => void expect(splitNals(joinNals(units))).toEqual(units)))
  })

  it('are looked through as they are split', () => {
    const large = (unit: Uint8Array, at = 0): boolean => (unit[at] as number) > 200
    const outcome = (work: () => boolean): unknown => {
      try {
        return work()
      } catch (error) {
        return String(error)
      }
    }
    const bytes = fc.oneof(nals.map(joinNals), fc.uint8Array({ maxLength: 12, max: 3 }))
    fc.assert(
      fc.property(bytes, fc.constantFrom(1, 2, 4), (data, lengthSize) => {
        const split = outcome(() => splitNals(data, lengthSize).some((unit) => large(unit)))
        expect(outcome(() => someNal(data, lengthSize, large))).toEqual(split)
      }),
    )
  })

  it('survive Annex B', () => {
    fc.assert(fc.property(nals, (units) => void expect(fromAnnexB(toAnnexB(units))).toEqual(units)))
  })

  it('are found behind 3-byte and 4-byte start codes, with zero bytes between, and not before the first', () => {
    expect(fromAnnexB(hex('ffff 00000001 09f0 000001 6742 0000 000001 000000 01 68'))).toEqual([hex('09f0'), hex('6742'), hex('68')])
  })

  it('are found in a stream of the escape byte', () => {
    expect(fromAnnexB(hex('000001 65000003000003 000001 41'))).toEqual([hex('65000003000003'), hex('41')])
  })

  it('have lengths of 1, 2 and 4 bytes; empty units are left out', () => {
    expect(splitNals(hex('02aabb 00 01cc'), 1)).toEqual([hex('aabb'), hex('cc')])
    expect(splitNals(hex('0002aabb 0001cc'), 2)).toEqual([hex('aabb'), hex('cc')])
    expect(splitNals(hex('00000002aabb'))).toEqual([hex('aabb')])
  })

  it.each(['00', '000000', '00000005aabb', 'ffffffffaa', '00000001aa 0000'])('refuses lengths that do not fit: %s', (bytes) => {
    expect(codeOf(() => splitNals(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })

  it('lose their emulation prevention bytes', () => {
    expect(unescapeNal(hex('6700000301000003000003'))).toEqual(hex('6700000100000000'))
  })
})
