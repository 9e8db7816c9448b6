import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DirectoryEffect,
  type DirectoryEvent,
  type DirectoryState,
  emptyDirectory,
  findCopies,
  listCopies,
  maxAnnouncements,
  stepDirectory,
} from '../../../../src/daemon/cluster/directory.js'
import { encodeControl } from '../../../../src/daemon/swarm/control-codec.js'
import type { Announcement, StreamRecord } from '../../../../src/daemon/swarm/control-messages.js'

const stream = (path: string, parts: Partial<Announcement> = {}): Announcement => ({
  path,
  tracks: [{ kind: 'video', codec: 'vp8' }],
  since: 1,
  hops: 0,
  origin: 'author',
  ...parts,
})

/** A directory one can talk to. */
class Node {
  state: DirectoryState
  readonly effects: DirectoryEffect[] = []

  constructor(name: string, epoch = `${name}1`) {
    this.state = emptyDirectory(name, epoch)
  }

  step(event: DirectoryEvent): DirectoryEffect[] {
    const { state, effects } = stepDirectory(this.state, event)
    this.state = state
    this.effects.push(...effects)
    return [...effects]
  }

  records(effects: readonly DirectoryEffect[]): StreamRecord[] {
    return effects.flatMap((effect) => (effect.type === 'send' ? [effect.record] : []))
  }

  paths(): string[] {
    return listCopies(this.state)
      .map(({ path }) => path)
      .sort()
  }
}

