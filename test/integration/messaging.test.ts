/** The messaging plugin in three whole daemons, of which the first knows both others. */

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../src/daemon/keystore/store.js'
import type {
  ConversationList,
  HistoryPage,
  MessagingEvent,
  MessagingStatus,
  ReadAnswer,
  RemoveAnswer,
  SendAnswer,
  ShownMessage,
} from '../../src/plugins/messaging/api.js'
import { encodeAck, kinds } from '../../src/plugins/messaging/wire.js'
import { memoryLog } from '../../src/testing/index.js'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'
import { isLinked, Nodes, type TestNode } from './nodes.js'

const at = (peer: TestNode | string, rest = ''): string => `/messaging/conversations/${typeof peer === 'string' ? peer : peer.name}${rest}`
const say = (from: TestNode, to: TestNode | string, text: string, wait = 10_000): Promise<SendAnswer> =>
  from.client.plugin('POST', at(to, '/messages'), { text, wait })
const history = (node: TestNode, peer: TestNode): Promise<HistoryPage> => node.client.plugin('GET', at(peer, '/messages?limit=500'))
const conversations = async (node: TestNode): Promise<ConversationList['conversations']> =>
  (await node.client.plugin<ConversationList>('GET', '/messaging/conversations')).conversations
const status = (node: TestNode): Promise<MessagingStatus> => node.client.plugin('GET', '/messaging/status')
const textsOf = async (node: TestNode, peer: TestNode, from: ShownMessage['from']): Promise<string[]> =>
  (await history(node, peer)).messages.filter((message) => message.from === from).map(({ text }) => text)

/** Every key that the plugin has in the store of a home whose daemon is stopped. */
async function keysIn(home: string): Promise<string[]> {
  const store = await openStore(join(home, 'keystore'), { create: false, log: memoryLog() })
  const keys: string[] = []
  for await (const [key] of store.open('plugin/messaging').entries()) keys.push(key)
  await store.close()
  return keys
}

