import { describe, expect, it } from 'vitest'
import { hopsVia, type Route, Routes, samePublication } from '../../../../src/daemon/streams/routes.js'
import { monotonic } from '../../../../src/daemon/util/wait.js'

const route = (...hops: string[]): Route => ({ publication: { origin: hops[0] as string, path: 's', epoch: 1 }, hops, sealed: true })

describe('Routes', () => {
  it('keep the way of a copy, say when it lost its source, and tell of changes', () => {
    const routes = new Routes()
    const seen: string[][] = []
    const undo = routes.onChange('x', ({ hops }) => seen.push([...hops]))
    const first = route('a', 'b')
    const second = route('a', 'c')
    routes.set('x', first, () => monotonic())
    routes.starve('x')
    expect(routes.get('x')).toMatchObject({ route: first, fed: false })
    routes.set('x', second, () => monotonic())
    expect(routes.get('x')).toMatchObject({ route: second, fed: true })
    routes.set('y', first, () => 0)
    undo()
    routes.set('x', first, () => 0)
    expect(seen).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ])
  })

  it('tell when a copy is nearer or farther', () => {
    let changes = 0
    const routes = new Routes(() => changes++)
    for (const one of [route('a'), route('a'), route('a', 'b'), route('a', 'c')]) routes.set('x', one, () => 0)
    expect(changes).toBe(1)
  })

  it('are dropped by whom they belong to', () => {
    const routes = new Routes()
    const mine = route('a')
    routes.set('x', mine, () => 0)
    routes.delete('x', route('a'))
    expect(routes.get('x')).toBeDefined()
    routes.delete('x', mine)
    expect(routes.get('x')).toBeUndefined()
    routes.starve('x')
  })

  it('know how long nothing was heard of the origin', () => {
    const routes = new Routes()
    expect(routes.age('x')).toBe(0)
    routes.set('x', route('a'), () => monotonic() - 2000)
    expect(routes.age('x')).toBeGreaterThanOrEqual(1999)
  })

  it('have at most eight hops', () => {
    expect(hopsVia(undefined, 'me')).toEqual(['me'])
    expect(hopsVia(route('a', 'b'), 'me')).toEqual(['a', 'b', 'me'])
    expect(hopsVia(route(...'abcdefg'), 'me')).toHaveLength(8)
    expect(hopsVia(route(...'abcdefgh'), 'me')).toBeUndefined()
  })

  it('belong to the same publication when origin, path and epoch are the same', () => {
    const one = { origin: 'a', path: 's', epoch: 1 }
    expect([one, { ...one, origin: 'b' }, { ...one, path: 't' }, { ...one, epoch: 2 }].map((other) => samePublication(one, other))).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})
