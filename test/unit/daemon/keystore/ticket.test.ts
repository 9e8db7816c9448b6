import fc from 'fast-check'
import { toString as encode } from 'uint8arrays/to-string'
import { describe, expect, it } from 'vitest'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { clockTolerance, decodeTicket, encodeTicket, maxTicket, minutesLate, type Ticket } from '../../../../src/daemon/keystore/ticket.js'
import { crc32 } from '../../../../src/daemon/util/crc32.js'
import type { ShoalError } from '../../../../src/errors.js'

const inviter = peerIdOf(new Uint8Array(32).fill(9))
const base: Ticket = {
  inviter,
  addresses: [`/ip4/192.168.1.20/tcp/4710/p2p/${inviter}`, `/ip6/fe80::1/tcp/4710/p2p/${inviter}`, `/dns4/kitchen.local/tcp/4710/p2p/${inviter}`],
  secret: Uint8Array.from({ length: 16 }, (_, at) => at * 3),
  expires: 2_000_000_000,
}
const text = encodeTicket(base)
const code = (expected: string) => expect.objectContaining({ code: expected })

/** A ticket around any bytes, with a right check. */
const wrap = (body: Uint8Array): string => {
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return `shoal1${encode(Buffer.concat([body, check]), 'base32')}`
}
const head = (count: number, version = 1): Buffer =>
  Buffer.concat([Buffer.of(version), Buffer.alloc(32, 9), Buffer.alloc(16), Buffer.alloc(4, 0x7f), Buffer.of(count)])

const byte = fc.nat(255)
const ipAddress = fc.tuple(byte, byte, byte, byte, fc.nat(65535)).map(([a, b, c, d, port]) => `/ip4/${a}.${b}.${c}.${d}/tcp/${port}`)
const otherAddress = fc.stringMatching(/^\/(ip6|dns4|dns6)\/[a-z0-9:.]{1,40}\/(tcp|udp)\/[0-9]{1,5}$/)
const ticket = fc.record({
  inviter: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(peerIdOf),
  addresses: fc.array(fc.oneof(ipAddress, otherAddress), { maxLength: 8 }),
  secret: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  expires: fc.nat(0xffffffff),
})

describe('a ticket', () => {
  it('comes back as it was', () => {
    expect(decodeTicket(text)).toEqual(base)
    expect(text).toMatch(/^shoal1[a-z2-7]+$/)
    expect(encodeTicket({ ...base, addresses: [base.addresses[0] as string] }).length).toBeLessThan(120)
    fc.assert(
      fc.property(ticket, (given) => {
        const read = decodeTicket(encodeTicket(given))
        expect(read).toEqual({ ...given, addresses: given.addresses.map((address) => `${address}/p2p/${given.inviter}`) })
        expect(encodeTicket(read)).toBe(encodeTicket(given))
      }),
      { numRuns: 2000 },
    )
  })

  it('may be written in capitals, with space around', () => {
    expect(decodeTicket(` \n${text.toUpperCase()}\t`)).toEqual(base)
  })

  it('keeps what it cannot write shorter as it is', () => {
    const odd = ['/ip4/10.0.0.1/tcp/04710', '/ip4/10.0.0.1/tcp/65536', '/ip4/010.0.0.1/tcp/1', '/ip4/256.0.0.1/tcp/1', '/ip4/1.2.3.4/tcp/1/ws']
    expect(decodeTicket(encodeTicket({ ...base, addresses: odd })).addresses).toEqual(odd.map((address) => `${address}/p2p/${inviter}`))
  })

  it('keeps the first 8 addresses that are fit, within its length', () => {
    const many = Array.from({ length: 20 }, (_, at) => `/ip4/10.0.0.${at}/tcp/1`)
    const unfit = ['no multiaddr', '', '/', `/${'x'.repeat(300)}`, '/ä', `/ip4/1.1.1.1/tcp/1/p2p/${peerIdOf(new Uint8Array(32))}`]
    expect(decodeTicket(encodeTicket({ ...base, addresses: [...unfit, ...many] })).addresses).toEqual(
      many.slice(0, 8).map((address) => `${address}/p2p/${inviter}`),
    )
    const long = Array.from({ length: 8 }, (_, at) => `/dns4/${String(at).repeat(150)}/tcp/1`)
    const encoded = encodeTicket({ ...base, addresses: long })
    expect(encoded.length).toBeLessThanOrEqual(maxTicket)
    expect(decodeTicket(encoded).addresses.length).toBe(3)
  })

  it('is not made of wrong parts', () => {
    expect(() => encodeTicket({ ...base, inviter: 'me' })).toThrow(code('ERR_TICKET_INVALID'))
    expect(() => encodeTicket({ ...base, secret: new Uint8Array(15) })).toThrow(code('ERR_TICKET_INVALID'))
    for (const expires of [-1, 2 ** 32, 1.5, Number.NaN]) expect(() => encodeTicket({ ...base, expires })).toThrow(code('ERR_TICKET_INVALID'))
  })

  it('says how late it is by this clock, with tolerance; its inviter decides', () => {
    const end = base.expires * 1000
    expect(minutesLate(base, end + clockTolerance)).toBe(0)
    expect(minutesLate(base, end + clockTolerance + 60_000)).toBe(6)
    expect(minutesLate({ ...base, expires: 1 })).toBeGreaterThan(1e6)
    expect(decodeTicket(encodeTicket({ ...base, expires: 1 })).expires).toBe(1)
  })
})

