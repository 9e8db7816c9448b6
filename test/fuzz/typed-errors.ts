/** Runs a check over many inputs: only typed errors may come out, none takes long, memory stays flat. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect } from 'vitest'
import { type ErrorCode, isShoalError } from '../../src/errors.js'
import { slowness } from '../wait-for.js'

/** Inputs of each sort. */
export const runs = Number(process.env['SHOAL_FUZZ_RUNS'] ?? 100_000)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** `codes`: the errors that `check` may throw. */
export function fuzz<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, check: (value: T) => void, codes: readonly ErrorCode[] = []): void {
  let slowest = 0
  const before = heap()
  const property = fc.property(arbitrary, (value) => {
    const started = performance.now()
    try {
      check(value)
    } catch (error) {
      if (codes.length === 0 || !isShoalError(error, ...codes)) throw error
    }
    slowest = Math.max(slowest, performance.now() - started)
  })
  fc.assert(property, { numRuns })
  expect(slowest).toBeLessThan(200 * slowness)
  expect(heap() - before).toBeLessThan(20e6)
}
