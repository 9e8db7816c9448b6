import fc from 'fast-check'
import { toString as encode } from 'uint8arrays/to-string'
import { describe, expect, it } from 'vitest'
import { peerIdOf } from '../../src/daemon/keystore/peer-id.js'
import { decodeTicket, encodeTicket } from '../../src/daemon/keystore/ticket.js'
import { crc32 } from '../../src/daemon/util/crc32.js'
import { runs, survey } from './typed-errors.js'

const inviter = peerIdOf(new Uint8Array(32).fill(1))
const good = encodeTicket({
  inviter,
  addresses: ['/ip4/10.0.0.1/tcp/4710', '/dns4/kitchen.local/tcp/4710'],
  secret: new Uint8Array(16).fill(2),
  expires: 2_000_000_000,
})

/** Fields behind a right check, some of them right, so that the reading of each is reached. */
const piece = fc.oneof(
  fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.of(4, ...bytes)),
  fc.stringMatching(/^\/[!-~]{1,30}$/).map((text) => Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)])),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
)
const checked = fc
  .tuple(fc.uint8Array({ minLength: 54, maxLength: 54 }), fc.array(piece, { maxLength: 10 }), fc.constantFrom(0, 0, 0, 1, -1), fc.constantFrom(1, 1, 1, 0, 2))
  .map(([head, pieces, off, version]) => {
    head[0] = version
    head[53] = pieces.length + off
    const body = Buffer.concat([head, ...pieces])
    const check = Buffer.alloc(4)
    check.writeUInt32BE(crc32(body))
    return `shoal1${encode(Buffer.concat([body, check]), 'base32')}`
  })
const random = fc.oneof(fc.string({ maxLength: 200 }), fc.stringMatching(/^shoal1[a-z2-7]{0,150}$/), fc.string({ unit: 'binary', maxLength: 60 }))

/** A good ticket with up to three edits: a character changed, removed, added, or a piece repeated. */
const mutated = fc.array(fc.tuple(fc.nat(3), fc.nat(good.length), fc.constantFrom(...'abcxyz27189 S-\n\0é')), { minLength: 1, maxLength: 3 }).map((edits) =>
  edits.reduce((text, [kind, at, letter]) => {
    const [before, after] = [text.slice(0, at), text.slice(at)]
    return [before + letter + after.slice(1), before + after.slice(1), before + letter + after, before + before.slice(-5) + after][kind] as string
  }, good),
)

describe('decodeTicket', () => {
  it.each([
    ['random text', random, runs],
    ['mutated tickets', mutated, runs],
    ['random fields behind a right check', checked, Math.ceil(runs / 4)],
  ])('gives a ticket or ERR_TICKET_INVALID for %s', (name, inputs, numRuns) => {
    const read = (text: string): void => {
      const ticket = decodeTicket(text)
      if (ticket.addresses.length > 8 || ticket.secret.length !== 16) throw new Error('a ticket beyond its limits')
      encodeTicket(ticket)
    }
    read(good)
    const { taken, refused, slowest } = survey(inputs, numRuns, read, ['ERR_TICKET_INVALID'])
    expect(taken + refused).toBe(numRuns)
    expect(refused).toBeGreaterThan(0)
    if (name !== 'random text') expect(taken).toBeGreaterThan(numRuns / 1000)
    expect(slowest).toBeLessThan(1000)
  })
})
