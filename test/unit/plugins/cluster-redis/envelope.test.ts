import { describe, expect, it } from 'vitest'
import { decodeSaid, encodeSaid, openEnvelope, type Said } from '../../../../src/plugins/cluster-redis/envelope.js'

const mark = (value: number): Uint8Array => Buffer.alloc(16, value)
const all: Said[] = [
  { kind: 'ask', to: 'ben', nonce: mark(1) },
  { kind: 'tell', to: 'ann', nonce: mark(2), epoch: mark(3) },
  { kind: 'messages', to: '', epoch: mark(4), sequence: 2 ** 40 + 1, messages: [] },
  {
    kind: 'messages',
    to: 'ben',
    epoch: mark(5),
    sequence: 1,
    messages: [
      { topic: 'ä'.repeat(127), body: Buffer.alloc(1000, 7) },
      { topic: 't', body: Buffer.alloc(0) },
    ],
  },
]

describe('an envelope', () => {
  it('comes back as it was', () => {
    for (const said of all) {
      const signed = encodeSaid('ann', said)
      const { sender, signature, signed: rest } = openEnvelope(Buffer.concat([Buffer.alloc(64, 9), signed]))
      expect([sender, signature.length, Buffer.compare(rest, signed)]).toEqual(['ann', 64, 0])
      expect(decodeSaid(rest)).toEqual(said)
    }
  })

  it('cut short or made of nonsense is refused with a code', () => {
    const whole = Buffer.concat([Buffer.alloc(64), encodeSaid('ann', { kind: 'tell', to: 'ben', nonce: mark(1), epoch: mark(2) })])
    for (let length = 0; length < whole.length; length++) {
      const read = (): Said => decodeSaid(openEnvelope(whole.subarray(0, length)).signed)
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
    }
    expect(() => decodeSaid(Buffer.from([1, 65, 9, 0]))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })
})
