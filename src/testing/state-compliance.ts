/** What services of the slots `stateRegistry` and `subscriptionRegistry` have to do right. */

import type { StateRegistries, SubscriptionRegistries } from '../services.js'
import { type ClusterSuite, collect, eventually, onThree, partitionTest, type Trio } from './cluster-subject.js'
import { codeOf, type TestApi } from './test-api.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Runs the suite for a `stateRegistry`. */
export function stateRegistryCompliance(api: TestApi, name: string, suite: ClusterSuite<StateRegistries>): void {
  api.describe(`${name} as a state registry`, () => {
    ownerTests(api, suite)
    memberTests(api, suite)
  })
}

/** Does every node see these owners, and no other name? */
function agreed(nodes: readonly { readonly service: StateRegistries }[], wanted: Record<string, readonly string[]>): boolean {
  const expected = JSON.stringify(
    Object.entries(wanted)
      .map(([name, owners]) => [name, [...owners].sort()])
      .sort(),
  )
  return nodes.every(({ service }) => {
    const registry = service.getRegistry('t')
    return JSON.stringify(registry.getAll().map((name) => [name, registry.ownersOf(name)])) === expected
  })
}

function ownerTests({ it, expect }: TestApi, suite: ClusterSuite<StateRegistries>): void {
  it('shows each name with its owners everywhere, and counts references of a node', () =>
    onThree(suite, async (_, nodes) => {
      const [a, b, c] = nodes.map(({ service }) => service.getRegistry('t')) as [Registry, Registry, Registry]
      for (const name of ['x', 'x', 'y']) a.add(name)
      b.add('x')
      expect([a.has('x'), [...a.getAll()], a.topic]).toEqual([true, ['x', 'y'], 't'])
      await eventually(suite, 'the names', () => agreed(nodes, { x: [nodes[0].peer, nodes[1].peer], y: [nodes[0].peer] }))
      expect([[...c.getAll(nodes[1].peer)], [...c.getAll('nobody')], c.has('z')]).toEqual([['x'], [], false])
      a.remove('x')
      a.remove('y')
      await eventually(suite, 'y to go', () => agreed(nodes, { x: [nodes[0].peer, nodes[1].peer] }))
      a.remove('x')
      b.remove('x')
      await eventually(suite, 'all to go', () => agreed(nodes, {}))
    }))

  it('leaves no ghost: removing more often than adding, while another node owns the name', () =>
    onThree(suite, async (_, nodes) => {
      const [a, b] = nodes.map(({ service }) => service.getRegistry('t')) as [Registry, Registry, Registry]
      b.add('x')
      await eventually(suite, 'x', () => agreed(nodes, { x: [nodes[1].peer] }))
      for (let round = 0; round < 2; round++) {
        a.add('x')
        a.remove('x')
        a.remove('x')
      }
      a.add('end')
      await eventually(suite, 'the end', () => agreed(nodes, { x: [nodes[1].peer], end: [nodes[0].peer] }))
      a.add('x')
      await eventually(suite, 'one add to count', () => agreed(nodes, { x: [nodes[0].peer, nodes[1].peer], end: [nodes[0].peer] }))
    }))

  it('tells of the first owner and the last', () =>
    onThree(suite, async (_, nodes) => {
      const [a, b, c] = nodes.map(({ service }) => service.getRegistry('t')) as [Registry, Registry, Registry]
      const events = collect((signal) => c.events({ signal }))
      a.add('x')
      await eventually(suite, 'x', () => agreed(nodes, { x: [nodes[0].peer] }))
      b.add('x')
      await eventually(suite, 'two owners', () => agreed(nodes, { x: [nodes[0].peer, nodes[1].peer] }))
      a.remove('x')
      await eventually(suite, 'one owner', () => agreed(nodes, { x: [nodes[1].peer] }))
      b.remove('x')
      await eventually(suite, 'no owner', () => agreed(nodes, {}))
      await events.stop()
      expect(events.values).toEqual([
        { type: 'added', name: 'x' },
        { type: 'removed', name: 'x' },
      ])
    }))

  it('keeps topics apart, gives one registry for one topic, and refuses wrong texts', () =>
    onThree(suite, async (_, [a, b]) => {
      a.service.getRegistry('t').add('x')
      a.service.getRegistry('other').add('y')
      await eventually(suite, 'both', () => b.service.getRegistry('other').has('y') && b.service.getRegistry('t').has('x'))
      expect([b.service.getRegistry('t').has('y'), [...b.service.getRegistry('other').getAll()]]).toEqual([false, ['y']])
      const [first, second] = [a.service.getRegistry('t'), a.service.getRegistry('t')]
      expect(first === second && first.has('x')).toBe(true)
      expect(await codeOf(() => a.service.getRegistry(''))).toBe('ERR_USAGE')
      for (const wrong of ['', 'x'.repeat(513)]) expect(await codeOf(() => a.service.getRegistry('t').add(wrong))).toBe('ERR_USAGE')
    }))

  it('carries many names', () =>
    onThree(suite, async (_, nodes) => {
      const names = Array.from({ length: 3000 }, (__, at) => `name-${String(at).padStart(5, '0')}-ä`)
      const registry = nodes[0].service.getRegistry('t')
      for (const one of names) registry.add(one)
      await eventually(suite, 'the names', () => nodes[2].service.getRegistry('t').getAll().length === 3000)
      for (const one of names.slice(1)) registry.remove(one)
      await eventually(suite, 'the names to go', () => agreed(nodes, { [names[0] ?? '']: [nodes[0].peer] }))
    }))
}

