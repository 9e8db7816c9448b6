import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeTicket, InviterPairing, Invites, JoinerPairing, type Ticket } from '../../src/daemon/keystore/trust.js'
import type { NodeOptions } from '../../src/daemon/swarm/node.js'
import { acceptPairing, join, type Paired, pairProtocol } from '../../src/daemon/swarm/pairing.js'
import { slowness } from '../wait-for.js'
import { collect, serveEcho, TestCluster, type TestNode, trust, until } from './swarm-cluster.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const cluster = new TestCluster()
afterEach(() => cluster.stop())

interface Inviter extends TestNode {
  readonly invites: Invites
  readonly paired: Paired[]
  onPaired: (paired: Paired) => Promise<void>
  ticket(): string
}

async function inviter(options: Partial<NodeOptions> = {}): Promise<Inviter> {
  const base = await cluster.add(options)
  const invites = new Invites({ inviter: base.node.id })
  Object.defineProperty(base, 'pairingOpen', { get: () => invites.open > 0 })
  const paired: Paired[] = []
  const made: Inviter = Object.assign(base, {
    invites,
    paired,
    onPaired: async (result: Paired) => {
      paired.push(result)
      base.trusted.add(result.peer)
    },
    ticket: () => invites.issue({ addresses: base.addresses }).ticket,
  })
  acceptPairing({
    node: base.node,
    record: () => ({ name: 'kitchen', addresses: base.addresses }),
    pairing: (parties) => new InviterPairing(invites, parties),
    onPaired: (result) => made.onPaired(result),
    log: base.log,
  })
  return made
}

async function joinWith(test: TestNode, ticket: string | Ticket, onPaired?: (paired: Paired) => Promise<void>): Promise<Paired> {
  const parsed = typeof ticket === 'string' ? decodeTicket(ticket) : ticket
  return await join({
    node: test.node,
    inviter: parsed.inviter,
    addresses: parsed.addresses,
    record: () => ({ name: 'attic', addresses: test.addresses }),
    pairing: (parties) => new JoinerPairing(parsed, parties),
    onPaired:
      onPaired ??
      (async ({ peer }) => {
        test.trusted.add(peer)
      }),
    log: test.log,
  })
}

