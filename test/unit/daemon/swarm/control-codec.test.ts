import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Envelope } from '../../../../src/daemon/swarm/control.pb.js'
import { decodeControl, encodeControl } from '../../../../src/daemon/swarm/control-codec.js'
import type { ControlMessage } from '../../../../src/daemon/swarm/control-messages.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const id8 = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const hex = '0102030405060708'
const none = new Uint8Array()

/** Good messages in wire form; each case spoils one field. */
const hello = { version: 1, minVersion: 1, name: bytes('n'), agent: bytes('a'), kinds: [bytes('k')], limits: { maxPayload: 9 }, features: [], instance: id8 }
const payload = { id: 1, kind: bytes('k'), body: none, wantsReply: false }
const receipt = { instance: id8, id: 1, code: none, message: none, reply: none }
const record = { author: bytes('a'), epoch: 1, sequence: 1, slot: bytes('member'), body: none, signature: new Uint8Array(64) }
const records = { records: [record] }
const held = { slot: bytes('member'), epoch: 1, sequence: 1, mark: id8 }
const want = { author: bytes('a'), held: [held] }
const digest = { root: none, authors: [{ author: bytes('a'), mark: id8 }], all: false, wants: [want] }

const many = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
const cases: [string, Uint8Array][] = [
  ['nothing', none],
  ['a cut varint', Uint8Array.of(0xff)],
  ['an endless varint', new Uint8Array(20).fill(0xff)],
  ['a length beyond the end', Uint8Array.of(0x0a, 0x7f)],
  ['a length of 4 GiB', Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f)],
  ['wire type 7', Uint8Array.of(0x0f)],
  ['groups nested a million deep', new Uint8Array(1_000_000).fill(0x7b)],
  ['two messages', Envelope.encode({ payload, keepAlive: {} })],
  ['Hello and Receipt', Envelope.encode({ hello, receipt })],
  ['Hello: no version', Envelope.encode({ hello: { ...hello, version: 0 } })],
  ['Hello: no lowest version', Envelope.encode({ hello: { ...hello, minVersion: 0 } })],
  ['Hello: versions turned round', Envelope.encode({ hello: { ...hello, minVersion: 2 } })],
  ['Hello: no name', Envelope.encode({ hello: { ...hello, name: none } })],
  ['Hello: a name of 256 bytes', Envelope.encode({ hello: { ...hello, name: bytes('x'.repeat(256)) } })],
  ['Hello: a name that is not UTF-8', Envelope.encode({ hello: { ...hello, name: Uint8Array.of(0xc3, 0x28) } })],
  ['Hello: an overlong name', Envelope.encode({ hello: { ...hello, name: Uint8Array.of(0xc0, 0xaf) } })],
  ['Hello: a surrogate in the name', Envelope.encode({ hello: { ...hello, name: Uint8Array.of(0xed, 0xa0, 0x80) } })],
  ['Hello: an escape sequence in the name', Envelope.encode({ hello: { ...hello, name: bytes('\u001b[31m') } })],
  ['Hello: a mark that turns text round', Envelope.encode({ hello: { ...hello, name: bytes('a\u202eb') } })],
  ['Hello: an agent of 129 bytes', Envelope.encode({ hello: { ...hello, agent: bytes('x'.repeat(129)) } })],
  ['Hello: 1,025 kinds', Envelope.encode({ hello: { ...hello, kinds: many(1025, bytes('k')) } })],
  ['Hello: an empty kind', Envelope.encode({ hello: { ...hello, kinds: [none] } })],
  ['Hello: a kind of 256 characters', Envelope.encode({ hello: { ...hello, kinds: [bytes('k'.repeat(256))] } })],
  ['Hello: a kind that is not ASCII', Envelope.encode({ hello: { ...hello, kinds: [bytes('ä')] } })],
  ['Hello: a kind with a line break', Envelope.encode({ hello: { ...hello, kinds: [bytes('a\nb')] } })],
  ['Hello: no limits', Envelope.encode({ hello: { ...hello, limits: { maxPayload: 0 } } })],
  ['Hello: payloads of 4 GiB', Envelope.encode({ hello: { ...hello, limits: { maxPayload: 0xffff_ffff } } })],
  ['Hello: 65 features', Envelope.encode({ hello: { ...hello, features: many(65, bytes('f')) } })],
  ['Hello: a feature of 65 characters', Envelope.encode({ hello: { ...hello, features: [bytes('f'.repeat(65))] } })],
  ['Hello: no instance', Envelope.encode({ hello: { ...hello, instance: none } })],
  ['Hello: an instance of 9 bytes', Envelope.encode({ hello: { ...hello, instance: new Uint8Array(9) } })],
  ['Payload: no id', Envelope.encode({ payload: { ...payload, id: 0 } })],
  ['Payload: an id beyond 2^53', Uint8Array.of(0x12, 0x0e, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x12, 0x01, 0x6b, 0x00)],
  ['Payload: no kind', Envelope.encode({ payload: { ...payload, kind: none } })],
  ['Payload: a kind of 256 characters', Envelope.encode({ payload: { ...payload, kind: bytes('k'.repeat(256)) } })],
  ['Payload: a kind with NUL', Envelope.encode({ payload: { ...payload, kind: bytes('a\u0000') } })],
  ['Receipt: no id', Envelope.encode({ receipt: { ...receipt, id: 0 } })],
  ['Receipt: no instance', Envelope.encode({ receipt: { ...receipt, instance: none } })],
  ['Receipt: a code that is none', Envelope.encode({ receipt: { ...receipt, code: bytes('oops') } })],
  ['Receipt: a code of 65 characters', Envelope.encode({ receipt: { ...receipt, code: bytes(`ERR_${'A'.repeat(61)}`) } })],
  ['Receipt: a message of 1,025 bytes', Envelope.encode({ receipt: { ...receipt, code: bytes('ERR_X'), message: new Uint8Array(1025) } })],
  ['Receipt: a message that is not UTF-8', Envelope.encode({ receipt: { ...receipt, code: bytes('ERR_X'), message: Uint8Array.of(0x80) } })],
  ['Receipt: an error and a reply', Envelope.encode({ receipt: { ...receipt, code: bytes('ERR_X'), reply: bytes('r') } })],
  ['Records: 1,025 records', Envelope.encode({ records: { records: many(1025, record) } })],
  ['Records: no author', Envelope.encode({ records: { records: [{ ...record, author: none }] } })],
  ['Records: an author of 129 characters', Envelope.encode({ records: { records: [{ ...record, author: bytes('a'.repeat(129)) }] } })],
  ['Records: no sequence', Envelope.encode({ records: { records: [{ ...record, sequence: 0 }] } })],
  ['Records: no slot', Envelope.encode({ records: { records: [{ ...record, slot: none }] } })],
  ['Records: a slot of 129 characters', Envelope.encode({ records: { records: [{ ...record, slot: bytes('s'.repeat(129)) }] } })],
  ['Records: a slot that is not ASCII', Envelope.encode({ records: { records: [{ ...record, slot: bytes('ä') }] } })],
  ['Records: a body over 64 KiB', Envelope.encode({ records: { records: [{ ...record, body: new Uint8Array(65_537) }] } })],
  ['Records: a signature of 63 bytes', Envelope.encode({ records: { records: [{ ...record, signature: new Uint8Array(63) }] } })],
  ['Digest: a root of 7 bytes', Envelope.encode({ digest: { ...digest, root: new Uint8Array(7) } })],
  ['Digest: 4,097 authors', Envelope.encode({ digest: { ...digest, authors: many(4097, digest.authors[0] as (typeof digest.authors)[0]) } })],
  ['Digest: no mark', Envelope.encode({ digest: { ...digest, authors: [{ author: bytes('a'), mark: none }] } })],
  ['Digest: 4,097 wants', Envelope.encode({ digest: { ...digest, wants: many(4097, want) } })],
  ['Digest: 2,049 records of an author', Envelope.encode({ digest: { ...digest, wants: [{ ...want, held: many(2049, held) }] } })],
  ['Digest: a record without a sequence', Envelope.encode({ digest: { ...digest, wants: [{ ...want, held: [{ ...held, sequence: 0 }] }] } })],
]

