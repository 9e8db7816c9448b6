import { describe, expect, it } from 'vitest'
import { Links, type LinkWire } from '../../../../src/daemon/swarm/links.js'
import type { LinkEvent } from '../../../../src/daemon/swarm/swarm.js'
import { waitFor } from '../../../wait-for.js'

/** A connection that answers pings, or not. */
class TestWire implements LinkWire {
  readonly peer = 'm'
  readonly rtt = 1
  readonly encryption = 'tls'
  readonly address = '/ip4/10.0.0.1/tcp/1'
  reason: string | undefined
  open = true
  alive = true
  constructor(
    readonly links: Links<TestWire>,
    readonly outbound: boolean,
    readonly since: number,
    readonly via: readonly string[] = [],
  ) {}

  async ping(timeout: number): Promise<number> {
    if (this.alive) return 1
    await new Promise((resolve) => setTimeout(resolve, Math.min(timeout, 20)))
    throw new Error('no answer')
  }

  async close(reason: string): Promise<void> {
    this.abort(reason)
  }

  abort(reason: string): void {
    if (!this.open) return
    this.open = false
    this.reason = reason
    this.links.remove(this)
  }
}

function table(self: string): { links: Links<TestWire>; events: LinkEvent[]; wire(outbound: boolean, alive?: boolean, via?: readonly string[]): TestWire } {
  const links = new Links<TestWire>(self, { confirm: 200, probe: 30, retire: 10 })
  const events: LinkEvent[] = []
  const collect = async (): Promise<void> => {
    for await (const event of links.events()) events.push(event)
  }
  collect().catch(() => {})
  let age = 0
  const wire = (outbound: boolean, alive = true, via: readonly string[] = []): TestWire => {
    const made = new TestWire(links, outbound, ++age, via)
    made.alive = alive
    links.add(made)
    return made
  }
  return { links, events, wire }
}

async function until(condition: () => boolean): Promise<void> {
  await waitFor('the condition', condition)
}

describe('Links', () => {
  it.each([
    ['a', true],
    ['z', false],
  ])('node %s of two that dialled at once keeps the one that the lower id dialled', async (self, outbound) => {
    for (const first of [true, false]) {
      const { links, events, wire } = table(self)
      const wires = [wire(first), wire(!first)]
      await until(() => wires.filter(({ open }) => open).length === 1)
      expect(links.primary('m')?.outbound).toBe(outbound)
      expect(events.map(({ type }) => type)).toEqual(['up'])
    }
  })

  it('keeps the newer of two by the same side: the older is one that the far end has lost', async () => {
    const { links, wire } = table('z')
    const old = wire(false)
    await until(() => links.primary('m') === old)
    const fresh = wire(false)
    await until(() => !old.open)
    expect(links.primary('m')).toBe(fresh)
  })

  it('does not close the one that works for one that is dead', async () => {
    const { links, events, wire } = table('a')
    const dead = wire(true)
    await until(() => links.primary('m') === dead)
    dead.alive = false
    const fresh = wire(false)
    await until(() => !dead.open)
    expect(fresh.open).toBe(true)
    expect(links.primary('m')).toBe(fresh)
    expect(events.map(({ type }) => type)).toEqual(['up'])
  })

  it.each([
    ['a', true],
    ['z', false],
    ['a', false],
    ['z', true],
  ])('node %s keeps a direct connection before one through others, whoever dialled, and says that it moved', async (self, outbound) => {
    for (const directFirst of [true, false]) {
      const { links, events, wire } = table(self)
      const waiting = links.up('m', AbortSignal.timeout(5000), true)
      const wires = directFirst ? [wire(!outbound), wire(outbound, true, ['r'])] : [wire(outbound, true, ['r']), wire(!outbound)]
      const direct = wires[directFirst ? 0 : 1] as TestWire
      expect(await waiting).toBe(direct)
      await until(() => wires.filter(({ open }) => open).length === 1)
      expect(links.primary('m')).toBe(direct)
      expect(links.list()[0]).not.toHaveProperty('via')
      expect(events.map(({ type }) => type)).toEqual(directFirst ? ['up'] : ['up', 'moved'])
    }
  })

  it('stays up through others when the direct connection is lost beside', async () => {
    const { links, events, wire } = table('a')
    const direct = wire(true)
    await until(() => links.primary('m') === direct)
    const relayed = wire(false, true, ['r', 's'])
    links.confirm(relayed)
    direct.abort('cable')
    expect(links.primary('m')).toBe(relayed)
    expect(links.list()).toMatchObject([{ relayed: true, via: ['r', 's'] }])
    await until(() => events.length === 2)
    expect(events.map(({ type }) => type)).toEqual(['up', 'moved'])
  })

  it('says down once, when the last one is gone', async () => {
    const { links, events, wire } = table('a')
    const wires = [wire(true), wire(true)]
    await until(() => wires.filter(({ open }) => open).length === 1)
    for (const each of wires) each.abort('cable')
    await until(() => events.length === 2)
    expect(events).toEqual([
      { type: 'up', peer: 'm' },
      { type: 'down', peer: 'm', reason: 'cable' },
    ])
    expect(links.list()).toEqual([])
  })

  it('never says up for a connection that the far end does not accept, and cuts it', async () => {
    const { links, events, wire } = table('a')
    const refused = wire(true, false)
    await until(() => !refused.open)
    expect(refused.reason).toBe('the peer did not accept the connection')
    expect(links.primary('m')).toBeUndefined()
    expect(events).toEqual([])
  })

  it('a stream from the far end proves the connection', async () => {
    const { links, wire } = table('a')
    const silent = wire(true, false)
    links.confirm(silent)
    expect(links.primary('m')).toBe(silent)
    links.confirm(silent)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(silent.open).toBe(true)
  })

  it('waits for a link, also one that comes from the other side', async () => {
    const { links, wire } = table('a')
    const waiting = links.up('m', AbortSignal.timeout(1000))
    const came = wire(false)
    expect(await waiting).toBe(came)
    await expect(links.up('other', AbortSignal.timeout(10))).rejects.toThrow()
  })
})
