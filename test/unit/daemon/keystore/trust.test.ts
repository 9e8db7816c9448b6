import { describe, expect, it } from 'vitest'
import { maxInvites, maxTries } from '../../../../src/daemon/keystore/invites.js'
import { pairKeys, pairProof, shortCode, type Transcript } from '../../../../src/daemon/keystore/pair-proof.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { decodeTicket, InviterPairing, Invites, JoinerPairing, type PairMessage, type PairStep, type Ticket } from '../../../../src/daemon/keystore/trust.js'
import type { ShoalError } from '../../../../src/errors.js'

const [kitchen, attic, stranger] = [1, 2, 3].map((seed) => peerIdOf(new Uint8Array(32).fill(seed))) as [string, string, string]
const code = (expected: string) => expect.objectContaining({ code: expected })
const kitchenRecord = { name: 'kitchen', addresses: ['/ip4/10.0.0.1/tcp/4710'] }
const atticRecord = { name: 'attic', addresses: ['/ip4/10.0.0.2/tcp/4710'] }

function newInvites() {
  const time = { wall: 1_700_000_000_000, mono: 0 }
  const invites = new Invites({ inviter: kitchen, now: () => time.wall, clock: () => time.mono })
  const issue = () => {
    const invite = invites.issue({ addresses: kitchenRecord.addresses })
    return { ...invite, ticket: decodeTicket(invite.ticket) }
  }
  return { invites, time, issue }
}
const inviterSide = (invites: Invites, remote = attic) => new InviterPairing(invites, { self: kitchen, remote, record: kitchenRecord })
const joinerSide = (ticket: Ticket, self = attic) => new JoinerPairing(ticket, { self, remote: kitchen, record: atticRecord })
const messageOf = (step: PairStep): PairMessage => {
  if (!step.message) throw new Error(`${step.type} without a message`)
  return step.message
}
const errorOf = (step: PairStep): ShoalError => {
  if (step.type !== 'error') throw new Error(`${step.type} instead of an error`)
  return step.error
}

/** Plays a whole pairing; returns the last step of each side. */
function play(inviter: InviterPairing, joiner: JoinerPairing): { inviter: PairStep; joiner: PairStep } {
  const challenge = inviter.next(joiner.start())
  const proof = joiner.next(messageOf(challenge))
  if (proof.type === 'error') return { inviter: challenge, joiner: proof }
  const welcome = inviter.next(messageOf(proof))
  return { inviter: welcome, joiner: joiner.next(messageOf(welcome)) }
}

