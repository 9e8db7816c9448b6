import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimLimits, claimRank, decodeClaim, encodeClaim, maxVersion, type TrustClaim } from '../../src/daemon/keystore/trust-claim.js'
import { runs, survey } from './typed-errors.js'

const claim: fc.Arbitrary<TrustClaim> = fc.record({
  kind: fc.constantFrom('introduced', 'forgotten'),
  version: fc.integer({ min: 0, max: maxVersion }),
  name: fc.string({ maxLength: 63 }),
  addresses: fc.array(fc.string({ maxLength: 60 }), { maxLength: claimLimits.addresses }),
})

describe('a claim about trust', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(claim, (one) => {
        expect(decodeClaim(encodeClaim(one))).toEqual(one)
      }),
      { numRuns: Math.min(runs, 5000) },
    )
  })

  it('is refused, never thrown at, when bytes were changed or invented', () => {
    const sound = (bytes: Uint8Array): void => {
      const read = decodeClaim(bytes)
      if (!read) return
      expect(read.version >= 0 && read.version <= maxVersion).toBe(true)
      expect(read.name.length <= claimLimits.name && read.addresses.length <= claimLimits.addresses).toBe(true)
    }
    survey(fc.uint8Array({ maxLength: 300 }), runs, sound, [])
    const changed = fc.tuple(claim, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })).map(([one, changes]) => {
      const bytes = encodeClaim(one)
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      return bytes
    })
    survey(changed, runs, sound, [])
  })

  it.each([
    ['no JSON', 'introduced'],
    ['null', 'null'],
    ['another kind', '{"kind":"trusted","version":1,"name":"","addresses":[]}'],
    ['a negative version', '{"kind":"introduced","version":-1,"name":"","addresses":[]}'],
    ['a version too high', '{"kind":"introduced","version":2147483649,"name":"","addresses":[]}'],
    ['half a version', '{"kind":"introduced","version":1.5,"name":"","addresses":[]}'],
    ['no name', '{"kind":"introduced","version":1,"addresses":[]}'],
    ['a long name', `{"kind":"introduced","version":1,"name":"${'x'.repeat(256)}","addresses":[]}`],
    ['too many addresses', `{"kind":"introduced","version":1,"name":"","addresses":${JSON.stringify(Array(17).fill('/x'))}}`],
    ['an address that is none', '{"kind":"introduced","version":1,"name":"","addresses":[7]}'],
    ['too many bytes', `{"kind":"introduced","version":1,"name":"","addresses":[]}${' '.repeat(9000)}`],
  ])('with %s is none', (_, text) => {
    expect(decodeClaim(new TextEncoder().encode(text))).toBeUndefined()
  })

  it('ranks by version, and a forget above an introduction of the same version', () => {
    const order = [claimRank({ kind: 'introduced', version: 1 }), claimRank({ kind: 'forgotten', version: 1 }), claimRank({ kind: 'introduced', version: 2 })]
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(new Set(order).size).toBe(3)
  })
})
