import { expect, it, vi } from 'vitest'
import { later, Watchdog } from '../../../../src/daemon/streams/timer.js'
import { monotonic } from '../../../../src/daemon/util/wait.js'
import { standStill } from '../../../stand-still.js'
import { waitFor } from '../../../wait-for.js'

it('later is never for Infinity, and can be undone', async () => {
  const [never, undone, called] = [vi.fn(), vi.fn(), vi.fn()]
  later(Number.POSITIVE_INFINITY, never)
  later(1, undone)()
  later(20, called)
  await waitFor('the call', () => called.mock.calls.length > 0)
  expect([never.mock.calls.length, undone.mock.calls.length]).toEqual([0, 0])
})

it('a watchdog fires once after the time without a sign of life', async () => {
  const fired = vi.fn()
  const began = monotonic()
  new Watchdog(20, () => began, fired)
  await waitFor('the end', () => fired.mock.calls.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(fired.mock.calls.length).toBe(1)
})

it('a process that stood still reads what has arrived before a watchdog fires', async () => {
  let last = monotonic()
  const fired = vi.fn()
  const dog = new Watchdog(200, () => last, fired)
  await standStill(400, () => {
    last = monotonic()
  })
  expect([monotonic() - last < 200, fired.mock.calls.length]).toEqual([true, 0])
  dog.stop()
})
