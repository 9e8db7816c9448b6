import { afterEach, describe, expect, it } from 'vitest'
import type { RecordNews } from '../../../../src/daemon/cluster/gossip.js'
import { memberSlot, recordLimits, signedBytes, streamSlot } from '../../../../src/daemon/cluster/record.js'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { type GossipNode, type GossipNodeOptions, gossipNode, reaches, sealOf, trustAll } from '../gossip-nodes.js'

const nodes: GossipNode[] = []
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close()
})

async function make(net: LoopbackNet, count: number, options: GossipNodeOptions = {}): Promise<GossipNode[]> {
  const made: GossipNode[] = []
  for (let at = 0; at < count; at++) made.push(await gossipNode(net, `n${at}`, options))
  nodes.push(...made)
  trustAll(made)
  return made
}

const said = (node: GossipNode | undefined, prefix: string): string[] =>
  (node?.gossip.records(prefix) ?? []).map(({ author, slot, body }) => `${author.slice(-2)} ${slot} ${new TextDecoder().decode(body)}`).sort()

describe('Gossip', () => {
  it('sees members come, across others, and go', async () => {
    const net = new LoopbackNet()
    const [a, b, c, d] = await make(net, 4)
    if (!a || !b || !c || !d) throw new Error('no nodes')
    net.link(a.id, b.id)
    net.link(b.id, c.id)
    net.link(c.id, d.id)
    await waitFor('all', () => [a, b, c, d].every((node) => node.gossip.membership.members.size === 3))
    expect(a.gossip.membership.members.get(d.id)).toMatchObject({ hops: 3, via: b.id, name: 'n3' })
    expect(a.gossip.nextHop(d.id)).toBe(b.id)
    expect(a.gossip.nextHop(d.id, new Set([c.id]))).toBeUndefined()
    net.cut(b.id, c.id)
    await waitFor('two halves', () => reaches(a) === b.id && reaches(d) === c.id)
    net.link(a.id, d.id)
    await waitFor('all again', () => [a, b, c, d].every((node) => node.gossip.membership.members.size === 3))
    expect(b.gossip.membership.members.get(c.id)?.hops).toBe(3)
  })

  it('is told at once when a member leaves', async () => {
    const net = new LoopbackNet()
    const [a, b, c] = await make(net, 3)
    if (!a || !b || !c) throw new Error('no nodes')
    net.link(a.id, b.id)
    net.link(b.id, c.id)
    await waitFor('all', () => reaches(a) === [b.id, c.id].sort().join())
    const events = a.gossip.events()
    await c.gossip.leave()
    await waitFor('the end of it', () => reaches(a) === b.id)
    expect((await events.next()).value).toEqual({ type: 'unreachable', peer: c.id })
    // its link is still up, and it says nothing more
    expect(b.gossip.state.peers.has(c.id)).toBe(true)
  })

  it('keeps trust records over a restart, on disk and in the cluster, and drops those of a peer that was forgotten', async () => {
    const net = new LoopbackNet()
    const [a, b] = await make(net, 2)
    if (!a || !b) throw new Error('no nodes')
    const news: RecordNews[] = []
    const listening = (async () => {
      for await (const one of b.gossip.changes('trust/')) news.push(one)
    })()
    await a.gossip.publish('trust/x', bytes('first'))
    net.link(a.id, b.id)
    await waitFor('the record', () => said(b, 'trust/').length === 1)
    await a.gossip.publish('trust/x', bytes('second'))
    await a.gossip.publish('trust/y', bytes('y'))
    await waitFor('its successor', () => said(b, 'trust/').length === 2 && said(b, 'trust/x')[0]?.endsWith('second'))
    nodes.splice(nodes.indexOf(b), 1)
    await b.close()
    await listening
    expect(news).toEqual(
      [bytes('first'), bytes('second')]
        .map((body) => ({ type: 'record', author: a.id, slot: 'trust/x', body }))
        .concat([{ type: 'record', author: a.id, slot: 'trust/y', body: bytes('y') }]),
    )
    const again = await gossipNode(net, 'again', { store: b.store, trusted: [a.id] })
    nodes.push(again)
    expect(said(again, 'trust/')).toHaveLength(2)
    expect(again.gossip.state.epoch).toBe(2)
    again.gossip.distrust(a.id)
    await waitFor('an empty disk', async () => {
      for await (const _ of again.store.entries('record/')) return false
      return true
    })
  })

  it('refuses to publish what is over the limits or has another name', async () => {
    const [a] = await make(new LoopbackNet(), 1)
    await expect(a?.gossip.publish('trust/x', new Uint8Array(recordLimits.body + 1))).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    await expect(a?.gossip.publish(memberSlot, bytes(''))).rejects.toMatchObject({ code: 'ERR_INTERNAL' })
    for (let at = 0; at < 32; at++) await a?.gossip.publish(`trust/${at}`, new Uint8Array(65_500))
    await expect(a?.gossip.publish('trust/more', new Uint8Array(65_500))).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    await expect(a?.gossip.publish('trust/small', bytes('x'))).resolves.toBeUndefined()
  })

  it('takes no forged record, and tells on whoever sends one', async () => {
    const net = new LoopbackNet()
    const [a, b] = await make(net, 2)
    if (!a || !b) throw new Error('no nodes')
    net.link(a.id, b.id)
    await waitFor('both', () => reaches(a) === b.id && reaches(b) === a.id)
    const unsigned = { author: b.id, epoch: 0, sequence: 1, slot: 'trust/x', body: bytes('forged') }
    const good = { ...unsigned, slot: 'trust/y', signature: sealOf(b.id, signedBytes({ ...unsigned, slot: 'trust/y' })) }
    a.control.send(b.id, { type: 'records', value: [{ ...good, author: a.id }] })
    await waitFor('the violation', () => b.violations.length === 1)
    expect(b.violations[0]).toMatchObject({ peer: a.id, error: { code: 'ERR_PROTOCOL' } })
    a.control.send(b.id, { type: 'records', value: [good] })
    await waitFor('the good one', () => said(b, 'trust/').length === 1)
  })

  it('keeps nothing of strangers until they are trusted', async () => {
    const net = new LoopbackNet()
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => gossipNode(net, name)))
    if (!a || !b || !c) throw new Error('no nodes')
    nodes.push(a, b, c)
    for (const [x, y] of [
      [a, b],
      [b, a],
      [b, c],
      [c, b],
    ] as const)
      x.gossip.trust(y.id)
    for (const node of [a, b, c]) node.gossip.start()
    net.link(a.id, b.id)
    net.link(b.id, c.id)
    await waitFor('b', () => b.gossip.membership.members.size === 2)
    expect(reaches(c)).toBe(b.id)
    c.gossip.trust(a.id)
    await waitFor('a at c', () => c.gossip.membership.members.has(a.id))
    c.gossip.distrust(a.id)
    expect(reaches(c)).toBe(b.id)
    expect(c.violations).toEqual([])
  })

  it('catches up with what came too fast, and with what a full queue lost', async () => {
    const net = new LoopbackNet()
    const [a, b] = await make(net, 2, { gossipTiming: { rate: { rate: 100, burst: 20 } }, queue: { items: 8, bytes: 2 ** 20 } })
    if (!a || !b) throw new Error('no nodes')
    for (let at = 0; at < 40; at++) await a.gossip.publish(`trust/${at}`, bytes(`${at}`))
    net.link(a.id, b.id)
    await waitFor('all of them', () => said(b, 'trust/').length === 40, 30_000)
    net.stall(a.id, b.id)
    for (let at = 0; at < 20; at++) {
      a.gossip.say(`streams/${at}`, new Uint8Array(1000))
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    net.resume(a.id, b.id)
    await waitFor('the rest', () => a.gossip.state.mark.high === b.gossip.state.mark.high, 30_000)
  })

  it('names only direct links', async () => {
    const net = new LoopbackNet()
    const [a, b] = await make(net, 2)
    if (!a || !b) throw new Error('no nodes')
    a.relayed.add(b.id)
    net.link(a.id, b.id)
    await waitFor('the channel', () => a.control.hello(b.id) && b.control.hello(a.id))
    a.gossip.refresh()
    expect(a.gossip.state.peers.size).toBe(0)
    a.relayed.clear()
    a.gossip.refresh()
    await waitFor('the link', () => reaches(a) === b.id)
    a.relayed.add(b.id)
    a.gossip.refresh()
    expect(reaches(a)).toBe('')
  })

  it('says everything anew above an earlier run whose epoch was lost', async () => {
    const net = new LoopbackNet()
    const [a, b] = await make(net, 2)
    if (!a || !b) throw new Error('no nodes')
    const slot = streamSlot('p')
    const record = { author: a.id, epoch: 9, sequence: 4, slot, body: bytes('') }
    const member = { ...record, slot: memberSlot, sequence: 5, body: Buffer.from('0a0161' + '2a080102030405060708', 'hex') }
    const signed = [record, member].map((one) => ({ ...one, signature: sealOf(a.id, signedBytes(one)) }))
    a.gossip.say(slot, bytes('new'))
    net.link(a.id, b.id)
    await waitFor('both', () => reaches(a) === b.id && reaches(b) === a.id)
    a.control.send(b.id, { type: 'records', value: signed })
    await waitFor('what b believes', () => b.gossip.state.authors.get(a.id)?.epoch === 9)
    a.gossip.trust('somebody else')
    await waitFor('a higher epoch', () => b.gossip.state.authors.get(a.id)?.epoch === 10 && said(b, slot).length === 1)
    expect(new TextDecoder().decode(await a.store.get('epoch'))).toBe('10')
    await waitFor('both again', () => reaches(a) === b.id && reaches(b) === a.id)
  })
})
