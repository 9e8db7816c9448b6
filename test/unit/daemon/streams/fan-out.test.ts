import { describe, expect, it } from 'vitest'
import { FanOut } from '../../../../src/daemon/streams/fan-out.js'

/** Takes a place that serves. */
function serve(fanOut: FanOut, peer: string, facts: { room?: number; lag?: number; copy?: string } = {}) {
  const place = fanOut.take('s', peer)
  place?.serve(() => ({ peer, copy: 's', room: 1, lag: 0, ...facts }))
  return place
}

describe('FanOut', () => {
  it('counts peers for each path, and those that come twice once', () => {
    const fanOut = new FanOut(2)
    const first = serve(fanOut, 'a')
    const again = serve(fanOut, 'a')
    expect(fanOut.room('s')).toBe(1)
    serve(fanOut, 'b')
    expect(fanOut.room('s')).toBe(0)
    expect(fanOut.take('s', 'c')).toBeUndefined()
    expect(fanOut.take('t', 'c')).toBeDefined()
    expect(serve(fanOut, 'b')).toBeDefined()
    first?.leave()
    expect(fanOut.room('s')).toBe(0)
    again?.leave()
    again?.leave()
    expect(fanOut.take('s', 'c')).toBeDefined()
  })

  it('names copies: with room first, then the least late; not the asker, nor those that serve none or are still opened', () => {
    const fanOut = new FanOut(20)
    serve(fanOut, 'full', { room: 0 })
    serve(fanOut, 'late', { lag: 500 })
    serve(fanOut, 'good', { lag: 5, copy: 'other/path' })
    serve(fanOut, 'private', { copy: '' })
    serve(fanOut, 'asker')
    fanOut.take('s', 'opening')
    expect(fanOut.alternatives('s', 'asker')).toEqual([
      { peer: 'good', path: 'other/path' },
      { peer: 'late', path: 's' },
      { peer: 'full', path: 's' },
    ])
    expect(fanOut.alternatives('t', 'asker')).toEqual([])
  })

  it('tells when a path becomes full, and when it is not any more', () => {
    let changes = 0
    const fanOut = new FanOut(2, () => changes++)
    const places = [fanOut.take('s', 'a'), fanOut.take('s', 'b'), fanOut.take('s', 'b')]
    expect(changes).toBe(1)
    places[2]?.leave()
    expect(changes).toBe(1)
    places[1]?.leave()
    expect(changes).toBe(2)
    places[0]?.leave()
    expect(changes).toBe(2)
  })

  it('names eight at most', () => {
    const fanOut = new FanOut(20)
    for (let i = 0; i < 12; i++) serve(fanOut, `p${i}`)
    expect(fanOut.alternatives('s', 'x')).toHaveLength(8)
  })
})
