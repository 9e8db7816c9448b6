import { afterEach, describe, expect, it } from 'vitest'
import { Announcer } from '../../../../src/daemon/cluster/announcer.js'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { FakeHub } from '../fake-hub.js'
import { type GossipNode, type GossipNodeOptions, gossipNode, trustAll } from '../gossip-nodes.js'

interface Node extends GossipNode {
  readonly hub: FakeHub
  readonly announcer: Announcer
  /** Paths that others took over. */
  readonly taken: string[]
}

const nodes: Node[] = []

afterEach(async () => {
  for (const node of nodes.splice(0)) {
    await node.announcer.close()
    await node.close()
  }
})

async function start(net: LoopbackNet, names: string, options: GossipNodeOptions = {}): Promise<Node[]> {
  const made: Node[] = []
  for (const name of names) {
    const node = await gossipNode(net, name, options)
    const hub = new FakeHub()
    const taken: string[] = []
    const announcer = new Announcer({
      ...{ self: node.id, streams: hub, gossip: node.gossip, log: node.log },
      taken: (path, peer) => {
        taken.push(`${path} ${peer.slice(-1)}`)
        if (path === 'kept') return false
        hub.unpublish(path)
        return true
      },
    })
    made.push({ ...node, hub, announcer, taken })
  }
  trustAll(made)
  for (const { announcer } of made) announcer.start()
  nodes.push(...made)
  return made
}

/** As the hub does: asks for the path first. */
function publish(node: Node, path: string, takeover = false): void {
  node.announcer.claim(path, takeover)
  node.hub.publish(path, node.id)
}

const paths = (node: Node | undefined): string[] => (node?.announcer.list() ?? []).map(({ path }) => path).sort()

