import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Conversation, type Entry, memory, window } from '../../../../src/plugins/messaging/conversation.js'
import { decodeMark, decodePast, decodeRow, encodeRow } from '../../../../src/plugins/messaging/row.js'

function filled(states: readonly Entry['state'][]): Conversation {
  const conversation = new Conversation('bert')
  for (const state of states) conversation.add({ id: String(conversation.next).padStart(32, '0'), at: conversation.next, state })
  return conversation
}

describe('Conversation', () => {
  it('has at most so many messages out, and the oldest goes first', () => {
    const conversation = filled(Array.from({ length: window + 2 }, () => 'pending' as const))
    const order: number[] = []
    for (let entry = conversation.toSend(); entry; entry = conversation.toSend()) {
      order.push(entry.at)
      entry.handed = 1
    }
    expect(order).toEqual(Array.from({ length: window }, (_, at) => at + 1))
    const [first] = conversation.list()
    if (first) conversation.set(first, 'delivered')
    expect(conversation.toSend()?.at).toBe(window + 1)
    conversation.again(1)
    expect(conversation.toSend()?.at).toBe(window + 1)
    conversation.again(2)
    expect(conversation.toSend()?.at).toBe(2)
  })

  it('counts what waits apart from what is kept', () => {
    const conversation = filled(['pending', 'received', 'sent', 'delivered', 'failed', 'read'])
    expect([conversation.size, conversation.queued]).toEqual([6, 2])
    expect(conversation.surplus(4)).toEqual([])
    expect(conversation.surplus(1).map(({ at }) => at)).toEqual([2, 4, 5])
  })

  it('remembers the latest messages of the peer whatever is deleted in whatever order', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('received' as const, 'delivered' as const), times: fc.integer({ min: 1, max: 200 }) }),
      fc.array(fc.nat(), { maxLength: 50 }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const conversation = new Conversation('bert')
        const received: string[] = []
        for (const one of steps) {
          if (Array.isArray(one)) {
            const gone = new Set(conversation.list().filter((_, at) => one.some((number) => number % conversation.size === at)))
            conversation.past = conversation.pastWithout(gone)
            for (const entry of gone) conversation.remove(entry)
            continue
          }
          for (let count = 0; count < one.times; count++) {
            const at = conversation.next
            conversation.add({ id: String(at).padStart(32, '0'), at, state: one.add })
            if (one.add === 'received') received.push(String(at).padStart(32, '0'))
          }
        }
        for (const id of received.slice(-memory)) expect(conversation.knows(id)).toBe(true)
        expect(conversation.past.length).toBeLessThanOrEqual(memory)
      }),
      { numRuns: 200 },
    )
  })

  it('finds a message by the first digits of its id', () => {
    const conversation = filled(['received', 'received'])
    expect(conversation.find(`${'0'.repeat(31)}2`).at).toBe(2)
    expect(() => conversation.find('00000000')).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_INVALID' }))
    expect(() => conversation.find('0')).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND' }))
  })
})

describe('rows', () => {
  const row = { id: 'a'.repeat(32), state: 'failed', reason: 'rejected', time: 1, stored: 2, text: 'é\n' } as const
  it('come back as they were', () => {
    expect(decodeRow(encodeRow(row))).toEqual(row)
    const mark = { read: 3, id: row.id, told: 1 }
    expect(decodeMark(encodeRow(mark))).toEqual(mark)
    expect(decodePast(encodeRow([{ at: 1, id: row.id }]))).toEqual([{ at: 1, id: row.id }])
  })

  it('that are damaged are none', () => {
    const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
    for (const bad of [null, 7, [], { ...row, id: 'x' }, { ...row, state: 'gone' }, { ...row, text: 1 }, { ...row, time: -1 }, { ...row, stored: 1.5 }])
      expect(decodeRow(bytes(bad))).toBeUndefined()
    expect(decodeRow(Uint8Array.of(255))).toBeUndefined()
    expect(decodeMark(undefined)).toBeUndefined()
    expect(decodeMark(bytes({ read: 1 }))).toBeUndefined()
    expect(decodePast(bytes([{ at: 'x' }, 7, { at: 1, id: row.id }]))).toEqual([{ at: 1, id: row.id }])
    expect(decodePast(bytes({}))).toEqual([])
  })
})
