/** The cluster slots in whole daemons: leader, locks, routed publish and shared state over links that come and go, and a replacement that is used. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definePlugin, type Plugin } from '../../src/plugin.js'
import type { ClusterMessage, ClusterNode, ClusterRegistry, Lock, ServiceName, Services } from '../../src/services.js'
import { waitFor } from '../wait-for.js'
import { isLinked, Nodes, type TestNode } from './nodes.js'
import { Outage } from './outage.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (body: Uint8Array): string => new TextDecoder().decode(body)
const use = <K extends ServiceName>(node: TestNode, slot: K): Services[K] => node.probe.ctx.use(slot)
const membersOf = (node: TestNode): readonly string[] => use(node, 'clusterRegistry').members()

async function take(node: TestNode, name: string): Promise<Lock> {
  return await waitFor(`the lock ${name} on ${node.name}`, () => use(node, 'locks').get(name), 20_000)
}

describe('three daemons', () => {
  const nodes = new Nodes()
  const outage = new Outage()
  let all: TestNode[]
  let a: TestNode
  let b: TestNode
  let c: TestNode

  beforeAll(async () => {
    a = await nodes.start('a')
    b = await nodes.start('b')
    c = await nodes.start('c')
    all = [a, b, c]
    for (const address of all.flatMap(({ daemon }) => daemon.addresses)) outage.watch(address)
    await nodes.join(a, b)
    await nodes.join(a, c)
    // whether or not a introduced them to each other by now
    if (!isLinked(b, c)) await nodes.join(b, c)
    await waitFor('all to be members', () => all.every((node) => membersOf(node).length === 3))
  })

  afterAll(async () => {
    await nodes.dispose()
    outage.close()
  })

  it('see the same members and the same leader', () => {
    const ids = all.map(({ id }) => id).sort()
    for (const node of all) {
      expect(membersOf(node)).toEqual(ids)
      expect([use(node, 'clusterRegistry').leader(), use(node, 'clusterRegistry').isLeader()]).toEqual([ids[0], node.id === ids[0]])
    }
  })

  it('send to all others and to one, in order, and a plugin may not use the topics of the daemon', async () => {
    const got: string[] = []
    const stop = new AbortController()
    const listen = async (node: TestNode, messages: AsyncIterable<ClusterMessage>): Promise<void> => {
      for await (const message of messages) if (message.type === 'message') got.push(`${node.name} ${message.peer === a.id} ${text(message.body)}`)
    }
    const reading = all.map((node) => listen(node, use(node, 'clusterNode').subscribe('my/topic', { signal: stop.signal })))
    await Promise.all([1, 2, 3].map((number) => use(a, 'clusterNode').send('my/topic', bytes(`${number}`))))
    await use(a, 'clusterNode').sendDirect(c.id, 'my/topic', bytes('direct'))
    await waitFor('the messages', () => got.length === 7)
    stop.abort()
    await Promise.all(reading)
    expect(got.filter((one) => one.startsWith('b'))).toEqual(['b true 1', 'b true 2', 'b true 3'])
    expect(got.filter((one) => one.startsWith('c'))).toEqual(['c true 1', 'c true 2', 'c true 3', 'c true direct'])
    await expect(use(a, 'clusterNode').send('shoal/locks', bytes('{}'))).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  it('a hundred tries from three nodes give one lock', async () => {
    const tries = await Promise.all(Array.from({ length: 100 }, (_, at) => use(all[at % 3] ?? a, 'locks').get('contended', { timeout: 30_000 })))
    const got = tries.filter((lock) => lock !== undefined)
    expect(got).toHaveLength(1)
    await got[0]?.release()
    const again = await take(b, 'contended')
    expect(again.token > (got[0]?.token ?? '')).toBe(true)
    await again.release()
  })

  it('a message goes to interested nodes only, and to nobody when nobody wants it', async () => {
    const topics = all.map((node) => use(node, 'subscriptionRegistry').getRegistry('news'))
    const [onA, onB] = topics
    const got: string[] = []
    const undo = onB?.subscribe('weather', ({ name, peer, body }) => void got.push(`${name} ${peer} ${text(body)}`))
    await waitFor('the interest', () => topics.every((one) => one.interested('weather').length === 1))
    await Promise.all(Array.from({ length: 100 }, () => onA?.publish('sport', bytes('nobody'))))
    await onA?.publish('weather', bytes('rain'))
    await waitFor('the news', () => got.length === 1)
    expect(got).toEqual([`weather ${a.id} rain`])
    undo?.()
    await waitFor('the interest to end', () => topics.every((one) => one.names().length === 0))
  })

  it('when all links break and return, names and locks are what they should be', async () => {
    const states = all.map((node) => use(node, 'stateRegistry').getRegistry('online'))
    for (const state of states) state.add('everybody')
    states[2]?.add('only c')
    await waitFor('all names', () => states.every((state) => state.ownersOf('everybody').length === 3 && state.ownersOf('only c').length === 1))
    const held = await take(b, 'over the cut')
    outage.begin()
    await waitFor('each to be alone', () => all.every((node) => membersOf(node).length === 1))
    expect(all.map((node) => use(node, 'clusterRegistry').isLeader())).toEqual([true, true, true])
    expect(states.map((state) => state.ownersOf('everybody'))).toEqual(all.map(({ id }) => [id]))
    states[2]?.remove('only c')
    states[2]?.add('c is back')
    // b was cut off from who knew that it holds the lock
    const rival = await take(c, 'over the cut')
    outage.end()
    await waitFor('all to be members again', () => all.every((node) => membersOf(node).length === 3), 30_000)
    const whole = (): boolean => states.every((state) => state.ownersOf('everybody').length === 3 && state.has('c is back') && !state.has('only c'))
    await waitFor('all names again', whole, 30_000)
    const [lower, higher] = held.token < rival.token ? [held, rival] : [rival, held]
    await waitFor('one of the two locks to be lost', () => lower.signal.aborted, 30_000)
    expect([higher.signal.aborted, await use(a, 'locks').get('over the cut')]).toEqual([false, undefined])
    await higher.release()
  })

  it('a node that leaves takes its locks and names with it, and the leader stays one', async () => {
    const leaving = all.find(({ id }) => id === use(a, 'clusterRegistry').leader()) ?? a
    const rest = all.filter((node) => node !== leaving)
    const [first, second] = rest as [TestNode, TestNode]
    const lost = await take(leaving, 'of the leaver')
    const kept = await take(first, 'of one that stays')
    await nodes.stop(leaving)
    await waitFor('the others to see it', () => rest.every((node) => membersOf(node).length === 2))
    expect(use(first, 'clusterRegistry').leader()).toBe(use(second, 'clusterRegistry').leader())
    const freed = await take(second, 'of the leaver')
    expect(freed.token > lost.token).toBe(true)
    expect([kept.signal.aborted, await use(second, 'locks').get('of one that stays')]).toEqual([false, undefined])
    for (const node of rest) await waitFor('its names to go', () => use(node, 'stateRegistry').getRegistry('online').ownersOf('everybody').length === 2)
    await Promise.all([freed.release(), kept.release()])
    // the second one dies without a word
    const last = await take(first, 'of the dead')
    outage.begin()
    await nodes.stop(first)
    outage.end()
    const inherited = await take(second, 'of the dead')
    expect(inherited.token > last.token).toBe(true)
  })
})

describe('a plugin that fills clusterNode', () => {
  it('is used by the default services above it and by other plugins, and two are an error that names both', async () => {
    const nodes = new Nodes()
    try {
      const sent: string[] = []
      const quiet: ClusterNode = {
        send: async (topic) => void sent.push(topic),
        sendDirect: async (_, topic) => void sent.push(topic),
        subscribe: (_, options) => nothing(options?.signal),
      }
      const others: ClusterRegistry = {
        self: 'me',
        members: () => ['me', 'you'],
        leader: () => 'you',
        isLeader: () => false,
        events: (options) => nothing(options?.signal),
      }
      const filling = (name: string): Plugin =>
        definePlugin({
          name,
          provides: ['clusterNode', 'clusterRegistry'],
          start: (ctx) => {
            ctx.provide('clusterNode', quiet)
            ctx.provide('clusterRegistry', others)
          },
        })
      const node = await nodes.start('replaced', { plugins: [filling('bus')] })
      expect(membersOf(node)).toEqual(['me', 'you'])
      await use(node, 'clusterNode').send('mine', bytes(''))
      use(node, 'stateRegistry').getRegistry('t').add('x')
      await waitFor('the state registry to use it', () => sent.includes('shoal/state'))
      expect(await use(node, 'locks').get('l', { timeout: 100 })).toBeUndefined()
      expect(sent).toEqual(expect.arrayContaining(['mine', 'shoal/state', 'shoal/locks']))
      await nodes.stop(node)
      const torn = await nodes.create('torn', { plugins: [filling('first'), filling('second')] })
      await expect(torn.daemon.start()).rejects.toMatchObject({ code: 'ERR_SLOT_CONFLICT', message: expect.stringMatching(/first.*second.*clusterNode/) })
    } finally {
      await nodes.dispose()
    }
  })
})

/** An iteration that yields nothing and ends with its signal. */
async function* nothing(signal: AbortSignal | undefined): AsyncGenerator<never, void, undefined> {
  await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
  yield* []
}
