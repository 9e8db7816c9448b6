import { describe, expect, it } from 'vitest'
import { type SharedClock, TrackClock } from '../../../../src/media/rtp/clock.js'

describe('TrackClock', () => {
  it('goes on where ticks wrap', () => {
    const clock = new TrackClock(90_000, {})
    expect(clock.time(2 ** 32 - 90_000, 5_000_000)).toBe(5_000_000)
    expect(clock.time(90_000, 7_100_000)).toBe(7_000_000)
  })

  it('reports put tracks together that came at different times', () => {
    const shared: SharedClock = {}
    const [video, audio] = [new TrackClock(90_000, shared), new TrackClock(48_000, shared)]
    expect(video.time(1000, 1_000_000)).toBe(1_000_000)
    expect(audio.time(5000, 1_300_000)).toBe(1_300_000)
    video.report(50_000_000, 1000, 1_310_000)
    audio.report(50_000_000, 5000, 1_310_000)
    expect([video.synchronised, audio.synchronised]).toEqual([true, true])
    expect([video.time(10_000, 1_320_000), audio.time(9800, 1_320_000)]).toEqual([1_100_000, 1_100_000])
  })

  it('a report before the first packet counts, also across a wrap', () => {
    const shared: SharedClock = {}
    const clock = new TrackClock(8000, shared)
    clock.report(50_000_000, 2 ** 32 - 80, 1_000_000)
    expect(clock.time(0, 1_000_000)).toBe(1_010_000)
  })

  it('later reports move a track by a little only, and not at all when the wall clock was set', () => {
    const clock = new TrackClock(1000, {})
    clock.time(0, 0)
    clock.report(1_000_000, 0, 0)
    clock.report(2_100_000, 1000, 1_000_000)
    expect(clock.time(1000, 1_000_000)).toBe(1_002_000)
    clock.report(90_000_000, 2000, 2_000_000)
    expect(clock.time(2000, 2_000_000)).toBe(2_002_000)
  })

  it('tracks of a source whose clock is set stay together', () => {
    const shared: SharedClock = {}
    const [video, audio] = [new TrackClock(90_000, shared), new TrackClock(48_000, shared)]
    expect([video.time(0, 1_000_000), audio.time(0, 1_000_000)]).toEqual([1_000_000, 1_000_000])
    expect(video.time(3600 * 90_000, 1_100_000)).toBe(1_100_000)
    // due 20 ms later, and arrived after 90
    expect(audio.time(3600 * 48_000 + 960, 1_190_000)).toBe(1_120_000)
  })

  it('a source that begins anew goes on in time', () => {
    const clock = new TrackClock(90_000, {})
    clock.time(1_000_000_000, 0)
    expect(clock.time(5, 40_000)).toBe(40_000)
    expect(clock.time(3605, 80_000)).toBe(80_000)
  })
})
