import { afterEach, describe, expect, it } from 'vitest'
import type { MessagingEvent } from '../../../../src/plugins/messaging/api.js'
import { memory } from '../../../../src/plugins/messaging/conversation.js'
import { encodeAck, encodeMessage, kinds } from '../../../../src/plugins/messaging/wire.js'
import { waitFor } from '../../../wait-for.js'
import { mailboxes, type TestMailbox } from './pair.js'

let end: (() => Promise<void>) | undefined
afterEach(async () => {
  await end?.()
  end = undefined
})

async function make<const Names extends readonly string[]>(names: Names, config = {}) {
  const made = await mailboxes(names, config)
  end = made.stop
  return made
}

/** Events of a node from now on. */
function watch(node: TestMailbox): MessagingEvent[] {
  const seen: MessagingEvent[] = []
  const events = node.fake.request('GET', '/messaging/watch', { signal: node.fake.ctx.signal }) as Promise<AsyncIterable<MessagingEvent>>
  void (async () => {
    for await (const event of await events) seen.push(event)
  })()
  return seen
}

const statesOf = (seen: readonly MessagingEvent[], id: string): string[] =>
  seen.flatMap((event) => (event.type === 'state' && event.id === id ? [event.state] : []))
const allStates = async (node: TestMailbox, peer: string, state: string): Promise<boolean> => (await node.states(peer)).every((one) => one === state)

describe('a message', () => {
  it('is pending, sent, delivered, read: each once, in order', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    const seen = watch(anna)
    await waitFor('the watcher', () => seen)
    const { message } = await anna.write('bert', 'hello\n\tthere ✓', 15_000)
    expect(message).toMatchObject({ state: 'delivered', from: 'me', peer: 'bert', text: 'hello\n\tthere ✓' })
    expect(message.id).toMatch(/^[0-9a-f]{32}$/)
    expect((await bert.history('anna')).messages).toMatchObject([{ id: message.id, from: 'peer', state: 'received', text: 'hello\n\tthere ✓' }])
    expect(await bert.read('anna')).toEqual({ peer: 'anna', marked: 1, unread: 0 })
    await waitFor('read', () => allStates(anna, 'bert', 'read'))
    expect(statesOf(seen, message.id)).toEqual(['sent', 'delivered', 'read'])
    expect(seen[0]).toMatchObject({ type: 'message', message: { state: 'pending' } })
    expect(await bert.states('anna')).toEqual(['read'])
  })

  it('is refused with an error for each reason, and nothing is stored', async () => {
    const { nodes } = await make(['anna', 'bert'], { maxText: 10, queue: 2 })
    const [anna] = nodes
    const cases: readonly (readonly [peer: string, text: string, code: string])[] = [
      ['nobody', 'hi', 'ERR_PEER_UNKNOWN'],
      ['bert', '', 'ERR_MESSAGE_EMPTY'],
      ['bert', ' \n\t ', 'ERR_MESSAGE_EMPTY'],
      ['bert', '12345678901', 'ERR_MESSAGE_TOO_LONG'],
      ['bert', 'ééééé1', 'ERR_MESSAGE_TOO_LONG'],
      ['bert', 'a\u0000b', 'ERR_MESSAGE_INVALID'],
      ['bert', 'a\rb', 'ERR_MESSAGE_INVALID'],
      ['bert', 'a\u009bb', 'ERR_MESSAGE_INVALID'],
      ['bert', 'a\ud800b', 'ERR_MESSAGE_INVALID'],
    ]
    for (const [peer, text, code] of cases) await expect(anna.write(peer, text), text).rejects.toMatchObject({ code })
    expect(await anna.keys()).toEqual([])
    await anna.write('bert', 'ééééé')
  })

  it('waits for a peer that is away, and more than the queue holds are refused', async () => {
    const { net, nodes } = await make(['anna', 'bert'], { queue: 3 })
    const [anna, bert] = nodes
    net.cut('anna', 'bert')
    anna.away('bert')
    for (const text of ['one', 'two', 'three']) expect((await anna.write('bert', text, 1)).message.state).toBe('pending')
    await expect(anna.write('bert', 'four')).rejects.toMatchObject({ code: 'ERR_MESSAGE_QUEUE_FULL' })
    const { conversations } = await anna.conversations()
    expect(conversations).toMatchObject([{ peer: 'bert', name: 'name-bert', connected: false, messages: 3, queued: 3, problem: 'ERR_PEER_UNREACHABLE' }])
    net.heal('anna', 'bert')
    await waitFor('delivery', () => allStates(anna, 'bert', 'delivered'))
    expect(await bert.texts('anna', 'peer')).toEqual(['one', 'two', 'three'])
    expect((await anna.conversations()).conversations[0]).not.toHaveProperty('problem')
  })

  it('arrives once although its receipts are lost', async () => {
    const { net, nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    let lost = 0
    net.loseReceipt = () => lost++ % 3 !== 2
    for (let at = 0; at < 10; at++) await anna.write('bert', `m${at}`)
    await waitFor('delivery', () => allStates(anna, 'bert', 'delivered'))
    expect(await bert.texts('anna', 'peer')).toEqual(Array.from({ length: 10 }, (_, at) => `m${at}`))
    expect((await bert.status()).duplicates).toBeGreaterThan(0)
  })

  it('fails where the far node takes shorter ones only, and those after it arrive', async () => {
    const { net, nodes } = await make(['anna'])
    const [anna] = nodes
    const { TestMailbox: Node } = await import('./pair.js')
    const short = await new Node(net, 'short', { maxText: 5 }).start()
    anna.fake.peers.set({
      ...(short.fake.peers.get('anna') ?? { addresses: [], kinds: [], trustedSince: 0, lastSeen: 0, connected: true }),
      id: 'short',
      name: 'short',
    })
    const { message } = await anna.write('short', 'far too long', 15_000)
    expect(message).toMatchObject({ state: 'failed', reason: 'too-long' })
    expect((await anna.write('short', 'brief', 15_000)).message.state).toBe('delivered')
    expect(await short.texts('anna', 'peer')).toEqual(['brief'])
    expect((await anna.history('short')).messages[0]).toMatchObject({ state: 'failed', reason: 'too-long' })
  })

  it('waits where the far node has no such plugin', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    bert.handles = () => false
    expect((await anna.write('bert', 'hi', 50)).message.state).toBe('pending')
    await waitFor('the reason', async () => (await anna.conversations()).conversations[0]?.problem === 'ERR_KIND_UNCLAIMED')
    bert.handles = () => true
    await waitFor('delivery', () => allStates(anna, 'bert', 'delivered'))
  })

  it('fails when the far node rejects it for long', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    bert.plugin = { name: 'no', handlePayload: () => Promise.reject(new Error('no')) }
    const { message } = await anna.write('bert', 'hi', 20_000)
    expect(message).toMatchObject({ state: 'failed', reason: 'rejected' })
  })
})