describe('Announcer', () => {
  it('tells what is there, what comes and what goes', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    const changes = b.announcer.events()
    a.hub.publish('before', a.id)
    net.linkAll()
    await waitFor('what was there', () => paths(b).length === 1)
    a.hub.publish('after', a.id)
    await waitFor('what came', () => paths(b).length === 2)
    const rest = { tracks: [{ kind: 'audio', codec: 'opus' }], since: 5, hops: 0, origin: a.id, claim: 1, full: false, distance: 1 }
    expect(b.announcer.find('after')).toEqual([{ peer: a.id, path: 'after', ...rest }])
    a.hub.unpublish('before')
    await waitFor('its end', () => paths(b).join() === 'after')
    const seen = []
    for await (const change of changes) {
      seen.push(change)
      if (seen.length === 3) break
    }
    expect(seen).toEqual([
      { type: 'appeared', peer: a.id, path: 'before' },
      { type: 'appeared', peer: a.id, path: 'after' },
      { type: 'vanished', peer: a.id, path: 'before' },
    ])
  })

  it('sends a burst of changes as one message, and loses none when events were missed', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    net.linkAll()
    await waitFor('both', () => [a, b].every((node) => node.gossip.membership.members.size === 1))
    await waitFor('quiet', () => a.gossip.state.mark.low === b.gossip.state.mark.low && a.gossip.state.outbox.size === 0)
    let frames = 0
    net.options.onFrame = ({ from }) => {
      if (from === a.id) frames++
      return 'pass'
    }
    for (let i = 0; i < 50; i++) a.hub.publish(`s${i}`, a.id)
    await waitFor('all', () => paths(b).length === 50)
    expect(frames).toBeLessThanOrEqual(2)
    a.hub.streams.clear()
    a.hub.lag()
    await waitFor('none', () => paths(b).length === 0)
  })

  it('forgets a peer that goes and learns all again when it returns', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    net.linkAll()
    a.hub.publish('x', a.id)
    await waitFor('the stream', () => paths(b).length === 1)
    net.cut(a.id, b.id)
    await waitFor('its end', () => paths(b).length === 0)
    a.hub.publish('y', a.id)
    net.link(a.id, b.id)
    await waitFor('both', () => paths(b).join() === 'x,y')
  })

  it('announces copies with their hops, but none that leads back or has gone too far', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    net.linkAll()
    a.hub.publish('copy', 'elsewhere', { hops: 2 })
    a.hub.publish('back', a.id, { hops: 2 })
    a.hub.publish('far', 'elsewhere', { hops: 8 })
    await waitFor('the copy', () => paths(b).length === 1)
    expect(b.announcer.find('copy')).toMatchObject([{ hops: 2, origin: 'elsewhere', claim: 0 }])
    expect(paths(b)).toEqual(['copy'])
  })

  it('announces at most 1,000 streams, and keeps those it told of', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    net.linkAll()
    for (let i = 0; i < 1000; i++) a.hub.publish(`s/${i}`, a.id)
    await waitFor('1,000', () => paths(b).length === 1000)
    for (let i = 1000; i < 1010; i++) a.hub.publish(`a/${i}`, a.id)
    await waitFor('a warning', () => a.log.lines.some(({ msg }) => msg === 'too many streams to announce'))
    expect(paths(b)).toHaveLength(1000)
    a.hub.unpublish('s/0')
    await waitFor('one in its place', () => paths(b).length === 1000 && !paths(b).includes('s/0'))
  })

  it('has one publisher a path: the second is refused, a takeover ends the first', async () => {
    const net = new LoopbackNet()
    const [a, b, c] = (await start(net, 'abc')) as [Node, Node, Node]
    net.linkAll()
    publish(a, 'live/cam')
    await waitFor('the stream', () => paths(b).length === 1 && paths(c).length === 1)
    expect(() => publish(b, 'live/cam')).toThrow(expect.objectContaining({ code: 'ERR_STREAM_TAKEN', message: 'live/cam is published by a.' }))
    // what is not published there, but copied, is free
    c.hub.publish('copied', 'elsewhere', { hops: 1 })
    await waitFor('the copy', () => paths(b).includes('copied'))
    publish(b, 'copied')
    publish(b, 'live/cam', true)
    await waitFor('the end of the first', () => a.taken.length === 1)
    expect(a.taken).toEqual([`live/cam ${b.id.slice(-1)}`])
    await waitFor('the new one alone', () => c.announcer.find('live/cam').length === 1)
    expect(c.announcer.find('live/cam')).toMatchObject([{ peer: b.id, claim: 2, over: a.id }])
    // it may be taken back, and then once more
    publish(a, 'live/cam', true)
    await waitFor('the end of the second', () => b.taken.length === 1)
    expect(a.taken).toHaveLength(1)
  })

  it('chooses the same winner everywhere when two meet after a partition, and tells the loser', async () => {
    const net = new LoopbackNet()
    const [a, b, c] = (await start(net, 'abc')) as [Node, Node, Node]
    net.link(b.id, c.id)
    await waitFor('a pair', () => b.gossip.membership.members.size === 1)
    publish(a, 'p')
    publish(b, 'p')
    net.link(a.id, c.id)
    net.link(a.id, b.id)
    await waitFor('the decision', () => a.announcer.contested('p') ?? b.announcer.contested('p'))
    const [winner, loser] = a.announcer.contested('p') === undefined ? [a, b] : [b, a]
    expect(loser.announcer.contested('p')).toBe(winner.id)
    expect(winner.announcer.contested('p')).toBeUndefined()
    await waitFor('c', () => paths(c).length === 2)
    expect(c.announcer.find('p').map(({ peer }) => peer)).toEqual([winner.id])
    expect(loser.announcer.find('p').map(({ peer }) => peer)).toEqual([winner.id])
    expect(winner.announcer.find('p')).toEqual([])
    expect(c.announcer.list().find(({ peer }) => peer === loser.id)).toMatchObject({ contested: winner.id })
    expect(loser.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    expect([...a.taken, ...b.taken]).toEqual([])
    winner.hub.unpublish('p')
    await waitFor('the other to count', () => loser.announcer.contested('p') === undefined && c.announcer.find('p')[0]?.peer === loser.id)
  })

  it('goes on when the peer may not take over, and is contested then', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    net.linkAll()
    publish(a, 'kept')
    await waitFor('the stream', () => paths(b).length === 1)
    publish(b, 'kept', true)
    await waitFor('the decision', () => a.announcer.contested('kept') === b.id)
    expect(a.taken).toHaveLength(1)
    expect(a.hub.streams.has('kept')).toBe(true)
  })

  it('does not end a publication for a takeover that was of an earlier one', async () => {
    const net = new LoopbackNet()
    const [a, b] = (await start(net, 'ab')) as [Node, Node]
    net.linkAll()
    publish(a, 'p')
    await waitFor('the stream', () => paths(b).length === 1)
    publish(b, 'p', true)
    await waitFor('the takeover', () => a.taken.length === 1)
    net.cut(a.id, b.id)
    await waitFor('the cut', () => paths(a).length === 0)
    publish(a, 'p')
    net.link(a.id, b.id)
    await waitFor('the decision', () => b.announcer.contested('p') === a.id)
    expect(a.taken).toHaveLength(1)
  })
})
