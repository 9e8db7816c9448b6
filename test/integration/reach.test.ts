import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PeerId } from '../../src/plugin.js'
import { slowness, waitFor } from '../wait-for.js'
import { isLinked, message, Nodes, type TestNode, take, textTrack } from './nodes.js'

const marker = 'the text that no relay may read'
const kind = 'probe.test'

let nodes: Nodes
beforeEach(() => {
  nodes = new Nodes()
})
afterEach(() => nodes.dispose())

/** Daemons of which each can dial only some others. */
class Web {
  readonly #more: string[] = []
  readonly #names = new Map<PeerId, string>()
  readonly nodes = new Map<string, TestNode>()

  /** `ways`: pairs of names that can dial each other. */
  constructor(readonly ways: readonly string[]) {}

  /** What `b` passed on. */
  readonly passed: Buffer[] = []

  /** Two more nodes can dial each other. */
  allow(way: string): void {
    this.#more.push(way)
  }

  async start(...names: string[]): Promise<TestNode[]> {
    const made: TestNode[] = []
    for (const name of names) made.push(await this.#start(name))
    return made
  }

  async #start(name: string): Promise<TestNode> {
    const mayDial = (peer: PeerId): boolean => {
      const other = this.#names.get(peer) ?? ''
      return [...this.ways, ...this.#more].some((way) => way === name + other || way === other + name)
    }
    const tap = (bytes: Uint8Array): Uint8Array => {
      this.passed.push(Buffer.from(bytes))
      return bytes
    }
    const node = await nodes.start(name, { kinds: [kind], hooks: { mayDial, ...(name === 'b' && { tap }) } })
    this.#names.set(node.id, name)
    this.nodes.set(name, node)
    return node
  }
}

const via = (from: TestNode, to: TestNode): readonly PeerId[] | undefined => from.probe.ctx.peers.get(to.id)?.via

describe('members without a direct link', () => {
  it('a message and a stream cross a chain of four, unreadable on the way', async () => {
    const web = new Web(['ab', 'bc', 'cd'])
    const [a, b, c, d] = (await web.start('a', 'b', 'c', 'd')) as [TestNode, TestNode, TestNode, TestNode]
    await nodes.join(b, a)
    await nodes.join(b, c)
    await nodes.join(c, d)
    await waitFor('the ends of the chain to be linked', () => isLinked(a, d) && isLinked(d, a))
    expect(via(a, d)).toEqual([b.id, c.id])
    expect(via(d, a)).toEqual([c.id, b.id])
    const answer = await a.probe.ctx.payloads.request(d.id, kind, Buffer.from(marker))
    expect(Buffer.from(answer).toString()).toBe(marker)
    const publication = d.probe.ctx.streams.publish('live/far', [textTrack])
    const ticker = setInterval(() => publication.write(message(marker, Math.round(performance.now() * 1000))), 20)
    try {
      await a.client.call('pulls.create', { body: { url: `shoal://${d.id}/live/far` } })
      const frames = await take(await a.probe.ctx.streams.subscribe('live/far', { wait: 10_000 }), 10)
      expect(frames.map(({ data }) => Buffer.from(data).toString())).toEqual(Array(10).fill(marker))
    } finally {
      clearInterval(ticker)
    }
    expect(a.probe.ctx.peers.get(d.id)).toMatchObject({ connected: true, hops: 3 })
    const capture = Buffer.concat(web.passed)
    expect(capture.byteLength).toBeGreaterThan(1000)
    expect(capture.includes(marker)).toBe(false)
    const row = (await a.client.call('peers.list')).peers.find(({ id }) => id === d.id)
    expect(row?.via).toEqual([b.id, c.id])
  })

  it('when one of two relays dies, the link comes back through the other, and what was sent meanwhile arrives', async () => {
    const web = new Web(['ab', 'bd', 'ac', 'cd'])
    const [a, b, c, d] = (await web.start('a', 'b', 'c', 'd')) as [TestNode, TestNode, TestNode, TestNode]
    await nodes.join(b, a)
    await nodes.join(b, d)
    await nodes.join(a, c)
    await waitFor('c to be linked with a and d', () => [a, d].every((node) => isLinked(c, node) && via(c, node) === undefined), 30_000)
    await waitFor('a and d to be linked', () => isLinked(a, d) && isLinked(d, a), 30_000)
    const [relay] = via(a, d) ?? []
    const [dying, other] = relay === b.id ? [b, c] : [c, b]
    const seen: string[] = []
    d.probe.handle = (_, __, body) => {
      seen.push(Buffer.from(body).toString())
      return body
    }
    const stopping = nodes.stop(dying)
    const started = performance.now()
    const sent = [1, 2, 3].map((number) => until(() => a.probe.ctx.payloads.request(d.id, kind, Buffer.from(`${number}`), { timeout: 20_000 })))
    await Promise.all(sent)
    await stopping
    await waitFor('the other relay to carry the link', () => isLinked(a, d) && via(a, d)?.[0] === other.id, 30_000)
    console.log(`re-routed through the other relay within ${Math.round(performance.now() - started)} ms`)
    expect(new Set(seen)).toEqual(new Set(['1', '2', '3']))
  })

  it('a direct link takes the place of one through others, and no payload is lost or handled twice', async () => {
    const web = new Web(['ab', 'bc'])
    const [a, b, c] = (await web.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode]
    await nodes.join(b, a)
    await nodes.join(b, c)
    await waitFor('a and c to be linked through b', () => isLinked(a, c) && isLinked(c, a))
    expect(via(a, c)).toEqual([b.id])
    const seen: number[] = []
    c.probe.handle = (_, __, body) => {
      seen.push(Number(Buffer.from(body).toString()))
      return body
    }
    let count = 0
    const sent: Promise<unknown>[] = []
    const sending = setInterval(() => sent.push(a.probe.ctx.payloads.request(c.id, kind, Buffer.from(`${count++}`))), 10)
    web.allow('ac')
    await waitFor('a direct link', () => via(a, c) === undefined && via(c, a) === undefined && isLinked(a, c), 30_000)
    await waitFor('the other way to be closed', async () => count > 100 && (await passing(b)).startsWith('0 '), 30_000)
    clearInterval(sending)
    await Promise.all(sent)
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index))
  })

  it.each(['an end', 'a relay', 'the far end'])('forgetting cuts what leads from, to and through: %s', async (who) => {
    const web = new Web(['ab', 'bc'])
    const [a, b, c] = (await web.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode]
    await nodes.join(b, a)
    await nodes.join(b, c)
    await waitFor('a and c to be linked through b', () => isLinked(a, c) && isLinked(c, a))
    const [forgetting, forgotten] = { 'an end': [b, a], 'a relay': [a, b], 'the far end': [b, c] }[who] as [TestNode, TestNode]
    const started = performance.now()
    await forgetting.client.call('peers.forget', { params: { peer: forgotten.id }, query: { dryRun: false } })
    await waitFor('the link through b to be gone', () => !a.probe.ctx.peers.get(c.id)?.connected && !c.probe.ctx.peers.get(a.id)?.connected)
    const took = performance.now() - started
    console.log(`forgetting ${who}: cut within ${Math.round(took)} ms`)
    expect(took).toBeLessThan(3000 * slowness)
  })
})

/** What a node says of its relaying. */
async function passing(node: TestNode): Promise<string> {
  const { checks } = await node.client.call('doctor')
  return checks.find(({ name }) => name === 'relay')?.message ?? ''
}

/** Tries again while there is no link at all. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  return waitFor('the payload to be handled', async () => ({ value: await attempt() }), 30_000).then(({ value }) => value)
}
