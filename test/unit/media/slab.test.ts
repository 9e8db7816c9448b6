import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Slab } from '../../../src/media/slab.js'

describe('a slab', () => {
  it('gives each part memory that no other part has, of the length that was asked for, with nothing in it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 60_000, max: 70_000 })), { maxLength: 40 }), (lengths) => {
        const slab = new Slab()
        const parts = lengths.map((length, at) => {
          const part = slab.take(length)
          expect(part.length).toBe(length)
          expect(part.every((byte) => byte === 0)).toBe(true)
          return part.fill(at + 1)
        })
        for (const [at, part] of parts.entries()) expect(part.every((byte) => byte === at + 1)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('puts small parts into one piece of memory', () => {
    const slab = new Slab()
    expect(new Set(Array.from({ length: 100 }, () => slab.take(2000).buffer)).size).toBe(1)
  })

  it('gives a large part memory of its own, and goes on with the piece it had', () => {
    const slab = new Slab()
    const small = slab.take(10)
    const large = slab.take(64 * 1024 + 1)
    expect(large.buffer.byteLength).toBe(64 * 1024 + 1)
    expect(slab.take(10).buffer).toBe(small.buffer)
  })

  it('lets a part keep no more than a piece', () => {
    const slab = new Slab()
    for (let at = 0; at < 50; at++) expect(slab.take(64 * 1024).buffer.byteLength).toBeLessThanOrEqual(256 * 1024)
  })
})
