/** The short way must say the same as the general one, or nothing. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Envelope } from '../../../../src/daemon/swarm/control.pb.js'
import { decodeControl, encodeControl, encodeParts } from '../../../../src/daemon/swarm/control-codec.js'
import { encodePayload, encodeReceipt, HotDecoder } from '../../../../src/daemon/swarm/control-hot-codec.js'
import type { ControlMessage } from '../../../../src/daemon/swarm/control-messages.js'

const kind = fc.stringMatching(/^[\x20-\x7e]{1,255}$/)
const id = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(4095, 4096, 4097, 70_000).map((size) => new Uint8Array(size).fill(7)),
)
const payload = fc.record({ id, kind, body, wantsReply: fc.boolean() }).map((value): ControlMessage => ({ type: 'payload', value }))
const instance = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const handled = fc.record({ instance, id, code: fc.constant(''), message: fc.constant(''), reply: body })
const refused = fc.record({ instance, id, code: fc.constant('ERR_TIMEOUT'), message: fc.string(), reply: fc.constant(new Uint8Array()) })
const receipt = fc.oneof(handled, refused).map((value): ControlMessage => ({ type: 'receipt', value }))
const message = fc.oneof(payload, receipt)

const joined = (message: ControlMessage): Uint8Array => new Uint8Array(Buffer.concat(encodeParts(message)))

/** What the general way says; undefined where it throws. */
function general(frame: Uint8Array): ControlMessage | undefined {
  try {
    return decodeControl(frame)
  } catch {
    return undefined
  }
}

describe('the short way of payloads and receipts', () => {
  it('writes what the general way writes', () => {
    fc.assert(
      fc.property(message, (one) => {
        expect(Buffer.from(joined(one)).equals(encodeControl(one))).toBe(true)
      }),
    )
  })

  it('reads what it wrote, and leaves an error to the general way', () => {
    const decoder = new HotDecoder()
    fc.assert(
      fc.property(message, (one) => {
        const frame = joined(one)
        const plain = one.type === 'payload' || (one.type === 'receipt' && one.value.code === '')
        const read = decoder.decode(frame)
        // an id beyond 2^49 is rare enough for the general way
        if (plain && one.value.id < 2 ** 49) expect(read).toBeDefined()
        if (read) expect(read).toEqual(general(frame))
      }),
    )
  })

  it('never takes a frame that the general way reads otherwise', () => {
    const decoder = new HotDecoder()
    const spoiled = fc.tuple(message, fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }), fc.nat(90)).map(([one, bytes, cut]) => {
      const frame = joined(one)
      for (const [at, byte] of bytes) if (at < frame.length) frame[at] = byte
      return cut < 60 ? frame.slice(0, cut) : frame
    })
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 60 })), (frame) => {
        const read = decoder.decode(frame)
        if (read) expect(read).toEqual(general(frame))
      }),
      { numRuns: 3000 },
    )
  })

  it('leaves fields in another order, twice, or unknown, to the general way', () => {
    const plain = { id: 1, kind: Buffer.from('k'), body: new Uint8Array(), wantsReply: false }
    const decoder = new HotDecoder()
    const inner = [0x08, 1, 0x12, 1, 0x6b]
    for (const fields of [
      [...inner, 0x08, 2],
      [0x12, 1, 0x6b, 0x08, 1],
      [...inner, 0x50, 1],
      [...inner, 0x20, 2],
    ]) {
      expect(decoder.decode(Uint8Array.of(0x12, fields.length, ...fields))).toBeUndefined()
      expect(general(Uint8Array.of(0x12, fields.length, ...fields))).toBeDefined()
    }
    expect(decoder.decode(Envelope.encode({ payload: plain, keepAlive: {} }))).toBeUndefined()
    expect(decoder.decode(Envelope.encode({ payload: { ...plain, kind: Buffer.from('a\n') } }))).toBeUndefined()
    expect(decoder.decode(new Uint8Array())).toBeUndefined()
  })

  it('writes nothing that is not its own', () => {
    expect(encodePayload({ id: 1, kind: 'ä', body: new Uint8Array(), wantsReply: false })).toBeUndefined()
    expect(encodePayload({ id: 0, kind: 'k', body: new Uint8Array(), wantsReply: false })).toBeUndefined()
    expect(encodeReceipt({ instance: 'zz02030405060708', id: 1, code: '', message: '', reply: new Uint8Array() })).toBeUndefined()
    expect(encodeReceipt({ instance: '0102030405060708', id: 1, code: 'ERR_X', message: '', reply: new Uint8Array() })).toBeUndefined()
  })
})
