import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmfValue, decodeAmf0, encodeAmf0, encodeAmf0Metadata } from '../../../../src/media/amf/amf0.js'
import { codeOf, hex } from '../configs.js'

const key = fc.string({ maxLength: 12 })
const value: fc.Arbitrary<AmfValue> = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, undefined, true, false, ''),
    fc.double(),
    fc.string(),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: false }),
  ),
})).value

describe('AMF0', () => {
  it('survives encoding and decoding', () => {
    fc.assert(fc.property(fc.array(value, { maxLength: 4 }), (values) => void expect(decodeAmf0(encodeAmf0(...values))).toEqual(values)))
  })

  it('encodes a connect command as Adobe does', () => {
    const bytes = encodeAmf0('connect', 1, { app: 'live' })
    expect(Buffer.from(bytes).toString('hex')).toBe('020007636f6e6e656374003ff00000000000000300036170700200046c697665000009')
  })

  it.each<[string, string, AmfValue]>([
    ['number', '00 400921fb54442d18', Math.PI],
    ['true', '01 02', true],
    ['false', '01 00', false],
    ['string', '02 0003 e282ac', '€'],
    ['string with a byte order mark', '02 0004 efbbbf61', '\ufeffa'],
    ['long string', '0c 00000002 6869', 'hi'],
    ['XML', '0f 00000002 3c2f', '</'],
    ['null', '05', null],
    ['undefined', '06', undefined],
    ['unsupported', '0d', undefined],
    ['date', '0b 4270000000000000 0000', new Date(2 ** 40)],
    ['strict array', '0a 00000002 05 0101', [null, true]],
    ['ECMA array with a wrong count', '08 ffffffff 0001 61 05 0000 09', { a: null }],
    ['ECMA array without its end', '08 00000001 0001 61 05', { a: null }],
    ['object', '03 0001 61 05 0000 09', { a: null }],
    ['object with an empty key', '03 0000 05 0000 09', { '': null }],
    ['typed object', '10 0001 54 0001 61 05 0000 09', { a: null }],
  ])('decodes a %s', (_, bytes, expected) => {
    expect(decodeAmf0(hex(bytes))).toEqual([expected])
  })

  it.each([
    ['number cut short', '00 4009'],
    ['boolean cut short', '01'],
    ['string longer than the data', '02 0005 61'],
    ['long string longer than the data', '0c 7fffffff 61'],
    ['length cut short', '02 00'],
    ['date cut short', '0b 4270000000000000'],
    ['array of more values than bytes', '0a ffffffff 05'],
    ['object without its end', '03 0001 61 05'],
    ['object key cut short', '03 0005 61'],
    ['typed object without a class', '10'],
    ['ECMA array without a count', '08 0000'],
    ['movie clip', '04'],
    ['reference', '07 0000'],
    ['object end alone', '09'],
    ['record set', '0e'],
    ['switch to AMF3', '11 01'],
    ['unknown marker', 'ff'],
  ])('refuses a %s', (_, bytes) => {
    expect(codeOf(() => decodeAmf0(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })

  it('refuses nesting over 16, both ways', () => {
    const nest = (depth: number): AmfValue => (depth === 0 ? null : { a: nest(depth - 1) })
    expect(decodeAmf0(encodeAmf0(nest(16)))).toEqual([nest(16)])
    expect(codeOf(() => encodeAmf0(nest(17)))).toBe('ERR_MEDIA_INVALID')
    expect(codeOf(() => decodeAmf0(hex(`${'0a00000001'.repeat(17)}05`)))).toBe('ERR_MEDIA_INVALID')
  })

  it('refuses more values and longer strings than the limits allow', () => {
    expect(codeOf(() => decodeAmf0(encodeAmf0([1, 2, 3]), { values: 3 }))).toBe('ERR_MEDIA_INVALID')
    expect(decodeAmf0(encodeAmf0([1, 2]), { values: 3 })).toEqual([[1, 2]])
    expect(codeOf(() => decodeAmf0(encodeAmf0('abcd'), { stringBytes: 3 }))).toBe('ERR_MEDIA_INVALID')
  })

  it('keeps keys such as __proto__ as plain keys', () => {
    const [decoded] = decodeAmf0(hex('03 0009 5f5f70726f746f5f5f 03 0005 61646d696e 0101 000009 000009'))
    expect(Object.getPrototypeOf(decoded)).toBeNull()
    expect(Object.keys(decoded as object)).toEqual(['__proto__'])
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
    expect(decodeAmf0(encodeAmf0(decoded))).toEqual([decoded])
  })

  it('encodes strings over 65,535 bytes as long strings, and no such key', () => {
    const long = 'x'.repeat(65_536)
    expect(encodeAmf0(long)[0]).toBe(0x0c)
    expect(decodeAmf0(encodeAmf0(long))).toEqual([long])
    expect(codeOf(() => encodeAmf0({ [long]: 1 }))).toBe('ERR_MEDIA_INVALID')
  })

  it('encodes metadata as an ECMA array', () => {
    const bytes = encodeAmf0Metadata('onMetaData', { width: 640, stereo: true })
    expect(bytes[13]).toBe(0x08)
    expect(decodeAmf0(bytes)).toEqual(['onMetaData', { width: 640, stereo: true }])
  })

  it('reads a view into a larger buffer', () => {
    expect(decodeAmf0(hex('ffff 02 0002 6869 ffff').subarray(2, 7))).toEqual(['hi'])
  })
})