describe('pairing', () => {
  it('makes both sides know each other, with the same 6 digits', () => {
    const { invites, issue } = newInvites()
    const { ticket, id } = issue()
    const end = play(inviterSide(invites), joinerSide(ticket))
    expect(end.inviter).toMatchObject({ type: 'done', peer: { id: attic, ...atticRecord } })
    expect(end.joiner).toMatchObject({ type: 'done', peer: { id: kitchen, ...kitchenRecord } })
    if (end.inviter.type !== 'done' || end.joiner.type !== 'done') throw new Error('not done')
    expect(end.inviter.code).toBe(end.joiner.code)
    expect(end.inviter.code).toMatch(/^\d{6}$/)
    expect(invites.open).toBe(0)
    expect(invites.list()).toMatchObject([{ id, usedBy: attic, code: end.joiner.code }])
  })

  it('never sends the secret', () => {
    const { invites, issue } = newInvites()
    const { ticket } = issue()
    const [inviter, joiner] = [inviterSide(invites), joinerSide(ticket)]
    const messages: PairMessage[] = [joiner.start()]
    messages.push(messageOf(inviter.next(messages[0] as PairMessage)))
    messages.push(messageOf(joiner.next(messages[1] as PairMessage)))
    messages.push(messageOf(inviter.next(messages[2] as PairMessage)))
    expect(messages.map(({ type }) => type)).toEqual(['join', 'challenge', 'proof', 'welcome'])
    const wire = messages
      .flatMap((message) => Object.values(message))
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value)))
      .join()
    for (let at = 0; at + 4 <= 16; at++) expect(wire).not.toContain(Buffer.from(ticket.secret.subarray(at, at + 4)).toString('hex'))
  })

  it('is for one peer; that one may repeat it, because the last message may be lost', () => {
    const { invites, issue } = newInvites()
    const { ticket } = issue()
    expect(play(inviterSide(invites), joinerSide(ticket)).joiner.type).toBe('done')
    expect(play(inviterSide(invites), joinerSide(ticket)).joiner.type).toBe('done')
    const other = inviterSide(invites, stranger).next(joinerSide(ticket, stranger).start())
    expect(errorOf(other)).toEqual(code('ERR_TICKET_REFUSED'))
  })

  it('of two at once with one ticket, only the first to prove wins', () => {
    const { invites, issue } = newInvites()
    const { ticket } = issue()
    const sides = [attic, stranger].map((self) => ({ inviter: inviterSide(invites, self), joiner: joinerSide(ticket, self) }))
    const proofs = sides.map(({ inviter, joiner }) => messageOf(joiner.next(messageOf(inviter.next(joiner.start())))))
    const ends = sides.map(({ inviter }, at) => inviter.next(proofs[at] as PairMessage))
    expect(ends.map(({ type }) => type)).toEqual(['done', 'error'])
    const lost = sides[1]?.joiner.next(messageOf(ends[1] as PairStep)) as PairStep
    expect(errorOf(lost)).toEqual(code('ERR_TICKET_REFUSED'))
  })

  it('refuses a ticket of another node, and of this one', () => {
    const { issue } = newInvites()
    const { ticket } = issue()
    const parties = { self: attic, remote: stranger, record: atticRecord }
    expect(() => new JoinerPairing(ticket, parties)).toThrow(code('ERR_PAIRING_FAILED'))
    expect(() => new JoinerPairing(ticket, { ...parties, self: kitchen, remote: kitchen })).toThrow(code('ERR_PAIRING_FAILED'))
  })

  it('does not believe an inviter without the secret', () => {
    const { issue } = newInvites()
    const { ticket } = issue()
    const joiner = joinerSide(ticket)
    joiner.start()
    const step = joiner.next({ type: 'challenge', nonce: new Uint8Array(32), proof: new Uint8Array(32) })
    expect(errorOf(step)).toEqual(code('ERR_PAIRING_FAILED'))
    expect(step.message).toEqual({ type: 'refuse', code: 'ERR_PAIRING_FAILED' })
  })

  it('does not take its own proof, an old one, or that of another pair', () => {
    const { invites, issue } = newInvites()
    const { ticket } = issue()
    const reflected = inviterSide(invites)
    const challenge = messageOf(reflected.next(joinerSide(ticket).start()))
    if (challenge.type !== 'challenge') throw new Error('no challenge')
    expect(errorOf(reflected.next({ type: 'proof', proof: challenge.proof }))).toEqual(code('ERR_TICKET_REFUSED'))

    const [first, joiner, second] = [inviterSide(invites), joinerSide(ticket), inviterSide(invites)]
    const join = joiner.start()
    const recorded = messageOf(joiner.next(messageOf(first.next(join))))
    second.next(join)
    expect(errorOf(second.next(recorded))).toEqual(code('ERR_TICKET_REFUSED'))

    const relayed = inviterSide(invites, stranger)
    const victim = joinerSide(ticket)
    const passed = victim.next(messageOf(relayed.next(victim.start())))
    expect(errorOf(passed)).toEqual(code('ERR_PAIRING_FAILED'))
  })

  it('closes a ticket after 5 wrong proofs, whoever made them', () => {
    const { invites, issue } = newInvites()
    const { ticket, id } = issue()
    for (let tries = 0; tries < maxTries; tries++) {
      expect(invites.list()).toMatchObject([{ id, triesLeft: maxTries - tries }])
      const inviter = inviterSide(invites, tries % 2 ? attic : stranger)
      inviter.next(joinerSide(ticket).start())
      expect(errorOf(inviter.next({ type: 'proof', proof: new Uint8Array(32).fill(tries) }))).toEqual(code('ERR_TICKET_REFUSED'))
    }
    expect(invites.open).toBe(0)
    expect(errorOf(inviterSide(invites).next(joinerSide(ticket).start()))).toEqual(code('ERR_TICKET_REFUSED'))
  })

  it('refuses expired, revoked, voided and unknown tickets alike', () => {
    const { invites, time, issue } = newInvites()
    const refusalOf = (ticket: Ticket): PairStep => inviterSide(invites).next(joinerSide(ticket).start())
    const revoked = issue()
    expect(invites.revoke(revoked.id)).toBe(true)
    expect(invites.revoke(revoked.id)).toBe(false)
    const voided = issue()
    invites.clear()
    const expired = issue()
    time.mono += 600_000
    const unknown = newInvites().issue()
    const steps = [revoked, voided, expired, unknown].map(({ ticket }) => refusalOf(ticket))
    for (const step of steps) {
      expect(errorOf(step)).toEqual(code('ERR_TICKET_REFUSED'))
      expect(step).toEqual(steps[0])
    }
  })

  it('refuses a ticket that ends between join and proof', () => {
    const { invites, time, issue } = newInvites()
    const { ticket } = issue()
    const [inviter, joiner] = [inviterSide(invites), joinerSide(ticket)]
    const proof = joiner.next(messageOf(inviter.next(joiner.start())))
    time.mono += 600_000
    expect(errorOf(inviter.next(messageOf(proof)))).toEqual(code('ERR_TICKET_REFUSED'))
    expect(invites.list()).toEqual([])
  })

  it('goes by the monotonic clock', () => {
    const { invites, time, issue } = newInvites()
    const { ticket } = issue()
    time.wall += 3_600_000
    expect(play(inviterSide(invites), joinerSide(ticket)).joiner.type).toBe('done')
  })
})

