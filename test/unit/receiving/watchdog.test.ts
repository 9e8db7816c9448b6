import { expect, it, vi } from 'vitest'
import { Watchdog } from '../../../src/receiving/watchdog.js'
import { standStill } from '../../stand-still.js'
import { waitFor } from '../../wait-for.js'

it('a watchdog fires once after the time without a sign of life, and never when it was stopped', async () => {
  const [fired, stopped] = [vi.fn(), vi.fn()]
  new Watchdog(20, fired)
  new Watchdog(20, stopped).stop()
  await waitFor('the end', () => fired.mock.calls.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect([fired.mock.calls.length, stopped.mock.calls.length]).toEqual([1, 0])
})

it('a process that stood still reads what has arrived before a watchdog fires', async () => {
  const fired = vi.fn()
  const touched = vi.fn(() => dog.touch())
  const dog = new Watchdog(200, fired)
  await standStill(400, touched)
  expect([touched.mock.calls.length, fired.mock.calls.length]).toEqual([1, 0])
  dog.stop()
})
