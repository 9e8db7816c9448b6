/** Control channel, payloads and `shoal://` over real links: libp2p on loopback TCP. */

import { afterEach, describe, expect, it } from 'vitest'
import { Incoming } from '../../src/daemon/payloads/incoming.js'
import { Outbox } from '../../src/daemon/payloads/outbox.js'
import { Router } from '../../src/daemon/payloads/router.js'
import { Hub } from '../../src/daemon/streams/hub.js'
import { Pulls } from '../../src/daemon/streams/pulls.js'
import { RemoteStreams } from '../../src/daemon/streams/remote.js'
import { Control, createHello } from '../../src/daemon/swarm/control.js'
import { Strikes } from '../../src/daemon/swarm/strikes.js'
import { avTracks, numberOf, videoFrame, writeVideo } from '../unit/daemon/stream-nodes.js'
import { waitFor } from '../wait-for.js'
import { TestCluster, type TestNode } from './swarm-cluster.js'

const cluster = new TestCluster()
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await cluster.stop()
})

interface Peer {
  readonly id: string
  readonly test: TestNode
  readonly control: Control
  readonly outbox: Outbox
  readonly hub: Hub
  readonly pulls: Pulls
  readonly remote: RemoteStreams
}

function start(test: TestNode, name: string): Peer {
  const { node: swarm, log } = test
  const strikes = new Strikes({ log, refuse: (peer, reason) => void swarm.cut(peer, reason) })
  const control = new Control({ swarm, log, strikes, hello: createHello({ name, agent: 'test', kinds: ['echo'], maxPayload: 1024 * 1024 }) })
  const router = new Router({ log, deliver: async (_plugin, _src, _kind, body) => body })
  router.claim('test', ['echo'])
  const incoming = new Incoming({ control, router, log })
  const outbox = new Outbox({ self: swarm.id, control, router, log, trusted: (peer) => test.trusted.has(peer) })
  const hub = new Hub({ node: swarm.id, log })
  const pulls = new Pulls({ hub, log })
  const violated = (peer: string, error: Error): void => strikes.add(peer, error)
  const findPeer = (ref: string): string | undefined => (test.trusted.has(ref) ? ref : undefined)
  const remote = new RemoteStreams({ swarm, source: hub, log, allows: async () => true, violated, findPeer, locate: () => [] })
  pulls.addFactory(remote.puller, 'shoal')
  control.start()
  remote.start()
  router.open()
  closers.push(async () => {
    remote.close()
    await pulls.close()
    hub.close()
    outbox.close()
    incoming.close()
    await router.close(100)
    await control.close()
  })
  return { id: swarm.id, test, control, outbox, hub, pulls, remote }
}

async function pair(): Promise<[Peer, Peer]> {
  const [one, two] = await cluster.pair()
  const peers: [Peer, Peer] = [start(one, 'a'), start(two, 'b')]
  await two.node.dial(one.node.id, one.addresses)
  const [a, b] = peers
  await waitFor('the control channel', () => a.control.hello(b.id) && b.control.hello(a.id))
  return peers
}

describe('two nodes over libp2p', () => {
  it('exchange payloads of every size up to the limit, and go on after the link broke', async () => {
    const [a, b] = await pair()
    for (const size of [0, 1, 70_000, 1024 * 1024]) expect((await a.outbox.request(b.id, 'echo', new Uint8Array(size).fill(7))).byteLength).toBe(size)
    const many = await Promise.all(Array.from({ length: 200 }, (_, i) => b.outbox.request(a.id, 'echo', Uint8Array.of(i))))
    expect(many.map(([first]) => first)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    await a.test.node.cut(b.id, 'test')
    await waitFor('the end', () => !a.control.hello(b.id) && !b.control.hello(a.id))
    await b.test.node.dial(a.id, a.test.addresses)
    await waitFor('the channel again', () => a.control.hello(b.id) && b.control.hello(a.id))
    expect([...(await b.outbox.request(a.id, 'echo', Uint8Array.of(1)))]).toEqual([1])
  })

  it('pull a stream, its largest frame too, and end with it', async () => {
    const [a, b] = await pair()
    const publication = a.hub.publish('live/cam', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 30, 10, 20_000)
    const started = performance.now()
    b.pulls.pull(`shoal://${a.id}/live/cam`, undefined, { owner: 'test', options: { once: true } })
    const subscription = await b.hub.subscribe('live/cam', { wait: 10_000 })
    const numbers: number[] = []
    let first = 0
    const reading = (async () => {
      for await (const frames of subscription) {
        first ||= performance.now() - started
        numbers.push(...frames.map(numberOf))
      }
    })()
    await waitFor('the first group', () => numbers.length === 10)
    publication.write(videoFrame(30, true, 8 * 1024 * 1024))
    for (let at = 31; at < 331; at += 10) {
      writeVideo(publication, at, at + 10, 1000, 20_000)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await waitFor('all', () => numbers.at(-1) === 330)
    expect(numbers).toEqual(Array.from({ length: 311 }, (_, i) => i + 20))
    publication.close()
    // its last reader, who asked to wait for a return, learns nothing; the stream is gone
    await waitFor('the end', () => !b.hub.info('live/cam') && a.remote.sessions().length === 0 && b.remote.sessions().length === 0)
    subscription.close()
    await reading
    expect(first).toBeGreaterThan(0)
  })

  it('cut all streams of a peer at once, and count none as a violation', async () => {
    const [a, b] = await pair()
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 3)
    b.pulls.pull(`shoal://${a.id}/s`, undefined, { owner: 'test' })
    await waitFor('the stream', () => b.hub.info('s')?.framesIn === 3)
    expect(a.remote.cutPeer(b.id)).toBeGreaterThan(0)
    await a.test.node.cut(b.id, 'forgotten')
    await waitFor('the end', () => a.hub.info('s')?.subscribers === 0)
    for (const { test } of [a, b]) expect(test.log.lines.filter(({ msg }) => msg === 'a peer broke the protocol')).toEqual([])
  })
})
