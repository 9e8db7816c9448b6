import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LookAround } from '../../../../src/daemon/streams/look-around.js'
import { monotonic } from '../../../../src/daemon/util/wait.js'

const timing = { silence: 5000, quiet: 1000, report: 100 }
let pace: { lastFrame: number; usualPause: number }
let looks: { at: number; signal: AbortSignal; done: () => void }[]
let around: LookAround
let started: number

beforeEach(() => {
  vi.useFakeTimers()
  started = monotonic()
  pace = { lastFrame: started, usualPause: 40 }
  looks = []
  around = new LookAround(pace, timing, (signal) => new Promise((done) => looks.push({ at: monotonic() - started, signal, done })))
})

afterEach(() => {
  around.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('LookAround', () => {
  it('looks when no frame came for a while, one look at a time, and then less and less often', async () => {
    await vi.advanceTimersByTimeAsync(900)
    expect(looks).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(500)
    expect(looks).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks).toHaveLength(1)
    looks[0]?.done()
    await vi.advanceTimersByTimeAsync(1500)
    expect(looks).toHaveLength(2)
    looks[1]?.done()
    await vi.advanceTimersByTimeAsync(800)
    expect(looks).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1500)
    expect(looks).toHaveLength(3)
  })

  it('stops looking when the stream goes on', async () => {
    await vi.advanceTimersByTimeAsync(1400)
    expect(looks[0]?.signal.aborted).toBe(false)
    pace.lastFrame = monotonic()
    await vi.advanceTimersByTimeAsync(300)
    expect(looks[0]?.signal.aborted).toBe(true)
  })

  it('is patient with streams that pause, within limits', async () => {
    pace.usualPause = 2000
    await vi.advanceTimersByTimeAsync(7500)
    expect(looks).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1000)
    expect(looks).toHaveLength(1)
    looks[0]?.done()
    pace.usualPause = 1e9
    pace.lastFrame = monotonic()
    await vi.advanceTimersByTimeAsync(31_000)
    expect(looks).toHaveLength(2)
  })
})
