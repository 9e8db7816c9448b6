/** Throws random and mutated bytes at a media parser: only typed errors may come out, and memory stays flat. */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { runs, survey } from './typed-errors.js'

/** Bytes of a good input with some changed, and cut or lengthened. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 6 }), fc.option(fc.nat(), { freq: 4 }), fc.uint8Array({ maxLength: 4 }))
    .map(([seed, edits, cut, tail]) => {
      const length = cut === null ? seed.length : cut % (seed.length + 1)
      const bytes = new Uint8Array(length + tail.length)
      bytes.set(seed.subarray(0, length))
      bytes.set(tail, length)
      for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value
      return bytes
    })
}

/** Makes the tests for `parse`. `seeds`: good inputs, short ones for speed, or a smaller `share` of the runs. */
export function fuzzParser(name: string, seeds: readonly Uint8Array[], parse: (bytes: Uint8Array) => void, share = 1): void {
  const inputs = { random: fc.uint8Array({ maxLength: 120 }), mutated: mutated(seeds) }
  it.each(Object.entries(inputs))(`${name} survives %s bytes with typed errors only`, (_, bytes) => {
    expect(survey(bytes, Math.ceil(runs * share), parse, ['ERR_MEDIA_INVALID', 'ERR_CODEC_UNSUPPORTED']).refused).toBeGreaterThan(0)
  })

  it(`${name} takes the good inputs`, () => {
    for (const seed of seeds) expect(() => parse(seed)).not.toThrow()
  })
}
