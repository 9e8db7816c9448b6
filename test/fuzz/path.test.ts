import fc from 'fast-check'
import { describe, it } from 'vitest'
import { maxPathBytes, normalizePath } from '../../src/daemon/streams/path.js'
import { isShoalError } from '../../src/errors.js'
import { runs, survey } from './typed-errors.js'

/** Paths from which mutated ones are made. */
const seeds = ['live/cam', '/live//cam/', 'a/../b', 'live/Ku\u0308che', 'live/カメラ/0', 'x'.repeat(maxPathBytes), 'a/./b?c#d\\e', '\ud83d\udc1f/\u200d/\u202e']

/** Either a path that keeps to the rules, or the one error. */
function check(text: string): void {
  try {
    const path = normalizePath(text)
    if (normalizePath(path) !== path || Buffer.byteLength(path) > maxPathBytes || /^\/|\/\/|\/$|(^|\/)\.\.?(\/|$)|[\0-\x1f\x7f\\?#]/.test(path)) {
      throw new Error(`a wrong path passed: ${JSON.stringify(path)}`)
    }
  } catch (error) {
    if (!isShoalError(error, 'ERR_PATH_INVALID')) throw error
  }
}

/** Runs the check; nothing is left behind. */
function survive(inputs: fc.Arbitrary<string>): void {
  survey(inputs, runs, check, [])
}

describe('normalizePath', () => {
  it('survives random texts', () => {
    survive(fc.string({ unit: 'binary', maxLength: 300 }))
  })

  it('survives mutated paths', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom(...seeds),
        fc.nat({ max: 300 }),
        fc.nat({ max: 4 }),
        fc.string({ unit: fc.constantFrom(...'/..\\?#\0\n\x7f\u0308\u202e\ud800é%') }),
      )
      .map(([seed, at, cut, insert]) => seed.slice(0, at) + insert + seed.slice(at + cut))
    survive(mutated)
  })
})
