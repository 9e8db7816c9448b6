import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { BlockList } from '../../../../src/daemon/keystore/block-list.js'
import { ForgetPath } from '../../../../src/daemon/keystore/forget.js'
import { createIdentity, type Identity } from '../../../../src/daemon/keystore/identity.js'
import { PeerBook } from '../../../../src/daemon/keystore/peer-book.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { encodeClaim, maxVersion } from '../../../../src/daemon/keystore/trust-claim.js'
import { type Introducers, Trust } from '../../../../src/daemon/root/trust.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { waitFor } from '../../../wait-for.js'
import { memoryKeyValue } from '../keystore/memory-key-value.js'
import { TrustBus } from './trust-bus.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-trust-'))
const identities = new Map<string, Promise<Identity>>()
const identityOf = (name: string): Promise<Identity> => {
  const made = identities.get(name) ?? createIdentity(join(root, `${name}.key`))
  identities.set(name, made)
  return made
}
const code = (expected: string) => expect.objectContaining({ code: expected })

const running = new Set<Trust>()
afterEach(async () => {
  await Promise.all([...running].map((trust) => trust.close()))
  running.clear()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Made {
  readonly name: string
  readonly id: string
  readonly book: PeerBook
  readonly trust: Trust
  readonly log: ReturnType<typeof memoryLog>
  readonly purged: string[]
  readonly stores: { readonly book: ReturnType<typeof memoryKeyValue>; readonly blocks: ReturnType<typeof memoryKeyValue> }
}

async function make(bus: TrustBus, name: string, options: { introducers?: Introducers; stores?: Made['stores'] } = {}): Promise<Made> {
  const identity = await identityOf(name)
  const stores = options.stores ?? { book: memoryKeyValue(), blocks: memoryKeyValue() }
  const log = memoryLog()
  const blocks = await BlockList.open(stores.blocks)
  const book = await PeerBook.open(stores.book, { identity, log, isBlocked: (id) => blocks.has(id) })
  const purged: string[] = []
  const done = async (): Promise<void> => {}
  const ports = { cutLinks: done, cutStreams: done, tellPlugins: async () => [], purge: async (peer: string) => void purged.push(peer) }
  const forgetting = new ForgetPath(book, ports, { log })
  const trust = new Trust({ self: identity.id, book, blocks, forgetting, introducers: options.introducers ?? 'all', changed: () => {}, cut: done, log })
  running.add(trust)
  trust.start(bus.port(identity.id))
  return { name, id: identity.id, book, trust, log, purged, stores }
}

async function stop(node: Made): Promise<void> {
  running.delete(node.trust)
  await node.trust.close()
  await node.book.close()
}

async function pair(a: Made, b: Made, trustedBy: 'ticket' | 'secret' = 'ticket'): Promise<void> {
  await a.book.trust({ id: b.id, name: b.name, addresses: ['/ip4/10.0.0.1/tcp/4710'], trustedBy })
  await b.book.trust({ id: a.id, name: a.name, addresses: [], trustedBy })
}

const trusts = (node: Made, ...peers: Made[]): boolean[] => peers.map(({ id }) => node.book.isTrusted(id))

/** Two joined `a`. */
async function three(options: { introducers?: Introducers } = {}) {
  const bus = new TrustBus()
  const [a, b, c] = [await make(bus, 'a'), await make(bus, 'b', options), await make(bus, 'c')]
  await pair(a, b)
  await pair(a, c)
  return { bus, a, b, c }
}

describe('introductions', () => {
  it('make members trust each other, and say who introduced whom', async () => {
    const { a, b, c } = await three()
    await waitFor('b and c to trust each other', () => b.book.isTrusted(c.id) && c.book.isTrusted(b.id))
    expect(b.book.get(c.id)).toMatchObject({ name: 'c', trustedBy: 'introduction', introducedBy: a.id, addresses: ['/ip4/10.0.0.1/tcp/4710'], version: 1 })
    expect(b.trust.usualScope('c')).toBe('cluster')
    expect(b.trust.usualScope('a')).toBe('here')
  })

  it.each([
    ['none', 'none', false],
    ['a name', ['A'], true],
    ['another name', ['c'], false],
  ] as const)('are taken by policy: %s', async (_, introducers, taken) => {
    const { b, c } = await three({ introducers })
    await waitFor('c to trust b', () => c.book.isTrusted(b.id))
    if (taken) await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    else await waitFor('b to say no', () => b.log.lines.some(({ msg, fields }) => msg.includes('does not count here') && fields['why'] === 'policy'))
    expect(trusts(b, c)).toEqual([taken])
  })

  it('of a known name become a peer of their own', async () => {
    const { b, c, bus } = await three()
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    const other = await make(bus, 'other')
    await c.book.trust({ id: other.id, name: 'a', addresses: [], trustedBy: 'code' })
    await waitFor('b to trust the other', () => b.book.isTrusted(other.id))
    expect(b.book.get(other.id)?.name).toBe('a-2')
  })

  it('that are malformed change nothing', async () => {
    const { a, b, c, bus } = await three()
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    const stranger = await identityOf('stranger')
    for (const body of [
      new Uint8Array(),
      new Uint8Array(9000),
      Buffer.from('{"kind":"introduced"}'),
      Buffer.from('[]'),
      Buffer.from('{"kind":"forgotten","version":-1}'),
    ]) {
      bus.tell({ author: a.id, subject: stranger.id, body: new Uint8Array(body) })
      bus.tell({ author: a.id, subject: c.id, body: new Uint8Array(body) })
    }
    bus.tell({ author: a.id, subject: 'nobody', body: encodeClaim({ kind: 'introduced', version: 1, name: 'x', addresses: [] }) })
    bus.tell({ author: a.id, subject: stranger.id, body: encodeClaim({ kind: 'introduced', version: 1, name: 'late', addresses: [] }) })
    await waitFor('the sound one to be taken', () => b.book.isTrusted(stranger.id))
    expect(b.book.list().map(({ name }) => name)).toEqual(['a', 'c', 'late'])
  })
})

describe('forgetting in the cluster', () => {
  it('reaches those who are there, those who return, and those who were started anew', async () => {
    const { a, b, c, bus } = await three()
    const d = await make(bus, 'd')
    await pair(a, d)
    await waitFor('all to be linked', () => [b, c, d].every((one) => trusts(one, ...[a, b, c, d].filter((other) => other !== one)).every(Boolean)))
    bus.away.add(b.id)
    await stop(d)
    const old = bus.records
    expect(await a.trust.forget('c', 'cluster')).toMatchObject({ forgot: true, name: 'c' })
    expect(trusts(b, c)).toEqual([true])
    bus.back(b.id)
    await waitFor('b to forget c', () => b.purged.includes(c.id))
    const again = await make(bus, 'd', { stores: d.stores })
    await waitFor('d to forget c', () => again.purged.includes(c.id))
    await waitFor('a to see that both have', () => a.trust.forgotten().some(({ applied, members }) => applied === 2 && members === 2))
    // old records come again
    for (const record of [...old, ...old]) bus.tell(record)
    const reloaded = await make(new TrustBus(), 'd', { stores: again.stores })
    expect([trusts(a, c), trusts(b, c), trusts(again, c), trusts(reloaded, c)].flat()).toEqual([false, false, false, false])
    // pairing anew lifts it everywhere
    await pair(a, c)
    await waitFor('c to be back', () => trusts(b, c)[0] === true && trusts(again, c)[0] === true)
  })

  it('of one that was forgotten here alone reaches the others too', async () => {
    const { a, b, c } = await three()
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    await a.trust.forget('c', 'here')
    expect(a.book.standing(c.id)).toMatchObject({ here: true, vouched: false })
    expect(await a.trust.forget('c', 'here')).toMatchObject({ forgot: false })
    expect(await a.trust.forget('C', 'cluster')).toMatchObject({ forgot: true, peer: c.id })
    await waitFor('b to forget c', () => b.purged.includes(c.id))
    expect(await a.trust.forget('nobody', 'cluster')).toMatchObject({ forgot: false })
  })

  it('wins over what the other half of a partition decided at the same time; who is new there is introduced', async () => {
    const { a, b, c, bus } = await three()
    const e = await make(bus, 'e')
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    bus.away.add(b.id)
    await a.trust.forget('c', 'cluster')
    await pair(b, c)
    await pair(b, e)
    expect(a.book.standing(c.id)?.version).toBe(b.book.standing(c.id)?.version)
    bus.back(b.id)
    await waitFor('b to forget c', () => b.purged.includes(c.id))
    await waitFor('a and e to trust each other', () => a.book.isTrusted(e.id) && e.book.isTrusted(a.id))
    expect([trusts(a, c), trusts(b, c), trusts(e, c)].flat()).toEqual([false, false, false])
  })

  it('reaches all also where a member has used up the versions; such a forget is final, and pairing says so', async () => {
    const { a, b, c, bus } = await three()
    const eve = await make(bus, 'eve')
    const high = { kind: 'introduced', version: maxVersion, name: 'eve', addresses: [] } as const
    bus.tell({ author: c.id, subject: eve.id, body: encodeClaim(high) })
    await waitFor('all to trust eve', () => trusts(a, eve)[0] === true && trusts(b, eve)[0] === true)
    expect(await a.trust.forget('eve', 'cluster')).toMatchObject({ forgot: true })
    await waitFor('b to forget eve', () => b.purged.includes(eve.id))
    expect(a.book.standing(eve.id)?.version).toBe(maxVersion)
    await expect(a.book.trust({ id: eve.id, name: 'eve', addresses: [], trustedBy: 'ticket' })).rejects.toEqual(code('ERR_PEER_FORGOTTEN'))
  })

  it('counts in the cluster also where it was asked for while the peer was being forgotten here', async () => {
    const { a, b, c } = await three()
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    const reports = await Promise.all([a.trust.forget('c', 'here'), a.trust.forget('c', 'cluster')])
    expect(reports).toEqual([expect.objectContaining({ forgot: true, peer: c.id }), expect.objectContaining({ forgot: true, peer: c.id })])
    await waitFor('b to forget c', () => b.purged.includes(c.id))
  })

  it('has room for what this node decides, however many peers a member introduces and forgets', async () => {
    const bus = new TrustBus()
    const { id } = await identityOf('a')
    const port = bus.port(id)
    const claim = (kind: 'introduced' | 'forgotten', version = 1) => encodeClaim({ kind, version, name: 'x', addresses: [] })
    const newId = (): string => peerIdOf(new Uint8Array(randomBytes(32)))
    // as after a long time with such a member
    for (let at = 0; at < 800; at++) port.publish(newId(), claim('introduced'))
    const [a, b] = [await make(bus, 'a'), await make(bus, 'b')]
    await pair(a, b)
    const [guest, other] = [newId(), newId()]
    const saysA = (subject: string) => bus.records.some(({ author, subject: about }) => author === a.id && about === subject)
    for (const subject of [guest, other]) bus.tell({ author: b.id, subject, body: claim('introduced') })
    await waitFor('both to be trusted', () => a.book.isTrusted(guest) && a.book.isTrusted(other))
    bus.tell({ author: b.id, subject: guest, body: claim('forgotten') })
    await waitFor('the guest to be forgotten', () => a.purged.includes(guest))
    await a.trust.forget(other, 'cluster')
    expect([saysA(guest), saysA(other)]).toEqual([false, true])
  })

  it('of this node is told to its user', async () => {
    const { a, b, c } = await three()
    await waitFor('b and c to trust each other', () => b.book.isTrusted(c.id) && c.book.isTrusted(b.id))
    await a.trust.forget('c', 'cluster')
    await waitFor('c to hear of it', () => c.trust.tellers().length > 0)
    expect(c.trust.tellers()).toContain('a')
    expect(trusts(c, a, b)).toEqual([true, true])
  })

  it('here alone holds against introductions, also after a restart, and no secret lifts it', async () => {
    const { a, b, c, bus } = await three()
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    await b.trust.forget('c', 'here')
    const stores = b.stores
    await stop(b)
    const again = await make(bus, 'b', { stores })
    await pair(a, c)
    await waitFor('b to refuse c', () => again.log.lines.some(({ fields }) => fields['why'] === 'here'))
    expect(trusts(again, c)).toEqual([false])
    await expect(again.book.trust({ id: c.id, name: 'c', addresses: [], trustedBy: 'secret' })).rejects.toEqual(code('ERR_PEER_FORGOTTEN'))
    await pair(again, c)
    expect(trusts(again, c)).toEqual([true])
  })
})

describe('blocking', () => {
  it('refuses a peer by every way in, until it is lifted', async () => {
    const { a, b, c, bus } = await three()
    await waitFor('b to trust c', () => b.book.isTrusted(c.id))
    expect(await b.trust.block('c')).toMatchObject({ blocked: { id: c.id, name: 'c' }, forgot: true })
    expect(trusts(b, c)).toEqual([false])
    expect(trusts(a, c)).toEqual([true])
    for (const trustedBy of ['ticket', 'code', 'secret'] as const) {
      await expect(b.book.trust({ id: c.id, name: 'c', addresses: [], trustedBy })).rejects.toEqual(code('ERR_PEER_BLOCKED'))
    }
    await stop(b)
    const again = await make(bus, 'b', { stores: b.stores })
    expect(again.trust.blocked().map(({ name }) => name)).toEqual(['c'])
    await again.trust.unblock('c')
    expect(again.trust.blocked()).toEqual([])
    await pair(again, c)
    expect(trusts(again, c)).toEqual([true])
  })

  it('takes the id of a stranger, whom nobody can introduce then', async () => {
    const { a, b, bus } = await three()
    const d = await make(bus, 'd')
    await b.trust.block(d.id)
    await pair(a, d)
    await waitFor('b to refuse d', () => b.log.lines.some(({ fields }) => fields['why'] === 'blocked'))
    expect(trusts(b, d)).toEqual([false])
    await b.trust.unblock(d.id.slice(0, 20))
    await waitFor('b to trust d', () => b.book.isTrusted(d.id))
  })

  it('says what is wrong', async () => {
    const { a } = await three()
    await expect(a.trust.block(a.id)).rejects.toEqual(code('ERR_REQUEST_INVALID'))
    await expect(a.trust.block('nobody')).rejects.toEqual(code('ERR_PEER_UNKNOWN'))
    await expect(a.trust.unblock('nobody')).rejects.toEqual(code('ERR_NOT_FOUND'))
  })
})
