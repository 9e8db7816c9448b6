import { describe, expect, it } from 'vitest'
import { AnyPairing, type PairWays } from '../../../../src/daemon/keystore/any-pairing.js'
import { ClusterSecret } from '../../../../src/daemon/keystore/cluster-secret.js'
import type { PairMessage, PairStep } from '../../../../src/daemon/keystore/pair-step.js'
import { PairWindow } from '../../../../src/daemon/keystore/pair-window.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { Invites, JoinerPairing } from '../../../../src/daemon/keystore/trust.js'

const [kitchen, attic, stranger] = [1, 2, 3].map((seed) => peerIdOf(new Uint8Array(32).fill(seed))) as [string, string, string]
const record = { name: 'a node', addresses: ['/ip4/10.0.0.1/tcp/4710'] }
const forgotten = new Set<string>()
const derive = (secret: string) => ClusterSecret.derive(secret, { takes: (peer) => !forgotten.has(peer) })
const [ours, same, other] = await Promise.all([derive('correct horse battery'), derive('correct horse battery'), derive('correct horse batterz')])

const ways = (secret: ClusterSecret): PairWays => ({ invites: new Invites({ inviter: kitchen }), window: new PairWindow(), secret, isTrusted: () => false })
const inviter = (secret: ClusterSecret, remote = attic) => new AnyPairing(ways(secret), { self: kitchen, remote, record })
const joiner = (secret: ClusterSecret, self = attic) => new JoinerPairing({ inviter: kitchen, keys: secret.joinKeys(self) }, { self, remote: kitchen, record })
const said = (step: PairStep): PairMessage => {
  if (!step.message) throw new Error(`${step.type} without a message`)
  return step.message
}
const errorCode = (step: PairStep): string => (step.type === 'error' ? step.error.code : step.type)

describe('the cluster secret', () => {
  it('pairs two nodes that have it', () => {
    const [here, there] = [inviter(ours), joiner(same)]
    const welcome = here.next(said(there.next(said(here.next(there.start())))))
    expect(welcome).toMatchObject({ type: 'done', by: 'secret', peer: { id: attic } })
    expect(there.next(said(welcome))).toMatchObject({ type: 'done', by: 'secret', peer: { id: kitchen } })
    expect(ours.refused).toBe(0)
  })

  it('tells members by a tag that is bound to the id', () => {
    expect(ours.tagOf(attic)).toMatch(/^[0-9a-f]{16}$/)
    expect(same.isMember(attic, ours.tagOf(attic))).toBe(true)
    expect(other.isMember(attic, ours.tagOf(attic))).toBe(false)
    expect(ours.isMember(stranger, ours.tagOf(attic))).toBe(false)
    for (const wrong of ['', 'zz', '00', ours.tagOf(attic).slice(2), `${ours.tagOf(attic)}00`]) expect(ours.isMember(attic, wrong)).toBe(false)
  })

  it('refuses another secret, a name taken from somebody else, and a proof that is none', async () => {
    const mine = await derive('correct horse battery')
    expect(errorCode(inviter(mine).next(joiner(other).start()))).toBe('ERR_TICKET_REFUSED')
    expect(errorCode(inviter(mine, stranger).next(joiner(mine).start()))).toBe('ERR_TICKET_REFUSED')
    const here = inviter(mine)
    here.next(joiner(mine).start())
    const refused = here.next({ type: 'proof', proof: new Uint8Array(32) })
    expect(errorCode(refused)).toBe('ERR_SECRET_REFUSED')
    expect(errorCode(joiner(mine).next(said(refused)))).toBe('ERR_SECRET_REFUSED')
    expect(mine.refused).toBe(1)
    const blind = joiner(mine)
    blind.start()
    expect(errorCode(blind.next({ type: 'challenge', nonce: new Uint8Array(32), proof: new Uint8Array(32) }))).toBe('ERR_PAIRING_FAILED')
  })

  it('does not bring back a peer that was forgotten', () => {
    forgotten.add(attic)
    try {
      expect(errorCode(inviter(ours).next(joiner(same).start()))).toBe('ERR_SECRET_REFUSED')
    } finally {
      forgotten.clear()
    }
    const [here, there] = [inviter(ours), joiner(same)]
    const proof = said(there.next(said(here.next(there.start()))))
    forgotten.add(attic)
    try {
      expect(errorCode(here.next(proof))).toBe('ERR_SECRET_REFUSED')
    } finally {
      forgotten.clear()
    }
  })

  it('is in no message, nor is anything derived from it but a tag and proofs', () => {
    const [here, there] = [inviter(ours), joiner(same)]
    const messages = [there.start()]
    for (const side of [here, there, here]) messages.push(said(side.next(messages.at(-1) as PairMessage)))
    const wire = messages
      .map((message) => JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)))
      .join()
    expect(wire).not.toContain('horse')
    expect(JSON.stringify(ours)).not.toContain('horse')
    expect(messages.map(({ type }) => type)).toEqual(['join', 'challenge', 'proof', 'welcome'])
  })
})

describe('the end of a pairing by code', () => {
  const resume: PairMessage = { type: 'resume', attempt: new Uint8Array(32).fill(5) }
  it('is told again to the peer that is trusted, and to no other', () => {
    const window = new PairWindow()
    window.keep(attic, resume.attempt, { record, code: '123456' })
    const told = (remote: string, trusted: boolean) =>
      new AnyPairing({ ...ways(ours), window, isTrusted: () => trusted }, { self: kitchen, remote, record }).next(resume)
    expect(told(attic, true)).toMatchObject({ type: 'done', by: 'code', peer: { id: attic }, message: { type: 'welcome' } })
    expect(errorCode(told(attic, false))).toBe('ERR_PAIRING_FAILED')
    expect(errorCode(told(stranger, true))).toBe('ERR_PAIRING_FAILED')
  })

  it('a decision where nothing is compared is refused', () => {
    expect(errorCode(inviter(ours).decide(true))).toBe('ERR_PROTOCOL')
  })
})
