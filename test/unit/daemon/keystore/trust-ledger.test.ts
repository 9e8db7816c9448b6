import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrustRecord } from '../../../../src/daemon/keystore/trust-claim.js'
import { toldBy } from '../../../../src/daemon/keystore/trust-ledger.js'
import { LedgerNode } from './ledger-node.js'

const record = (author: string, subject: string, kind: 'introduced' | 'forgotten', version: number): TrustRecord => ({
  author,
  subject,
  claim: { kind, version, name: subject, addresses: [] },
})

/** Some nodes and the records they publish. */
function cluster(...ids: string[]) {
  const records: TrustRecord[] = []
  const nodes = new Map(ids.map((id) => [id, new LedgerNode(id, records)]))
  const node = (id: string): LedgerNode => nodes.get(id) as LedgerNode
  const pair = (a: string, b: string): void => {
    node(a).pair(b)
    node(b).pair(a)
  }
  /** Every node hears of every record, until nothing is new. */
  const settle = (): void => {
    let before = ''
    for (let round = 0; round < 100; round++) {
      for (const one of nodes.values()) for (const each of [...records]) one.take(each)
      const after = JSON.stringify([...nodes.values()].map(({ state }) => [...state.standings]))
      if (after === before) return
      before = after
    }
    throw new Error('it never settles')
  }
  return { records, nodes, node, pair, settle }
}

describe('introductions', () => {
  it('link everybody up, also over several steps and from either side of a pairing', () => {
    const { node, pair, settle, nodes } = cluster('a', 'b', 'c', 'd')
    pair('a', 'b')
    pair('c', 'a')
    pair('d', 'c')
    settle()
    for (const one of nodes.values()) for (const other of nodes.keys()) expect(one.trusts(other), `${one.id} ${other}`).toBe(one.id !== other)
    expect(node('d').of('b')).toEqual({ kind: 'trusted', version: 1, here: false, vouched: false, source: 'a' })
  })

  it('count only by a trusted author whom the policy allows, and not for one who is blocked', () => {
    const { node } = cluster('a')
    const a = node('a')
    a.pair('b')
    expect(a.take(record('stranger', 'c', 'introduced', 1))).toEqual([])
    expect(a.take(record('b', 'a', 'introduced', 7))).toEqual([])
    expect(a.take(record('b', 'b', 'introduced', 7))).toEqual([])
    expect(a.take(record('b', 'c', 'introduced', 1), false).at(-1)).toMatchObject({ type: 'refused', why: 'policy' })
    a.step({ type: 'blocked', peer: 'c' })
    expect(a.take(record('b', 'c', 'introduced', 1)).at(-1)).toMatchObject({ type: 'refused', why: 'blocked' })
    expect(a.of('c')).toBeUndefined()
    a.step({ type: 'unblocked', peer: 'c' })
    a.take(record('b', 'c', 'introduced', 1))
    expect(a.trusts('c')).toBe(true)
  })

  it('are bounded', () => {
    const a = new LedgerNode('a', [], { trusted: 3, forgotten: 2 })
    a.pair('b')
    for (const subject of ['c', 'd', 'e']) a.take(record('b', subject, 'introduced', 1))
    expect(['c', 'd', 'e'].map((peer) => a.trusts(peer))).toEqual([true, true, false])
    expect(a.refused).toMatchObject([{ why: 'limit' }])
    for (const subject of ['f', 'g', 'h']) a.take(record('b', subject, 'forgotten', 1))
    expect([...a.state.standings.values()].filter(({ kind }) => kind === 'forgotten')).toHaveLength(2)
  })

  it('stay when the member who made them is forgotten: others take them from those who stay', () => {
    const { node, pair, settle } = cluster('a', 'b', 'c', 'd')
    pair('a', 'b')
    pair('b', 'c')
    settle()
    node('a').forget('b')
    settle()
    expect(node('a').of('c')).toMatchObject({ kind: 'trusted', vouched: true })
    pair('d', 'a')
    settle()
    expect([node('d').trusts('c'), node('c').trusts('d'), node('d').trusts('b'), node('c').trusts('b')]).toEqual([true, true, false, false])
  })
})

