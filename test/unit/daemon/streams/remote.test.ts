import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeStreamMessage, streamProtocol } from '../../../../src/daemon/streams/stream-messages.js'
import type { Subscription } from '../../../../src/stream.js'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { avTracks, numberOf, type StreamNode, StreamNodes, videoFrame, writeVideo } from '../stream-nodes.js'

let net: LoopbackNet
let nodes: StreamNodes

beforeEach(() => {
  net = new LoopbackNet()
  nodes = new StreamNodes(net)
})

afterEach(async () => {
  await nodes.close()
})

const failsWith = (code: string): unknown => expect.objectContaining({ code })

/** Two linked nodes. */
function pair(): { a: StreamNode; b: StreamNode } {
  const a = nodes.make('a')
  const b = nodes.make('b')
  net.linkAll()
  return { a, b }
}

/** Numbers of video frames, as a reader of `node` gets them. */
async function reading(node: StreamNode, path: string): Promise<{ numbers: number[]; subscription: Subscription }> {
  const subscription = await node.hub.subscribe(path, { wait: 5000 })
  const numbers: number[] = []
  const read = async (): Promise<void> => {
    for await (const frames of subscription) for (const frame of frames) if (frame.track === 1) numbers.push(numberOf(frame))
  }
  // how it ends is the test's own business
  read().catch(() => {})
  return { numbers, subscription }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe('shoal:// between two nodes', () => {
  it('carries tracks and frames as they are, from the newest key frame', async () => {
    const { a, b } = pair()
    const publication = a.hub.publish('live/cam', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 15)
    publication.write({ track: 2, timestamp: 600_000, key: true, data: Uint8Array.of(1, 2, 3) })
    b.pulls.pull('shoal://a/live/cam', undefined, { owner: 'test' })
    const subscription = await b.hub.subscribe('live/cam', { wait: 5000 })
    const frames = []
    for await (const batch of subscription) {
      frames.push(...batch)
      if (frames.length >= 6) break
    }
    expect(subscription.tracks).toEqual(avTracks)
    expect(frames.map(({ data, ...frame }) => ({ ...frame, data: [...data] }))).toEqual([
      ...range(10, 15).map((n) => ({ ...videoFrame(n, n === 10), data: [...videoFrame(n, false).data] })),
      { track: 2, timestamp: 600_000, key: true, data: [1, 2, 3] },
    ])
    expect(b.hub.info('live/cam')).toMatchObject({ origin: a.id, hops: 1, publisher: 'shoal' })
  })

  it('carries the largest frame, and skips the group of one that cannot be sent', async () => {
    const { a, b } = pair()
    const publication = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 1)
    b.pulls.pull('shoal://a/s', undefined, { owner: 'test' })
    const { numbers } = await reading(b, 's')
    await waitFor('the first frame', () => numbers.length === 1)
    publication.write(videoFrame(1, false, 8 * 1024 * 1024))
    publication.write({ ...videoFrame(2, false), decodeTime: -(2 ** 40) })
    publication.write(videoFrame(3, false))
    writeVideo(publication, 10, 12)
    await waitFor('the next group', () => numbers.includes(11))
    expect(numbers).toEqual([0, 1, 10, 11])
    expect(a.remote.sessions()).toMatchObject([{ direction: 'served', peer: b.id, path: 's', dropped: 2 }])
    expect(b.remote.sessions()).toMatchObject([{ direction: 'pulled', peer: a.id, path: 's', dropped: 2 }])
  })

  it('sends what is due in one turn as one message of the link', async () => {
    const { a, b } = pair()
    const publication = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 1)
    b.pulls.pull('shoal://a/s', undefined, { owner: 'test' })
    const { numbers } = await reading(b, 's')
    await waitFor('the first frame', () => numbers.length === 1)
    const sizes: number[] = []
    net.options.onFrame = ({ from, frame }) => {
      if (from === a.id && frame.byteLength > 100) sizes.push(frame.byteLength)
      return 'pass'
    }
    writeVideo(publication, 1, 101, 1000)
    await waitFor('all', () => numbers.length === 101)
    expect(sizes).toEqual([100 * (32 + 100)])
    sizes.length = 0
    writeVideo(publication, 101, 201, 1000, 2000)
    await waitFor('all', () => numbers.length === 201)
    expect(sizes.length).toBeLessThanOrEqual(6)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024)
  })

  it('announces changed and added tracks before their frames', async () => {
    const { a, b } = pair()
    const publication = a.hub.publish('s', avTracks.slice(0, 1), { publisher: 'test' })
    writeVideo(publication, 0, 5)
    b.pulls.pull('shoal://a/s', undefined, { owner: 'test' })
    const { numbers, subscription } = await reading(b, 's')
    await waitFor('frames', () => numbers.length === 5)
    const changed = { ...avTracks[0], width: 1280, height: 720, codec: 'avc1.640020' } as (typeof avTracks)[number]
    publication.update(changed)
    publication.update({ id: 3, kind: 'data', codec: 'text' })
    writeVideo(publication, 10, 12)
    await waitFor('frames', () => numbers.includes(11))
    expect(subscription.tracks).toEqual([changed, { id: 3, kind: 'data', codec: 'text' }])
    expect(b.violations).toEqual([])
  })

  it('returns when the stream ends by itself, and throws what it ended with otherwise', async () => {
    const { a, b } = pair()
    const first = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(first, 0, 3)
    const pull = b.pullOnce('shoal://a/s', 's')
    const { numbers } = await reading(b, 's')
    await waitFor('frames', () => numbers.length === 3)
    first.close()
    await pull.done
    const second = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(second, 0, 3)
    const again = b.pullOnce('shoal://a/s', 't')
    await waitFor('the stream', () => b.hub.info('t'))
    a.hub.stop('s')
    await expect(again.done).rejects.toThrow(failsWith('ERR_STREAM_STOPPED'))
  })

  it('begins a new publication when another one takes over there', async () => {
    const { a, b } = pair()
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 3)
    const pull = b.pullOnce('shoal://a/s', 's')
    await waitFor('the stream', () => b.hub.info('s')?.framesIn === 3)
    const epoch = b.hub.epoch('s')
    const next = a.hub.publish('s', avTracks, { publisher: 'other', takeover: true })
    writeVideo(next, 0, 2)
    await waitFor('the next publication', () => b.hub.info('s') && b.hub.epoch('s') !== epoch && b.hub.info('s')?.framesIn === 2)
    pull.stop()
    await expect(pull.done).rejects.toThrow('stopped')
  })

  it('waits at the peer for a publisher that is still to come', async () => {
    const { a, b } = pair()
    const wanted: string[] = []
    a.hub.onDemand((path, yes) => yes && wanted.push(path))
    const pull = b.pullOnce('shoal://a/soon', 'soon')
    await waitFor('demand', () => wanted.includes('soon'))
    writeVideo(a.hub.publish('soon', avTracks, { publisher: 'test' }), 0, 1)
    await waitFor('the stream', () => b.hub.info('soon')?.framesIn === 1)
    pull.stop()
  })

  it('waits for the link, and ends the wait with the job', async () => {
    const { a, b } = pair()
    net.cut(a.id, b.id)
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 1)
    const stopped = b.pullOnce('shoal://a/s', 's')
    stopped.stop()
    await expect(stopped.done).rejects.toThrow('stopped')
    const pull = b.pullOnce('shoal://a/s', 's')
    await new Promise(setImmediate)
    net.link(a.id, b.id)
    await waitFor('the stream', () => b.hub.info('s')?.framesIn === 1)
    pull.stop()
  })

  it('serves a quiet stream for longer than the silence allowed', async () => {
    const a = nodes.make('a', { keepAlive: 50 })
    const b = nodes.make('b', { timing: { silence: 300 } })
    net.linkAll()
    const publication = a.hub.publish('s', [{ id: 1, kind: 'data', codec: 'text' }], { publisher: 'test', publishTimeout: 0 })
    const pull = b.pullOnce('shoal://a/s', 's')
    let batches = 0
    net.options.onFrame = ({ from }) => {
      if (from === a.id) batches++
      return 'pass'
    }
    await waitFor('ten keep-alives', () => batches > 10)
    publication.write({ track: 1, timestamp: 0, key: true, data: Uint8Array.of(1) })
    await waitFor('the message', () => b.hub.info('s')?.framesIn === 1)
    pull.stop()
  })

  it('leaves nothing behind', async () => {
    const { a, b } = pair()
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 1)
    const pull = b.pulls.pull('shoal://a/s', undefined, { owner: 'test' })
    await waitFor('the stream', () => b.hub.info('s')?.framesIn === 1)
    await pull.close()
    await waitFor('no streams', () => net.streams === 0 && a.hub.info('s')?.subscribers === 0)
    expect([a.remote.sessions(), b.remote.sessions()]).toEqual([[], []])
  })
})

