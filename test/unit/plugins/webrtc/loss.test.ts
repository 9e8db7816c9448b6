import { expect, it } from 'vitest'
import { LossWatch } from '../../../../src/plugins/webrtc/loss.js'

it('asks for what is missing until it comes or is given up, also over the end of the numbers', () => {
  const watch = new LossWatch()
  for (const sequence of [65_533, 65_534]) watch.arrived(sequence, 0)
  expect(watch.due(0)).toEqual([])
  watch.arrived(1, 10)
  expect(watch.due(10)).toEqual([65_535, 0])
  expect(watch.due(20)).toEqual([])
  watch.arrived(0, 30)
  expect(watch.due(80)).toEqual([65_535])
  expect(watch.due(300)).toEqual([])
  watch.arrived(65_535, 310)
  watch.arrived(2, 320)
  expect(watch.due(400)).toEqual([])
})

it('takes a jump for a new beginning', () => {
  const watch = new LossWatch()
  watch.arrived(1, 0)
  watch.arrived(5000, 1)
  expect(watch.due(2)).toEqual([])
})
