import { describe, expect, it } from 'vitest'
import type { DiscoveryEvent } from '../../../../src/daemon/swarm/discovery.js'
import { type Clock, type DesiredPeer, Supervisor } from '../../../../src/daemon/swarm/supervisor.js'
import type { LinkEvent } from '../../../../src/daemon/swarm/swarm.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'
import { abortable } from '../../../../src/daemon/util/wait.js'
import { ShoalError } from '../../../../src/errors.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

/** Time that moves when told to. */
class TestClock implements Clock {
  #now = 0
  #timers: { at: number; run: () => void }[] = []
  now = (): number => this.#now

  schedule(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get timers(): number {
    return this.#timers.length
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve()
}

/** A network in which peers can be reached or not. */
class TestNetwork {
  readonly clock = new TestClock()
  readonly links = new Broadcast<LinkEvent>(() => ({ type: 'down', peer: '' }))
  readonly news = new Broadcast<DiscoveryEvent>((missed) => ({ type: 'lagged', missed }))
  readonly linked = new Set<string>()
  readonly reachable = new Map<string, string>()
  readonly heard = new Map<string, string[]>()
  readonly dials: { at: number; peer: string; addresses: readonly string[] }[] = []
  readonly learned: [string, readonly string[]][] = []
  /** Peers that are quicker: their own dial makes the link. */
  readonly quicker = new Set<string>()
  /** Peers to which others lead; whether they do is for the try to find out. */
  readonly ways = new Map<string, boolean>()
  readonly through = new Set<string>()
  readonly detours: { at: number; peer: string }[] = []
  desired: DesiredPeer[] = []
  active = 0
  mostActive = 0
  /** ms that a dial to nowhere takes; Infinity: until it is aborted. */
  patience = 5000

  readonly supervisor: Supervisor

  constructor(self = 'b') {
    this.supervisor = new Supervisor({
      node: {
        id: self,
        linked: (peer) => this.linked.has(peer),
        dial: (peer, addresses, signal) => this.#dial(peer, addresses, signal),
        events: (signal) => this.links.listen(signal),
      },
      discovery: { addressesOf: (peer) => this.heard.get(peer) ?? [], events: (signal) => this.news.listen(signal) },
      reach: {
        reachable: (peer) => this.ways.has(peer),
        relayed: (peer) => this.through.has(peer),
        dialThrough: (peer, signal) => this.#dialThrough(peer, signal),
      },
      desired: () => this.desired,
      onAddresses: (peer, addresses) => this.learned.push([peer, addresses]),
      log: memoryLog(),
      clock: this.clock,
      random: () => 0.5,
    })
  }

  async #dial(peer: string, addresses: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    this.dials.push({ at: this.clock.now(), peer, addresses })
    this.mostActive = Math.max(this.mostActive, ++this.active)
    try {
      await abortable(
        new Promise<void>((resolve) => {
          const target = this.reachable.get(peer)
          if (target !== undefined && addresses.includes(target)) this.clock.schedule(10, resolve)
          else if (Number.isFinite(this.patience)) this.clock.schedule(this.patience, resolve)
        }),
        signal,
      )
      const target = this.reachable.get(peer)
      if (target === undefined || !addresses.includes(target)) throw new ShoalError('ERR_PEER_UNREACHABLE', 'no route')
      this.up(peer)
      return this.quicker.has(peer) ? undefined : target
    } finally {
      this.active--
    }
  }

  async #dialThrough(peer: string, signal: AbortSignal): Promise<void> {
    this.detours.push({ at: this.clock.now(), peer })
    await abortable(new Promise<void>((resolve) => this.clock.schedule(20, resolve)), signal)
    if (!this.ways.get(peer)) throw new ShoalError('ERR_NO_ROUTE', 'none')
    this.through.add(peer)
    this.linked.add(peer)
    this.links.emit({ type: 'up', peer })
  }

  up(peer: string): void {
    const moved = this.through.delete(peer)
    this.linked.add(peer)
    this.links.emit({ type: moved ? 'moved' : 'up', peer })
  }

  down(peer: string): void {
    this.through.delete(peer)
    this.linked.delete(peer)
    this.links.emit({ type: 'down', peer })
  }

  want(...peers: string[]): void {
    this.desired = peers.map((peer) => ({ peer, addresses: [`/at/${peer}`] }))
  }