describe('refusals of shoal://', () => {
  it.each([
    ['shoal://nobody/s', 'ERR_PEER_UNKNOWN'],
    ['shoal://b/s', 'ERR_URL_INVALID'],
    ['shoal://a/none', 'ERR_STREAM_NOT_FOUND'],
    ['shoal:///none', 'ERR_STREAM_NOT_FOUND'],
    ['shoal://a:1/s', 'ERR_URL_INVALID'],
  ])('%s: %s', async (url, code) => {
    const { b } = pair()
    await expect(b.pullOnce(url, 'x', { wait: 0 }).done).rejects.toThrow(failsWith(code))
  })

  it('ERR_STREAM_NOT_FOUND after the wait', async () => {
    const { b } = pair()
    await expect(b.pullOnce('shoal://a/none', 'x', { wait: 30 }).done).rejects.toThrow(failsWith('ERR_STREAM_NOT_FOUND'))
  })

  it('ERR_FORBIDDEN with the reason, also when the decision throws', async () => {
    nodes.make('a', {
      allows: async (_peer, path) => {
        if (path === 'throws') throw new Error('secret detail')
        return 'not for you'
      },
    })
    const b = nodes.make('b')
    net.linkAll()
    await expect(b.pullOnce('shoal://a/s', 'x').done).rejects.toMatchObject({ code: 'ERR_FORBIDDEN', data: { remote: 'not for you' } })
    const error = await b.pullOnce('shoal://a/throws', 'x').done.catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ERR_FORBIDDEN' })
    expect(String(error)).not.toContain('secret')
  })

  it('ERR_QUOTA_STREAMS beyond the streams one peer may pull', async () => {
    const a = nodes.make('a', { maxStreams: 3 })
    const b = nodes.make('b')
    const c = nodes.make('c')
    net.linkAll()
    a.hub.publish('s', avTracks, { publisher: 'test' })
    const pulls = [1, 2, 3].map((n) => b.pullOnce('shoal://a/s', `p${n}`))
    await waitFor('three', () => b.hub.list().length === 3)
    await expect(b.pullOnce('shoal://a/s', 'p4').done).rejects.toThrow(failsWith('ERR_QUOTA_STREAMS'))
    const other = c.pullOnce('shoal://a/s', 'p')
    await waitFor('another peer', () => c.hub.info('p'))
    for (const pull of [...pulls, other]) pull.stop()
  })

  it.each([{ wait: -1 }, { wait: 1e9 }, { wait: 'x' }, { maxLatency: 1.5 }])('ERR_REQUEST_INVALID: %j', async (options) => {
    const { b } = pair()
    await expect(b.pullOnce('shoal://a/s', 'x', options).done).rejects.toThrow(failsWith('ERR_REQUEST_INVALID'))
  })

  it('a peer that is forgotten loses all streams in the same turn, both ways, and the wait for its link', async () => {
    const { a, b } = pair()
    for (const node of [a, b]) writeVideo(node.hub.publish(`of/${node.name}`, avTracks, { publisher: 'test' }), 0, 1)
    const there = a.pullOnce('shoal://b/of/b', 'x')
    const here = b.pullOnce('shoal://a/of/a', 'x')
    await waitFor('both', () => a.hub.info('x')?.framesIn === 1 && b.hub.info('x')?.framesIn === 1)
    expect(a.remote.cutPeer(b.id)).toBe(3)
    expect(a.hub.info('of/a')?.subscribers).toBe(0)
    await expect(there.done).rejects.toThrow(failsWith('ERR_PEER_FORGOTTEN'))
    here.stop()
    net.cut(a.id, b.id)
    const waiting = a.pullOnce('shoal://b/of/b', 'x')
    await new Promise(setImmediate)
    a.remote.cutPeer(b.id)
    await expect(waiting.done).rejects.toThrow(failsWith('ERR_PEER_FORGOTTEN'))
  })
})

