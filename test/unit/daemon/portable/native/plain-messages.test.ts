import { describe, expect, it } from 'vitest'
import { answerOf, decodePortable, encodePortable } from '../../../../../src/daemon/portable/native/codec.js'
import { payloadParts, plainAnswer } from '../../../../../src/daemon/portable/native/plain-messages.js'

function afterLength(parts: readonly Uint8Array[]): Buffer {
  const whole = Buffer.concat(parts)
  let at = 0
  while ((whole[at] ?? 0) >= 128) at++
  return whole.subarray(at + 1)
}

describe('payloadParts', () => {
  it('writes what the codec reads', () => {
    for (const id of [1, 127, 128, 70_000, 2 ** 40]) {
      for (const size of [0, 1, 100, 127, 128, 4096, 4097, 100_000]) {
        const payload = { peer: 'pä', kind: 'a.b', body: new Uint8Array(size).fill(7) }
        const parts = payloadParts(id, payload)
        expect(parts.length).toBe(size > 4096 ? 2 : 1)
        const found = decodePortable(afterLength(parts))?.message
        expect([found?.id, found?.payload?.peer, found?.payload?.kind]).toEqual([id, 'pä', 'a.b'])
        expect(Buffer.compare(found?.payload?.body ?? Buffer.from('none'), payload.body)).toBe(0)
      }
    }
  })
})

describe('plainAnswer', () => {
  it('reads what the codec writes, when it is plain', () => {
    for (const id of [1, 128, 2 ** 40]) {
      for (const size of [0, 1, 128, 70_000]) {
        const body = Buffer.alloc(size, 7)
        const found = plainAnswer(encodePortable({ id, answer: answerOf({ body }) }))
        expect(found && { id: found.id, body: Buffer.from(found.body) }).toEqual({ id, body })
      }
    }
  })

  it('leaves everything else to the codec', () => {
    const body = Buffer.from('body')
    const others = [
      encodePortable({ id: 1, answer: answerOf({ code: 'ERR_LIMIT', body }) }),
      encodePortable({ id: 1, answer: answerOf({ body, flag: true }) }),
      encodePortable({ id: 1, answer: answerOf({ body, blobs: [body] }) }),
      encodePortable({ id: 1, cancel: {} }),
      encodePortable({ id: 2 ** 44, answer: answerOf({ body }) }),
      encodePortable({ id: 0, answer: answerOf({ body }) }),
      Buffer.concat([encodePortable({ id: 1, answer: answerOf({ body }) }), Buffer.from([0x22, 0])]),
      ...Array.from({ length: 9 }, (_, size) => encodePortable({ id: 1, answer: answerOf({ body }) }).subarray(0, size)),
    ]
    for (const bytes of others) expect([...bytes, plainAnswer(bytes)]).toEqual([...bytes, undefined])
  })
})