describe('forgetting', () => {
  it('reaches all, is repeated by all who knew the peer, and no older introduction lifts it', () => {
    const { node, pair, settle, records } = cluster('a', 'b', 'c')
    pair('a', 'b')
    pair('a', 'c')
    settle()
    const old = [...records]
    node('a').forget('c')
    settle()
    expect(node('b').of('c')).toEqual({ kind: 'forgotten', version: 2, here: false, vouched: true, source: 'a' })
    for (const each of [...old, ...old]) node('b').take(each)
    expect(node('b').trusts('c')).toBe(false)
    node('a').pair('c')
    settle()
    expect([node('a').trusts('c'), node('b').trusts('c')]).toEqual([true, true])
  })

  it('here alone holds against every introduction and is told to nobody', () => {
    const { node, pair, settle } = cluster('a', 'b', 'c')
    pair('a', 'b')
    pair('a', 'c')
    settle()
    node('b').forget('c', true)
    settle()
    expect([node('a').trusts('c'), node('b').trusts('c')]).toEqual([true, false])
    node('a').pair('c')
    settle()
    expect(node('b').trusts('c')).toBe(false)
    node('b').pair('c')
    settle()
    expect(node('b').trusts('c')).toBe(true)
  })

  it('of this node itself is not applied, but told', () => {
    const { node } = cluster('a')
    const a = node('a')
    a.pair('b')
    a.take(record('b', 'a', 'forgotten', 2))
    a.take(record('b', 'a', 'forgotten', 2))
    expect([a.told.length, toldBy(a.state)]).toEqual([1, ['b']])
    a.take(record('b', 'a', 'introduced', 3))
    expect(toldBy(a.state)).toEqual([])
    expect(a.trusts('b')).toBe(true)
  })

  it('is done again when the home was put back to an earlier time; pairing is not', () => {
    const a = new LedgerNode('a', [])
    a.pair('b')
    a.take(record('a', 'b', 'forgotten', 2))
    a.take(record('a', 'c', 'introduced', 1))
    a.take(record('a', 'd', 'forgotten', 4))
    expect(['b', 'c', 'd'].map((peer) => a.of(peer)?.kind)).toEqual(['forgotten', undefined, 'forgotten'])
    a.pair('d')
    expect(a.of('d')?.version).toBe(5)
  })

  it('of each other in two halves ends with both forgotten by the rest', () => {
    const { node, pair, settle } = cluster('a', 'b', 'c', 'd')
    for (const other of ['b', 'c', 'd']) pair('a', other)
    settle()
    node('a').forget('b')
    node('b').forget('a')
    const [fromA, fromB] = [record('a', 'b', 'forgotten', node('a').of('b')?.version ?? 0), record('b', 'a', 'forgotten', node('b').of('a')?.version ?? 0)]
    node('c').take(fromA)
    node('d').take(fromB)
    settle()
    for (const one of ['c', 'd']) expect([node(one).trusts('a'), node(one).trusts('b')], one).toEqual([false, false])
  })

  it('beats what the other half of a partition introduces at the same version', () => {
    const { node, pair, settle } = cluster('a', 'b', 'c')
    pair('a', 'b')
    pair('a', 'c')
    settle()
    node('a').forget('c')
    node('b').pair('c')
    expect(node('b').of('c')?.version).toBe(node('a').of('c')?.version)
    settle()
    expect([node('a').trusts('c'), node('b').trusts('c')]).toEqual([false, false])
  })
})

describe('loading', () => {
  it('publishes what this node vouches for, and takes over what rests on the word of somebody who is trusted no more', () => {
    const records: TrustRecord[] = []
    const a = new LedgerNode('a', records)
    const standing = { kind: 'trusted', version: 1, here: false, vouched: false } as const
    const standings = [
      ['c', { ...standing, source: 'b' }],
      ['b', { ...standing, vouched: true }],
      ['e', { ...standing, source: 'gone' }],
      ['f', { kind: 'forgotten', version: 3, here: true, vouched: false }],
    ] as const
    expect(a.step({ type: 'loaded', standings })).toEqual([
      { type: 'publish', peer: 'b', kind: 'introduced', version: 1 },
      { type: 'vouch', peer: 'e' },
    ])
    expect(records.map(({ subject }) => subject)).toEqual(['b', 'e'])
  })
})

