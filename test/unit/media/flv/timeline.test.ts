import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Timeline } from '../../../../src/media/flv/timeline.js'

const place = (steps: readonly (readonly [track: number, raw: number])[]): number[] => {
  const timeline = new Timeline()
  return steps.map(([track, raw]) => timeline.place(track, raw))
}

describe('Timeline', () => {
  it('keeps times that rise, also over gaps', () => {
    expect(place([1000, 1040, 1040, 900_000].map((raw) => [1, raw]))).toEqual([1000, 1040, 1040, 900_000])
  })

  it('keeps tracks apart, which may be some time apart', () => {
    expect(
      place([
        [1, 5000],
        [2, 3000],
        [1, 5040],
        [2, 3023],
      ]),
    ).toEqual([5000, 3000, 5040, 3023])
  })

  it('goes on across 2^32 ms', () => {
    const end = 2 ** 32
    expect(
      place([
        [1, end - 20],
        [2, end - 10],
        [1, 20],
        [2, 13],
      ]),
    ).toEqual([end - 20, end - 10, end + 20, end + 13])
  })

  it('takes times that are unwrapped already', () => {
    const end = 2 ** 32
    expect(place([end - 20, end + 20, end + 60].map((raw) => [1, raw]))).toEqual([end - 20, end + 20, end + 60])
  })

  it('repeats the last time after a small step back, until the source has caught up', () => {
    expect(place([100, 140, 120, 130, 150].map((raw) => [1, raw]))).toEqual([100, 140, 140, 140, 150])
  })

  it('continues when the source begins anew, with sound and picture together', () => {
    const steps: [number, number][] = [
      [1, 60_000],
      [2, 60_010],
      [2, 10],
      [1, 60_040],
      [1, 0],
      [2, 33],
      [1, 40],
    ]
    // 60,010 is the newest when the sound begins anew, so its 10 becomes 60,030 and all else follows by 60,020
    expect(place(steps)).toEqual([60_000, 60_010, 60_030, 60_040, 60_040, 60_053, 60_060])
  })

  it('places a track that comes late beside the others, also after a new beginning', () => {
    expect(
      place([
        [1, 50_000],
        [1, 0],
        [1, 40],
        [2, 50],
      ]),
    ).toEqual([50_000, 50_020, 50_060, 50_070])
  })

  it('never goes back in a track, whatever comes', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 5000 })))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const last = new Map<number, number>()
        for (const [i, time] of place(steps).entries()) {
          const track = steps[i]?.[0] ?? 0
          expect(Number.isSafeInteger(time)).toBe(true)
          expect(time).toBeGreaterThanOrEqual(last.get(track) ?? 0)
          last.set(track, time)
        }
      }),
    )
  })
})
