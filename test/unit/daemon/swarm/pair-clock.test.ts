import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PairClock } from '../../../../src/daemon/swarm/pair-clock.js'

describe('PairClock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('aborts when its time is over, which may be set anew', () => {
    const clock = new PairClock(1000, 'too long')
    vi.advanceTimersByTime(900)
    clock.extend(5000, 'nobody came')
    vi.advanceTimersByTime(4900)
    expect(clock.signal.aborted).toBe(false)
    vi.advanceTimersByTime(200)
    expect(clock.signal.reason).toMatchObject({ code: 'ERR_TIMEOUT', message: 'nobody came' })
  })

  it('follows its parent, and lets go of it when it is done', () => {
    const parent = new AbortController()
    const followed = new PairClock(1000, 'too long', parent.signal)
    const done = new PairClock(1000, 'too long', parent.signal)
    done.done()
    parent.abort(new Error('stopping'))
    vi.advanceTimersByTime(2000)
    expect([followed.signal.reason?.message, done.signal.aborted]).toEqual(['stopping', false])
    expect(new PairClock(1000, 'too long', parent.signal).signal.aborted).toBe(true)
    followed.done()
  })
})
