import { describe, expect, it } from 'vitest'
import { Arrivals, type Batch } from '../../../../src/plugins/cluster-redis/arrivals.js'

const mark = (value: number): Uint8Array => new Uint8Array(16).fill(value)
const batch = (epoch: number, sequence: number, ...texts: string[]): Batch => ({
  kind: 'messages',
  to: '',
  epoch: mark(epoch),
  sequence,
  messages: texts.map((text) => ({ topic: 't', body: Buffer.from(text) })),
})

function made() {
  const heard: string[] = []
  const state = { asked: 0, now: 0 }
  const arrivals = new Arrivals({
    ask: () => mark(100 + ++state.asked),
    deliver: ({ body }) => heard.push(Buffer.from(body).toString()),
    now: () => state.now,
  })
  return { arrivals, heard, state }
}

describe('arrivals of one member', () => {
  it('wait for its epoch, pass in order once it is told, and each but once', () => {
    const { arrivals, heard, state } = made()
    arrivals.receive(batch(1, 1, 'a', 'b'))
    arrivals.receive(batch(1, 2, 'c'))
    expect([heard, state.asked]).toEqual([[], 1])
    arrivals.told(mark(101), mark(1))
    for (const again of [batch(1, 1, 'a'), batch(1, 2, 'c'), batch(1, 5, 'd'), batch(1, 4, 'late')]) arrivals.receive(again)
    expect(heard).toEqual(['a', 'b', 'c', 'd'])
    expect(arrivals.dropped).toBe(3)
  })

  it('of another epoch than the one told do not pass, before and after', () => {
    const { arrivals, heard, state } = made()
    arrivals.receive(batch(1, 7, 'kept by somebody'))
    arrivals.receive(batch(2, 1, 'new'))
    arrivals.told(mark(99), mark(1))
    arrivals.told(mark(101), mark(2))
    arrivals.told(mark(101), mark(1))
    arrivals.receive(batch(1, 8, 'kept too'))
    expect([heard, state.asked]).toEqual([['new'], 2])
    arrivals.told(mark(102), mark(2))
    arrivals.receive(batch(2, 1, 'new'))
    arrivals.receive(batch(2, 2, 'next'))
    expect(heard).toEqual(['new', 'next'])
  })

  it('are asked about anew when no answer came, and held within bounds', () => {
    const { arrivals, heard, state } = made()
    for (let at = 1; at <= 300; at++) arrivals.receive(batch(1, at, `${at}`))
    expect([state.asked, arrivals.dropped]).toEqual([1, 44])
    state.now = 1500
    arrivals.receive(batch(1, 301, 'more'))
    expect(state.asked).toBe(2)
    arrivals.told(mark(102), mark(1))
    expect(heard.length).toBe(256)
    const large = made()
    for (let at = 1; at <= 20; at++) large.arrivals.receive(batch(1, at, 'x'.repeat(256 * 1024)))
    large.arrivals.told(mark(101), mark(1))
    expect(large.heard.length).toBe(16)
  })
})
