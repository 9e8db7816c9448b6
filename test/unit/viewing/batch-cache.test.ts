import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Frame } from '../../../src/stream.js'
import { BatchCache } from '../../../src/viewing/batch-cache.js'

const batchOf = (timestamp: number): readonly Frame[] => [{ track: 1, timestamp, key: true, data: new Uint8Array() }]

it('makes a variant of a batch once in a turn of the event loop', async () => {
  const cache = new BatchCache<object>()
  const [batch, other] = [batchOf(0), batchOf(0)]
  const made = cache.of(batch, 0, () => ({}))
  expect(cache.get(batch, 0)).toBe(made)
  expect(cache.of(batch, 0, () => ({}))).toBe(made)
  expect(cache.of(batch, 'moved', () => ({}))).not.toBe(made)
  expect(cache.of(other, 0, () => ({}))).not.toBe(made)
  expect(cache.get(batch, 0)).toBe(made)
  await turn()
  expect(cache.get(batch, 0)).toBeUndefined()
  expect(cache.of(batch, 0, () => ({}))).not.toBe(made)
})

it('keeps a few at most', () => {
  const cache = new BatchCache<number>()
  const batches = Array.from({ length: 100 }, (_, at) => batchOf(at))
  for (const [at, batch] of batches.entries()) cache.keep(batch, 0, at)
  const kept = batches.filter((batch) => cache.get(batch, 0) !== undefined)
  expect(kept).toEqual(batches.slice(-32))
})
