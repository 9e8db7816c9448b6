import { describe, expect, it } from 'vitest'
import { BitReader } from '../../../src/media/bits.js'
import { codeOf, hex } from './configs.js'

describe('BitReader', () => {
  it('reads bits across bytes, up to 32 at once', () => {
    const reader = new BitReader(hex('a5 ff00ff00 80'), 'test')
    expect([reader.bits(3), reader.bits(5), reader.bits(32), reader.flag(), reader.left]).toEqual([5, 5, 0xff00ff00, true, 7])
  })

  it('reads Exp-Golomb codes as table 9-2 and 9-3 of H.264 have them', () => {
    // 1 010 011 00100 00101 00110 00111 0001000
    const unsigned = new BitReader(hex('a6 42 98 e2 00 00'), 'test')
    expect(Array.from({ length: 8 }, () => unsigned.ue())).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const signed = new BitReader(hex('a6 42 98 e2 00 00'), 'test')
    expect(Array.from({ length: 8 }, () => signed.se())).toEqual([0, 1, -1, 2, -2, 3, -3, 4])
  })

  it('reads the largest Exp-Golomb code and refuses longer ones', () => {
    expect(new BitReader(hex('00000001 ffffffff'), 'test').ue()).toBe(2 ** 32 - 2)
    expect(codeOf(() => new BitReader(hex('00000000 8000000000'), 'test').ue())).toBe('ERR_MEDIA_INVALID')
  })

  it.each([
    ['bits', (reader: BitReader) => reader.bits(17)],
    ['skip', (reader: BitReader) => reader.skip(17)],
    ['bytes', (reader: BitReader) => reader.bytes(3)],
    ['ue', (reader: BitReader) => reader.ue()],
  ])('%s does not read past the end', (_, read) => {
    expect(codeOf(() => read(new BitReader(hex('0001'), 'test')))).toBe('ERR_MEDIA_INVALID')
  })
})
