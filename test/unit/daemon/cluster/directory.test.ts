import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCopies, listCopies, nextClaim, publishersOf, streamsOf, winnerOf } from '../../../../src/daemon/cluster/directory.js'
import { recordLimits, streamSlot } from '../../../../src/daemon/cluster/record.js'
import { decodeStreams, encodeStreams } from '../../../../src/daemon/cluster/stream-body.js'
import { stream, streamRecords, viewOf } from './view.js'

describe('the directory', () => {
  it('lists the streams of members that can be reached', () => {
    const view = viewOf('a', 'a-b b-c x-y', { b: [stream('p', 'b')], c: [stream('q', 'c')], x: [stream('r', 'x')] })
    expect(listCopies(view).map(({ peer, path, distance }) => `${peer} ${path} ${distance}`)).toEqual(['b p 1', 'c q 2'])
  })

  it('finds copies by media hops, then distance, then room', () => {
    const copy = (author: string, hops: number, full = false) => [stream('p', author, { hops, origin: 'o', full })]
    const view = viewOf('a', 'a-b b-o a-c a-d a-e', { o: [stream('p', 'o')], b: copy('b', 2), c: copy('c', 1, true), d: copy('d', 1), e: copy('e', 2) })
    const order = findCopies(view, 'p').map(({ peer }) => peer)
    expect(order.slice(0, 3)).toEqual(['o', 'd', 'c'])
    expect(order.slice(3).sort()).toEqual(['b', 'e'])
    expect(findCopies(view, 'nothing')).toEqual([])
  })

  it('does not offer a copy of a stream of this node', () => {
    const view = viewOf('a', 'a-b', { b: [stream('p', 'b', { hops: 1, origin: 'a' })] })
    expect(findCopies(view, 'p')).toEqual([])
  })

  it('offers only the publisher that counts and its copies, and marks the other', () => {
    const copy = stream('p', 'd', { hops: 1, origin: 'c' })
    const view = viewOf('a', 'a-b a-c a-d', { b: [stream('p', 'b', { claim: 2 })], c: [stream('p', 'c', { claim: 1 })], d: [copy] })
    expect(findCopies(view, 'p').map(({ peer }) => peer)).toEqual(['b'])
    expect(
      listCopies(view)
        .map(({ peer, contested }) => `${peer} ${contested}`)
        .sort(),
    ).toEqual(['b undefined', 'c b', 'd b'])
    const own = { peer: 'a', claim: 3 }
    expect(findCopies(view, 'p', own)).toEqual([])
    expect(listCopies(view, new Map([['p', own]])).map(({ contested }) => contested)).toEqual(['a', 'a', 'a'])
    expect(publishersOf(view, 'p', own).map(({ peer }) => peer)).toEqual(['a', 'b', 'c'])
  })

  it('claims above all others, also of those out of reach', () => {
    const view = viewOf('a', 'a-b x-y', { b: [stream('p', 'b', { claim: 2 })], x: [stream('p', 'x', { claim: 5 })] })
    expect(nextClaim(view.records, 'p')).toBe(6)
    expect(nextClaim(view.records, 'q')).toBe(1)
    const most = viewOf('a', 'a-b', { b: [stream('p', 'b', { claim: 2 ** 32 - 1 })] })
    expect(nextClaim(most.records, 'p')).toBe(2 ** 32 - 1)
  })

  it('counts at most 1,000 streams of an author', () => {
    const many = Array.from({ length: 1100 }, (_, at) => stream(`p/${at}`, 'b'))
    const view = viewOf('a', 'a-b', { b: many })
    const counted = streamsOf(view.records, 'b')
    expect(counted).toHaveLength(1000)
    // what does not count is not found either, and the order in which records came changes nothing
    expect(many.filter(({ path }) => findCopies(view, path).length > 0)).toHaveLength(1000)
    expect(many.filter(({ path }) => publishersOf(view, path).length > 0)).toHaveLength(1000)
    const bySlot = [...many].sort((x, y) => streamSlot(y.path).localeCompare(streamSlot(x.path)))
    const turned = streamsOf(viewOf('a', 'a-b', { b: bySlot }).records, 'b')
    expect(new Set(turned.map(({ path }) => path))).toEqual(new Set(counted.map(({ path }) => path)))
  })

  it('has one winner, whatever the order in which claims are looked at', () => {
    const claim = fc.record({ peer: fc.constantFrom('a', 'b', 'c', 'd', 'e'), claim: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(fc.uniqueArray(claim, { selector: ({ peer }) => peer, minLength: 1 }), fc.string(), (claims, path) => {
        const winner = winnerOf(path, claims)
        expect(winnerOf(path, [...claims].reverse())).toBe(winner)
        expect(claims.find(({ peer }) => peer === winner)?.claim).toBe(Math.max(...claims.map((one) => one.claim)))
      }),
    )
    expect(winnerOf('p', [])).toBeUndefined()
  })
})

describe('a stream body', () => {
  const record = streamRecords('b', [stream('live/cam', 'b')])[0] as ReturnType<typeof streamRecords>[0]

  it('comes back as it was said', () => {
    const tracks = [{ kind: 'video' as const, codec: 'vp8', width: 640, height: 360 }]
    const all = [stream('live/cam', 'b', { tracks, over: 'c', claim: 4, full: true }), stream('live/cam', 'b', { hops: 2, origin: 'c' })]
    for (const one of all) expect(decodeStreams('b', record.slot, encodeStreams('b', [one]))).toEqual([one])
  })

  it.each([
    ['a path in the slot of others', encodeStreams('b', [stream('other', 'b')])],
    ['a path twice', encodeStreams('b', [stream('live/cam', 'b'), stream('live/cam', 'b')])],
    ['a publisher without a claim', encodeStreams('b', [stream('live/cam', 'b', { claim: 0 })])],
    ['a copy with a claim', encodeStreams('b', [stream('live/cam', 'b', { hops: 1, origin: 'c', claim: 1 })])],
    ['hops without an origin', encodeStreams('b', [stream('live/cam', 'b', { hops: 1, claim: 0 })])],
    ['nine hops', encodeStreams('b', [stream('live/cam', 'b', { hops: 9, origin: 'c' })])],
    [
      'seventeen tracks',
      encodeStreams('b', [stream('live/cam', 'b', { tracks: Array.from({ length: 17 }, () => ({ kind: 'audio' as const, codec: 'opus' })) })]),
    ],
    ['a codec of 65 bytes', encodeStreams('b', [stream('live/cam', 'b', { tracks: [{ kind: 'audio', codec: 'c'.repeat(65) }] })])],
    ['nonsense', Uint8Array.of(0xff)],
    ['more than 64 KiB', new Uint8Array(recordLimits.body + 1)],
  ])('refuses %s', (_, body) => {
    expect(() => decodeStreams('b', record.slot, body)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })
})