describe('pairing by ticket', () => {
  it('makes both trust each other, shows the same code, and the connection becomes the link', async () => {
    const a = await inviter()
    const b = await cluster.add()
    const seen = collect(b.node)
    const result = await joinWith(b, a.ticket())
    expect(result).toEqual({
      peer: a.node.id,
      name: 'kitchen',
      addresses: a.addresses.map((text) => text.replace(/\/p2p.*/, '')),
      code: expect.stringMatching(/^\d{6}$/),
      by: 'ticket',
    })
    await until(() => a.node.linked(b.node.id) && b.node.linked(a.node.id), 'link')
    expect(a.paired).toEqual([
      { peer: b.node.id, name: 'attic', addresses: b.addresses.map((text) => text.replace(/\/p2p.*/, '')), code: result.code, by: 'ticket' },
    ])
    expect(a.node.connections).toBe(1)
    expect(seen).toEqual([{ type: 'up', peer: a.node.id }])
  })

  it('refuses a ticket that was used by another, and one whose secret is wrong five times', async () => {
    const a = await inviter()
    const [b, c] = [await cluster.add(), await cluster.add()]
    const used = a.ticket()
    const other = a.ticket()
    await joinWith(b, used)
    await expect(joinWith(c, used)).rejects.toMatchObject({ code: 'ERR_TICKET_REFUSED' })
    const wrong = { ...decodeTicket(other), secret: new Uint8Array(16) }
    await expect(joinWith(c, wrong)).rejects.toMatchObject({ code: 'ERR_TICKET_REFUSED' })
    expect(c.trusted.size).toBe(0)
    expect(a.trusted).toEqual(new Set([b.node.id]))
    await until(() => a.node.connections === 1, 'the stranger is gone')
  })

  it('a joiner that lost the last message uses the same ticket again', async () => {
    const a = await inviter()
    const b = await cluster.add()
    const ticket = a.ticket()
    await expect(joinWith(b, ticket, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full')
    expect(a.trusted.has(b.node.id)).toBe(true)
    expect(b.trusted.size).toBe(0)
    await joinWith(b, ticket)
    await until(() => a.node.linked(b.node.id) && b.node.linked(a.node.id), 'link')
  })

  it('a joiner is not told before the inviter has stored its trust', async () => {
    const a = await inviter()
    const b = await cluster.add()
    a.onPaired = () => Promise.reject(new Error('disk full'))
    await expect(joinWith(b, a.ticket())).rejects.toMatchObject({ code: 'ERR_PAIRING_FAILED' })
    expect(b.trusted.size).toBe(0)
  })

  it('pairs anew when only one side has forgotten', async () => {
    const a = await inviter()
    const b = await cluster.add()
    await joinWith(b, a.ticket())
    await until(() => b.node.linked(a.node.id), 'link')
    a.trusted.clear()
    await a.node.cut(b.node.id, 'forgotten')
    await until(() => b.node.connections === 0, 'cut')
    await joinWith(b, a.ticket())
    await until(() => a.node.linked(b.node.id) && b.node.linked(a.node.id), 'link')
  })
})

describe('a peer that begins to pair and says nothing', () => {
  it('has one attempt at a time: it and another one leave places for those who mean it', async () => {
    const a = await inviter()
    const ticket = a.ticket()
    const silent = [await cluster.add(), await cluster.add()]
    const pair = { maxFrame: 16_384, maxInbound: 2 }
    for (const one of silent) {
      trust(a, one)
      await one.node.dial(a.node.id, a.addresses)
      for (let at = 0; at < 2; at++) await one.node.open(a.node.id, pairProtocol, pair)
    }
    const b = await cluster.add()
    expect(await joinWith(b, ticket)).toMatchObject({ peer: a.node.id, by: 'ticket' })
  })
})

describe('strangers', () => {
  it('200 dials: each refused before any stream, no handler is invoked', async () => {
    const a = await inviter({ limits: { maxInboundRate: 10_000 } })
    let invoked = 0
    a.node.handle(protocol, options, () => {
      invoked++
    })
    const strangers = await Promise.all([cluster.add(), cluster.add()])
    for (const stranger of strangers) stranger.trusted.add(a.node.id)
    const dials = 200
    for (let i = 0; i < dials; i++) {
      await expect(strangers[i % 2]?.node.dial(a.node.id, a.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    }
    expect(invoked).toBe(0)
    expect(a.node.refused.strangers).toBe(dials)
    expect(a.node.connections).toBe(0)
  })

  it('while an invite is out they reach pairing and nothing else: not streams, not identify, not ping', async () => {
    const a = await inviter()
    a.ticket()
    serveEcho(a.node, protocol)
    const b = await cluster.add()
    for (const other of [protocol, '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']) {
      const limit = AbortSignal.timeout(5000)
      const visit = await b.node.door.open(a.node.id, a.addresses, other, { ...options, signal: limit }).catch(() => undefined)
      const frames: Uint8Array[] = []
      try {
        if (visit) for await (const frame of visit.stream.frames) frames.push(frame)
      } catch {}
      expect(frames, other).toEqual([])
      visit?.leave()
      await until(() => a.node.connections === 0, `gone after ${other}`)
    }
    expect(a.node.linked(b.node.id)).toBe(false)
  })

  it('few at a time, and not for long', async () => {
    const a = await cluster.add({ pairingOpen: () => true, limits: { strangers: { max: 2, time: 600, idle: 300 } } })
    a.node.door.handle(pairProtocol, options, () => {})
    const strangers = await Promise.all([1, 2, 3, 4].map(() => cluster.add()))
    const open = (test: TestNode): Promise<unknown> =>
      test.node.door.open(a.node.id, a.addresses, pairProtocol, { ...options, signal: AbortSignal.timeout(5000) })
    const results = await Promise.allSettled(strangers.map(open))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await until(() => a.node.connections === 0, 'cut')
  })

  it('200 silent sockets keep no honest peer out', async () => {
    const [a, b] = await cluster.pair({ limits: { maxInboundRate: 1000, maxPending: 16, maxPendingPerHost: 8 } })
    const port = Number(/tcp\/(\d+)/.exec(a.addresses[0] ?? '')?.[1])
    const silent = Array.from({ length: 200 }, () => connectTcp(port, '127.0.0.1').on('error', () => {}))
    try {
      await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))))
      const started = performance.now()
      await b.node.dial(a.node.id, a.addresses)
      expect(performance.now() - started).toBeLessThan(3000 * slowness)
    } finally {
      for (const socket of silent) socket.destroy()
    }
  })
})
