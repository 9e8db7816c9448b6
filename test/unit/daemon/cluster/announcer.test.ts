import { afterEach, describe, expect, it } from 'vitest'
import { Announcer } from '../../../../src/daemon/cluster/announcer.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'
import type { StreamEvent, StreamInfo } from '../../../../src/stream.js'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { type ControlNode, type ControlNodeOptions, controlNode } from '../control-nodes.js'

/** A hub that only lists. */
class FakeHub {
  readonly streams = new Map<string, StreamInfo>()
  readonly #events = new Broadcast<StreamEvent>((missed) => ({ type: 'lagged', missed, time: 0 }))

  list(): StreamInfo[] {
    return [...this.streams.values()]
  }

  events({ signal }: { signal: AbortSignal }): AsyncIterable<StreamEvent> {
    return this.#events.listen(signal)
  }

  publish(path: string, origin: string, parts: Partial<StreamInfo> = {}): void {
    const rest = {
      publisher: 'test',
      hops: 0,
      tracks: [{ id: 1, kind: 'audio' as const, codec: 'opus' }],
      subscribers: 0,
      since: 5,
      framesIn: 0,
      bytesIn: 0,
      framesDropped: 0,
      bitrate: 0,
    }
    this.streams.set(path, { path, origin, ...rest, ...parts })
    this.#events.emit({ type: 'published', path, time: 0, publisher: 'test' })
  }

  unpublish(path: string): void {
    this.streams.delete(path)
    this.#events.emit({ type: 'unpublished', path, time: 0, publisher: 'test' })
  }

  lag(): void {
    this.#events.emit({ type: 'lagged', missed: 3, time: 0 })
  }
}

interface Node extends ControlNode {
  id: string
  hub: FakeHub
  announcer: Announcer
}

const nodes: Node[] = []

afterEach(async () => {
  for (const node of nodes.splice(0)) {
    await node.announcer.close()
    await node.control.close()
  }
})

function start(net: LoopbackNet, name: string, options: ControlNodeOptions = {}): Node {
  const node = controlNode(net, name, options)
  const hub = new FakeHub()
  const announcer = new Announcer({ self: node.swarm.id, streams: hub, control: node.control, log: node.log })
  announcer.start()
  const made = { ...node, id: node.swarm.id, hub, announcer }
  nodes.push(made)
  return made
}

const paths = (node: Node): string[] =>
  node.announcer
    .list()
    .map(({ path }) => path)
    .sort()

describe('Announcer', () => {
  it('tells what is there, what comes and what goes', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const b = start(net, 'b')
    const changes = b.announcer.events()
    a.hub.publish('before', a.id)
    net.linkAll()
    await waitFor('the snapshot', () => paths(b).length === 1)
    a.hub.publish('after', a.id)
    await waitFor('a delta', () => paths(b).length === 2)
    expect(b.announcer.find('after')).toEqual([{ peer: a.id, path: 'after', tracks: [{ kind: 'audio', codec: 'opus' }], since: 5, hops: 0, origin: a.id }])
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
    const a = start(net, 'a')
    const b = start(net, 'b')
    net.linkAll()
    await waitFor('the channel', () => a.control.hello(b.id) && b.control.hello(a.id))
    let frames = 0
    net.options.onFrame = () => {
      frames++
      return 'pass'
    }
    for (let i = 0; i < 50; i++) a.hub.publish(`s${i}`, a.id)
    await waitFor('all', () => paths(b).length === 50)
    expect(frames).toBe(1)
    a.hub.streams.clear()
    a.hub.lag()
    await waitFor('none', () => paths(b).length === 0)
  })

  it('forgets a peer that goes and learns all again when it returns', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a')
    const b = start(net, 'b')
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
    const a = start(net, 'a')
    const b = start(net, 'b')
    net.linkAll()
    a.hub.publish('copy', 'elsewhere', { hops: 2 })
    a.hub.publish('back', a.id, { hops: 2 })
    a.hub.publish('far', 'elsewhere', { hops: 8 })
    await waitFor('the copy', () => paths(b).length === 1)
    expect(b.announcer.find('copy')).toMatchObject([{ hops: 2, origin: 'elsewhere' }])
    expect(paths(b)).toEqual(['copy'])
  })

  it('sends a snapshot once there is room again when a queue was full', async () => {
    const net = new LoopbackNet()
    const a = start(net, 'a', { queue: { items: 4, bytes: 2 ** 20 } })
    const b = start(net, 'b')
    net.linkAll()
    await waitFor('the channel', () => a.control.hello(b.id) && b.control.hello(a.id))
    net.stall(a.id, b.id)
    const fill = (): boolean => {
      try {
        a.control.send(b.id, { type: 'receipt', value: { instance: '0102030405060708', id: 1, code: '', message: '', reply: new Uint8Array(500_000) } })
        return false
      } catch {
        return true
      }
    }
    await waitFor('a full queue', fill)
    a.hub.publish('x', a.id)
    a.hub.publish('y', a.id)
    net.resume(a.id, b.id)
    await waitFor('both', () => paths(b).join() === 'x,y')
  })
})
