import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PersistentMap } from '../../../../src/daemon/util/persistent-map.js'

describe('PersistentMap', () => {
  it('does what a Map does, and leaves what it came from as it was', () => {
    const key = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.integer({ max: 50, min: 0 }).map((at) => `a long key that ends in ${at}`),
    )
    const step = fc.record({ key, value: fc.option(fc.integer()) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const model = new Map<string, number>()
        let map = PersistentMap.empty<number>()
        for (const { key: name, value } of steps) {
          const [before, size] = [map, map.size]
          const entries = [...before].length
          map = value === null ? map.delete(name) : map.set(name, value)
          if (value === null) model.delete(name)
          else model.set(name, value)
          expect([before.size, [...before].length]).toEqual([size, entries])
          expect(map.get(name)).toBe(model.get(name))
          expect(map.has(name)).toBe(model.has(name))
        }
        expect(new Map(map)).toEqual(model)
        expect(map.size).toBe(model.size)
      }),
    )
  })

  it('gives itself back when nothing is deleted', () => {
    const map = PersistentMap.empty<number>().set('a', 1)
    expect(map.delete('b')).toBe(map)
  })
})
