import { describe, expect, it } from 'vitest'
import { SourceClock } from '../../../src/media/source-clock.js'

const s = 1e6
const period = 1000 * s

describe('SourceClock', () => {
  it('keeps the clock of the source, and goes on over its wrap', () => {
    const clock = new SourceClock(period)
    expect([998 * s, 999 * s, 0, s].map((raw) => clock.place(1, raw))).toEqual([998 * s, 999 * s, 1000 * s, 1001 * s])
    expect(clock.place(2, 999.5 * s)).toBe(999.5 * s)
  })

  it('repeats the last time for small steps back', () => {
    const clock = new SourceClock()
    expect([5 * s, 4.5 * s, 5.5 * s].map((raw) => clock.place(1, raw))).toEqual([5 * s, 5 * s, 5.5 * s])
  })

  it('goes on after a jump, and takes the other tracks with it', () => {
    const clock = new SourceClock()
    clock.place(1, 500 * s)
    clock.place(2, 500.1 * s)
    expect(clock.place(1, 3 * s)).toBe(500.12 * s)
    expect(clock.place(2, 3.01 * s)).toBe(500.13 * s)
    expect(clock.place(1, 100 * s)).toBe(500.15 * s)
    expect(clock.place(2, 3.02 * s)).toBe(500.14 * s)
  })

  it('begins no earlier than it may', () => {
    expect(new SourceClock().place(1, -80_000)).toBe(0)
    expect(new SourceClock(undefined, Number.NEGATIVE_INFINITY).place(1, -80_000)).toBe(-80_000)
  })
})
