import { describe, expect, it } from 'vitest'
import { Turns } from '../../../../src/plugins/auth-file/turns.js'

/** Work that ends when it is told to. */
function work() {
  const started: number[] = []
  const ends: (() => void)[] = []
  const begin = (at: number) => (): Promise<number> =>
    new Promise((resolve) => {
      started.push(at)
      ends.push(() => resolve(at))
    })
  return { started, ends, begin }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('turns', () => {
  it('let two work at once, the others in order', async () => {
    const turns = new Turns({ active: 2, waiting: 10, patience: 60_000 })
    const { started, ends, begin } = work()
    const all = [0, 1, 2, 3].map((at) => turns.take(begin(at)))
    await turn()
    expect(started).toEqual([0, 1])
    ends[1]?.()
    await turn()
    expect(started).toEqual([0, 1, 2])
    ends[0]?.()
    await turn()
    for (const end of ends) end()
    await turn()
    expect(started).toEqual([0, 1, 2, 3])
    ends[3]?.()
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3])
  })

  it('go on after work that failed', async () => {
    const turns = new Turns({ active: 1, waiting: 1, patience: 60_000 })
    const failed = turns.take(() => Promise.reject(new Error('no')))
    const next = turns.take(async () => 'yes')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })

  it('refuse when too many wait, and when the turn does not come', async () => {
    const turns = new Turns({ active: 1, waiting: 1, patience: 20 })
    const { ends, begin } = work()
    const first = turns.take(begin(0))
    const second = turns.take(begin(1))
    await expect(turns.take(begin(2))).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    await expect(second).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    ends[0]?.()
    expect(await first).toBe(0)
    expect(await turns.take(async () => 'free')).toBe('free')
  })
})