function memberTests(api: TestApi, suite: ClusterSuite<StateRegistries>): void {
  for (const end of ['stop', 'kill'] as const) {
    api.it(`${end}: what a node owned goes with it, what others own stays`, () =>
      onThree(suite, async (subject, nodes) => {
        for (const { service } of nodes) service.getRegistry('t').add('shared')
        nodes[2].service.getRegistry('t').add('own')
        const all = nodes.map(({ peer }) => peer)
        await eventually(suite, 'the names', () => agreed(nodes, { shared: all, own: [nodes[2].peer] }))
        await subject[end](2)
        await eventually(suite, 'its names to go', () => agreed(nodes.slice(0, 2), { shared: all.slice(0, 2) }))
      }),
    )
  }

  partitionTest(api, suite, 'each part of a split shows its own, and the whole what is so then', async (subject, nodes) => {
    const [a, , c] = nodes.map(({ service }) => service.getRegistry('t')) as [Registry, Registry, Registry]
    const [pa, , pc] = nodes.map(({ peer }) => peer) as [string, string, string]
    a.add('kept')
    a.add('dropped')
    c.add('kept')
    await eventually(suite, 'the names', () => agreed(nodes, { kept: [pa, pc], dropped: [pa] }))
    await subject.split([0, 1], [2])
    await eventually(suite, 'the split', () => agreed(nodes.slice(0, 2), { kept: [pa], dropped: [pa] }) && agreed(nodes.slice(2), { kept: [pc] }))
    a.remove('dropped')
    c.add('new')
    await subject.heal()
    await eventually(suite, 'the whole', () => agreed(nodes, { kept: [pa, pc], new: [pc] }))
  })
}

type Registry = ReturnType<StateRegistries['getRegistry']>

/** What a subscription suite may count. */
export interface SubscriptionSuite extends ClusterSuite<SubscriptionRegistries> {
  /** Messages that all nodes have sent so far. Where given, a message nobody wants has to cost none. */
  readonly sent?: () => number
}

