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

  it('a track begins where the packets that were not held up put it', () => {
    const clock = new TrackClock(1000, {})
    clock.waits(0, 1_090_000)
    clock.waits(20, 1_091_000)
    clock.waits(40, 1_051_000)
    clock.waits(60, 1_071_000)
    // a clock that was set, and not a packet that came early
    clock.waits(60_000, 1_092_000)
    expect(clock.time(0, 1_090_000)).toBe(1_011_000)
  })

  it('packets that wait do not move what a report has placed', () => {
    const shared: SharedClock = {}
    const [video, audio] = [new TrackClock(1000, shared), new TrackClock(1000, shared)]
    video.waits(0, 1_000_000)
    video.report(50_000_000, 0, 1_000_000)
    audio.waits(0, 1_000_000)
    audio.report(50_060_000, 0, 1_000_000)
    audio.waits(20, 1_000_000)
    expect([video.time(0, 0), audio.time(0, 0)]).toEqual([1_000_000, 1_060_000])
  })

  it('a first report that comes late moves the track slowly, and never back', () => {
    const shared: SharedClock = {}
    const [video, audio] = [new TrackClock(1000, shared), new TrackClock(1000, shared)]
    audio.time(0, 0)
    audio.report(50_000_000, 0, 0)
    video.time(0, 40_000)
    video.report(50_000_000, 0, 40_000)
    const times = Array.from({ length: 60 }, (_, i) => video.time(40 * (i + 1), 40_000 * (i + 2)))
    const steps = times.map((time, i) => time - (times[i - 1] ?? 40_000))
    expect(new Set(steps)).toEqual(new Set([39_200, 40_000]))
    expect(times.at(-1)).toBe(2_400_000)
  })

  it('one that shows it far from its place moves it at once', () => {
    const shared: SharedClock = {}
    const [video, audio] = [new TrackClock(1000, shared), new TrackClock(1000, shared)]
    audio.time(0, 0)
    audio.report(50_000_000, 0, 0)
    video.time(0, 400_000)
    video.report(50_000_000, 0, 400_000)
    expect(video.time(40, 440_000)).toBe(40_000)
  })

  it('a source that begins anew before a correction is done goes on with it', () => {
    const shared: SharedClock = {}
    const [video, audio] = [new TrackClock(1000, shared), new TrackClock(1000, shared)]
    audio.time(0, 0)
    audio.report(50_000_000, 0, 0)
    video.time(1_000_000, 40_000)
    video.report(50_000_000, 1_000_000, 40_000)
    expect(video.time(0, 80_000)).toBe(80_000)
    expect(video.time(1000, 1_080_000)).toBe(1_060_000)
    expect(video.time(3000, 3_080_000)).toBe(3_040_000)
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