describe('tidying', () => {
  it('drops the oldest tombstones that every member has published, and no other', () => {
    const records: TrustRecord[] = []
    const a = new LedgerNode('a', records, { forgotten: 4 })
    for (const member of ['b', 'c']) a.pair(member)
    for (const old of ['w', 'x', 'y', 'z']) {
      a.pair(old)
      a.forget(old, old === 'w')
    }
    const said = ['w', 'x', 'y', 'z'].flatMap((old) => ['b', 'c'].map((member) => record(member, old, 'forgotten', 2)))
    const lacking = said.filter(({ author, subject }) => author !== 'c' || subject !== 'x')
    expect(a.step({ type: 'tidy', records: lacking })).toEqual([{ type: 'drop', peer: 'y' }])
    expect(a.of('y')).toBeUndefined()
    expect(a.step({ type: 'tidy', records: lacking })).toEqual([])
    // what members say of it is no reason to keep it again
    expect(a.take(record('b', 'y', 'forgotten', 2)).at(-1)).toMatchObject({ type: 'refused', why: 'limit' })
  })
})

describe('whatever the order of records and decisions', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'] as const
  const id = fc.constantFrom(...ids)
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('pair' as const), from: id, to: id }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('forget' as const), from: id, to: id }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant('hear' as const), from: id, at: fc.nat(), again: fc.nat(2) }) },
  )

  it('members who trust each other end with the same view', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
        const { node, pair, settle, records } = cluster(...ids)
        for (const one of actions) {
          if (one.type === 'hear') {
            for (let times = 0; times <= one.again && records.length > 0; times++) node(one.from).take(records[one.at % records.length] as TrustRecord)
          } else if (one.from !== one.to) {
            if (one.type === 'pair') pair(one.from, one.to)
            else if (node(one.from).of(one.to)) node(one.from).forget(one.to)
          }
        }
        settle()
        for (const a of ids) {
          for (const b of ids) {
            if (a >= b || !node(a).trusts(b) || !node(b).trusts(a)) continue
            for (const subject of ids)
              if (subject !== a && subject !== b) expect([subject, node(a).trusts(subject)]).toEqual([subject, node(b).trusts(subject)])
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('one set of records of trusted members makes one set of verdicts', () => {
    const claims = fc.array(
      fc.record({
        author: fc.constantFrom('m1', 'm2', 'm3'),
        subject: fc.constantFrom('x', 'y', 'z'),
        forgotten: fc.boolean(),
        version: fc.integer({ min: 0, max: 4 }),
      }),
      { maxLength: 30 },
    )
    const verdicts = (records: readonly TrustRecord[]): unknown => {
      const node = new LedgerNode('self', [])
      for (const member of ['m1', 'm2', 'm3']) node.pair(member)
      for (const each of records) node.take(each)
      return ['x', 'y', 'z'].map((subject) => [node.of(subject)?.kind, node.of(subject)?.version])
    }
    fc.assert(
      fc.property(claims, fc.func(fc.nat(1000)), (list, order) => {
        const records = list.map(({ author, subject, forgotten, version }) => record(author, subject, forgotten ? 'forgotten' : 'introduced', version))
        const shuffled = [...records, ...records].map((each, at) => ({ each, key: order(at) })).sort((p, q) => p.key - q.key)
        expect(verdicts(shuffled.map(({ each }) => each))).toEqual(verdicts(records))
        for (const subject of ['x', 'y', 'z']) {
          const about = records.filter((each) => each.subject === subject).map(({ claim }) => claim)
          const top = Math.max(-1, ...about.map(({ version }) => version))
          const wins = about.some(({ kind, version }) => version === top && kind === 'forgotten') ? 'forgotten' : about.length > 0 ? 'trusted' : undefined
          expect(verdicts(records)).toContainEqual(wins === undefined ? [undefined, undefined] : [wins, top])
        }
      }),
      { numRuns: 500 },
    )
  })
})
