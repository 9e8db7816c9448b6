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
  })

  it('remembers for ten seconds that a receiver was slow: from the first wait on it gets a fresh group', () => {
    const pace = new Pace(1000)
    const isSlow = (): boolean => {
      expect(pace.wrote(0, 0)).toBe(false)
      expect(pace.wrote(0, 2000)).toBe(true)
      return pace.resumed(600) !== undefined
    }
    expect(isSlow()).toBe(false)
    pace.wrote(0, 2000)
    expect(pace.resumed(600)).toBe(300)
    pace.wrote(0, 0)
    expect(isSlow()).toBe(true)
    vi.advanceTimersByTime(9999)
    expect(isSlow()).toBe(true)
    vi.advanceTimersByTime(10_001)
    pace.wrote(0, 0)
    expect(isSlow()).toBe(false)
  })

  it('has less patience with one that was slow', () => {
    const pace = new Pace(1000)
    for (let at = 0; at < 2; at++) {
      pace.wrote(0, 2000)
      pace.resumed(600)
    }
    pace.wrote(0, 0)
    expect(pace.wrote(0, 10)).toBe(false)
    vi.advanceTimersByTime(101)
    expect(pace.wrote(10, 20)).toBe(true)
  })

  it('lets little wait right after a wait, so that a slow receiver is found out by that', () => {
    const pace = new Pace(1024 * 1024)
    pace.wrote(0, 2 * 1024 * 1024)
    pace.resumed(100)
    expect(pace.wrote(0, 64 * 1024 + 1)).toBe(true)
    pace.resumed(100)
    expect(pace.wrote(0, 64 * 1024)).toBe(false)
    expect(pace.wrote(64 * 1024, 512 * 1024)).toBe(false)
  })

  it('asks for none while the waits are short', () => {
    const pace = new Pace(1000)
    for (let at = 0; at < 10; at++) {
      pace.wrote(0, 2000)
      expect(pace.resumed(250)).toBeUndefined()
    }
  })
})
