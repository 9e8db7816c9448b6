import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { streamProtocol } from '../../../../src/daemon/streams/stream-messages.js'
import type { Subscription } from '../../../../src/stream.js'
import { LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../../wait-for.js'
import { avTracks, numberOf, type StreamNode, StreamNodes, writeVideo } from '../stream-nodes.js'

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

describe('streams over a network that fails', () => {
  it('go on where they broke, in the same publication, without a lost frame', async () => {
    const { a, b } = pair()
    const publication = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 5)
    const pull = b.pullOnce('shoal://a/s', 's')
    const { numbers } = await reading(b, 's')
    await waitFor('frames', () => numbers.length === 5)
    const epoch = b.hub.epoch('s')
    net.cut(a.id, b.id)
    writeVideo(publication, 5, 25)
    net.link(a.id, b.id)
    await waitFor('frames', () => numbers.includes(24))
    net.reset(a.id, b.id, streamProtocol)
    writeVideo(publication, 25, 30)
    await waitFor('frames', () => numbers.includes(29))
    expect(numbers).toEqual(range(0, 30))
    expect(b.hub.epoch('s')).toBe(epoch)
    pull.stop()
  })

  it('end with ERR_ORIGIN_LOST when the link stays away, and when the peer falls silent', async () => {
    const a = nodes.make('a')
    const b = nodes.make('b', { timing: { silence: 200, report: 20 } })
    net.linkAll()
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 1)
    const first = b.pullOnce('shoal://a/s', 's')
    await waitFor('the stream', () => b.hub.info('s'))
    net.cut(a.id, b.id)
    await expect(first.done).rejects.toThrow(failsWith('ERR_ORIGIN_LOST'))
    net.link(a.id, b.id)
    const second = b.pullOnce('shoal://a/s', 't')
    await waitFor('the stream', () => b.hub.info('t'))
    net.stall(a.id, b.id)
    await expect(second.done).rejects.toThrow(failsWith('ERR_ORIGIN_LOST'))
  })

  // frames so small that no buffer on the way ever fills, and large ones
  it.each([200, 20_000])('skip whole groups by age when the puller is late, and hold little on the way: %i bytes', async (size) => {
    const { a, b } = pair()
    const publication = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 10)
    const pull = b.pullOnce('shoal://a/s', 's', { maxLatency: 300 })
    const { numbers } = await reading(b, 's')
    await waitFor('frames', () => numbers.includes(9))
    net.stall(a.id, b.id)
    let next = 10
    const inFlight: number[] = []
    const started = performance.now()
    while (performance.now() - started < 800) {
      writeVideo(publication, next, next + 10, 10, size)
      next += 10
      inFlight.push(a.remote.sessions()[0]?.inFlight ?? 0)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    net.resume(a.id, b.id)
    writeVideo(publication, next, next + 10, 10, size)
    await waitFor('the newest group', () => numbers.includes(next + 9))
    const written = next * size
    expect(Math.max(...inFlight)).toBeLessThan(written / 2)
    expect(Math.max(...inFlight)).toBeLessThan(4 * 1024 * 1024 + size)
    expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y))
    const jumps = numbers.filter((number, at) => at > 0 && number !== (numbers[at - 1] as number) + 1)
    expect(jumps.length).toBeGreaterThan(0)
    for (const number of jumps) expect(number % 10).toBe(0)
    expect(a.remote.sessions()[0]?.dropped).toBeGreaterThan(0)
    pull.stop()
  })

  it('are cut when the puller takes nothing at all', async () => {
    const a = nodes.make('a', {}, { stallTimeout: 300 })
    const b = nodes.make('b')
    net.linkAll()
    const publication = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 1)
    const pull = b.pullOnce('shoal://a/s', 's')
    await waitFor('the stream', () => b.hub.info('s')?.framesIn === 1)
    net.stall(a.id, b.id)
    let next = 1
    await waitFor('the cut', () => {
      writeVideo(publication, next, next + 20, 10, 50_000)
      next += 20
      return a.remote.sessions().length === 0
    })
    expect(a.hub.totals().readersCut).toBe(1)
    pull.stop()
  })
})

