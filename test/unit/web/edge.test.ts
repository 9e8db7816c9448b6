import { expect, it } from 'vitest'
import { step } from '../../../web/watch/edge.js'

const ranges = (...pairs: (readonly [number, number])[]) => ({
  length: pairs.length,
  start: (i: number) => pairs[i]?.[0] ?? 0,
  end: (i: number) => pairs[i]?.[1] ?? 0,
})

it('leaves a player alone that is near the edge', () => {
  expect(step(ranges(), 0, 1)).toEqual({ rate: 1, behind: 0 })
  expect(step(ranges([0, 10]), 9.5, 1)).toEqual({ rate: 1, behind: 0.5 })
})

it('hurries until it is calm again', () => {
  expect(step(ranges([0, 10]), 8.5, 1)).toEqual({ rate: 1.1, behind: 1.5 })
  expect(step(ranges([0, 10]), 9.25, 1.1)).toEqual({ rate: 1.1, behind: 0.75 })
  expect(step(ranges([0, 10]), 9.25, 1)).toEqual({ rate: 1, behind: 0.75 })
})

it('jumps when it is far behind, though never before what there is', () => {
  expect(step(ranges([0, 10]), 6, 1)).toEqual({ to: 9.5, rate: 1, behind: 4 })
  expect(step(ranges([0, 2], [9.8, 10]), 1, 1)).toMatchObject({ to: 9.8 })
})

it('goes over holes, and to the beginning', () => {
  expect(step(ranges([0, 2], [2.5, 4]), 2, 1)).toMatchObject({ to: 2.5, rate: 1 })
  expect(step(ranges([7, 8]), 6, 1)).toMatchObject({ to: 7 })
  expect(step(ranges([7, 8]), 0, 1)).toMatchObject({ to: 7.5 })
})