describe('messages out of turn or malformed', () => {
  const bytes = (length: number) => new Uint8Array(length)
  const join = (change: object) => ({ type: 'join', lookup: bytes(8), nonce: bytes(32), record: atticRecord, ...change }) as PairMessage
  it.each<[string, PairMessage]>([
    ['a proof first', { type: 'proof', proof: bytes(32) }],
    ['a welcome first', { type: 'welcome', record: atticRecord }],
    ['a challenge first', { type: 'challenge', nonce: bytes(32), proof: bytes(32) }],
    ['a short lookup id', join({ lookup: bytes(7) })],
    ['a long nonce', join({ nonce: bytes(33) })],
    ['no nonce', join({ nonce: undefined })],
    ['no record', join({ record: undefined })],
    ['a name that is too long', join({ record: { name: 'x'.repeat(256), addresses: [] } })],
    ['too many addresses', join({ record: { name: 'x', addresses: Array(17).fill('/a') } })],
    ['an address that is too long', join({ record: { name: 'x', addresses: ['/'.repeat(256)] } })],
    ['addresses that are none', join({ record: { name: 'x', addresses: 'x' } })],
    ['an unknown type', { type: 'hello' } as unknown as PairMessage],
  ])('end the inviter with ERR_PROTOCOL: %s', (_name, message) => {
    const { invites } = newInvites()
    const inviter = inviterSide(invites)
    const step = inviter.next(message)
    expect(errorOf(step)).toEqual(code('ERR_PROTOCOL'))
    expect(step.message).toEqual({ type: 'refuse', code: 'ERR_PROTOCOL' })
    expect(errorOf(inviter.next(join({})))).toEqual(code('ERR_PROTOCOL'))
  })

  it('end both sides at every later place', () => {
    const { invites, issue } = newInvites()
    const { ticket } = issue()
    const inviter = inviterSide(invites)
    inviter.next(joinerSide(ticket).start())
    expect(errorOf(inviter.next(joinerSide(ticket).start()))).toEqual(code('ERR_PROTOCOL'))
    for (const early of [
      { type: 'welcome', record: atticRecord },
      { type: 'challenge', nonce: bytes(31), proof: bytes(32) },
    ] as PairMessage[]) {
      expect(errorOf(joinerSide(ticket).next(early))).toEqual(code('ERR_PROTOCOL'))
    }
    const [again, joiner] = [inviterSide(invites), joinerSide(ticket)]
    joiner.next(messageOf(again.next(joiner.start())))
    expect(errorOf(joiner.next({ type: 'proof', proof: bytes(32) }))).toEqual(code('ERR_PROTOCOL'))
    const done = joinerSide(ticket)
    expect(play(inviterSide(invites), done).joiner.type).toBe('done')
    expect(errorOf(done.next({ type: 'welcome', record: atticRecord }))).toEqual(code('ERR_PROTOCOL'))
    expect(invites.list()).toMatchObject([{ triesLeft: maxTries }])
  })

  it('tell the reason of a refusal, if it is a known one', () => {
    const { issue } = newInvites()
    const { ticket } = issue()
    const told = (text: string) => errorOf(joinerSide(ticket).next({ type: 'refuse', code: text }))
    expect(told('ERR_TICKET_REFUSED')).toEqual(code('ERR_TICKET_REFUSED'))
    expect(told('ERR_PROTOCOL').message).toContain('ERR_PROTOCOL')
    expect(told('<script>')).toMatchObject({ code: 'ERR_PAIRING_FAILED', message: expect.not.stringContaining('script') })
    expect(errorOf(inviterSide(newInvites().invites).next({ type: 'refuse', code: 'x' }))).toEqual(code('ERR_PAIRING_FAILED'))
  })
})