describe('a mistyped ticket', () => {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

  it('is refused with any one character changed to any other', () => {
    for (let at = 0; at < text.length; at++) {
      for (const letter of alphabet) {
        if (letter === text[at]) continue
        expect(() => decodeTicket(text.slice(0, at) + letter + text.slice(at + 1)), `${letter} at ${at}`).toThrow(code('ERR_TICKET_INVALID'))
      }
    }
  })

  it('is refused with one character missing, doubled, in capitals, or two swapped', () => {
    for (let at = 0; at < text.length; at++) {
      const [before, here, after] = [text.slice(0, at), text[at] as string, text.slice(at + 1)]
      const wrong = [before + after, before + here + here + after, before + after.slice(0, 1) + here + after.slice(1)]
      if (here !== here.toUpperCase()) wrong.push(before + here.toUpperCase() + after)
      for (const mistyped of wrong) {
        if (mistyped !== text) expect(() => decodeTicket(mistyped), mistyped).toThrow(code('ERR_TICKET_INVALID'))
      }
    }
  })

  it('is refused at every length short of the whole', () => {
    for (let length = 0; length < text.length; length++) expect(() => decodeTicket(text.slice(0, length))).toThrow(code('ERR_TICKET_INVALID'))
  })

  it.each<[string, string]>([
    ['empty', ''],
    ['blank', '   \n'],
    ['the prefix alone', 'shoal1'],
    ['another prefix', text.replace('shoal1', 'shoal2')],
    ['no prefix', text.slice(6)],
    ['a URL', `shoal://${text}`],
    ['a word before', `join ${text}`],
    ['a word after', `${text} now`],
    ['twice', text + text],
    ['broken over two lines', `${text.slice(0, 50)}\n${text.slice(50)}`],
    ['padded', `${text}==`],
    ['a digit base32 lacks', `${text.slice(0, -1)}1`],
    ['a letter beyond ASCII', `${text.slice(0, -1)}ä`],
    ['a full-width letter', text.replace('shoal', '\uff53hoal')],
    ['a NUL', `${text}\0`],
    ['emoji', 'shoal1🐟'],
    ['too long', `shoal1${'a'.repeat(maxTicket)}`],
    ['far too long', 'shoal1'.repeat(100_000)],
    ['only zeros', `shoal1${'a'.repeat(93)}`],
    ['version 0', wrap(head(0, 0))],
    ['version 2', wrap(head(0, 2))],
    ['9 addresses', wrap(Buffer.concat([head(9), ...Array.from({ length: 9 }, () => Buffer.of(4, 1, 1, 1, 1, 0, 1))]))],
    ['255 addresses and none', wrap(head(255))],
    ['an address cut short', wrap(Buffer.concat([head(1), Buffer.of(4, 1, 2, 3)]))],
    ['an address of no length', wrap(Buffer.concat([head(1), Buffer.of(0)]))],
    ['an empty address', wrap(Buffer.concat([head(1), Buffer.of(0, 0)]))],
    ['an address longer than the ticket', wrap(Buffer.concat([head(1), Buffer.of(0, 200, 0x2f, 0x61)]))],
    ['an address without slash', wrap(Buffer.concat([head(1), Buffer.of(0, 2, 0x61, 0x61)]))],
    ['an address with a control character', wrap(Buffer.concat([head(1), Buffer.of(0, 3, 0x2f, 0x61, 0x0a)]))],
    ['an address with a high byte', wrap(Buffer.concat([head(1), Buffer.of(0, 3, 0x2f, 0x61, 0xff)]))],
    ['an unknown sort of address', wrap(Buffer.concat([head(1), Buffer.of(6, 2, 0x2f, 0x61)]))],
    ['bytes after the addresses', wrap(Buffer.concat([head(0), Buffer.of(0)]))],
    ['a head cut short', wrap(head(0).subarray(0, 40))],
    ['nothing but a check', wrap(Buffer.alloc(0))],
  ])('is refused: %s', (_name, wrong) => {
    let error: unknown
    try {
      decodeTicket(wrong)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toEqual(code('ERR_TICKET_INVALID'))
    expect((error as ShoalError).message.length).toBeLessThan(200)
  })
})
