import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { PairRequest } from '../../src/daemon/keystore/pair-requests.js'
import type { Paired } from '../../src/daemon/swarm/pairing.js'
import { waitFor } from '../wait-for.js'
import { type TestDesk, TestDesks } from './desks.js'

const desks = new TestDesks()
afterEach(() => desks.stop())
afterAll(() => desks.dispose())

const secret = 'correct horse battery staple'
const code = (expected: string) => expect.objectContaining({ code: expected })
const trusts = (from: TestDesk, to: TestDesk): boolean => from.book.isTrusted(to.id)
const told = ({ log }: TestDesk): string => JSON.stringify(log.lines)

/** `asker` asks by name; resolves when both screens show a code. */
async function compare(asker: TestDesk, asked: TestDesk): Promise<{ result: Promise<Paired>; codes: string[]; stop: AbortController }> {
  await waitFor(`${asker.name} to see ${asked.name}`, () => asker.discovery.candidate(asked.id) !== undefined)
  const stop = new AbortController()
  const codes: string[] = []
  const result = asker.desk.ask(asked.name, ({ code: shown }) => codes.push(shown), stop.signal)
  result.catch(() => {})
  const waiting = (): readonly PairRequest[] => asked.desk.requests.list().filter(({ peer }) => peer === asker.id)
  await waitFor('the code on both screens', () => codes.length > 0 && waiting().length > 0)
  codes.push(...waiting().map((request) => request.code))
  return { result, codes, stop }
}

describe('pairing by short code', () => {
  it('shows the same code on both nodes, and trusts once both persons accepted', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    kitchen.desk.open(undefined)
    await waitFor('the window to be announced', () => attic.discovery.candidate(kitchen.id)?.open === true)
    const { result, codes } = await compare(attic, kitchen)
    expect(codes[0]).toMatch(/^\d{6}$/)
    expect(codes[1]).toBe(codes[0])
    expect(kitchen.events).toContainEqual({ type: 'asks', peer: attic.id, name: 'attic', time: expect.any(Number) })
    attic.desk.requests.accept('kitchen')
    await waitFor('the kitchen to know', () => kitchen.desk.requests.list()[0]?.acceptedThere === true)
    expect([trusts(attic, kitchen), trusts(kitchen, attic)]).toEqual([false, false])
    kitchen.desk.requests.accept('attic', codes[0])
    expect(await result).toMatchObject({ peer: kitchen.id, by: 'code', code: codes[0] })
    await waitFor('trust and a link', () => trusts(kitchen, attic) && kitchen.node.linked(attic.id) && attic.node.linked(kitchen.id))
    expect([kitchen.book.get(attic.id)?.trustedBy, attic.book.get(kitchen.id)?.trustedBy]).toEqual(['code', 'code'])
    await waitFor('nothing to wait', () => kitchen.desk.requests.list().length + attic.desk.requests.list().length === 0)
  })

  it('is refused where nobody takes requests: the stranger reaches no handler', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    await waitFor('discovery', () => attic.discovery.candidate(kitchen.id) !== undefined)
    await expect(attic.desk.ask('kitchen', () => {}, AbortSignal.timeout(30_000))).rejects.toEqual(code('ERR_PAIRING_CLOSED'))
    expect(kitchen.node.refused.strangers).toBeGreaterThan(0)
    expect(told(kitchen)).not.toContain('pairing failed')
    await expect(attic.desk.ask('nobody', () => {}, AbortSignal.timeout(30_000))).rejects.toEqual(code('ERR_PEER_UNKNOWN'))
  })

  it('a person who rejects, and a code that differs, leave no trust', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    kitchen.desk.open(undefined)
    const first = await compare(attic, kitchen)
    attic.desk.requests.accept('kitchen')
    kitchen.desk.requests.reject('attic')
    await expect(first.result).rejects.toEqual(code('ERR_PAIRING_REJECTED'))
    await waitFor('the first to end', () => kitchen.desk.requests.list().length === 0)
    const second = await compare(attic, kitchen)
    const wrong = second.codes[0] === '000000' ? '000001' : '000000'
    expect(() => kitchen.desk.requests.accept('attic', wrong)).toThrow(code('ERR_PAIRING_REJECTED'))
    await expect(second.result).rejects.toEqual(code('ERR_PAIRING_REJECTED'))
    expect([trusts(attic, kitchen), trusts(kitchen, attic)]).toEqual([false, false])
  })

  it('an asker that leaves takes its request with it', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    kitchen.desk.open(undefined)
    const { result, stop } = await compare(attic, kitchen)
    stop.abort(new Error('Ctrl-C'))
    await expect(result).rejects.toThrow()
    await waitFor('the request to end', () => kitchen.desk.requests.list().length === 0)
    expect(() => kitchen.desk.requests.accept('attic')).toThrow(code('ERR_NOT_FOUND'))
  })

  it('an end that was lost is fetched: both or neither', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    kitchen.desk.open(undefined)
    const trust = kitchen.book.trust.bind(kitchen.book)
    let cut = 0
    kitchen.book.trust = async (peer) => {
      const row = await trust(peer)
      // the trust is stored, and the connection breaks before WELCOME is out
      if (cut++ === 0) await kitchen.node.cut(attic.id, 'a cable was pulled')
      return row
    }
    const { result } = await compare(attic, kitchen)
    attic.desk.requests.accept('kitchen')
    kitchen.desk.requests.accept('attic')
    expect(await result).toMatchObject({ peer: kitchen.id, by: 'code' })
    await waitFor('both', () => trusts(kitchen, attic) && trusts(attic, kitchen))
    expect(cut).toBe(2)
  })

  it('a node whose disk takes nothing does not tell the asker that it is welcome', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    kitchen.desk.open(undefined)
    kitchen.book.trust = () => Promise.reject(new Error('disk full'))
    const { result } = await compare(attic, kitchen)
    kitchen.desk.requests.accept('attic')
    attic.desk.requests.accept('kitchen')
    await expect(result).rejects.toEqual(code('ERR_PAIRING_FAILED'))
    expect([trusts(attic, kitchen), trusts(kitchen, attic)]).toEqual([false, false])
  })
})

