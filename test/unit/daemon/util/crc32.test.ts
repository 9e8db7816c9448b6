import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../../../src/daemon/util/crc32.js'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('crc32', () => {
  it.each([
    ['', 0],
    ['123456789', 0xcbf43926],
    ['a', 0xe8b7be43],
    ['abc', 0x352441c2],
    ['message digest', 0x20159d7f],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j is the published value', (text, expected) => {
    expect(crc32(utf8(text))).toBe(expected)
  })

  it('matches RFC 3720 style patterns of 32 bytes', () => {
    expect(crc32(new Uint8Array(32))).toBe(0x190a55ad)
    expect(crc32(new Uint8Array(32).fill(0xff))).toBe(0xff6cab0b)
  })

  it('goes on from the bytes before', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => crc32(Buffer.concat([a, b])) === crc32(b, crc32(a))))
  })

  it('changes with any flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (bytes, at) => {
        const changed = bytes.slice()
        changed[(at >> 3) % bytes.length] = (changed[(at >> 3) % bytes.length] as number) ^ (1 << (at & 7))
        return crc32(changed) !== crc32(bytes)
      }),
    )
  })
})