describe('invites', () => {
  it('are at most 16 at a time', () => {
    const { invites, time, issue } = newInvites()
    for (let count = 0; count < maxInvites; count++) issue()
    expect(() => issue()).toThrow(code('ERR_LIMIT'))
    time.mono += 600_000
    expect(invites.open).toBe(0)
    issue()
  })

  it('keep no more than 256 used ones', () => {
    const { invites, issue } = newInvites()
    for (let count = 0; count < 300; count++) play(inviterSide(invites), joinerSide(issue().ticket))
    expect(invites.list()).toHaveLength(256)
    const fresh = issue()
    expect(invites.open).toBe(1)
    expect(play(inviterSide(invites), joinerSide(fresh.ticket)).joiner.type).toBe('done')
  })

  it('last as long as asked, within reason', () => {
    const { invites, time } = newInvites()
    const { ticket, expires } = invites.issue({ addresses: [], ttl: 60_000 })
    expect(decodeTicket(ticket).expires * 1000).toBe(expires)
    expect(expires).toBe(time.wall + 60_000)
    time.mono += 59_999
    expect(invites.open).toBe(1)
    time.mono += 1
    expect(invites.open).toBe(0)
    for (const ttl of [0, 999, -1, Number.NaN, 8 * 24 * 3_600_000, Number.POSITIVE_INFINITY]) {
      expect(() => invites.issue({ addresses: [], ttl })).toThrow(code('ERR_REQUEST_INVALID'))
    }
  })

  it('show no secret', () => {
    const { invites } = newInvites()
    const { ticket } = invites.issue({ addresses: [] })
    const secret = Buffer.from(decodeTicket(ticket).secret)
    for (const form of ['hex', 'base64'] as const) expect(JSON.stringify(invites.list())).not.toContain(secret.toString(form))
    expect(Object.keys(invites.list()[0] ?? {})).toEqual(['id', 'expires', 'triesLeft'])
  })
})

describe('proof and code', () => {
  const transcript: Transcript = { inviter: kitchen, joiner: attic, inviterNonce: new Uint8Array(32).fill(4), joinerNonce: new Uint8Array(32).fill(5) }
  const keys = pairKeys(new Uint8Array(16).fill(6))

  it('depend on every part', () => {
    const changed: Transcript[] = [
      { ...transcript, inviter: stranger },
      { ...transcript, joiner: stranger },
      { ...transcript, inviterNonce: new Uint8Array(32) },
      { ...transcript, joinerNonce: new Uint8Array(32) },
      { ...transcript, inviter: attic, joiner: kitchen },
    ]
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    const proofs = [transcript, ...changed].flatMap((each) => [hex(pairProof(keys, 'inviter', each)), hex(pairProof(keys, 'joiner', each))])
    proofs.push(hex(pairProof(pairKeys(new Uint8Array(16)), 'inviter', transcript)))
    expect(new Set(proofs).size).toBe(proofs.length)
    const codes = [transcript, ...changed].map((each) => shortCode(keys, each))
    expect(new Set([...codes, shortCode(pairKeys(new Uint8Array(16)), transcript)]).size).toBe(codes.length + 1)
  })

  it('stay as they are: another build must come to the same', () => {
    expect(Buffer.from(keys.lookup).toString('hex')).toMatchInlineSnapshot(`"84aa1b665876ec5f"`)
    expect(Buffer.from(pairProof(keys, 'joiner', transcript)).toString('hex')).toMatchInlineSnapshot(
      `"63df9fcb19246bda4c3a6957e50e1c249632a7206c23c4b6f3c2d0d6e6a34a43"`,
    )
    expect(shortCode(keys, transcript)).toMatchInlineSnapshot(`"878663"`)
  })
})