describe('messages between three nodes', () => {
  const nodes = new Nodes()
  let a: TestNode
  let b: TestNode
  let c: TestNode
  let flagsOfB: Record<string, unknown>

  beforeAll(async () => {
    flagsOfB = { 'swarm.listen': [`/ip4/127.0.0.1/tcp/${await freePort()}`] }
    a = await nodes.start('anna')
    b = await nodes.start('bert', { flags: flagsOfB })
    c = await nodes.start('carl')
    await nodes.join(b, a)
    await nodes.join(c, a)
  })
  afterAll(() => nodes.dispose())

  it('go from pending to read, in order, and the events say so', async () => {
    const seen: MessagingEvent[] = []
    const stop = new AbortController()
    const watching = (async () => {
      for await (const event of a.client.pluginEvents<MessagingEvent>('/messaging/watch?peer=bert', stop.signal)) seen.push(event)
    })().catch(() => {})
    // a first one to know that the watcher is there
    await waitFor('the watcher', async () => {
      await say(a, b, 'are you there?', 0)
      return seen.length > 0
    })
    const { message } = await say(a, b, 'hello')
    expect(message.state).toBe('delivered')
    await b.client.plugin<ReadAnswer>('POST', at(a, '/read'), {})
    await waitFor('the news that it was read', () => seen.some((event) => event.type === 'state' && event.id === message.id && event.state === 'read'))
    const states = seen.flatMap((event) => {
      if (event.type === 'message' && event.message.id === message.id) return [event.message.state]
      return event.type === 'state' && event.id === message.id ? [event.state] : []
    })
    expect(states).toEqual(['pending', 'sent', 'delivered', 'read'])
    stop.abort()
    await watching
  })

  it('are refused with a code for each reason', async () => {
    const codeOf = async (peer: string, text: string): Promise<string> =>
      await say(a, peer, text).then(
        () => 'none',
        (error: { code: string }) => error.code,
      )
    expect(await codeOf('nobody', 'hi')).toBe('ERR_PEER_UNKNOWN')
    expect(await codeOf('bert', '')).toBe('ERR_MESSAGE_EMPTY')
    expect(await codeOf('bert', 'x'.repeat(16_385))).toBe('ERR_MESSAGE_TOO_LONG')
    expect(await codeOf('bert', 'bell \u0007')).toBe('ERR_MESSAGE_INVALID')
    expect((await say(a, b, '✓'.repeat(5461))).message.state).toBe('delivered')
  })

  it('are acknowledged by the addressee alone', async () => {
    const before = await status(a)
    const { message } = await say(a, b, 'for bert alone')
    // carl knows the id, however he came by it
    await c.probe.ctx.payloads.send(a.id, kinds.ack, encodeAck({ what: 'read', id: message.id }))
    const last = (await history(a, b)).messages.at(-1)
    expect(last).toMatchObject({ id: message.id, state: 'delivered' })
    expect((await status(a)).strayAcks).toBe(before.strayAcks + 1)
    expect((await history(a, c)).messages).toEqual([])
  })

  it('are counted right after each step', async () => {
    await b.client.plugin('DELETE', at(a))
    const count = async (): Promise<(number | undefined)[]> => {
      const one = (await conversations(b)).find(({ name }) => name === 'anna')
      return [one?.messages, one?.unread]
    }
    expect(await count()).toEqual([undefined, undefined])
    const first = (await say(a, b, 'one')).message
    await say(a, b, 'two')
    expect(await count()).toEqual([2, 2])
    expect(await b.client.plugin<ReadAnswer>('POST', at(a, '/read'), { upTo: first.id })).toMatchObject({ marked: 1, unread: 1 })
    expect(await count()).toEqual([2, 1])
    expect(await b.client.plugin<RemoveAnswer>('DELETE', at(a, `/messages/${first.id}`))).toMatchObject({ removed: 1 })
    expect(await count()).toEqual([1, 1])
    expect(await textsOf(b, a, 'peer')).toEqual(['two'])
  })

  it('wait for a peer that is away, also over restarts of both, and arrive once, in order', async () => {
    await b.client.plugin('DELETE', at(a))
    await nodes.stop(b)
    await waitFor('anna to notice', () => !isLinked(a, b))
    const sent = ['while away 1', 'while away 2', 'while away 3']
    for (const text of sent) expect((await say(a, b, text)).message.state).toBe('pending')
    expect((await conversations(a)).find(({ name }) => name === 'bert')).toMatchObject({ connected: false, queued: 3 })
    await nodes.stop(a)
    a = await nodes.start('anna', { home: a.home })
    expect((await conversations(a)).find(({ name }) => name === 'bert')).toMatchObject({ queued: 3 })
    b = await nodes.start('bert', { home: b.home, flags: flagsOfB })
    await waitFor('the messages', async () => (await status(a)).queued === 0, 30_000)
    expect(await textsOf(b, a, 'peer')).toEqual(sent)
    expect((await history(a, b)).messages.slice(-3).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered'])
  })

  it('are gone from the disk when the peer is forgotten', async () => {
    await waitFor('carl to be linked', () => isLinked(a, c) && isLinked(c, a))
    await say(c, a, 'from carl')
    await say(a, c, 'to carl')
    await nodes.stop(c)
    await waitFor('anna to notice', () => !isLinked(a, c))
    await say(a, c, 'for carl, later')
    const report = await a.client.call('peers.forget', { params: { peer: 'carl' }, query: { dryRun: false } })
    expect(report.plugins.find(({ plugin }) => plugin === 'messaging')).toMatchObject({ outcome: 'ok' })
    expect((await conversations(a)).map(({ name }) => name)).toEqual(['bert'])
    await expect(history(a, c)).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    await nodes.stop(a)
    const keys = await keysIn(a.home)
    expect(keys.filter((key) => key.includes(b.id)).length).toBeGreaterThan(0)
    expect(keys.filter((key) => key.includes(c.id))).toEqual([])
    a = await nodes.start('anna', { home: a.home })
    expect((await conversations(a)).map(({ name }) => name)).toEqual(['bert'])
    expect(await status(a)).toMatchObject({ queued: 0 })
  })
})
