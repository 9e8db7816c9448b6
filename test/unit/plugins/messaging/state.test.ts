import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeliveryState, isDeliveryState, isQueued, statesTo } from '../../../../src/plugins/messaging/state.js'

const all: readonly DeliveryState[] = ['pending', 'sent', 'delivered', 'read', 'failed']

describe('statesTo', () => {
  it('passes through what lies between', () => {
    expect(statesTo('pending', 'read')).toEqual(['sent', 'delivered', 'read'])
    expect(statesTo('sent', 'delivered')).toEqual(['delivered'])
    expect(statesTo('delivered', 'sent')).toEqual([])
    expect(statesTo('sent', 'failed')).toEqual(['failed'])
    expect(statesTo('delivered', 'failed')).toEqual([])
    expect(statesTo('failed', 'read')).toEqual([])
  })

  it('shows each state at most once and in order, whatever happens in whatever order', () => {
    const orders = [all.slice(0, 4), ['pending', 'failed'], ['pending', 'sent', 'failed']].map((order) => order.join(' '))
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { maxLength: 20 }), (events) => {
        const seen: DeliveryState[] = ['pending']
        for (const event of events) seen.push(...statesTo(seen.at(-1) ?? 'pending', event))
        expect(orders.some((order) => order.startsWith(seen.join(' ')))).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})

it('knows which states have to be brought to the peer, and which words are states', () => {
  expect(all.filter(isQueued)).toEqual(['pending', 'sent'])
  expect([...all, 'received', undefined, 7].filter(isDeliveryState)).toEqual(all)
})
