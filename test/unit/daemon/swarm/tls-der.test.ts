import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { der, element, elements, oid } from '../../../../src/daemon/swarm/tls-der.js'
import { forge } from '../../../forged-certificate.js'

describe('DER', () => {
  it('reads what it writes, at every size of the length', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535]) {
      const body = Buffer.alloc(size, 7)
      expect(elements(Buffer.concat([element(der.octets, body), element(der.bits)]))).toEqual([
        { tag: der.octets, body },
        { tag: der.bits, body: Buffer.alloc(0) },
      ])
    }
  })

  it.each([
    ['1.3.6.1.4.1.53594.1.1', '060a2b0601040183a25a0101'],
    ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
    ['2.5.4.3', '0603550403'],
  ])('writes the identifier %s', (dotted, hex) => {
    expect(oid(dotted).toString('hex')).toBe(hex)
  })

  it.each([
    ['no length', '04'],
    ['an end that is missing', '040201'],
    ['a length that is cut', '0481'],
    ['an open length', '3080'],
    ['a length that one byte holds', '04817f'],
    ['a length with a zero in front', '048200ff'],
    ['a length of four bytes', '048400000001'],
  ])('refuses %s', (_, hex) => {
    expect(() => elements(Buffer.from(hex, 'hex'))).toThrow(Error)
  })

  it('reads anything, or throws an error of its own', () => {
    const certificate = new X509Certificate(forge().cert).raw
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(certificate.length - 1).map((at) => certificate.subarray(at)),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          const found = elements(Buffer.from(bytes))
          expect(found.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(String(error)).toMatch(/^Error: (an? (element|length))/)
        }
      }),
    )
  })
})
