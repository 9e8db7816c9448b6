/** Throws random and mutated bytes at a media parser: only typed errors may come out, and memory stays flat. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isShoalError } from '../../src/errors.js'

const runs = Number(process.env.SHOAL_FUZZ_RUNS ?? 100_000)

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Bytes of a good input with some changed, and cut or lengthened. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 6 }), fc.option(fc.nat(), { freq: 4 }), fc.uint8Array({ maxLength: 4 }))
    .map(([seed, edits, cut, tail]) => {
      const bytes = new Uint8Array([...seed.subarray(0, cut === null ? seed.length : cut % (seed.length + 1)), ...tail])
      for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value
      return bytes
    })
}

/** Makes the tests for `parse`. `seeds`: good inputs, short ones for speed. */
export function fuzzParser(name: string, seeds: readonly Uint8Array[], parse: (bytes: Uint8Array) => void): void {
  const inputs = { random: fc.uint8Array({ maxLength: 120 }), mutated: mutated(seeds) }
  it.each(Object.entries(inputs))(`${name} survives %s bytes with typed errors only`, (_, bytes) => {
    const before = heap()
    let refused = 0
    const property = fc.property(bytes, (input) => {
      try {
        parse(input)
      } catch (error) {
        if (!isShoalError(error, 'ERR_MEDIA_INVALID', 'ERR_CODEC_UNSUPPORTED')) throw error
        refused++
      }
    })
    fc.assert(property, { numRuns: runs })
    expect(refused).toBeGreaterThan(0)
    expect(heap() - before).toBeLessThan(20 * 1024 * 1024)
  })

  it(`${name} takes the good inputs`, () => {
    for (const seed of seeds) expect(() => parse(seed)).not.toThrow()
  })
}