/** Runs the suite for a `subscriptionRegistry`. */
export function subscriptionRegistryCompliance({ describe, it, expect }: TestApi, name: string, suite: SubscriptionSuite): void {
  const registries = (nodes: Trio<SubscriptionRegistries>) => nodes.map(({ service }) => service.getRegistry('t')) as [Topic, Topic, Topic]

  describe(`${name} as a subscription registry`, () => {
    it('publishes to the subscribers of every node once, but not to the one excepted', () =>
      onThree(suite, async (_, nodes) => {
        const [a, b, c] = registries(nodes)
        const got: string[] = []
        const subscriber = (who: string) => (published: { name: string; peer: string; body: Uint8Array }) =>
          void got.push(`${who} ${published.name} ${published.peer} ${new TextDecoder().decode(published.body)}`)
        const [own, second, other, far] = ['own', 'second', 'other', 'far'].map(subscriber) as [Sink, Sink, Sink, Sink]
        a.subscribe('x', own)
        a.subscribe('x', second)
        a.subscribe('y', other)
        b.subscribe('x', far)
        await eventually(suite, 'the interest', () => c.interested('x').length === 2 && a.interested('x').length === 2)
        await a.publish('x', bytes('1'), { except: own })
        await c.publish('x', bytes('2'))
        await eventually(suite, 'the messages', () => got.length === 5)
        const [pa, , pc] = nodes.map(({ peer }) => peer)
        expect(got.sort()).toEqual([`far x ${pa} 1`, `far x ${pc} 2`, `own x ${pc} 2`, `second x ${pa} 1`, `second x ${pc} 2`].sort())
        expect([a.subscribers('x'), b.subscribers('x'), c.subscribers('x'), [...c.names()]]).toEqual([2, 1, 0, ['x', 'y']])
      }))

    it('sends nothing that nobody wants', () =>
      onThree(suite, async (_, nodes) => {
        const [a, b, c] = registries(nodes)
        const got: string[] = []
        const stop = b.subscribe('x', ({ name: of }) => void got.push(of))
        c.subscribe('end', ({ name: of }) => void got.push(of))
        await eventually(suite, 'the interest', () => a.interested('x').length === 1 && a.interested('end').length === 1)
        stop()
        await eventually(suite, 'the interest to end', () => a.interested('x').length === 0)
        const before = suite.sent?.() ?? 0
        await Promise.all(Array.from({ length: 100 }, () => a.publish('x', bytes('?'))))
        // digests and the like may be among them
        expect((suite.sent?.() ?? 0) - before).toBeLessThanOrEqual(10)
        await a.publish('end', bytes(''))
        await eventually(suite, 'the end', () => got.length > 0)
        expect(got).toEqual(['end'])
      }))

    it('refuses a second subscription of one subscriber, and takes it again after the first ended', () =>
      onThree(suite, async (_, nodes) => {
        const [a] = registries(nodes)
        const sink = (): void => {}
        const stop = a.subscribe('x', sink)
        expect(await codeOf(() => a.subscribe('x', sink))).toBe('ERR_USAGE')
        stop()
        const again = a.subscribe('x', sink)
        stop()
        expect(a.subscribers('x')).toBe(1)
        again()
        expect(a.subscribers('x')).toBe(0)
        for (const wrong of ['', 'x'.repeat(513)]) expect(await codeOf(() => a.subscribe(wrong, sink))).toBe('ERR_USAGE')
      }))

    it('ends subscriptions with their signal, and leaves no interest', () =>
      onThree(suite, async (_, nodes) => {
        const [a, b] = registries(nodes)
        const connection = new AbortController()
        for (const one of ['x', 'y', 'z']) a.subscribe(one, () => {}, { signal: connection.signal })
        await eventually(suite, 'the interest', () => b.names().length === 3)
        connection.abort(new Error('closed'))
        expect([a.subscribers('x'), a.subscribers('y')]).toEqual([0, 0])
        await eventually(suite, 'the interest to end', () => b.names().length === 0)
        a.subscribe('x', () => {}, { signal: connection.signal })
        expect(a.subscribers('x')).toBe(0)
      }))

    it('tells of the first subscriber in the cluster and the last', () =>
      onThree(suite, async (subject, nodes) => {
        const [a, b, c] = registries(nodes)
        const events = collect((signal) => a.events({ signal }))
        b.subscribe('x', () => {})
        await eventually(suite, 'the first', () => a.interested('x').length === 1)
        c.subscribe('x', () => {})
        await eventually(suite, 'the second', () => a.interested('x').length === 2)
        await subject.kill(1)
        await subject.kill(2)
        await eventually(suite, 'the last to go', () => a.interested('x').length === 0)
        await events.stop()
        expect(events.values).toEqual([
          { type: 'first', name: 'x' },
          { type: 'last', name: 'x' },
        ])
      }))

    it('contains a subscriber that throws', () =>
      onThree(suite, async (_, nodes) => {
        const [a] = registries(nodes)
        const got: string[] = []
        a.subscribe('x', () => {
          throw new Error('not today')
        })
        a.subscribe('x', ({ name: of }) => void got.push(of))
        await a.publish('x', bytes(''))
        expect(got).toEqual(['x'])
      }))
  })
}

type Topic = ReturnType<SubscriptionRegistries['getRegistry']>
type Sink = Parameters<Topic['subscribe']>[1]