describe('an acknowledgement', () => {
  it('counts only from the addressee', async () => {
    const { net, nodes } = await make(['anna', 'bert', 'eve'])
    const [anna] = nodes
    net.cut('anna', 'bert')
    anna.away('bert')
    const { message } = await anna.write('bert', 'for bert')
    for (const what of ['delivered', 'read'] as const) await anna.plugin.handlePayload?.('eve', kinds.ack, encodeAck({ what, id: message.id }))
    await anna.plugin.handlePayload?.('eve', kinds.ack, encodeAck({ what: 'refused', id: message.id, reason: 'too-long' }))
    expect(await anna.states('bert')).toEqual(['pending'])
    expect((await anna.status()).strayAcks).toBe(3)
    await anna.plugin.handlePayload?.('bert', kinds.ack, encodeAck({ what: 'delivered', id: message.id }))
    expect(await anna.states('bert')).toEqual(['delivered'])
  })

  it('never moves a message back', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna] = nodes
    const { message } = await anna.write('bert', 'hi', 15_000)
    const say = (what: 'delivered' | 'read') => anna.plugin.handlePayload?.('bert', kinds.ack, encodeAck({ what, id: message.id }))
    await say('read')
    await say('delivered')
    await anna.plugin.handlePayload?.('bert', kinds.ack, encodeAck({ what: 'refused', id: message.id, reason: 'too-long' }))
    expect(await anna.states('bert')).toEqual(['read'])
  })

  it('of reading comes later when the writer was away', async () => {
    const { net, nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    for (const text of ['one', 'two', 'three']) await anna.write('bert', text, 15_000)
    net.cut('anna', 'bert')
    const second = (await bert.history('anna')).messages[1]?.id
    expect(await bert.read('anna', second)).toEqual({ peer: 'anna', marked: 2, unread: 1 })
    await bert.kill()
    await bert.start()
    expect(await anna.states('bert')).toEqual(['delivered', 'delivered', 'delivered'])
    net.heal('anna', 'bert')
    await waitFor('read', async () => (await anna.states('bert')).join() === 'read,read,delivered')
    expect(await bert.states('anna')).toEqual(['read', 'read', 'received'])
  })

  it('or a message that breaks the format is refused and counted', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    const give = (kind: string, body: Uint8Array) => Promise.resolve(anna.plugin.handlePayload?.('bert', kind, body))
    await expect(give(kinds.ack, new Uint8Array(18))).rejects.toMatchObject({ code: 'ERR_VERSION_MISMATCH' })
    await expect(give(kinds.message, Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'ERR_PROTOCOL' })
    const { message } = await anna.write('bert', 'mine', 15_000)
    await expect(give(kinds.message, encodeMessage({ id: message.id, time: 1, text: 'echo' }))).rejects.toMatchObject({ code: 'ERR_PROTOCOL' })
    await expect(
      Promise.resolve(anna.plugin.handlePayload?.('stranger', kinds.message, encodeMessage({ id: message.id, time: 1, text: 'x' }))),
    ).rejects.toMatchObject({
      code: 'ERR_PEER_UNKNOWN',
    })
    expect((await anna.status()).malformed).toBe(3)
    expect(await bert.texts('anna', 'peer')).toEqual(['mine'])
  })
})

