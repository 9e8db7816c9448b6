import { describe, expect, it } from 'vitest'
import { parseAv1C } from '../../../src/media/av1.js'
import { parseVpcC } from '../../../src/media/vp9.js'
import { av1Configs, codeOf, hex } from './configs.js'

describe('av1C', () => {
  it.each(av1Configs)('of $name ($width x $height) is read', ({ hex: bytes, codec, width, height }) => {
    expect(parseAv1C(hex(bytes))).toEqual({ codec, width, height })
  })

  it('without a sequence header has no size', () => {
    expect(parseAv1C(hex('81 28 4e 00'))).toEqual({ codec: 'av01.1.08M.10' })
    expect(parseAv1C(hex('81 01 0c 00 1200'))).toEqual({ codec: 'av01.0.01M.08' })
  })

  it('of the high tier and 12 bits has them in its codec string', () => {
    expect(parseAv1C(hex('81 4d ec 00')).codec).toBe('av01.2.13H.12')
  })

  it('with a decoder model and timing is read', () => {
    // profile 0, timing with a decoder model of 8-bit delays, one operating point with all of them, 640 x 360
    const bits = ['000', '0', '0', '1', '0'.repeat(64), '1', '1', '1', '00111', '0'.repeat(32), '0'.repeat(10), '1', '00000', '0'.repeat(12), '01000', '0']
    bits.push('1', '0'.repeat(17), '1', '0000', '1001', '1000', '1001111111', '101100111')
    const text = bits.join('')
    const payload = (text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))
    expect(parseAv1C(Uint8Array.of(0x81, 1, 0x0c, 0, 0x0a, payload.length, ...payload))).toEqual({ codec: 'av01.0.01M.08', width: 640, height: 360 })
  })

  it.each([
    ['empty', ''],
    ['another version', '82010c00'],
    ['cut short', '8101'],
    ['a forbidden bit', '81010c008a00'],
    ['an OBU longer than the record', '81010c000aff01'],
    ['a size without end', '81010c000affffffffffff'],
    ['a sequence header that is cut short', '81010c000a0100'],
  ])('is refused: %s', (_, bytes) => {
    expect(codeOf(() => parseAv1C(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })
})

describe('vpcC', () => {
  it('is read with and without the version of its box', () => {
    expect(parseVpcC(hex('010000000015820202020000'))).toEqual({ codec: 'vp09.00.21.08' })
    expect(parseVpcC(hex('021fa20202020000'))).toEqual({ codec: 'vp09.02.31.10' })
  })

  it.each(['', '0000', '0415820202020000', '0000820202020000', '0015720202020000'])('is refused: %s', (bytes) => {
    expect(codeOf(() => parseVpcC(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })
})
