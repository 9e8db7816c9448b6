import { expect, it } from 'vitest'
import { DecodeOrder } from '../../../../src/media/rtp/decode-order.js'

const all = (order: DecodeOrder, times: readonly number[]): number[] => times.map((time) => order.next(time))

it('without B-pictures decode times are presentation times', () => {
  const order = new DecodeOrder([0, 40, 80])
  expect(order.lead).toBe(0)
  expect(all(order, [0, 40, 80, 120])).toEqual([0, 40, 80, 120])
})

it.each([
  ['two B-pictures', [0, 120, 40, 80, 240, 160, 200, 360, 280, 320], 40],
  ['a pyramid', [0, 160, 80, 40, 120, 320, 240, 200, 280], 80],
])('%s: times go up evenly and never lie after the presentation', (_, times, lead) => {
  const order = new DecodeOrder(times)
  expect(order.lead).toBe(lead)
  const decode = all(order, times)
  expect(decode).toEqual(times.map((_, i) => i * 40 - lead))
  expect(decode.every((time, i) => time <= (times[i] as number))).toBe(true)
})

it('learns of B-pictures that begin later', () => {
  const order = new DecodeOrder([0, 40])
  const times = [0, 40, 80, 200, 120, 160, 320, 240, 280, 440, 360, 400]
  const decode = all(order, times)
  expect(decode.every((time, i) => time <= (times[i] as number))).toBe(true)
  expect(decode.slice(-4)).toEqual([...decode.slice(-4)].sort((a, b) => a - b))
})