describe('a conversation', () => {
  it('is counted right after each step', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    const counts = async (): Promise<(number | undefined)[]> => {
      const one = (await bert.conversations()).conversations[0]
      return [one?.messages, one?.unread, one?.queued]
    }
    expect(await counts()).toEqual([undefined, undefined, undefined])
    const first = await anna.write('bert', 'one', 15_000)
    expect(await counts()).toEqual([1, 1, 0])
    await anna.write('bert', 'two', 15_000)
    expect(await counts()).toEqual([2, 2, 0])
    await bert.read('anna', first.message.id.slice(0, 8))
    expect(await counts()).toEqual([2, 1, 0])
    await bert.write('anna', 'three', 15_000)
    expect(await counts()).toEqual([3, 1, 0])
    expect((await bert.conversations()).conversations[0]?.last).toMatchObject({ text: 'three', from: 'me', state: 'delivered' })
    expect(await bert.remove('anna', first.message.id)).toEqual({ peer: 'anna', removed: 1 })
    expect(await counts()).toEqual([2, 1, 0])
    await expect(bert.remove('anna', first.message.id)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(await bert.remove('anna')).toEqual({ peer: 'anna', removed: 2 })
    expect(await counts()).toEqual([undefined, undefined, undefined])
    // deleting is local
    expect(await anna.texts('bert', 'me')).toEqual(['one', 'two'])
  })

  it('is paged from the latest backwards', async () => {
    const { nodes } = await make(['anna', 'bert'])
    const [anna] = nodes
    for (let at = 0; at < 7; at++) await anna.write('bert', `m${at}`)
    const last = await anna.history('bert', { limit: 3 })
    expect([last.messages.map(({ text }) => text), last.more]).toEqual([['m4', 'm5', 'm6'], true])
    const before = await anna.history('bert', { limit: 4, before: last.messages[0]?.id })
    expect([before.messages.map(({ text }) => text), before.more]).toEqual([['m0', 'm1', 'm2', 'm3'], false])
    await expect(anna.history('bert', { before: 'ffffffff' })).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  })

  it('keeps so many messages, and all that wait', async () => {
    const { net, nodes } = await make(['anna', 'bert'], { history: 3 })
    const [anna, bert] = nodes
    for (let at = 0; at < 6; at++) await anna.write('bert', `m${at}`, 15_000)
    await waitFor('the oldest to go', async () => (await anna.texts('bert', 'me')).join() === 'm3,m4,m5')
    expect(await bert.texts('anna', 'peer')).toEqual(['m3', 'm4', 'm5'])
    net.cut('anna', 'bert')
    for (let at = 6; at < 12; at++) await anna.write('bert', `m${at}`)
    expect(await anna.texts('bert', 'me')).toEqual(['m3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11'])
    net.heal('anna', 'bert')
    await waitFor('delivery', async () => (await bert.texts('anna', 'peer')).at(-1) === 'm11')
    expect(await bert.texts('anna', 'peer')).toEqual(['m9', 'm10', 'm11'])
  })

  it('does not take a deleted message again, and remembers only what can come again', async () => {
    const { nodes } = await make(['anna', 'bert'], { history: 2 })
    const [anna] = nodes
    const give = (id: string) => anna.plugin.handlePayload?.('bert', kinds.message, encodeMessage({ id, time: 1, text: id }))
    const ids = Array.from({ length: memory + 20 }, (_, at) => at.toString(16).padStart(32, '0'))
    for (const id of ids) await give(id)
    await anna.remove('bert')
    for (const id of ids.slice(-memory)) await give(id)
    expect(await anna.texts('bert', 'peer')).toEqual([])
    expect((await anna.status()).duplicates).toBe(memory)
    const stored = await anna.disk.open('plugin/messaging').get('s/bert')
    expect(JSON.parse(Buffer.from(stored ?? []).toString())).toHaveLength(memory)
    await anna.kill()
    await anna.start()
    await give(ids.at(-1) ?? '')
    expect(await anna.texts('bert', 'peer')).toEqual([])
    // a position is never used twice: what comes now is unread
    await anna.read('bert')
    await give('f'.repeat(32))
    expect((await anna.conversations()).conversations[0]).toMatchObject({ messages: 1, unread: 1 })
  })

  it('withdraws what was not delivered when it is deleted', async () => {
    const { net, nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    net.cut('anna', 'bert')
    await anna.write('bert', 'one')
    const { message } = await anna.write('bert', 'two')
    await anna.write('bert', 'three')
    await anna.remove('bert', message.id)
    net.heal('anna', 'bert')
    await waitFor('delivery', () => allStates(anna, 'bert', 'delivered'))
    expect(await bert.texts('anna', 'peer')).toEqual(['one', 'three'])
  })
})

describe('forgetting a peer', () => {
  it('leaves no key of it, and nothing comes back', async () => {
    const { net, nodes } = await make(['anna', 'bert', 'eve'])
    const [anna, bert, eve] = nodes
    await eve.write('anna', 'stays', 15_000)
    for (const text of ['one', 'two']) await bert.write('anna', text, 15_000)
    await anna.read('bert')
    await anna.remove('bert', (await anna.history('bert')).messages[0]?.id)
    net.cut('anna', 'bert')
    await anna.write('bert', 'never sent')
    expect((await anna.keys()).filter((key) => key.includes('bert')).map((key) => key[0])).toEqual(['m', 'm', 'r', 's'])
    const late = encodeMessage({ id: 'f'.repeat(32), time: 1, text: 'late' })
    // a message on its way while it is forgotten, as the host would let it through
    const racing = Promise.resolve(anna.plugin.handlePayload?.('bert', kinds.message, late)).catch(() => {})
    const forgotten = anna.plugin.onPeerForgotten?.('bert')
    anna.fake.peers.get = (peer) => (peer === 'eve' ? anna.fake.peers.list().find(({ id }) => id === 'eve') : undefined)
    await Promise.all([racing, forgotten])
    await expect(Promise.resolve(anna.plugin.handlePayload?.('bert', kinds.message, late))).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    expect(await anna.keys()).toEqual([expect.stringMatching(/^m\/eve\//)])
    expect((await anna.conversations()).conversations.map(({ peer }) => peer)).toEqual(['eve'])
    expect(await anna.status()).toMatchObject({ conversations: 1, queued: 0 })
  })

  it('wipes at the next start what a death in the middle left', async () => {
    const { net, nodes } = await make(['anna', 'bert'])
    const [anna, bert] = nodes
    await bert.write('anna', 'one', 15_000)
    await anna.kill()
    net.nodes.delete('bert')
    await anna.start()
    expect(await anna.keys()).toEqual([])
    await bert.fake.stop()
    bert.running = false
  })
})
