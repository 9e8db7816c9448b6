import { describe, expect, it } from 'vitest'
import { heapGrowth, helperThreads, youngGrowth } from '../../../src/cli/collector.js'

const mebibyte = 1024 * 1024

// that a daemon does so is seen from outside, in test/integration/misbehaviour.test.ts
describe('garbage of a daemon', () => {
  it('may be 64 MiB before the whole heap is looked through', () => {
    expect(heapGrowth(32 * mebibyte)).toBe(200)
    expect(heapGrowth(64 * mebibyte)).toBe(100)
  })

  it('is never more than three times of what is left, nor set for a large heap', () => {
    expect(heapGrowth(8 * mebibyte)).toBe(300)
    expect(heapGrowth(0)).toBe(300)
    expect(heapGrowth(65 * mebibyte)).toBe(0)
  })

  it('of young objects has memory that doubles up to 8 MiB, and again where the engine took some back', () => {
    expect([2, 4, 7].map((size) => youngGrowth(size * mebibyte))).toEqual([2, 2, 2])
    expect([8, 16].map((size) => youngGrowth(size * mebibyte))).toEqual([1, 1])
  })

  it('is collected by threads that are not the first', () => {
    const threads = helperThreads()
    expect(threads).not.toContain(process.pid)
    if (process.platform === 'linux') expect(threads.length).toBeGreaterThan(0)
  })
})
