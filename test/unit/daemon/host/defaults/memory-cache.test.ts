import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryCache } from '../../../../../src/daemon/host/defaults/memory-cache.js'

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill)

describe('MemoryCache', () => {
  it('throws out what was not used for longest, by number and by bytes', async () => {
    const few = new MemoryCache({ entries: 2 })
    for (const key of ['a', 'b']) await few.set(key, bytes(1), 1000)
    await few.get('a')
    await few.set('c', bytes(1), 1000)
    expect(await Promise.all(['a', 'b', 'c'].map(async (key) => (await few.get(key)) !== undefined))).toEqual([true, false, true])

    const small = new MemoryCache({ bytes: 30 })
    for (const key of ['a', 'b', 'c']) await small.set(key, bytes(10), 1000)
    expect(await Promise.all(['a', 'b', 'c'].map(async (key) => (await small.get(key)) !== undefined))).toEqual([false, true, true])
    expect([small.size, small.bytes]).toEqual([2, 24])
  })

  it('does not keep what cannot fit, and forgets the old value of that key', async () => {
    const cache = new MemoryCache({ bytes: 30 })
    await cache.set('a', bytes(10), 1000)
    await cache.set('a', bytes(29), 1000)
    expect([await cache.get('a'), cache.size, cache.bytes]).toEqual([undefined, 0, 0])
  })

  it('goes by the clock it is given', async () => {
    let now = 0
    const cache = new MemoryCache({ now: () => now })
    await cache.set('a', bytes(1), 100)
    now = 99
    expect(await cache.get('a')).toEqual(bytes(1))
    now = 100
    expect([await cache.get('a'), cache.size]).toEqual([undefined, 0])
    for (const ttl of [0, -1, Number.NaN]) await cache.set('b', bytes(1), ttl)
    expect(cache.size).toBe(0)
    await cache.set('c', bytes(1), Number.POSITIVE_INFINITY)
    now = 1e12
    expect(await cache.get('c')).toEqual(bytes(1))
  })

  it('agrees with a plain list, whatever happens', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const step = fc.oneof(
      fc.record({ op: fc.constant('set' as const), key, size: fc.nat(20), ttl: fc.nat(50) }),
      fc.record({ op: fc.constantFrom('get' as const, 'delete' as const), key }),
      fc.record({ op: fc.constant('wait' as const), ms: fc.nat(20) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let now = 0
        const cache = new MemoryCache({ entries: 3, bytes: 60, now: () => now })
        // the least recently used first
        let model: { key: string; size: number; expires: number }[] = []
        const weigh = () => model.reduce((sum, { size }) => sum + size + 2, 0)
        for (const one of steps) {
          if (one.op === 'wait') now += one.ms
          if (one.op === 'delete') await cache.delete(one.key)
          if (one.op === 'delete') model = model.filter((entry) => entry.key !== one.key)
          if (one.op === 'set') {
            await cache.set(one.key, bytes(one.size), one.ttl)
            model = model.filter((entry) => entry.key !== one.key)
            if (one.ttl > 0) model.push({ key: one.key, size: one.size, expires: now + one.ttl })
            while (model.length > 3 || weigh() > 60) model.shift()
          }
          if (one.op === 'get') {
            const entry = model.find((other) => other.key === one.key)
            model = model.filter((other) => other !== entry)
            const live = entry !== undefined && entry.expires > now
            if (live) model.push(entry)
            expect((await cache.get(one.key))?.length).toBe(live ? entry.size : undefined)
          }
          expect([cache.size, cache.bytes]).toEqual([model.length, weigh()])
        }
      }),
      { numRuns: 300 },
    )
  })
})
