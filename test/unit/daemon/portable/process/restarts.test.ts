import { describe, expect, it } from 'vitest'
import { Restarts } from '../../../../../src/daemon/portable/process/restarts.js'

const limits = { exits: 3, window: 60_000, backoff: { min: 100, max: 1000 } }

describe('Restarts', () => {
  it('starts again with growing pauses, and gives up at the third end within a minute', () => {
    let now = 0
    const restarts = new Restarts(limits, () => now)
    const first = restarts.next()
    now += 10_000
    const second = restarts.next()
    now += 10_000
    expect(first).toBeLessThanOrEqual(100)
    expect(second).toBeGreaterThanOrEqual(100)
    expect(restarts.next()).toBeUndefined()
    expect(restarts.count).toBe(2)
  })

  it('forgets ends that are long ago', () => {
    let now = 0
    const restarts = new Restarts(limits, () => now)
    for (let round = 0; round < 20; round++) {
      expect(restarts.next()).toBeGreaterThan(0)
      now += 31_000
    }
    expect(restarts.count).toBe(20)
  })

  it('pauses shortly again after a long quiet time', () => {
    let now = 0
    const restarts = new Restarts(limits, () => now)
    restarts.next()
    restarts.next()
    now += 100_000
    expect(restarts.next()).toBeLessThanOrEqual(100)
  })
})
