import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { History, type HistoryPage } from '../../../../src/plugins/monitor/history.js'
import { type MonitorSummary, monitor } from '../../../../src/plugins/monitor/monitor.js'
import { type FakeContext, type FakeContextOptions, fakeContext, fakePeer } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const track = { id: 1, kind: 'data', codec: 'text' } as const
const frame = (size: number) => ({ track: 1, timestamp: 0, key: true, data: new Uint8Array(size) })

async function running(options: FakeContextOptions = {}) {
  const fake = await fakeContext(monitor(), options).start()
  const summary = async () => (await fake.request('GET', '/monitor/summary')) as MonitorSummary
  const events = async (query: Record<string, unknown> = {}) => (await fake.request('GET', '/monitor/events', { query })) as HistoryPage
  return { fake, summary, events }
}

/** Resolves when the monitor has seen `count` events of a type. */
async function seen(fake: Pick<FakeContext, 'request'>, type: string, count: number): Promise<void> {
  await waitFor(`${count} ${type}`, async () => ((await fake.request('GET', '/monitor/summary')) as MonitorSummary).events[type] === count)
}

describe('GET /monitor/summary', () => {
  it('counts what is there', async () => {
    const peers = [fakePeer({ id: 'a' }), fakePeer({ id: 'b', connected: false })]
    const { fake, summary } = await running({ peers })
    const publication = fake.streams.publish('a', [track])
    fake.streams.publish('b', [track]).write(frame(7))
    const reader = await fake.streams.subscribe('a')
    for (let at = 0; at < 3; at++) publication.write(frame(100))
    await seen(fake, 'published', 2)
    expect(await summary()).toMatchObject({
      node: { name: 'test-node' },
      ...{ streams: 2, subscribers: 1, framesIn: 4, bytesIn: 307, framesDropped: 0, missed: 0 },
      peers: { known: 2, connected: 1 },
      events: { published: 2, subscribed: 1 },
    })
    expect((await summary()).uptime).toBeGreaterThanOrEqual(0)
    reader.close()
    publication.close()
    fake.peers.emit({ type: 'connected', peer: 'b', name: 'b', time: 1 })
    await seen(fake, 'connected', 1)
    expect(await summary()).toMatchObject({
      streams: 1,
      subscribers: 0,
      bytesIn: 7,
      events: { published: 2, subscribed: 1, unsubscribed: 1, unpublished: 1, connected: 1 },
    })
    await fake.stop()
  })

  it('survives lag: what was missed is recorded and counting goes on', async () => {
    const { fake, summary, events } = await running({ eventQueue: 8 })
    for (let at = 0; at < 100; at++) fake.streams.emit({ type: 'published', path: `${at}`, publisher: 'x', time: at })
    await seen(fake, 'lagged', 1)
    const { missed, events: counts } = await summary()
    expect([missed, counts['published']]).toEqual([92, 8])
    expect((await events()).events.at(-1)).toMatchObject({ type: 'lagged', missed: 92, source: 'streams' })
    fake.streams.emit({ type: 'published', path: 'after', publisher: 'x', time: 0 })
    await seen(fake, 'published', 9)
    await fake.stop()
  })
})

describe('GET /monitor/events', () => {
  it('gives the newest events, newest last, as many as are kept', async () => {
    const { fake, events } = await running({ config: { history: 5 } })
    for (let at = 1; at <= 20; at++) fake.peers.emit({ type: 'seen', peer: `p${at}`, name: '', time: at })
    await seen(fake, 'seen', 20)
    const page = await events()
    expect(page.events.map(({ seq, peer }) => `${seq} ${peer}`)).toEqual(['16 p16', '17 p17', '18 p18', '19 p19', '20 p20'])
    expect(page).toMatchObject({ next: 20, missed: 0 })
    expect((await events({ limit: 2 })).events.map(({ seq }) => seq)).toEqual([19, 20])
    // query values may arrive as text
    expect(await events({ since: '17', limit: '2' })).toMatchObject({ events: [{ seq: 18 }, { seq: 19 }], next: 19, missed: 0 })
    expect(await events({ since: 3, limit: 1 })).toMatchObject({ events: [{ seq: 16 }], next: 16, missed: 12 })
    expect(await events({ since: 20 })).toEqual({ events: [], next: 20, missed: 0 })
    await fake.stop()
  })

  it('is empty at first', async () => {
    const { fake, events } = await running()
    expect([await events(), await events({ since: 0 }), await events({ since: 99 })]).toEqual(Array(3).fill({ events: [], next: 0, missed: 0 }))
    await fake.stop()
  })
})

describe('GET /monitor/live', () => {
  it('follows events, tells a slow reader what it missed, and ends with its client and with the plugin', async () => {
    const { fake } = await running({ config: { history: 3 } })
    const client = new AbortController()
    const live = (await fake.request('GET', '/monitor/live', { signal: client.signal })) as AsyncIterableIterator<unknown>
    const first = live.next()
    fake.streams.publish('a', [track])
    expect((await first).value).toMatchObject({ seq: 1, type: 'published', path: 'a', source: 'streams' })
    for (let at = 0; at < 10; at++) fake.peers.emit({ type: 'seen', peer: `${at}`, name: '', time: 0 })
    await seen(fake, 'seen', 10)
    const next = []
    for (let at = 0; at < 4; at++) next.push((await live.next()).value)
    expect(next).toMatchObject([{ type: 'lagged', missed: 7 }, { seq: 9 }, { seq: 10 }, { seq: 11 }])
    const waiting = live.next()
    client.abort()
    expect((await waiting).done).toBe(true)
    const other = (await fake.request('GET', '/monitor/live')) as AsyncIterableIterator<unknown>
    const last = other.next()
    expect((await fake.stop()).tasks).toEqual([])
    expect((await last).done).toBe(true)
  })
})

describe('History', () => {
  it('agrees with a plain list, for any number of events and any page', () => {
    const history = fc.record({
      kept: fc.integer({ min: 1, max: 20 }),
      events: fc.nat(100),
      since: fc.option(fc.nat(110), { nil: undefined }),
      limit: fc.integer({ min: 1, max: 30 }),
    })
    fc.assert(
      fc.property(history, ({ kept, events, since, limit }) => {
        const own = new History(kept)
        for (let at = 1; at <= events; at++) own.add({ time: at, source: 'peers', type: 'seen' })
        const all = Array.from({ length: events }, (_, at) => at + 1)
        const left = all.slice(-kept)
        const expected = since === undefined ? left.slice(-limit) : left.filter((seq) => seq > since).slice(0, limit)
        const page = own.page(since, limit)
        expect(page.events.map(({ seq }) => seq)).toEqual(expected)
        expect(page.next).toBe(expected.at(-1) ?? events)
        expect(page.missed).toBe(since === undefined ? 0 : all.filter((seq) => seq > since && !left.includes(seq)).length)
      }),
    )
  })
})