describe('the cluster secret', () => {
  it('pairs nodes that find each other, and leaves the others out; it is in no log', async () => {
    const [kitchen, attic, cellar] = [await desks.add('kitchen', { secret }), await desks.add('attic', { secret }), await desks.add('cellar', { secret })]
    const foreign = await desks.add('foreign', { secret: 'another secret of theirs' })
    const plain = await desks.add('plain')
    const members = [kitchen, attic, cellar]
    await waitFor('everybody to trust everybody', () => members.every((from) => members.every((to) => from === to || trusts(from, to))))
    expect(kitchen.book.get(attic.id)?.trustedBy).toBe('secret')
    await waitFor('both sides to say why', () => [kitchen, foreign].every((one) => told(one).includes('has another cluster secret')))
    expect(kitchen.desk.otherClusters()).toMatchObject([{ peer: foreign.id }])
    expect([foreign, plain].map(({ book }) => book.list().length)).toEqual([0, 0])
    expect(members.map(({ node }) => node.refused.dials)).toEqual([0, 0, 0])
    for (const one of [...members, foreign, plain]) expect(told(one)).not.toContain('horse')
  })

  it('does not bring back a peer that was forgotten; a ticket does', async () => {
    const [kitchen, attic] = [await desks.add('kitchen', { secret }), await desks.add('attic', { secret })]
    await waitFor('trust', () => trusts(kitchen, attic) && trusts(attic, kitchen))
    await kitchen.book.tombstone(attic.id)
    await kitchen.node.cut(attic.id, 'forgotten')
    expect(kitchen.desk.mayPair(attic.id)).toBe(false)
    const third = await desks.add('cellar', { secret })
    await waitFor('time for another round', () => trusts(kitchen, third) && trusts(attic, third))
    expect(trusts(kitchen, attic)).toBe(false)
    await attic.desk.join(kitchen.desk.issue(undefined).ticket, AbortSignal.timeout(30_000))
    await waitFor('trust by ticket', () => trusts(kitchen, attic))
    expect(kitchen.book.get(attic.id)?.trustedBy).toBe('ticket')
  })

  it('lets in no stranger who did not show the tag of his own id', async () => {
    const [kitchen, other] = [await desks.add('kitchen', { secret }), await desks.add('other')]
    expect(kitchen.desk.mayPair(other.id)).toBe(false)
    const { tagOf } = kitchen.desk.secret ?? { tagOf: () => '' }
    expect(tagOf.call(kitchen.desk.secret, kitchen.id)).not.toBe(tagOf.call(kitchen.desk.secret, other.id))
    await waitFor('discovery', () => other.discovery.candidate(kitchen.id) !== undefined)
    await expect(other.desk.ask('kitchen', () => {}, AbortSignal.timeout(30_000))).rejects.toEqual(code('ERR_PAIRING_CLOSED'))
  })
})

describe('a peer that is being forgotten', () => {
  it('gets in by nothing that it used before, from that moment on: its link may still be there, and other tickets out', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    const { ticket } = kitchen.desk.issue(undefined)
    kitchen.desk.issue(undefined)
    await attic.desk.join(ticket, AbortSignal.timeout(30_000))
    await waitFor('the link', () => kitchen.node.linked(attic.id) && attic.node.linked(kitchen.id))
    const forgetting = kitchen.book.tombstone(attic.id)
    await expect(attic.desk.join(ticket, AbortSignal.timeout(30_000))).rejects.toEqual(code('ERR_TICKET_REFUSED'))
    await forgetting
    expect([kitchen.book.isTrusted(attic.id), kitchen.book.isForgotten(attic.id)]).toEqual([false, true])
    expect(kitchen.desk.invites.list().some(({ usedBy }) => usedBy === attic.id)).toBe(false)
  })
})
