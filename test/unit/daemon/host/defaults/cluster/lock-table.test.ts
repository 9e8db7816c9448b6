import { describe, expect, it } from 'vitest'
import { LockTable, perMember } from '../../../../../../src/daemon/host/defaults/cluster/lock-table.js'

const timing = { grace: 1000, absence: 2000 }

describe('the table of a leader', () => {
  it('takes of one member no more locks and waiting requests than it can tell of, and others still get theirs', () => {
    const table = new LockTable('a', { number: 0, leader: '' }, timing)
    const ask = (peer: string, at: number) => table.receive(peer, { type: 'acquire', name: `${peer} ${at}`, request: `${at}` }, 0)
    table.change(['a', 'b', 'c'], true, 0)
    for (let at = 0; at < 6 * perMember; at++) ask('b', at)
    ask('c', 0)
    table.tick(timing.grace)
    const [term] = [table.term]
    const opened = [...table.saved(term, 0), ...table.receive('b', { type: 'termSaved', term }, 0), ...table.receive('c', { type: 'termSaved', term }, 0)]
    expect(opened).toContainEqual(expect.objectContaining({ to: 'c', message: expect.objectContaining({ type: 'granted' }) }))
    expect(table.grants()).toHaveLength(perMember + 1)
    expect(ask('b', 6 * perMember)).toEqual([{ type: 'send', to: 'b', message: expect.objectContaining({ type: 'denied' }) }])
    expect(ask('c', 1)).toEqual([{ type: 'send', to: 'c', message: expect.objectContaining({ type: 'granted' }) }])
    // one that it has is granted again
    expect(ask('b', 0)).toEqual([{ type: 'send', to: 'b', message: expect.objectContaining({ type: 'granted' }) }])
  })
})
