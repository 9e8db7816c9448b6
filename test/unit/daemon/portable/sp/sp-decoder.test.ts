import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpDecoder, spMessageHead } from '../../../../../src/daemon/portable/sp/sp-decoder.js'

const transports = ['ipc', 'tcp'] as const
const code = (wanted: string) => expect.objectContaining({ code: wanted })

describe.each(transports)('messages over %s', (transport) => {
  const encode = (bodies: readonly Uint8Array[]): Buffer => Buffer.concat(bodies.flatMap((body) => [spMessageHead(transport, body.length), body]))

  it('come back whole, however the bytes are cut', () => {
    const body = fc.uint8Array({ maxLength: 40 })
    fc.assert(
      fc.property(fc.array(body, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }), (bodies, cuts) => {
        const bytes = encode(bodies)
        const decoder = new SpDecoder({ transport, maxMessage: 40 })
        const read: Uint8Array[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] as number
          read.push(...decoder.push(bytes.subarray(at, at + size)))
          at += size
        }
        expect(read.map((part) => [...part])).toEqual(bodies.map((part) => [...part]))
      }),
    )
  })

  it('over the limit are refused by their length alone', () => {
    const decoder = new SpDecoder({ transport, maxMessage: 8 })
    expect([...decoder.push(encode([new Uint8Array(8)]))]).toHaveLength(1)
    expect(() => [...decoder.push(spMessageHead(transport, 9))]).toThrow(code('ERR_PROTOCOL'))
    const huge = Buffer.from(spMessageHead(transport, 0))
    huge.writeBigUInt64BE(2n ** 64n - 1n, huge.length - 8)
    expect(() => [...new SpDecoder({ transport, maxMessage: 8 }).push(huge)]).toThrow(code('ERR_PROTOCOL'))
  })

  it('of random bytes give messages or a typed error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
        const decoder = new SpDecoder({ transport, maxMessage: 1000 })
        try {
          for (const chunk of chunks) for (const message of decoder.push(chunk)) expect(message.length).toBeLessThanOrEqual(1000)
        } catch (error) {
          expect(error).toEqual(code('ERR_PROTOCOL'))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

it('on ipc a message of another type is refused', () => {
  const decoder = new SpDecoder({ transport: 'ipc', maxMessage: 8 })
  expect(() => [...decoder.push(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0))]).toThrow(code('ERR_PROTOCOL'))
})
