/** Trust that members pass on, with whole daemons: introductions, forgetting in the cluster, blocking. */

import { cpSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { isLinked, type NodeOptions, Nodes, type TestNode, useTicket } from './nodes.js'

let nodes = new Nodes()
afterEach(async () => {
  await nodes.dispose()
  nodes = new Nodes()
})

const trusts = (node: TestNode, peer: TestNode): boolean => node.probe.ctx.peers.list().some(({ id }) => id === peer.id)
const linkedAll = (...all: TestNode[]): boolean => all.every((one) => all.every((other) => one === other || isLinked(one, other)))
const forget = (node: TestNode, peer: string, scope?: 'cluster' | 'here') =>
  node.client.call('peers.forget', { params: { peer }, query: { dryRun: false, ...(scope && { scope }) } })

/** b and c joined a, and everybody is linked with everybody. */
async function three(options: Partial<Record<'a' | 'b' | 'c', NodeOptions>> = {}) {
  const [a, b, c] = [await nodes.start('a', options.a), await nodes.start('b', options.b), await nodes.start('c', options.c)]
  await nodes.join(a, b)
  await nodes.join(a, c)
  return { a, b, c }
}

describe('a node that joins', () => {
  it('is introduced to all members and links with them', async () => {
    const { a, b, c } = await three()
    await waitFor('all to be linked', () => linkedAll(a, b, c))
    const { peers } = await b.client.call('peers.list')
    expect(peers.find(({ id }) => id === c.id)).toMatchObject({ name: 'c', trustedBy: 'introduction', introducedBy: a.id })
    expect(peers.find(({ id }) => id === a.id)).toMatchObject({ trustedBy: 'ticket' })
    // one more, through a member that was introduced itself
    const d = await nodes.start('d')
    await nodes.join(c, d)
    await waitFor('d to be linked with all', () => linkedAll(a, b, c, d))
  })

  it('is not known to a member that takes no introductions', async () => {
    const { a, b, c } = await three({ b: { flags: { 'trust.introducers': 'none' } } })
    await waitFor('c to trust b', () => trusts(c, b))
    await waitFor('b to say no', () => b.daemon.log.tail({ lines: 1000 }).some(({ fields }) => fields['why'] === 'policy'))
    expect([trusts(b, c), trusts(b, a)]).toEqual([false, true])
  })
})

describe('forgetting in the cluster', () => {
  it('reaches members that are there and members that were away, and is not undone by a return', async () => {
    const { a, b, c } = await three()
    await waitFor('all to be linked', () => linkedAll(a, b, c))
    const dry = await a.client.call('peers.forget', { params: { peer: 'c' }, query: { dryRun: true, scope: 'cluster' } })
    expect(dry).toMatchObject({ forgot: false, scope: 'cluster', linksCut: 1, members: [{ name: 'b', now: true }] })
    expect(trusts(b, c)).toBe(true)
    const home = b.home
    await nodes.stop(b)
    expect(await forget(a, 'c', 'cluster')).toMatchObject({ forgot: true, members: [{ name: 'b', now: false }] })
    // while it is away it trusts c still, and c trusts it
    await waitFor('c to be cut off', () => !isLinked(c, a))
    const again = await nodes.start('b', { home })
    await waitFor('b to be back', () => isLinked(again, a))
    await waitFor('b to forget c', () => !trusts(again, c))
    await waitFor('the plugins of b to be told', () => again.probe.forgotten.includes(c.id))
    await waitFor('c to be cut off from b', () => !isLinked(c, again))
    const { forgotten } = await again.client.call('peers.forgotten')
    expect(forgotten).toMatchObject([{ name: 'c', scope: 'cluster', by: a.id, byName: 'a' }])
    // the forgotten node comes with all that it knows
    const lost = { home: c.home }
    await nodes.stop(c)
    const back = await nodes.start('c', lost)
    const refused = (node: TestNode): boolean =>
      node.daemon.log.tail({ lines: 2000 }).some(({ msg, fields }) => msg === 'stranger refused' && fields['peer'] === c.id)
    await waitFor('the members to refuse it', () => refused(a) || refused(again))
    expect([trusts(a, back), trusts(again, back)]).toEqual([false, false])
    // pairing anew lifts it everywhere
    await nodes.join(again, back)
    await waitFor('all to be linked again', () => linkedAll(a, again, back))
  })

  it('is what happens by default to a peer that came by introduction, and can be for here alone', async () => {
    const { a, b, c } = await three()
    await waitFor('all to be linked', () => linkedAll(a, b, c))
    expect(await forget(b, 'c', 'here')).toMatchObject({ scope: 'here', members: [] })
    await waitFor('c to be cut off from b', () => !isLinked(c, b))
    expect([trusts(a, c), trusts(b, c)]).toEqual([true, false])
    expect(await forget(c, 'b')).toMatchObject({ scope: 'cluster', members: [{ name: 'a', now: true }] })
    await waitFor('a to forget b', () => !trusts(a, b))
  })

  it('tells the forgotten node, as far as anybody still speaks to it', async () => {
    const { a, b, c } = await three({ b: { flags: { 'trust.introducers': ['c'] } } })
    await waitFor('b and c to trust each other or not', () => trusts(c, b))
    await forget(a, 'b', 'cluster')
    await waitFor('c to forget b', () => !trusts(c, b))
    const problem = await waitFor('b to know', async () => (await b.client.call('status')).problems.find(({ what }) => what === 'peer:a'), 30_000)
    expect(problem.message).toMatch(/refuses this node|this node was forgotten/)
    expect(problem.hint).toContain('shoal invite')
  })
})

describe('a home that was copied', () => {
  it('is noticed on both hosts; the newer one serves nobody', { timeout: 180_000 }, async () => {
    const a = await nodes.start('a')
    const home = nodes.newHome()
    const b = await nodes.start('b', { home })
    await nodes.join(a, b)
    await nodes.stop(b)
    const copy = nodes.newHome()
    cpSync(home, copy, { recursive: true, filter: (path) => !path.endsWith('/run') })
    const older = await nodes.start('b', { home })
    await waitFor('the first to be linked', () => isLinked(a, older) && isLinked(older, a))
    const newer = await nodes.start('b2', { home: copy })
    expect(newer.id).toBe(older.id)
    const identity = async (node: TestNode) => (await node.client.call('status')).problems.find(({ what }) => what === 'identity')
    await waitFor('both to notice', async () => (await identity(older)) && (await identity(newer)), 60_000)
    await expect(newer.client.call('ready')).rejects.toMatchObject({ code: 'ERR_IDENTITY_COPIED' })
    await older.client.call('ready')
    expect((await newer.client.call('status')).ready).toBe(false)
    await waitFor('the older one to be linked', () => isLinked(a, older) && isLinked(older, a))
    await waitFor('the newer one to be cut off', () => !isLinked(newer, a))
  })
})

describe('a home that was put back to an earlier time', () => {
  it('forgets again what this node had forgotten in the cluster since', async () => {
    const { a, b, c } = await three()
    await waitFor('all to be linked', () => linkedAll(a, b, c))
    const backup = nodes.newHome()
    await nodes.stop(b)
    cpSync(b.home, backup, { recursive: true, filter: (path) => !path.endsWith('/run') })
    const again = await nodes.start('b', { home: b.home })
    await waitFor('b to be back', () => linkedAll(a, again, c))
    await forget(again, 'c', 'cluster')
    await waitFor('a to forget c', () => !trusts(a, c))
    await nodes.stop(again)
    const restored = await nodes.start('b', { home: backup })
    await waitFor('b to be back once more', () => isLinked(restored, a))
    await waitFor('b to forget c again', () => !trusts(restored, c))
    expect(trusts(a, c)).toBe(false)
  })
})

describe('blocking', () => {
  it('refuses an id whatever it holds: an introduction, a ticket, an old link', async () => {
    const { a, b, c } = await three()
    await waitFor('all to be linked', () => linkedAll(a, b, c))
    await b.client.call('peers.block', { params: { peer: 'c' } })
    await waitFor('c to be cut off from b', () => !isLinked(c, b))
    expect(trusts(a, c)).toBe(true)
    const { ticket } = await b.client.call('invites.create', { body: {} })
    await expect(useTicket(c, ticket)).rejects.toThrow()
    const { ticket: reverse } = await c.client.call('invites.create', { body: {} })
    await expect(useTicket(b, reverse)).rejects.toThrow(/blocked/)
    expect((await b.client.call('peers.blocked')).blocked).toMatchObject([{ id: c.id, name: 'c' }])
    await b.client.call('peers.unblock', { params: { peer: 'c' } })
    await nodes.join(b, c)
    expect(trusts(b, c)).toBe(true)
  })
})
