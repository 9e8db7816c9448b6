import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeText, maxText } from '../../../../src/plugins/messaging/text.js'
import { type Ack, decodeAck, decodeMessage, encodeAck, encodeMessage } from '../../../../src/plugins/messaging/wire.js'

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((one) => {
  try {
    return encodeText(one).length > 0
  } catch {
    return false
  }
})

describe('messages on the wire', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(id, fc.nat(8.64e15), text, (one, time, words) => {
        const message = { id: one, time, text: words }
        expect(decodeMessage(encodeMessage(message))).toEqual(message)
      }),
    )
  })

  it('have the bytes that the docs say', () => {
    const body = encodeMessage({ id: '000102030405060708090a0b0c0d0e0f', time: 258, text: 'hé' })
    expect(Buffer.from(body).toString('hex')).toBe('01000102030405060708090a0b0c0d0e0f000000000000010268c3a9')
  })

  it.each([
    ['nothing', ''],
    ['no text', `01${'00'.repeat(24)}`],
    ['a time beyond the calendar', `01${'00'.repeat(16)}ffffffffffffffff61`],
    ['half a character', `01${'00'.repeat(24)}c3`],
    ['a control character', `01${'00'.repeat(24)}6100`],
    ['spaces only', `01${'00'.repeat(24)}2020`],
    ['too long a text', `01${'00'.repeat(24)}${'61'.repeat(maxText + 1)}`],
  ])('are refused with %s', (_, hex) => {
    expect(() => decodeMessage(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })

  it('take the longest text, and say so of a newer version', () => {
    expect(decodeMessage(encodeMessage({ id: 'a'.repeat(32), time: 0, text: 'a'.repeat(maxText) })).text).toHaveLength(maxText)
    expect(() => decodeMessage(Uint8Array.of(2, 0))).toThrow(expect.objectContaining({ code: 'ERR_VERSION_MISMATCH' }))
  })
})

describe('acknowledgements on the wire', () => {
  const acks: readonly Ack[] = [
    { what: 'delivered', id: 'a'.repeat(32) },
    { what: 'read', id: '0'.repeat(32) },
    { what: 'refused', id: 'f'.repeat(32), reason: 'too-long' },
  ]
  it.each(acks)('$what comes back as it was', (ack) => {
    expect(decodeAck(encodeAck(ack))).toEqual(ack)
  })

  it.each([
    ['nothing', ''],
    ['no id', '0101'],
    ['an unknown word', `0104${'00'.repeat(16)}`],
    ['word 0', `0100${'00'.repeat(16)}`],
    ['more than there should be', `0101${'00'.repeat(17)}`],
    ['no reason', `0103${'00'.repeat(16)}`],
    ['an unknown reason', `0103${'00'.repeat(16)}02`],
  ])('are refused with %s', (_, hex) => {
    expect(() => decodeAck(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })
})
