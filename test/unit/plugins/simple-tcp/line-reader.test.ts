import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isShoalError } from '../../../../src/errors.js'
import { readLines } from '../../../../src/plugins/simple-tcp/line-reader.js'

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let at = 0
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(at, end)
    at = end
  }
}

async function linesOf(bytes: Uint8Array, cuts: readonly number[], limit = 1000): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(pieces(bytes, cuts), limit)) lines.push(line)
  return lines
}

describe('readLines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))
    const list = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')))
    await fc.assert(
      fc.asyncProperty(list, line, fc.array(fc.nat()), async (ended, rest, cuts) => {
        const bytes = new TextEncoder().encode(ended.map((pair) => pair.join('')).join('') + rest)
        expect(await linesOf(bytes, cuts)).toEqual(ended.map(([text]) => text))
      }),
    )
  })

  it('takes any bytes with typed errors only, and never holds more than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), async (bytes, cuts) => {
        try {
          for (const line of await linesOf(bytes, cuts, 20)) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(20)
        } catch (error) {
          expect(isShoalError(error, 'ERR_LIMIT', 'ERR_REQUEST_INVALID')).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses a line over the limit before its end has come', async () => {
    const endless = async function* () {
      for (;;) yield new Uint8Array(8).fill(97)
    }
    await expect(readLines(endless(), 20).next()).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    expect(await linesOf(new TextEncoder().encode(`${'a'.repeat(20)}\n`), [], 20)).toEqual(['a'.repeat(20)])
  })
})