describe('relayed streams', () => {
  it('keep their origin, count their hops, and are found by path alone', async () => {
    const a = nodes.make('a')
    const b = nodes.make('b')
    const c = nodes.make('c')
    net.link(a.id, b.id)
    net.link(b.id, c.id)
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 3)
    const first = b.pullOnce('shoal://a/s', 's')
    await waitFor('the copy', () => b.hub.info('s')?.framesIn === 3)
    c.copies = { s: [a.id, b.id] }
    const second = c.pullOnce('shoal:///s', 's')
    await waitFor('the second copy', () => c.hub.info('s')?.framesIn === 3)
    expect(c.hub.info('s')).toMatchObject({ origin: a.id, hops: 2 })
    first.stop()
    second.stop()
  })

  it('are refused where they would run in a loop', async () => {
    const a = nodes.make('a')
    const b = nodes.make('b')
    net.linkAll()
    writeVideo(a.hub.publish('s', avTracks, { publisher: 'test' }), 0, 3)
    const first = b.pullOnce('shoal://a/s', 's')
    await waitFor('the copy', () => b.hub.info('s')?.framesIn === 3)
    await expect(a.pullOnce('shoal://b/s', 'back').done).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('loop') })
    first.stop()
  })

  it('are refused after eight nodes', async () => {
    const chain = Array.from({ length: 10 }, (_, i) => nodes.make(`n${i}`))
    net.linkAll()
    writeVideo((chain[0] as StreamNode).hub.publish('s', avTracks, { publisher: 'test' }), 0, 1)
    const pulls = []
    for (let i = 1; i < 9; i++) {
      pulls.push((chain[i] as StreamNode).pullOnce(`shoal://n${i - 1}/s`, 's'))
      await waitFor(`copy ${i}`, () => chain[i]?.hub.info('s')?.framesIn === 1)
    }
    expect(chain[8]?.hub.info('s')?.hops).toBe(8)
    await expect((chain[9] as StreamNode).pullOnce('shoal://n8/s', 's').done).rejects.toThrow(failsWith('ERR_LIMIT'))
    for (const pull of pulls) pull.stop()
  })

  it('go on with another copy when the one they come from dies, at the next frame', async () => {
    const a = nodes.make('a')
    const b = nodes.make('b')
    const c = nodes.make('c')
    net.linkAll()
    const publication = a.hub.publish('s', avTracks, { publisher: 'test' })
    writeVideo(publication, 0, 3)
    const relay = b.pullOnce('shoal://a/s', 's')
    await waitFor('the copy', () => b.hub.info('s')?.framesIn === 3)
    c.copies = { s: [b.id, a.id] }
    const pull = c.pullOnce('shoal:///s', 's')
    const { numbers } = await reading(c, 's')
    await waitFor('frames', () => numbers.length === 3)
    const epoch = c.hub.epoch('s')
    net.cut(b.id, c.id)
    writeVideo(publication, 3, 5)
    await waitFor('the other copy', () => c.remote.sessions()[0]?.peer === a.id)
    writeVideo(publication, 5, 15)
    await waitFor('frames from the other copy', () => numbers.includes(14))
    expect(numbers).toEqual(range(0, 15))
    expect(c.hub.epoch('s')).toBe(epoch)
    expect(c.hub.info('s')).toMatchObject({ origin: a.id })
    pull.stop()
    relay.stop()
  })

  it('try the next copy when one refuses', async () => {
    const a = nodes.make('a')
    const b = nodes.make('b', { allows: async () => 'no' })
    const c = nodes.make('c')
    net.linkAll()
    for (const node of [a, b]) writeVideo(node.hub.publish('s', avTracks, { publisher: 'test' }), 0, 1)
    c.copies = { s: [b.id, a.id] }
    const pull = c.pullOnce('shoal:///s', 's')
    await waitFor('the stream', () => c.hub.info('s')?.origin === a.id)
    pull.stop()
    c.copies = { s: [b.id] }
    await expect(c.pullOnce('shoal:///s', 't').done).rejects.toThrow(failsWith('ERR_FORBIDDEN'))
  })
})
