import { describe, expect, it } from 'vitest'
import { SpinWatch } from '../../../../../src/daemon/portable/ekuiper/spin-watch.js'
import { waitFor } from '../../../../wait-for.js'

/** A process that uses `share` of a core. */
function watched(share: () => number, idle: () => boolean, memory = 0): { readonly watch: SpinWatch; readonly spins: string[]; looks(): number } {
  const spins: string[] = []
  let looks = 0
  let [cpu, now] = [0, 0]
  const usage = async (): Promise<{ cpu: number; memory: number }> => {
    looks++
    now += 1000
    cpu += 1000 * share()
    return { cpu, memory: memory * looks }
  }
  return { watch: new SpinWatch({ usage, idle, onSpin: (seen) => void spins.push(seen), now: () => now, interval: 1, looks: 4 }), spins, looks: () => looks }
}

describe('a watch over an idle process', () => {
  it('tells of one that burns a core, once', async () => {
    const { watch, spins, looks } = watched(
      () => 0.99,
      () => true,
    )
    watch.begin()
    await waitFor('the news', () => spins.length > 0)
    expect(spins).toEqual(['99 % of a core'])
    expect(looks()).toBe(3)
  })

  it('tells nothing of one that rests, or has work', async () => {
    for (const [share, idle] of [
      [0.5, true],
      [1, false],
    ] as const) {
      const { watch, spins, looks } = watched(
        () => share,
        () => idle,
      )
      watch.begin()
      await waitFor('the last look', () => looks() === 5)
      expect(spins).toEqual([])
    }
  })

  it('tells of one that takes more and more memory, also where it has work', async () => {
    const { watch, spins } = watched(
      () => 0.3,
      () => false,
      50 * 1024 * 1024,
    )
    watch.begin()
    await waitFor('the news', () => spins.length > 0)
    expect(spins).toEqual([`${150 * 1024 * 1024} bytes more of memory`])
  })

  it('begins anew with each stop, and ends', async () => {
    const { watch, spins, looks } = watched(
      () => 1,
      () => true,
    )
    watch.begin()
    watch.end()
    watch.begin()
    await waitFor('the news', () => spins.length > 0)
    expect(spins.length).toBe(1)
    const before = looks()
    watch.begin()
    watch.end()
    await waitFor('the first look', () => looks() > before)
    expect(spins.length).toBe(1)
  })
})