describe('peers that break the stream protocol', () => {
  const open = (path = 's'): Uint8Array => encodeStreamMessage({ type: 'open', value: { path, tracks: [], start: 'latest', maxLatency: 0, wait: 0, copy: '' } })
  const report = (received: number): Uint8Array =>
    encodeStreamMessage({ type: 'report', value: { group: 0, index: 0, age: 0, received, buffered: 0, room: 0 } })

  it.each([
    ['garbage', [Uint8Array.of(255)]],
    ['an empty message', [new Uint8Array()]],
    ['a report first', [report(0)]],
    ['two opens', [open(), open()]],
    ['a report of what was never sent', [open(), report(1e9)]],
  ])('as a puller: %s', async (_, messages) => {
    const { a, b } = pair()
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 1)
    const stream = await b.swarm.open(a.id, streamProtocol, { maxFrame: 2 ** 24, maxInbound: 1 })
    for (const message of messages) stream.send(message)
    await waitFor('the reset', () => stream.signal.aborted)
    await waitFor('the strike', () => a.violations.length === 1)
    expect(a.violations[0]).toMatchObject({ peer: b.id, error: { code: 'ERR_PROTOCOL' } })
    await waitFor('the end', () => a.remote.sessions().length === 0)
  })

  const header = (group: number, index: number, track = 1): Uint8Array => {
    const bytes = Buffer.alloc(32)
    bytes[0] = 1
    bytes[1] = 1
    bytes.writeUInt16BE(track, 2)
    bytes.writeUInt32BE(group, 4)
    bytes.writeUInt32BE(index, 8)
    return bytes
  }
  const accept = (hops: string[]): Uint8Array =>
    encodeStreamMessage({
      type: 'accept',
      value: { epoch: 1, originEpoch: 1, tracks: avTracks, hops, originPath: 's', sealed: false, resumed: false, keyRequests: false },
    })

  it.each<[string, (Uint8Array | typeof accept)[]]>([
    ['garbage', [Uint8Array.of(255)]],
    ['an open', [open()]],
    ['a stream in the name of another', [accept(['x'])]],
    ['a stream that passed a node twice', [accept(['x', 'x'])]],
    ['media garbage', [accept, Uint8Array.of(1)]],
    ['a frame of a track that is not there', [accept, header(0, 0, 9)]],
    ['the same frame twice', [accept, header(1, 1), header(1, 1)]],
    ['an older group', [accept, header(1, 0), header(0, 0)]],
  ])('as a server: %s', async (_, messages) => {
    const b = nodes.make('b')
    const raw = net.node()
    net.link(raw.id, b.id)
    raw.handle(streamProtocol, { maxFrame: 2 ** 24, maxInbound: 9 }, async (stream) => {
      for (const message of messages) stream.send(message instanceof Uint8Array ? message : message([raw.id]))
      for await (const _ of stream.frames);
    })
    b.copies = { s: [raw.id] }
    await expect(b.pullOnce('shoal:///s', 's').done).rejects.toThrow(failsWith('ERR_PROTOCOL'))
    expect(b.violations).toMatchObject([{ peer: raw.id }])
  })
})
