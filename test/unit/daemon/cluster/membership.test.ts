import { describe, expect, it } from 'vitest'
import { deriveMembership, nextHop } from '../../../../src/daemon/cluster/membership.js'
import { stepRecords } from '../../../../src/daemon/cluster/record-set.js'
import { memberRecord, viewOf } from './view.js'

const hops = (self: string, graph: string): Record<string, number> =>
  Object.fromEntries([...viewOf(self, graph).membership.members.values()].map(({ peer, hops: count }) => [peer, count]))

describe('the membership', () => {
  it('knows who can be reached, how far, and through whom', () => {
    const { membership } = viewOf('a', 'a-b b-c c-d x-y')
    expect(Object.fromEntries([...membership.members.values()].map(({ peer, hops: count, via }) => [peer, `${count} via ${via}`]))).toEqual({
      b: '1 via b',
      c: '2 via b',
      d: '3 via b',
    })
    expect([...membership.away.keys()].sort()).toEqual(['x', 'y'])
  })

  it('counts a link only when both ends claim it', () => {
    const { records } = viewOf('a', 'a-b b-c')
    const state = stepRecords(records, { type: 'records', peer: 'b', records: [memberRecord('c', [], {}, 2)] }).state
    expect([...deriveMembership(state).members.keys()]).toEqual(['b'])
    const own = stepRecords(records, { type: 'unlinked', peer: 'b' }).state
    expect(deriveMembership(own).members.size).toBe(0)
  })

  it('does not count one that left, nor ways through it', () => {
    const { records } = viewOf('a', 'a-b b-c')
    const left = memberRecord('b', ['a', 'c'], { left: true }, 2)
    expect(deriveMembership(stepRecords(records, { type: 'records', peer: 'b', records: [left] }).state).members.size).toBe(0)
  })

  it('finds another way around nodes that are excepted', () => {
    const { membership } = viewOf('a', 'a-b b-d a-c c-e e-d')
    expect(nextHop(membership, 'd')).toBe('b')
    expect(nextHop(membership, 'd', new Set(['b']))).toBe('c')
    expect(nextHop(membership, 'd', new Set(['b', 'e']))).toBeUndefined()
    expect(nextHop(membership, 'd', new Set(['d']))).toBeUndefined()
    expect(nextHop(membership, 'nobody')).toBeUndefined()
  })

  it('is the same graph from everywhere', () => {
    const ring = 'a-b b-c c-d d-e e-a'
    expect(hops('a', ring)).toEqual({ b: 1, e: 1, c: 2, d: 2 })
    expect(hops('c', ring)).toEqual({ b: 1, d: 1, a: 2, e: 2 })
  })

  it('passes over a member record that makes no sense', () => {
    const { records } = viewOf('a', 'a-b')
    const bad = { ...memberRecord('b', ['a'], {}, 2), body: Uint8Array.of(0xff) }
    expect(deriveMembership(stepRecords(records, { type: 'records', peer: 'b', records: [bad] }).state).members.size).toBe(0)
  })
})
