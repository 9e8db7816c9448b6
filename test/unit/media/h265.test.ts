import { describe, expect, it } from 'vitest'
import { isHevcParameterSet, makeHvcC, parseHevcSps, parseHvcC } from '../../../src/media/h265.js'
import { codeOf, hevcConfigs, hex } from './configs.js'

describe('hvcC', () => {
  it.each(hevcConfigs)('of $name ($width x $height) is read', ({ hex: bytes, ...expected }) => {
    const { codec, width, height, lengthSize, vps, sps, pps } = parseHvcC(hex(bytes))
    expect({ codec, width, height, lengthSize }).toEqual({ codec: expected.codec, width: expected.width, height: expected.height, lengthSize: 4 })
    expect([vps.length, sps.length, pps.length]).toEqual([1, 1, 1])
  })

  it.each(hevcConfigs)('of $name is written again', ({ hex: bytes, codec, width, height }) => {
    const { vps, sps, pps } = parseHvcC(hex(bytes))
    const made = makeHvcC(vps, sps, pps)
    expect(parseHvcC(made)).toMatchObject({ codec, width, height, lengthSize: 4, vps, sps, pps })
    // ffmpeg leaves array_completeness 0 for tag hvc1 of x265; all else is the same
    expect(made.length).toBe(bytes.length / 2)
    expect(Buffer.from(made.subarray(0, 23)).toString('hex')).toBe(bytes.slice(0, 46))
  })

  it.each([
    ['empty', ''],
    ['another version', `00${'00'.repeat(30)}`],
    ['cut short', '01016000000090000000'],
    ['no parameter set', '0101600000009000000000003ff000fcfdf8f800000f00'],
    ['lengths of 3 bytes', '0101600000009000000000003ff000fcfdf8f800000e00'],
    ['a set longer than the record', '0101600000009000000000003ff000fcfdf8f800000f01a10001ffff4201'],
  ])('is refused: %s', (_, bytes) => {
    expect(codeOf(() => parseHvcC(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })

  it('is not written without a sequence parameter set', () => {
    expect(codeOf(() => makeHvcC([], [], []))).toBe('ERR_MEDIA_INVALID')
  })
})

describe('SPS', () => {
  it('with temporal sub-layers is read', () => {
    // 2 sub-layers, the first with a profile and a level of its own
    const bits = ['0000', '001', '1', '0'.repeat(96), '11', '00'.repeat(7), '0'.repeat(96), '1', '010', '0000001000000', '0000001000000', '0', '1', '1', '1']
    const text = bits.join('')
    const payload = text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g) ?? []
    const sps = Uint8Array.of(0x42, 1, ...payload.map((byte) => Number.parseInt(byte, 2)))
    expect(parseHevcSps(sps)).toMatchObject({ subLayers: 2, nested: true, width: 63, height: 63 })
  })

  it('and its kin are told from pictures', () => {
    const types = Array.from({ length: 64 }, (_, type) => type).filter((type) => isHevcParameterSet(Uint8Array.of(type << 1, 1)))
    expect(types).toEqual([32, 33, 34])
  })
})