describe('control frames', () => {
  it.each(cases)('refuse %s', (_, frame) => {
    expect(() => decodeControl(frame)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })

  it('take the good messages that the cases spoil', () => {
    for (const good of [{ hello }, { payload }, { receipt }, { records }, { digest }, { keepAlive: {} }])
      expect(decodeControl(Envelope.encode(good))).toBeDefined()
  })

  it('pass over what a later version may say', () => {
    expect(decodeControl(Uint8Array.of(0x22, 0x01, 0x00))).toBeUndefined()
    expect(decodeControl(Uint8Array.of(0x7a, 0x00))).toBeUndefined()
    const more = new Uint8Array([...Envelope.encode({ payload }), 0x7a, 0x00])
    expect(decodeControl(more)).toMatchObject({ type: 'payload', value: { id: 1 } })
  })

  it('make one line of what others wrote for people', () => {
    const [message] = [decodeControl(Envelope.encode({ receipt: { ...receipt, code: bytes('ERR_X'), message: bytes('a\u001b[2J\nb') } }))]
    expect(message).toMatchObject({ value: { message: 'a [2J b' } })
  })

  it('cut long messages between two characters', () => {
    const sent: ControlMessage = { type: 'receipt', value: { instance: hex, id: 1, code: 'ERR_X', message: 'ü'.repeat(1000), reply: none } }
    expect(decodeControl(encodeControl(sent))).toMatchObject({ value: { message: 'ü'.repeat(512) } })
  })

  it('come back as they were sent', () => {
    const kind = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 255 })
    const message: fc.Arbitrary<ControlMessage> = fc.oneof(
      fc.record({
        type: fc.constant('payload' as const),
        value: fc.record({ id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), kind, body: fc.uint8Array({ maxLength: 300 }), wantsReply: fc.boolean() }),
      }),
      fc.record({
        type: fc.constant('receipt' as const),
        value: fc.record({
          instance: fc.constant('ffeeddccbbaa9988'),
          id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
          code: fc.constant(''),
          message: fc.constant(''),
          reply: fc.uint8Array({ maxLength: 300 }),
        }),
      }),
      fc.record({
        type: fc.constant('hello' as const),
        value: fc.record({
          version: fc.integer({ min: 5, max: 9 }),
          minVersion: fc.integer({ min: 1, max: 5 }),
          name: fc.constantFrom('küche', '客厅'),
          agent: fc.constant(''),
          kinds: fc.array(kind, { maxLength: 5 }),
          maxPayload: fc.integer({ min: 1, max: 2 ** 26 }),
          features: fc.constant(['a b']),
          instance: fc.constant(hex),
        }),
      }),
    )
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? [...part] : part)))
    fc.assert(
      fc.property(message, (sent) => {
        expect(plain(decodeControl(encodeControl(sent)))).toEqual(plain(sent))
      }),
      { numRuns: 300 },
    )
  })
})
