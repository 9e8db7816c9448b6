import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Claims } from '../../../../src/daemon/host/claims.js'
import { memoryLog } from '../../../../src/testing/index.js'

function made() {
  const routed = new Map<string, string>()
  const claims = new Claims((kind, plugin) => {
    if (routed.has(kind)) throw new Error(`${kind} is routed to two plugins`)
    routed.set(kind, plugin)
    return () => routed.delete(kind)
  }, memoryLog())
  return { routed, claims }
}

describe('Claims', () => {
  it('hands a kind to the next claimant when the first one goes', () => {
    const { routed, claims } = made()
    const undo = ['a', 'b', 'c'].map((plugin) => claims.add('k', plugin, 1))
    expect([claims.winner('k'), routed.get('k')]).toEqual(['a', 'a'])
    undo[1]?.()
    undo[0]?.()
    expect([claims.winner('k'), routed.get('k')]).toEqual(['c', 'c'])
    undo[2]?.()
    expect([claims.winner('k'), claims.kinds, routed.size]).toEqual([undefined, [], 0])
  })

  it('gives a kind back to a plugin of lower rank that returns', () => {
    const { routed, claims } = made()
    const undo = claims.add('k', 'first', 1)
    claims.add('k', 'second', 2)
    undo()
    expect([claims.winner('k'), routed.get('k')]).toEqual(['second', 'second'])
    const again = claims.add('k', 'first', 1)
    expect([claims.winner('k'), routed.get('k')]).toEqual(['first', 'first'])
    claims.add('k', 'third', 3)
    again()
    expect([claims.winner('k'), routed.get('k')]).toEqual(['second', 'second'])
  })

  it('routes each kind to the oldest claim that is left, whatever comes and goes', () => {
    const step = fc.record({ kind: fc.constantFrom('x', 'y'), drop: fc.option(fc.nat(20), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { routed, claims } = made()
        let model: { kind: string; plugin: string; undo: () => void }[] = []
        for (const [at, { kind, drop }] of steps.entries()) {
          const gone = drop === undefined ? undefined : model[drop]
          if (drop === undefined) model.push({ kind, plugin: `p${at}`, undo: claims.add(kind, `p${at}`, 1) })
          gone?.undo()
          model = model.filter((one) => one !== gone)
          for (const one of ['x', 'y']) {
            const expected = model.find((claim) => claim.kind === one)?.plugin
            expect([claims.winner(one), routed.get(one)]).toEqual([expected, expected])
          }
        }
      }),
    )
  })
})