describe('the directory', () => {
  it('sends a snapshot to a peer that comes, and deltas afterwards', () => {
    const node = new Node('a')
    node.step({ type: 'own', changed: [stream('x')], removed: [] })
    expect(node.step({ type: 'ready', peer: 'b' })).toEqual([
      { type: 'send', peers: ['b'], record: { epoch: 'a1', sequence: 1, snapshot: true, ask: false, streams: [stream('x')], removed: [] } },
    ])
    expect(node.step({ type: 'own', changed: [stream('y')], removed: ['x', 'never'] })).toEqual([
      { type: 'send', peers: ['b'], record: { epoch: 'a1', sequence: 2, snapshot: false, ask: false, streams: [stream('y')], removed: ['x'] } },
    ])
    expect(node.step({ type: 'own', changed: [stream('y')], removed: ['x'] })).toEqual([])
    node.step({ type: 'gone', peer: 'b' })
    expect(node.step({ type: 'own', changed: [stream('z')], removed: [] })).toEqual([])
  })

  it('drops what a peer told when its channel goes', () => {
    const node = new Node('a')
    node.step({ type: 'ready', peer: 'b' })
    node.step({ type: 'record', peer: 'b', record: { epoch: 'b1', sequence: 5, snapshot: true, ask: false, streams: [stream('x')], removed: [] } })
    expect(node.paths()).toEqual(['x'])
    expect(node.step({ type: 'gone', peer: 'b' })).toEqual([{ type: 'vanished', peer: 'b', path: 'x' }])
    expect(node.paths()).toEqual([])
  })

  it('ignores records of a peer that is not there, old deltas, and deltas before a snapshot', () => {
    const node = new Node('a')
    const record = (sequence: number, snapshot: boolean, path: string, epoch = 'b1'): DirectoryEvent => ({
      type: 'record',
      peer: 'b',
      record: { epoch, sequence, snapshot, ask: false, streams: [stream(path)], removed: [] },
    })
    node.step(record(1, true, 'early'))
    node.step({ type: 'ready', peer: 'b' })
    expect(node.step(record(1, false, 'delta'))).toEqual([])
    node.step(record(5, true, 'snap'))
    expect(node.step(record(3, false, 'old'))).toEqual([])
    expect(node.paths()).toEqual(['snap'])
    node.step(record(6, false, 'next'))
    expect(node.paths()).toEqual(['next', 'snap'])
  })

  it('asks once for a snapshot when a delta is missing, and the author answers', () => {
    const a = new Node('a')
    const b = new Node('b')
    a.step({ type: 'ready', peer: 'b' })
    for (const record of b.records(b.step({ type: 'ready', peer: 'a' }))) a.step({ type: 'record', peer: 'b', record })
    b.step({ type: 'own', changed: [stream('lost')], removed: [] })
    const [late] = b.records(b.step({ type: 'own', changed: [stream('x')], removed: [] }))
    const asked = a.records(a.step({ type: 'record', peer: 'b', record: late as StreamRecord }))
    expect(asked).toMatchObject([{ ask: true, streams: [] }])
    const [later] = b.records(b.step({ type: 'own', changed: [stream('y')], removed: [] }))
    expect(a.step({ type: 'record', peer: 'b', record: later as StreamRecord })).toEqual([])
    for (const record of b.records(b.step({ type: 'record', peer: 'a', record: asked[0] as StreamRecord }))) a.step({ type: 'record', peer: 'b', record })
    expect(a.paths()).toEqual(['lost', 'x', 'y'])
  })

  it('bounds what it announces and what a peer may announce', () => {
    const many = Array.from({ length: maxAnnouncements + 5 }, (_, i) => stream(`s${i}`))
    const a = new Node('a')
    expect(a.step({ type: 'own', changed: many, removed: [] })).toEqual([{ type: 'refused', peer: 'a', count: 5 }])
    const b = new Node('b')
    b.step({ type: 'ready', peer: 'a' })
    for (const record of a.records(a.step({ type: 'ready', peer: 'b' }))) b.step({ type: 'record', peer: 'a', record })
    expect(b.paths()).toHaveLength(maxAnnouncements)
    const over: StreamRecord = { epoch: 'a1', sequence: a.state.sequence + 1, snapshot: false, ask: false, streams: [stream('over')], removed: [] }
    expect(b.step({ type: 'record', peer: 'a', record: over })).toEqual([{ type: 'refused', peer: 'a', count: 1 }])
    expect(b.paths()).toHaveLength(maxAnnouncements)
  })

  it('keeps every message below the limit of a frame', () => {
    const tracks = Array.from({ length: 16 }, () => ({ kind: 'video' as const, codec: 'c'.repeat(64), width: 7680, height: 4320 }))
    const many = Array.from({ length: maxAnnouncements }, (_, i) => stream(`${i}/`.padEnd(255, 'ü').slice(0, 130), { tracks, origin: 'o'.repeat(52) }))
    const node = new Node('a', '0102030405060708')
    node.step({ type: 'own', changed: many, removed: [] })
    const records = node.records(node.step({ type: 'ready', peer: 'b' }))
    expect(records.length).toBeGreaterThan(1)
    for (const value of records) expect(encodeControl({ type: 'streams', value }).byteLength).toBeLessThan(1024 * 1024)
  })

  it('finds the nearest copy first, never its own stream, and always the same among equals', () => {
    const node = new Node('self')
    const tell = (peer: string, parts: Partial<Announcement>): void => {
      node.step({ type: 'ready', peer })
      node.step({ type: 'record', peer, record: { epoch: peer, sequence: 0, snapshot: true, ask: false, streams: [stream('x', parts)], removed: [] } })
    }
    tell('far', { hops: 3 })
    for (const peer of ['p', 'q', 'r', 's']) tell(peer, { hops: 1 })
    tell('mine', { hops: 1, origin: 'self' })
    tell('origin', { hops: 0 })
    const found = findCopies(node.state, 'x').map(({ peer }) => peer)
    expect([found[0], found.at(-1)]).toEqual(['origin', 'far'])
    expect(found).not.toContain('mine')
    expect(findCopies(node.state, 'x').map(({ peer }) => peer)).toEqual(found)
    expect(findCopies(node.state, 'none')).toEqual([])
    const firstOf = (self: string): string | undefined => findCopies({ ...node.state, self }, 'x')[1]?.peer
    expect(new Set(Array.from({ length: 20 }, (_, i) => firstOf(`node${i}`))).size).toBeGreaterThan(1)
  })

  it('agrees with its peers whatever happens, messages lost and repeated included', () => {
    const op = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), path: fc.constantFrom('p', 'q', 'r', 's'), hops: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), path: fc.constantFrom('p', 'q', 'r', 's') }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reconnect' as const, 'lose' as const, 'repeat' as const) }) },
    )
    fc.assert(
      fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
        const a = new Node('a')
        const b = new Node('b')
        const wire: StreamRecord[] = []
        const deliver = (): void => {
          for (let record = wire.shift(); record; record = wire.shift()) {
            for (const asked of b.records(b.step({ type: 'record', peer: 'a', record })))
              wire.push(...a.records(a.step({ type: 'record', peer: 'b', record: asked })))
          }
        }
        const connect = (): void => {
          b.step({ type: 'ready', peer: 'a' })
          wire.push(...a.records(a.step({ type: 'ready', peer: 'b' })))
        }
        connect()
        for (const one of ops) {
          if (one.do === 'change') wire.push(...a.records(a.step({ type: 'own', changed: [stream(one.path, { hops: one.hops })], removed: [] })))
          else if (one.do === 'remove') wire.push(...a.records(a.step({ type: 'own', changed: [], removed: [one.path] })))
          else if (one.do === 'lose') wire.shift()
          else if (one.do === 'repeat' && wire[0]) wire.unshift(wire[0])
          else if (one.do === 'reconnect') {
            wire.length = 0
            a.step({ type: 'gone', peer: 'b' })
            b.step({ type: 'gone', peer: 'a' })
            connect()
          } else deliver()
        }
        deliver()
        // a loss at the very end shows with the next message; an author that knows of it sends a snapshot
        wire.push(...a.records(a.step({ type: 'unsent', peer: 'b' })))
        deliver()
        expect(b.paths()).toEqual([...a.state.own.keys()].sort())
        for (const copy of listCopies(b.state)) expect(copy.hops).toBe(a.state.own.get(copy.path)?.hops)
      }),
      { numRuns: 300 },
    )
  })
})
