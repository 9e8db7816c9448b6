import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TunnelOpen } from '../../../../src/daemon/swarm/tunnel-codec.js'
import { judgeOpen, judgeRelays, type RequestFacts } from '../../../../src/daemon/swarm/tunnel-request.js'
import { isShoalError } from '../../../../src/errors.js'

const facts = (parts: Partial<RequestFacts> = {}): RequestFacts => ({ self: 'B', from: 'A', relay: true, isTrusted: (peer) => peer !== 'S', ...parts })
const open = (parts: Partial<TunnelOpen> = {}): TunnelOpen => ({ type: 'open', destination: 'D', hops: 4, route: ['A'], ...parts })

describe('judgeOpen', () => {
  it('passes on what a direct peer wishes, and what another relay passed on', () => {
    expect(judgeOpen(open(), facts())).toBe(false)
    expect(judgeOpen(open({ route: ['X', 'A'], hops: 3 }), facts())).toBe(false)
  })

  it('knows its own destination, also where it relays nothing and no relay is left', () => {
    expect(judgeOpen(open({ destination: 'B', route: ['X', 'A'], hops: 0 }), facts({ relay: false }))).toBe(true)
  })

  it.each<[string, TunnelOpen, Partial<RequestFacts>, string]>([
    ['a source that did not send it', open({ route: ['X'] }), {}, 'ERR_PROTOCOL'],
    ['a route that does not end with its sender', open({ route: ['A', 'X'], hops: 3 }), {}, 'ERR_PROTOCOL'],
    ['a peer twice', open({ route: ['A', 'X', 'A'], hops: 2 }), {}, 'ERR_PROTOCOL'],
    ['a destination that it passed', open({ destination: 'X', route: ['X', 'A'], hops: 3 }), {}, 'ERR_PROTOCOL'],
    ['more relays than there may be', open({ route: ['X', 'A'], hops: 4 }), {}, 'ERR_PROTOCOL'],
    ['a way to a direct peer', open({ destination: 'B' }), {}, 'ERR_PROTOCOL'],
    ['a circle', open({ route: ['B', 'A'], hops: 3 }), {}, 'ERR_NO_ROUTE'],
    ['the last relay', open({ hops: 0 }), {}, 'ERR_NO_ROUTE'],
    ['a stranger as source', open({ route: ['S', 'A'], hops: 3 }), {}, 'ERR_FORBIDDEN'],
    ['a stranger as destination', open({ destination: 'S' }), {}, 'ERR_FORBIDDEN'],
    ['a stranger on the way here', open({ destination: 'B', route: ['X', 'S', 'A'], hops: 0 }), {}, 'ERR_FORBIDDEN'],
    ['a node that does not relay', open(), { relay: false }, 'ERR_FORBIDDEN'],
  ])('refuses %s', (_, wish, parts, code) => {
    expect(() => judgeOpen(wish, facts(parts))).toThrow(expect.objectContaining({ code }))
  })

  it('whatever the nodes do, a wish ends: no node sees it twice, and no more than four relays', () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']
    fc.assert(
      fc.property(fc.array(fc.nat(names.length - 1), { minLength: 20, maxLength: 20 }), (choices) => {
        let wish = open({ destination: 'none' })
        let from = 'A'
        const seen: string[] = []
        for (const choice of choices) {
          const self = names[choice] as string
          try {
            judgeOpen(wish, facts({ self, from }))
          } catch (error) {
            return isShoalError(error, 'ERR_NO_ROUTE') && seen.length <= 4
          }
          seen.push(self)
          wish = { ...wish, hops: wish.hops - 1, route: [...wish.route, self] }
          from = self
        }
        return false
      }),
    )
  })
})

describe('judgeRelays', () => {
  const parties = { self: 'A', next: 'B', destination: 'D', isTrusted: (peer: string) => peer !== 'S' }

  it('takes a way, and refuses what is none', () => {
    expect(() => judgeRelays(['B', 'C'], parties)).not.toThrow()
    for (const relays of [[], ['C'], ['B', 'B'], ['B', 'A'], ['B', 'D']])
      expect(() => judgeRelays(relays, parties)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
    expect(() => judgeRelays(['B', 'S'], parties)).toThrow(expect.objectContaining({ code: 'ERR_FORBIDDEN' }))
  })
})
