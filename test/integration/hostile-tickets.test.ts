import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { encodeTicket } from '../../src/daemon/keystore/ticket.js'
import { decodeTicket, type Ticket } from '../../src/daemon/keystore/trust.js'
import { waitFor } from '../wait-for.js'
import { type TestDesk, TestDesks } from './desks.js'
import { portOf, replay, TcpProxy } from './tcp-proxy.js'

const desks = new TestDesks()
const proxies: TcpProxy[] = []
afterEach(async () => {
  for (const proxy of proxies.splice(0)) proxy.close()
  await desks.stop()
})
afterAll(() => desks.dispose())

const code = (expected: string) => expect.objectContaining({ code: expected })
const join = (desk: TestDesk, ticket: string) => desk.desk.join(ticket, AbortSignal.timeout(60_000))
const changed = (ticket: string, change: Partial<Ticket>): string => encodeTicket({ ...decodeTicket(ticket), ...change })

describe('a ticket in the wrong hands', () => {
  it('is refused when it was used, revoked, or has expired, and says no more', async () => {
    const [kitchen, attic, thief] = [await desks.add('kitchen'), await desks.add('attic'), await desks.add('thief')]
    const issue = (ttl?: number) => kitchen.desk.issue(ttl)
    const [used, revoked, expired] = [issue(), issue(), issue(1000)]
    // strangers are heard at all while another is out
    issue()
    await join(attic, used.ticket)
    kitchen.desk.invites.revoke(revoked.id)
    await waitFor('it to expire', () => kitchen.desk.invites.list().every(({ id }) => id !== expired.id))
    for (const { ticket } of [used, revoked, expired]) await expect(join(thief, ticket)).rejects.toEqual(code('ERR_TICKET_REFUSED'))
    expect(kitchen.book.list().map(({ name }) => name)).toEqual(['attic'])
    expect(thief.book.list()).toEqual([])
  })

  it('is refused with one character wrong before anybody is dialled', async () => {
    const [kitchen, thief] = [await desks.add('kitchen'), await desks.add('thief')]
    const { ticket } = kitchen.desk.issue(undefined)
    for (const at of [8, 40, ticket.length - 1]) {
      const wrong = ticket.slice(0, at) + (ticket[at] === 'a' ? 'b' : 'a') + ticket.slice(at + 1)
      await expect(join(thief, wrong)).rejects.toEqual(code('ERR_TICKET_INVALID'))
    }
    expect(kitchen.node.connections).toBe(0)
  })

  it('with a guessed secret names no ticket, and costs the real one nothing', async () => {
    const [kitchen, thief] = [await desks.add('kitchen'), await desks.add('thief')]
    const { ticket } = kitchen.desk.issue(undefined)
    // the name of a ticket follows from its secret: who guesses one guesses both
    for (let guess = 0; guess < 3; guess++) {
      await expect(join(thief, changed(ticket, { secret: new Uint8Array(randomBytes(16)) }))).rejects.toEqual(code('ERR_TICKET_REFUSED'))
    }
    expect(kitchen.desk.invites.list()).toMatchObject([{ triesLeft: 5 }])
    await join(thief, ticket)
  })

  it('a recorded pairing is refused when it is played again, also while another ticket is out', async () => {
    const [kitchen, attic] = [await desks.add('kitchen'), await desks.add('attic')]
    const proxy = await TcpProxy.before(kitchen.node.listening[0] ?? '')
    proxies.push(proxy)
    await join(attic, changed(kitchen.desk.issue(undefined).ticket, { addresses: [`${proxy.address}/p2p/${kitchen.id}`] }))
    await waitFor('both', () => kitchen.book.isTrusted(attic.id) && attic.book.isTrusted(kitchen.id))
    await attic.node.stop()
    await kitchen.book.tombstone(attic.id)
    kitchen.desk.forget(attic.id)
    await kitchen.node.cut(attic.id, 'forgotten')
    await waitFor('the end of the session', () => kitchen.node.connections === 0)
    kitchen.desk.issue(undefined)
    const before = kitchen.node.refused.handshakes
    await replay(proxy.recorded[0] ?? [], portOf(kitchen.node.listening[0] ?? ''))
    await waitFor('the replay to be refused', () => kitchen.node.refused.handshakes > before)
    expect(kitchen.book.list()).toEqual([])
    expect(kitchen.desk.invites.open).toBe(1)
  })
})
