/** A copy keeps the places of its origin, so that a position holds in each of them. */

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../../../../src/daemon/streams/group.js'
import { Hub, type HubSubscription } from '../../../../src/daemon/streams/hub.js'
import type { Frame } from '../../../../src/stream.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { audio, frame, publish, text, video } from './media.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Everything that is due now. */
async function due(subscription: HubSubscription): Promise<Entry[]> {
  const entries: Entry[] = []
  const iterator = subscription.entries()[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([iterator.next(), vi.advanceTimersByTimeAsync(0).then(() => undefined)])
    if (!next || next.done) return entries
    entries.push(...next.value)
  }
}

const place = ({ originGroup, originIndex }: Entry): number => originGroup * 10_000 + originIndex
const hub = (node: string): Hub => new Hub({ node, log: memoryLog() })

/** Writes what was read at one hub to another, as a relay does. */
function copyTo(target: Hub, entries: readonly Entry[], originEpoch: number, tracks = [video, audio]) {
  const publication = publish(target, 'copy', { origin: 'a', hops: 1, originEpoch }, tracks)
  for (const { frame: one, originGroup: group, originIndex: index } of entries) publication.write(one, { group, index })
}

/** Frames of a film: a key frame now and then, sound in between. */
const film = fc
  .array(fc.constantFrom('key', 'delta', 'delta', 'sound', 'sound'), { minLength: 5, maxLength: 60 })
  .map((kinds) => ['key', ...kinds].map((kind, at): Frame => (kind === 'sound' ? frame(audio, at * 20) : frame(video, at * 20, kind === 'key', 4 + at))))

describe('copied places', () => {
  it('are those of the origin, and reading goes on in the copy at the very next frame, or at the next group', async () => {
    const options = fc.tuple(film, fc.nat(), fc.nat(), fc.nat())
    await fc.assert(
      fc.asyncProperty(options, async ([frames, from, cut, last]) => {
        const [a, b] = [hub('a'), hub('b')]
        const publication = publish(a, 's')
        for (const one of frames) publication.write(one)
        const all = await due(await a.subscribe('s', { start: { buffered: 1e12 } }))
        // the copy began at some group, and does not have the newest frames yet
        const starts = all.filter(({ originIndex }) => originIndex === 0)
        const first = starts[from % starts.length] as Entry
        const rest = all.slice(all.indexOf(first))
        const kept = rest.slice(0, rest.length - (cut % rest.length))
        copyTo(b, kept, publication.epoch)
        expect((await due(await b.subscribe('copy', { start: { buffered: 1e12 } }))).map(place)).toEqual(kept.map(place))
        const position = all[last % all.length] as Entry
        const resume = { epoch: publication.epoch, group: position.originGroup, index: position.originIndex }
        const subscription = await b.subscribe('copy', { resume })
        const got = (await due(subscription)).map(place)
        const wanted = kept.map(place).filter((one) => one > place(position))
        // what is new is new without a hole; a copy that is behind may repeat what the reader has
        const fresh = got.filter((one) => one > place(position))
        if (kept.includes(position)) expect(subscription.resumed).toBe(true)
        if (subscription.resumed) expect(got).toEqual(wanted)
        const laterGroup = kept.filter(({ originGroup }) => originGroup > position.originGroup).map(place)
        expect([wanted, laterGroup]).toContainEqual(fresh)
        a.close()
        b.close()
      }),
      { numRuns: 200 },
    )
  })

  it('mean nothing in another publication', async () => {
    const b = hub('b')
    copyTo(b, [], 1, [text])
    const publication = publish(b, 'copy', { origin: 'a', originEpoch: 2, takeover: true }, [text])
    for (let index = 0; index < 5; index++) publication.write(frame(text, index), { group: 7, index })
    const other = await b.subscribe('copy', { resume: { epoch: 1, group: 7, index: 2 } })
    const same = await b.subscribe('copy', { resume: { epoch: 2, group: 7, index: 2 } })
    expect([other.resumed, same.resumed]).toEqual([false, true])
    expect((await due(same)).map(({ originIndex }) => originIndex)).toEqual([3, 4])
    b.close()
  })

  it('follow the groups of the origin, also where the frames alone would not tell them', async () => {
    const b = hub('b')
    const publication = publish(b, 'copy', { origin: 'a', originEpoch: 2 }, [text])
    const places = [
      [3, 4],
      [3, 5],
      [5, 0],
      [9, 0],
      [9, 1],
    ] as const
    for (const [group, index] of places) publication.write(frame(text, group), { group, index })
    const entries = await due(await b.subscribe('copy', { start: { buffered: 1e12 } }))
    expect(entries.map(({ originGroup, originIndex }) => [originGroup, originIndex])).toEqual(places)
    expect(entries.map(({ group, index }) => [group, index])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [2, 0],
      [2, 1],
    ])
    const later = await b.subscribe('copy', { resume: { epoch: 2, group: 4, index: 0 } })
    expect((await due(later)).map(({ originGroup }) => originGroup)).toEqual([5, 9, 9])
    b.close()
  })

  it('drop copied video that nobody could decode', async () => {
    const b = hub('b')
    const publication = publish(b, 'copy', { origin: 'a', originEpoch: 2 }, [video])
    publication.write(frame(video, 0, false), { group: 1, index: 1 })
    publication.write(frame(video, 40, true), { group: 2, index: 0 })
    const entries = await due(await b.subscribe('copy', { start: { buffered: 1e12 } }))
    expect(entries.map(({ originGroup }) => originGroup)).toEqual([2])
    b.close()
  })
})
