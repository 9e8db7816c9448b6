import { describe, expect, it } from 'vitest'
import { TimerWheel } from '../../../../src/daemon/util/timer-wheel.js'
import { monotonic } from '../../../../src/daemon/util/wait.js'
import { waitFor } from '../../../wait-for.js'

describe('TimerWheel', () => {
  it('expires each once, none before its time, the earliest first', async () => {
    const wheel = new TimerWheel(4)
    const began = monotonic()
    const expired: { ms: number; at: number }[] = []
    for (const ms of [60, 5, 30, 5, 0, -1, Number.NaN]) wheel.add({ expire: () => void expired.push({ ms, at: monotonic() - began }) }, ms)
    await waitFor('all', () => expired.length === 7)
    for (const { ms, at } of expired) expect(at).toBeGreaterThanOrEqual(ms || 0)
    expect(expired.map(({ ms }) => ms).filter((ms) => ms > 0)).toEqual([5, 5, 30, 60])
  })

  it('forgets what is removed, and what never ends', async () => {
    const wheel = new TimerWheel(4)
    const expired: string[] = []
    const one = (name: string): { expire: () => void } => ({ expire: () => void expired.push(name) })
    const gone = one('gone')
    const slot = wheel.add(gone, 10)
    wheel.add(one('never'), Number.POSITIVE_INFINITY)
    wheel.add(one('beside'), 10)
    wheel.remove(gone, slot)
    wheel.add(one('late'), 30)
    await waitFor('the last', () => expired.includes('late'))
    expect(expired).toEqual(['beside', 'late'])
  })

  it('takes new ones while it turns, and after it was cleared', async () => {
    const wheel = new TimerWheel(4)
    const expired: string[] = []
    wheel.add({ expire: () => void expired.push('cleared') }, 1)
    wheel.clear()
    const again = (): void => {
      expired.push('again')
      if (expired.length < 3) wheel.add({ expire: again }, 1)
    }
    wheel.add({ expire: again }, 1)
    await waitFor('three', () => expired.length === 3)
    expect(expired).toEqual(['again', 'again', 'again'])
  })
})
