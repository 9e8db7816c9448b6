import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AskedPairing, type AskedPorts, AskerPairing } from '../../../../src/daemon/keystore/code-pairing.js'
import { codeOf, commitmentOf } from '../../../../src/daemon/keystore/pair-code.js'
import type { PairMessage, PairStep } from '../../../../src/daemon/keystore/pair-step.js'
import { PairWindow } from '../../../../src/daemon/keystore/pair-window.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'

const [kitchen, attic, mallory] = [1, 2, 3].map((seed) => peerIdOf(new Uint8Array(32).fill(seed))) as [string, string, string]
const kitchenRecord = { name: 'kitchen', addresses: ['/ip4/10.0.0.1/tcp/4710'] }
const atticRecord = { name: 'attic', addresses: ['/ip4/10.0.0.2/tcp/4710'] }
const bytes = (length: number, fill = 0): Uint8Array => new Uint8Array(length).fill(fill)

const noPorts: AskedPorts = { takeTry: () => true, keep: () => {} }
const asker = (remote = kitchen, self = attic) => new AskerPairing({ self, remote, record: atticRecord })
const asked = (remote = attic, ports = noPorts) => new AskedPairing({ self: kitchen, remote, record: kitchenRecord }, ports)
const said = (step: PairStep): PairMessage => {
  if (!step.message) throw new Error(`${step.type} without a message`)
  return step.message
}
const codeIn = (step: PairStep): string => {
  if (step.type !== 'compare' && step.type !== 'done') throw new Error(`${step.type} without a code`)
  return step.code
}
const errorCode = (step: PairStep): string => (step.type === 'error' ? step.error.code : step.type)

/** Up to the comparison on both screens. */
function compared(a = asker(), k = asked()) {
  const shownToAsker = a.next(said(k.next(a.start())))
  const shownToAsked = k.next(said(shownToAsker))
  return { a, k, shownToAsker, shownToAsked }
}

