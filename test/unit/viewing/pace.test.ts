import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from '../../../src/viewing/pace.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('Pace', () => {
  it('lets write on while little waits, and while nothing waits for long', () => {
    const pace = new Pace(1000)
    expect(pace.wrote(0, 500)).toBe(false)
    vi.advanceTimersByTime(150)
    expect(pace.wrote(500, 900)).toBe(false)
    expect(pace.wrote(0, 900)).toBe(false)
    vi.advanceTimersByTime(150)
    expect(pace.wrote(900, 950)).toBe(false)
  })

  it('stops at its limit, and where bytes wait for 200 ms without a pause', () => {
    const pace = new Pace(1000)
    expect(pace.wrote(0, 1001)).toBe(true)
    expect(pace.wrote(0, 0)).toBe(false)
    expect(pace.wrote(0, 10)).toBe(false)
    vi.advanceTimersByTime(201)
    expect(pace.wrote(10, 20)).toBe(true)
  })

  it('leaves nothing out for a receiver that stood still once', () => {
    const pace = new Pace(1000)
    pace.wrote(0, 2000)
    expect(pace.resumed(2500)).toBeUndefined()
    expect(pace.wrote(0, 900)).toBe(false)
    expect(pace.wrote(0, 900)).toBe(false)
    pace.wrote(0, 2000)
    expect(pace.resumed(2500)).toBeUndefined()
  })

  it('asks for a fresh group where the receiver has to be waited for again at once', () => {
    const pace = new Pace(1000)
    pace.wrote(0, 2000)
    expect(pace.resumed(600)).toBeUndefined()
    expect(pace.wrote(0, 2000)).toBe(true)
    expect(pace.resumed(600)).toBe(300)
    expect(pace.wrote(0, 2000)).toBe(true)
    expect(pace.resumed(600)).toBeUndefined()
  })

  it('asks for none while the waits are short', () => {
    const pace = new Pace(1000)
    for (let at = 0; at < 10; at++) {
      pace.wrote(0, 2000)
      expect(pace.resumed(250)).toBeUndefined()
    }
  })
})
