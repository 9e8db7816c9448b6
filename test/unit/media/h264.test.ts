import { describe, expect, it } from 'vitest'
import { isAvcParameterSet, makeAvcC, parseAvcC, parseAvcSps } from '../../../src/media/h264.js'
import { avcConfigs, codeOf, hex } from './configs.js'

describe('avcC', () => {
  it.each(avcConfigs)('of $name ($width x $height) is read', ({ hex: bytes, ...expected }) => {
    const { codec, width, height, lengthSize, sps, pps } = parseAvcC(hex(bytes))
    expect({ codec, width, height, lengthSize }).toEqual({ codec: expected.codec, width: expected.width, height: expected.height, lengthSize: 4 })
    expect([sps.length, pps.length]).toEqual([1, 1])
  })

  it.each(avcConfigs)('of $name is written again byte for byte', ({ hex: bytes }) => {
    const { sps, pps } = parseAvcC(hex(bytes))
    expect(Buffer.from(makeAvcC(sps, pps)).toString('hex')).toBe(bytes)
  })

  it.each([
    ['empty', ''],
    ['another version', '0242c00bffe1'],
    ['lengths of 3 bytes', '0142c00bfee10000'],
    ['no parameter set', '0142c00bffe000'],
    ['a set that is cut short', '0142c00bffe100ff6742'],
    ['an empty set', '0142c00bffe1000000'],
    ['a picture parameter set in the wrong place', '0142c00bffe1000568cb83cb2000'],
    ['a set of one byte', '0142c00bffe100016700'],
  ])('is refused: %s', (_, bytes) => {
    expect(codeOf(() => parseAvcC(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })

  it('is not written of sets that do not fit', () => {
    const sps = hex('6742c00bd902c4ec04')
    for (const sets of [[], [hex('67')], Array.from({ length: 32 }, () => sps), [sps, new Uint8Array(65_536)]]) {
      expect(codeOf(() => makeAvcC(sets, []))).toBe('ERR_MEDIA_INVALID')
    }
  })
})

describe('SPS', () => {
  it('of picture order count type 1 is read', () => {
    // baseline, level 1: id 0, frame_num 4, type 1 with a cycle of 2, 1 reference, 2 x 2 macroblocks
    const bits = '1' + '1' + '010' + '0' + '1' + '1' + '011' + '010' + '011' + '010' + '0' + '010' + '010' + '1' + '1' + '0' + '0' + '1'
    const payload = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? []
    const sps = Uint8Array.of(0x67, 66, 0, 10, ...payload.map((byte) => Number.parseInt(byte, 2)))
    expect(parseAvcSps(sps)).toMatchObject({ codec: 'avc1.42000a', width: 32, height: 32 })
  })

  it.each([
    ['chroma format 4', '67 64 00 0a', '1' + '00101'],
    ['a bit depth of 15', '67 64 00 0a', '1' + '010' + '0001000'],
    ['picture order type 3', '67 42 00 0a', '1' + '1' + '00100'],
    ['a reference cycle of 256', '67 42 00 0a', '1' + '1' + '010' + '0' + '1' + '1' + '00000000100000001'],
    ['65,536 macroblocks wide', '67 42 00 0a', `1101110${'0000000000000000 1 0000000000000000'.replaceAll(' ', '')}1100`],
    ['cropped to nothing', '67 42 00 0a', '1' + '1' + '011' + '1' + '0' + '1' + '1' + '1' + '0' + '1' + '0001001' + '1' + '1' + '1'],
    ['nothing behind the level', '67 42 00 0a', ''],
  ])('is refused: %s', (_, head, bits) => {
    const payload = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? []
    const sps = Uint8Array.of(...hex(head), ...payload.map((byte) => Number.parseInt(byte, 2)))
    expect(codeOf(() => parseAvcSps(sps))).toBe('ERR_MEDIA_INVALID')
  })

  it('and its kin are told from pictures', () => {
    const types = Array.from({ length: 32 }, (_, type) => type).filter((type) => isAvcParameterSet(Uint8Array.of(0x60 | type)))
    expect(types).toEqual([7, 8, 13, 15])
  })
})
