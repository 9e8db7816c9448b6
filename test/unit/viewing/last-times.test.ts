import { expect, it } from 'vitest'
import { LastTimes } from '../../../src/viewing/last-times.js'

it('knows the newest time of each track', () => {
  const times = new LastTimes()
  expect([times.isEmpty, times.get(1)]).toEqual([true, undefined])
  times.set(1, 10)
  times.set(2, 15.5)
  times.set(1, 20)
  expect([times.isEmpty, times.get(1), times.get(2), times.get(3)]).toEqual([false, 20, 15.5, undefined])
  times.clear()
  expect([times.isEmpty, times.get(1)]).toEqual([true, undefined])
})
