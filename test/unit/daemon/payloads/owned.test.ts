import { expect, it } from 'vitest'
import { owned } from '../../../../src/daemon/payloads/owned.js'

it('copies what is a small part of its buffer, and nothing else', () => {
  const buffer = new Uint8Array(10_000).fill(3)
  const alone = buffer.subarray(200, 9_800)
  expect(owned(alone)).toBe(alone)
  const part = owned(buffer.subarray(0, 100))
  expect(part).toEqual(buffer.subarray(0, 100))
  expect(part.buffer.byteLength).toBe(100)
})