  count(peer: string): number {
    return this.dials.filter((dial) => dial.peer === peer).length
  }
}

describe('Supervisor', () => {
  it('links what is desired, and tells which address worked', async () => {
    const net = new TestNetwork()
    net.want('c', 'd')
    net.reachable.set('c', '/at/c').set('d', '/at/d')
    net.supervisor.start()
    await net.clock.advance(100)
    expect([...net.linked]).toEqual(['c', 'd'])
    expect(net.learned).toEqual([
      ['c', ['/at/c']],
      ['d', ['/at/d']],
    ])
    expect(net.supervisor.status()).toEqual([
      { peer: 'c', state: 'linked', attempts: 0 },
      { peer: 'd', state: 'linked', attempts: 0 },
    ])
    net.supervisor.stop()
    expect(net.clock.timers).toBe(0)
  })

  it('learns no address from a link that the peer dialled', async () => {
    const net = new TestNetwork()
    net.want('c')
    net.reachable.set('c', '/at/c')
    net.quicker.add('c')
    net.supervisor.start()
    await net.clock.advance(100)
    expect(net.supervisor.status()).toEqual([{ peer: 'c', state: 'linked', attempts: 0 }])
    expect(net.learned).toEqual([])
    net.supervisor.stop()
  })

  it.each([5, 31, 75, 600, 86_400])('is linked again within 15 s of a partition of %i s', async (seconds) => {
    const net = new TestNetwork()
    net.want('c')
    net.reachable.set('c', '/at/c')
    net.supervisor.start()
    await net.clock.advance(60_000)
    net.reachable.clear()
    net.down('c')
    await net.clock.advance(seconds * 1000)
    expect(net.linked.size).toBe(0)
    net.reachable.set('c', '/at/c')
    await net.clock.advance(15_000)
    expect([...net.linked]).toEqual(['c'])
    net.supervisor.stop()
  })

  it('never dials more than three at once, and one that is heard of goes first', async () => {
    const net = new TestNetwork()
    net.patience = Number.POSITIVE_INFINITY
    const dead = Array.from({ length: 20 }, (_, i) => `x${i}`)
    net.want(...dead, 'z')
    net.reachable.set('z', '/at/z')
    net.supervisor.start()
    await net.clock.advance(20)
    expect(net.active).toBe(3)
    net.news.emit({ type: 'seen', peer: 'z' })
    await net.clock.advance(20_100)
    expect(net.linked.has('z')).toBe(true)
    expect(net.mostActive).toBe(3)
    net.supervisor.stop()
    await settle()
    expect(net.active).toBe(0)
  })

  it('a peer that was linked comes before those that never were: whoever introduces many that hang delays nobody else', async () => {
    const net = new TestNetwork('a')
    net.patience = Number.POSITIVE_INFINITY
    net.desired = [{ peer: 'p', addresses: ['/p'] }]
    net.reachable.set('p', '/p')
    net.supervisor.start()
    await net.clock.advance(100)
    expect(net.linked.has('p')).toBe(true)
    net.desired = [...net.desired, ...Array.from({ length: 256 }, (_, at) => ({ peer: `fake${at}`, addresses: [`/f${at}`] }))]
    net.supervisor.refresh()
    await net.clock.advance(60_000)
    const lost = net.clock.now()
    net.down('p')
    // at most until the first of three that hang is given up
    await net.clock.advance(25_000)
    expect(net.linked.has('p')).toBe(true)
    expect(net.dials.findLast(({ peer }) => peer === 'p')?.at ?? 0).toBeGreaterThan(lost)
    net.supervisor.stop()
  })

  it('tries longer and longer apart, up to 10 s, for ever', async () => {
    const net = new TestNetwork()
    net.patience = 0
    net.want('c')
    net.supervisor.start()
    await net.clock.advance(120_000)
    const pauses = net.dials.slice(1).map(({ at }, i) => at - (net.dials[i]?.at ?? 0))
    expect(pauses.slice(0, 4)).toEqual([188, 375, 750, 1500])
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000)
    const before = net.dials.length
    await net.clock.advance(3_600_000)
    expect(net.dials.length - before).toBeGreaterThan(350)
    expect(net.supervisor.status()).toMatchObject([{ peer: 'c', state: 'waiting', lastError: { code: 'ERR_PEER_UNREACHABLE' }, nextTry: expect.any(Number) }])
    net.supervisor.stop()
  })

  it('dials at once when a peer is heard of, or an interface comes back', async () => {
    const net = new TestNetwork()
    net.patience = 0
    net.want('c')
    net.supervisor.start()
    await net.clock.advance(300_000)
    net.reachable.set('c', '/new')
    net.heard.set('c', ['/new'])
    net.news.emit({ type: 'updated', peer: 'c' })
    await net.clock.advance(50)
    expect(net.linked.has('c')).toBe(true)
    net.down('c')
    net.reachable.clear()
    await net.clock.advance(300_000)
    net.reachable.set('c', '/new')
    net.news.emit({ type: 'network' })
    await net.clock.advance(50)
    expect(net.linked.has('c')).toBe(true)
    net.supervisor.stop()
  })

  it('an interface that comes back also ends a dial that hangs on the old network', async () => {
    const net = new TestNetwork()
    net.patience = Number.POSITIVE_INFINITY
    net.want('c')
    net.supervisor.start()
    await net.clock.advance(100)
    expect(net.active).toBe(1)
    net.reachable.set('c', '/at/c')
    net.news.emit({ type: 'network' })
    await net.clock.advance(100)
    expect(net.linked.has('c')).toBe(true)
    net.supervisor.stop()
  })

  it('forged news of a peer do not make a storm', async () => {
    const net = new TestNetwork()
    net.patience = 0
    net.want('c')
    net.supervisor.start()
    await net.clock.advance(300_000)
    const before = net.dials.length
    for (let i = 0; i < 1000; i++) {
      net.news.emit({ type: 'updated', peer: 'c' })
      net.news.emit({ type: 'seen', peer: `stranger${i}` })
      await net.clock.advance(10)
    }
    expect(net.dials.length - before).toBeLessThan(30)
    expect(new Set(net.dials.map(({ peer }) => peer))).toEqual(new Set(['c']))
    net.supervisor.stop()
  })

  it('the higher id lets the lower one go first', async () => {
    const low = new TestNetwork('a')
    const high = new TestNetwork('z')
    for (const net of [low, high]) {
      net.want('m')
      net.supervisor.start()
      await net.clock.advance(500)
    }
    expect(low.count('m')).toBeGreaterThan(0)
    expect(high.count('m')).toBe(0)
    await high.clock.advance(1000)
    expect(high.count('m')).toBe(1)
    low.supervisor.stop()
    high.supervisor.stop()
  })

  it('a link that is lost again and again is not dialled in a tight loop', async () => {
    const net = new TestNetwork()
    net.want('c')
    net.reachable.set('c', '/at/c')
    net.supervisor.start()
    for (let i = 0; i < 600; i++) {
      await net.clock.advance(100)
      if (net.linked.has('c')) net.down('c')
    }
    expect(net.dials.length).toBeLessThan(20)
    net.supervisor.stop()
  })

  it('stops to dial a peer that is not desired any more, and never dials another', async () => {
    const net = new TestNetwork()
    net.patience = Number.POSITIVE_INFINITY
    net.want('c')
    net.supervisor.start()
    await net.clock.advance(10)
    expect(net.active).toBe(1)
    net.want()
    net.supervisor.refresh()
    await settle()
    expect(net.active).toBe(0)
    net.up('stranger')
    net.down('stranger')
    net.news.emit({ type: 'seen', peer: 'c' })
    await net.clock.advance(60_000)
    expect(net.dials).toHaveLength(1)
    expect(net.supervisor.status()).toEqual([])
    net.supervisor.stop()
  })

  it('finds the address that works among many that do not', async () => {
    const net = new TestNetwork()
    net.patience = 0
    net.desired = [{ peer: 'c', addresses: Array.from({ length: 20 }, (_, i) => `/dead/${i}`) }]
    net.reachable.set('c', '/dead/17')
    net.supervisor.start()
    await net.clock.advance(60_000)
    expect(net.linked.has('c')).toBe(true)
    expect(net.learned[0]?.[1][0]).toBe('/dead/17')
    net.supervisor.stop()
  })

  it('forged addresses do not keep it from those it knows, nor old ones from those it hears', async () => {
    const lies = Array.from({ length: 32 }, (_, i) => `/lie/${i}`)
    const net = new TestNetwork()
    net.desired = [
      { peer: 'c', addresses: ['/at/c'] },
      { peer: 'd', addresses: ['/old/1', '/old/2'] },
      { peer: 'e', addresses: ['/old/1', '/at/e'] },
    ]
    net.heard
      .set('c', lies)
      .set('d', ['/new/d'])
      .set('e', [...lies, '/at/e'])
    net.supervisor.start()
    await net.clock.advance(10)
    expect(net.dials.map(({ addresses }) => addresses.slice(0, 2))).toEqual([
      ['/lie/0', '/at/c'],
      ['/new/d', '/old/1'],
      ['/at/e', '/lie/0'],
    ])
    net.supervisor.stop()
  })

  it('waits for an address, and does not hold a place meanwhile', async () => {
    const net = new TestNetwork()
    net.desired = ['c', 'd', 'e', 'f'].map((peer) => ({ peer, addresses: [] }))
    net.supervisor.start()
    await net.clock.advance(60_000)
    expect(net.dials).toEqual([])
    expect(net.supervisor.status()[0]).toMatchObject({ state: 'waiting', lastError: { message: 'No address of the peer is known yet.' } })
    net.heard.set('f', ['/f'])
    net.reachable.set('f', '/f')
    net.news.emit({ type: 'seen', peer: 'f' })
    await net.clock.advance(100)
    expect([...net.linked]).toEqual(['f'])
    net.supervisor.stop()
  })

  it('tries a way through others when two dials have failed, and goes on dialling until the link is direct', async () => {
    const net = new TestNetwork()
    net.patience = 0
    net.want('c')
    net.ways.set('c', true)
    net.supervisor.start()
    await net.clock.advance(1000)
    expect(net.detours).toHaveLength(1)
    expect(net.dials.filter(({ at }) => at <= (net.detours[0]?.at ?? 0))).toHaveLength(2)
    expect(net.through.has('c')).toBe(true)
    expect(net.supervisor.status()).toMatchObject([{ peer: 'c', state: 'linked' }])
    const before = net.dials.length
    await net.clock.advance(600_000)
    expect(net.dials.length - before).toBeGreaterThan(50)
    expect(net.detours).toHaveLength(1)
    net.reachable.set('c', '/at/c')
    await net.clock.advance(15_000)
    expect(net.through.has('c')).toBe(false)
    const dials = net.dials.length
    await net.clock.advance(60_000)
    expect(net.dials).toHaveLength(dials)
    expect(net.supervisor.status()).toEqual([{ peer: 'c', state: 'linked', attempts: 0 }])
    net.supervisor.stop()
    expect(net.clock.timers).toBe(0)
  })

  it('does not wait for dials that hang, needs no address, and asks for no way where nobody leads', async () => {
    const net = new TestNetwork()
    net.patience = Number.POSITIVE_INFINITY
    net.want('c', 'd', 'e')
    net.desired = net.desired.map((one) => (one.peer === 'd' ? { peer: 'd', addresses: [] } : one))
    net.ways.set('c', true).set('d', true)
    net.supervisor.start()
    await net.clock.advance(1500)
    expect([...net.through]).toEqual(['d'])
    await net.clock.advance(2000)
    expect([...net.through]).toEqual(['d', 'c'])
    await net.clock.advance(60_000)
    expect(net.detours.some(({ peer }) => peer === 'e')).toBe(false)
    net.supervisor.stop()
    await settle()
    expect(net.clock.timers).toBe(0)
  })

  it('takes another way at once when the one through others dies, and does not hammer where there is none', async () => {
    const net = new TestNetwork()
    net.patience = 0
    net.want('c')
    net.ways.set('c', true)
    net.supervisor.start()
    await net.clock.advance(60_000)
    const lost = net.clock.now()
    net.down('c')
    await net.clock.advance(100)
    expect(net.detours.at(-1)?.at).toBe(lost)
    expect(net.through.has('c')).toBe(true)
    net.ways.set('c', false)
    net.down('c')
    const before = net.detours.length
    await net.clock.advance(600_000)
    const tries = net.detours.length - before
    expect(tries).toBeGreaterThan(40)
    expect(tries).toBeLessThan(100)
    net.supervisor.stop()
  })
})
