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

/**
 * As `fc.assert`, several times as fast where `check` meets many errors: their stacks are not taken, and vitest's are a hundred
 * frames deep. What fails is run once more with its stack.
 */
export function assertFor<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, check: (value: T) => void): void {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  let details: fc.RunDetails<[T]>
  try {
    details = fc.check(fc.property(arbitrary, check), { numRuns })
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  if (!details.failed) return
  let cause = details.errorInstance
  try {
    if (details.counterexample) check(details.counterexample[0])
  } catch (error) {
    cause = error
  }
  throw new Error(fc.defaultReportMessage(details), { cause })
}

/** ms that `run` takes; what seems slow is run again, for a busy machine holds up anything, but not every time. */
function timed(run: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let times = 0; times < 5 && best > 50; times++) {
    const started = performance.now()
    run()
    best = Math.min(best, performance.now() - started)
  }
  return best
}

/** As {@link assertFor}; memory has to stay flat too. `codes`: the errors that `check` may throw. Returns how many inputs met none and one, and the longest ms. */
export function survey<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, check: (value: T) => void, codes: readonly ErrorCode[]) {
  const found = { taken: 0, refused: 0, slowest: 0 }
  const before = heap()
  assertFor(arbitrary, numRuns, (value) => {
    let outcome: 'taken' | 'refused' = 'taken'
    const ms = timed(() => {
      try {
        check(value)
      } catch (error) {
        if (codes.length === 0 || !isShoalError(error, ...codes)) throw error
        outcome = 'refused'
      }
    })
    found[outcome]++
    found.slowest = Math.max(found.slowest, ms)
  })
  expect(heap() - before).toBeLessThan(20 * 1024 * 1024)
  return found
}

/** As {@link survey}; no input may take long. */
export function fuzz<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, check: (value: T) => void, codes: readonly ErrorCode[] = []): void {
  expect(survey(arbitrary, numRuns, check, codes).slowest).toBeLessThan(200 * slowness)
}
