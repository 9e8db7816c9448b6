import { expect, it } from 'vitest'
import { BegunSegment } from '../../../../../src/plugins/hls/pull/begun-segment.js'

const bytes = (...of: readonly number[]): Uint8Array => Uint8Array.from(of)

it('cuts off what was loaded, where the whole begins with it', () => {
  const begun = new BegunSegment()
  begun.part('7', true, bytes(1, 2))
  begun.part('7', false, bytes(3))
  expect(begun.restOf('7', bytes(1, 2, 3, 4, 5))).toEqual(bytes(4, 5))
  expect(begun.restOf('7', bytes(1, 2, 3))).toEqual(bytes())
  for (const [name, whole] of [
    ['7', bytes(1, 9, 3, 4)],
    ['7', bytes(1)],
    ['8', bytes(1, 2, 3, 4)],
  ] as const)
    expect(begun.restOf(name, whole)).toBeUndefined()
})

it('knows nothing of a segment that it did not see from its first part', () => {
  const begun = new BegunSegment()
  expect(begun.restOf('7', bytes(1))).toBeUndefined()
  begun.part('7', true, bytes(1))
  begun.part('8', false, bytes(2))
  expect(begun.restOf('8', bytes(2, 3))).toBeUndefined()
  begun.part('9', true, bytes(1))
  begun.forget()
  expect(begun.restOf('9', bytes(1, 2))).toBeUndefined()
})