describe('pairing by short code', () => {
  it('shows the same six digits on both sides, and trusts once both persons accepted', () => {
    const { a, k, shownToAsker, shownToAsked } = compared()
    expect(shownToAsker).toMatchObject({ type: 'compare', peer: { id: kitchen, ...kitchenRecord }, code: expect.stringMatching(/^\d{6}$/) })
    expect(shownToAsked).toMatchObject({ type: 'compare', peer: { id: attic, ...atticRecord }, code: codeIn(shownToAsker) })
    const accepted = a.decide(true)
    expect(accepted).toEqual({ type: 'wait', message: { type: 'accept' } })
    expect(k.next(said(accepted))).toEqual({ type: 'wait', accepted: true })
    const welcome = k.decide(true)
    expect(welcome).toMatchObject({ type: 'done', peer: { id: attic }, by: 'code', message: { type: 'welcome' } })
    expect(a.next(said(welcome))).toMatchObject({ type: 'done', peer: { id: kitchen }, by: 'code', code: codeIn(shownToAsker) })
  })

  it('lets the asked person accept first', () => {
    const { a, k } = compared()
    const early = k.decide(true)
    expect(early).toEqual({ type: 'wait', message: { type: 'accept' } })
    expect(a.next(said(early))).toEqual({ type: 'wait', accepted: true })
    expect(errorCode(a.next(said(early)))).toBe('ERR_PROTOCOL')
    const other = compared()
    other.a.next(said(other.k.decide(true)))
    const welcome = other.k.next(said(other.a.decide(true)))
    expect(welcome.type).toBe('done')
    expect(other.a.next(said(welcome)).type).toBe('done')
  })

  it('trusts nobody when one person rejects', () => {
    const one = compared()
    const rejected = one.k.decide(false)
    expect(errorCode(rejected)).toBe('ERR_PAIRING_REJECTED')
    expect(errorCode(one.a.next(said(rejected)))).toBe('ERR_PAIRING_REJECTED')
    const two = compared()
    two.k.decide(true)
    expect(errorCode(two.k.next(said(two.a.decide(false))))).toBe('ERR_PAIRING_REJECTED')
  })

  it('does not take WELCOME before its own person accepted', () => {
    const { a } = compared()
    expect(errorCode(a.next({ type: 'welcome', record: kitchenRecord }))).toBe('ERR_PROTOCOL')
    expect(errorCode(asker().decide(true))).toBe('ERR_PROTOCOL')
    expect(asker().resume()).toBeUndefined()
  })

  it('refuses a nonce that is not the committed one, a changed record, and another id', () => {
    const k = asked()
    k.next(asker().start())
    expect(errorCode(k.next({ type: 'open', nonce: bytes(32, 9) }))).toBe('ERR_PAIRING_FAILED')
    const a = asker()
    const changed = asked()
    const reveal = changed.next({ ...a.start(), record: { name: 'kitchen', addresses: [] } } as PairMessage)
    expect(errorCode(changed.next(said(a.next(said(reveal)))))).toBe('ERR_PAIRING_FAILED')
    const other = asked(mallory)
    const passedOn = asker()
    expect(errorCode(other.next(said(passedOn.next(said(other.next(passedOn.start()))))))).toBe('ERR_PAIRING_FAILED')
  })

  it('somebody in the middle with an id of his own on each side cannot make the codes equal', () => {
    let equal = 0
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.boolean(),
        (toAsker, toAsked, askedFirst) => {
          // the victim dials him, who plays the kitchen; he dials the kitchen and plays the attic
          const victim = new AskerPairing({ self: attic, remote: mallory, record: atticRecord })
          const target = asked(mallory)
          const mine = { asker: mallory, asked: kitchen, askerNonce: toAsked, askerRecord: atticRecord }
          const commit: PairMessage = { type: 'ask', commitment: commitmentOf(mine), record: atticRecord }
          const screens = [
            () => codeIn(victim.next({ type: 'reveal', nonce: toAsker, record: kitchenRecord })),
            () => {
              target.next(commit)
              return codeIn(target.next({ type: 'open', nonce: toAsked }))
            },
          ]
          victim.start()
          const [one, two] = (askedFirst ? screens.reverse() : screens).map((screen) => screen())
          if (one === two) equal++
        },
      ),
      { numRuns: 300 },
    )
    // by chance once in a million
    expect(equal).toBeLessThanOrEqual(1)
  })

  it('takes a try for each nonce that it reveals, also when the asker hangs up then; the fifth closes the window', () => {
    const window = new PairWindow()
    const ports = { takeTry: () => window.takeTry(), keep: () => {} }
    expect(errorCode(asked(attic, ports).next(asker().start()))).toBe('ERR_PAIRING_CLOSED')
    window.open()
    for (let tries = 0; tries < 5; tries++) expect(asked(attic, ports).next(asker().start()).type).toBe('reply')
    expect(window.current).toBeUndefined()
    const refused = asked(attic, ports).next(asker().start())
    expect(errorCode(refused)).toBe('ERR_PAIRING_CLOSED')
    expect(errorCode(asker().next(said(refused)))).toBe('ERR_PAIRING_CLOSED')
  })

  it('keeps the end for an asker that lost it', () => {
    const window = new PairWindow()
    window.open()
    const ports = {
      takeTry: () => window.takeTry(),
      keep: (attempt: Uint8Array, welcome: { record: typeof atticRecord; code: string }) => window.keep(attic, attempt, welcome),
    }
    const { a, k, shownToAsker } = compared(asker(), asked(attic, ports))
    k.next(said(a.decide(true)))
    k.decide(true)
    const again = a.resume()
    const resume = again?.start()
    if (resume?.type !== 'resume') throw new Error('nothing to resume')
    expect(window.resume(attic, resume.attempt)).toMatchObject({ record: atticRecord, code: codeIn(shownToAsker) })
    expect(window.resume(mallory, resume.attempt)).toBeUndefined()
    expect(window.resume(attic, bytes(32))).toBeUndefined()
    expect(again?.next({ type: 'welcome', record: kitchenRecord })).toMatchObject({ type: 'done', peer: { id: kitchen } })
    window.forget(attic)
    expect(window.resume(attic, resume.attempt)).toBeUndefined()
  })

  it('whatever comes in whatever order: no trust without the own person and the other one, and never an exception', () => {
    const record = fc.constant(atticRecord)
    const nonce = fc.uint8Array({ minLength: 31, maxLength: 33 })
    const message: fc.Arbitrary<PairMessage> = fc.oneof(
      fc.record({ type: fc.constant('ask' as const), commitment: nonce, record }),
      fc.record({ type: fc.constant('reveal' as const), nonce, record }),
      fc.record({ type: fc.constant('open' as const), nonce }),
      fc.constant({ type: 'accept' as const }),
      fc.record({ type: fc.constant('welcome' as const), record }),
      fc.record({ type: fc.constant('refuse' as const), code: fc.constantFrom('ERR_PAIRING_REJECTED', 'x') }),
      fc.record({ type: fc.constant('proof' as const), proof: nonce }),
    )
    type Act = { readonly from: 'asker' | 'asked'; readonly say: boolean } | { readonly to: 'asker' | 'asked'; readonly forged: PairMessage }
    const side = fc.constantFrom('asker' as const, 'asked' as const)
    const act: fc.Arbitrary<Act> = fc.oneof(fc.record({ from: side, say: fc.boolean() }), fc.record({ to: side, forged: message }))
    fc.assert(
      fc.property(fc.array(act, { maxLength: 8 }), fc.boolean(), (acts, begun) => {
        const { a, k } = begun ? compared() : { a: asker(), k: asked() }
        const sides = { asker: a, asked: k }
        const accepted = new Set<string>()
        const heard = new Set<string>()
        for (const one of acts) {
          const name = 'from' in one ? one.from : one.to
          const step = 'from' in one ? sides[name].decide(one.say) : sides[name].next(one.forged)
          if ('from' in one && one.say) accepted.add(name)
          if ('forged' in one && (one.forged.type === 'accept' || one.forged.type === 'welcome')) heard.add(name)
          if (step.type === 'done') expect([accepted.has(name), heard.has(name)]).toEqual([true, true])
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the code', () => {
  it('depends on every part of the exchange, and so does the commitment on its own', () => {
    const base = {
      ...{ asker: attic, asked: kitchen, askerNonce: bytes(32, 1), askedNonce: bytes(32, 2) },
      ...{ askerRecord: atticRecord, askedRecord: kitchenRecord },
    }
    const changes = [{ asker: mallory }, { asked: mallory }, { askerNonce: bytes(32, 3) }, { askerRecord: kitchenRecord }]
    for (const change of [...changes, { askedNonce: bytes(32, 3) }, { askedRecord: atticRecord }]) expect(codeOf({ ...base, ...change })).not.toBe(codeOf(base))
    for (const change of changes) expect(commitmentOf({ ...base, ...change })).not.toEqual(commitmentOf(base))
  })
})

describe('PairWindow', () => {
  it('goes by the monotonic clock, and opens anew with all tries', () => {
    const time = { wall: 1000, mono: 0 }
    const window = new PairWindow({ now: () => time.wall, clock: () => time.mono })
    expect(window.open()).toEqual({ until: 121_000, triesLeft: 5 })
    window.takeTry()
    expect(window.current?.triesLeft).toBe(4)
    time.wall += 3_600_000
    expect(window.current).toBeDefined()
    time.mono += 120_000
    expect([window.current, window.takeTry()]).toEqual([undefined, false])
    expect(window.open(5000).triesLeft).toBe(5)
    window.close()
    expect(window.current).toBeUndefined()
    for (const wrong of [0, 999, 3_600_001, Number.NaN]) expect(() => window.open(wrong)).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_INVALID' }))
  })

  it('keeps few ends, and for ten minutes', () => {
    const time = { mono: 0 }
    const window = new PairWindow({ clock: () => time.mono })
    const kept = { record: atticRecord, code: '123456' }
    for (let at = 0; at < 17; at++) window.keep(attic, bytes(32, at), kept)
    expect([window.resume(attic, bytes(32, 0)), window.resume(attic, bytes(32, 1))?.code]).toEqual([undefined, '123456'])
    time.mono += 600_000
    expect(window.resume(attic, bytes(32, 1))).toBeUndefined()
  })
})
