/** Five nodes and one publisher: trees, failing relays, false relays, and the end of the origin. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeBatch, RecordBatch } from '../../../../src/daemon/streams/frame-header.js'
import { decodeStreamMessage, encodeStreamMessage, streamProtocol } from '../../../../src/daemon/streams/stream-messages.js'
import type { Publication } from '../../../../src/stream.js'
import { type FrameOnWay, LoopbackNet } from '../../../../src/testing/loopback-swarm.js'
import { slowness, waitFor } from '../../../wait-for.js'
import { avTracks, numberOf, type StreamNode, StreamNodes, videoFrame } from '../stream-nodes.js'

let net: LoopbackNet
let nodes: StreamNodes
let stops: (() => void)[]

beforeEach(() => {
  net = new LoopbackNet()
  nodes = new StreamNodes(net)
  stops = []
})

afterEach(async () => {
  for (const stop of stops) stop()
  await nodes.close()
})

/** Frames in a group, and ms between two frames. */
const group = 25
const interval = 10

/** For tests that wait for the end. */
const hasty = { timing: { silence: 1500 } }

const failsWith = (code: string): unknown => expect.objectContaining({ code })

/** Publishes `s` at `node` for as long as the test runs. */
function live(node: StreamNode, path = 's'): { publication: Publication; stop(): void; written(): number } {
  const publication = node.hub.publish(path, avTracks, { publisher: 'test' })
  let number = 0
  const timer = setInterval(() => publication.write(videoFrame(number, number++ % group === 0)), interval)
  const stop = (): void => clearInterval(timer)
  stops.push(stop)
  publication.write(videoFrame(number, number++ % group === 0))
  return { publication, stop, written: () => number }
}

interface Reading {
  readonly node: StreamNode
  readonly numbers: number[]
  /** Longest time between two frames, ms. */
  longest(): number
  readonly done: Promise<void>
  stop(): void
}

/** Pulls and reads `path` at a node; each frame is checked against what was published. */
async function pulling(node: StreamNode, url = 'shoal://a/s', path = 's', options = {}): Promise<Reading> {
  const { done, stop } = node.pullOnce(url, path, options)
  const subscription = await node.hub.subscribe(path, { wait: 10_000 * slowness })
  const numbers: number[] = []
  let last = performance.now()
  let longest = 0
  const read = async (): Promise<void> => {
    for await (const frames of subscription) {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
      for (const frame of frames) {
        const number = numberOf(frame)
        expect(frame).toEqual(videoFrame(number, number % group === 0))
        numbers.push(number)
      }
    }
  }
  const failed = read().catch(() => {})
  const both = Promise.all([done, failed]).then(() => {})
  both.catch(() => {})
  stops.push(stop)
  await waitFor(`frames at ${node.name}`, () => numbers.length > 0)
  return { node, numbers, longest: () => longest, done: both, stop }
}

/** Where a node pulls from. */
function sourceOf(node: StreamNode): string | undefined {
  const session = node.remote.sessions().find(({ direction }) => direction === 'pulled')
  return nodes.nodes.find(({ id }) => id === session?.peer)?.name
}

function servedBy(node: StreamNode): number {
  return node.remote.sessions().filter(({ direction }) => direction === 'served').length
}

/** Frames rise; what is missing is less than a group and ends at a key frame. Gives the number of frames missing. */
function checkGaps(numbers: readonly number[]): number {
  let missing = 0
  numbers.forEach((number, at) => {
    const before = numbers[at - 1]
    if (before === undefined || number === before + 1) return
    expect(number).toBeGreaterThan(before)
    expect(number % group).toBe(0)
    missing += number - before - 1
  })
  expect(missing).toBeLessThanOrEqual(group)
  return missing
}

/** The publisher `a` and four readers that found their places. */
async function tree(): Promise<{ a: StreamNode; readers: Reading[] }> {
  const [a, ...others] = ['a', 'b', 'c', 'd', 'e'].map((name) => nodes.makeSealed(name, { fanOut: 2 }))
  net.linkAll()
  live(a as StreamNode)
  const readers: Reading[] = []
  for (const node of others) readers.push(await pulling(node))
  return { a: a as StreamNode, readers }
}

describe('a stream with more readers than its origin may serve', () => {
  it('becomes a tree: the origin sends two copies, and everybody has every frame', async () => {
    const { a, readers } = await tree()
    expect(servedBy(a)).toBe(2)
    await waitFor('frames', () => readers.every(({ numbers }) => numbers.length > 2 * group))
    expect(servedBy(a)).toBe(2)
    expect(readers.map(({ node }) => node.hub.info('s')?.hops).sort()).toEqual([1, 1, 2, 2])
    for (const { node, numbers } of readers) {
      expect(checkGaps(numbers)).toBe(0)
      expect(node.hub.info('s')?.origin).toBe(a.id)
      expect(node.violations).toEqual([])
    }
  })

  it('loses no more than a group when a relay dies, and the readers share what is left', async () => {
    const { a, readers } = await tree()
    const dying = readers.find(({ node }) => servedBy(node) > 0) as Reading
    dying.stop()
    net.isolate(dying.node.id)
    const rest = readers.filter((reader) => reader !== dying)
    const lengths = rest.map(({ numbers }) => numbers.length)
    await waitFor('frames', () => rest.every(({ numbers }, at) => numbers.length > (lengths[at] as number) + 3 * group))
    for (const { numbers } of rest) expect(checkGaps(numbers)).toBe(0)
    expect(servedBy(a)).toBeLessThanOrEqual(2)
    expect(Math.max(...rest.map((reader) => reader.longest()))).toBeLessThan(6500 * slowness)
  })

  it('ends with ERR_ORIGIN_LOST everywhere when the origin is gone, at the same time', async () => {
    const { a, readers } = await tree()
    const killed = performance.now()
    net.isolate(a.id)
    const ended = readers.map(async ({ done }) => {
      await expect(done).rejects.toThrow(failsWith('ERR_ORIGIN_LOST'))
      return performance.now() - killed
    })
    const times = await Promise.all(ended)
    expect(Math.max(...times)).toBeLessThan(15_000 * slowness)
    for (const { node } of readers) expect(node.remote.sessions()).toEqual([])
  })

  it('follows a publisher that starts anew, and keeps its readers', async () => {
    const { a, readers } = await tree()
    const next = a.hub.publish('s', avTracks, { publisher: 'other', takeover: true })
    for (let number = 0; number < 5; number++) next.write(videoFrame(number, number % group === 0))
    await waitFor('the next publication', () => readers.every(({ numbers }) => numbers.slice(-5).join() === '0,1,2,3,4'))
    expect(servedBy(a)).toBeLessThanOrEqual(2)
  })
})

/** `a` publishes, `b` and `c` relay, `d` reads from `b`. */
async function diamond(ports = {}): Promise<{ a: StreamNode; b: Reading; c: Reading; d: Reading }> {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => nodes.makeSealed(name, ports)) as [StreamNode, StreamNode, StreamNode, StreamNode]
  for (const [x, y] of [[a, b] as const, [a, c] as const, [b, c] as const, [b, d] as const, [c, d] as const]) net.link(x.id, y.id)
  live(a)
  const fromB = await pulling(b)
  const fromC = await pulling(c)
  const reader = await pulling(d, 'shoal:///s')
  if (sourceOf(d) === 'c') return { a, b: fromC, c: fromB, d: reader }
  return { a, b: fromB, c: fromC, d: reader }
}

describe('a relay that hangs', () => {
  it('is left within seconds when it says nothing at all', async () => {
    const { b, c, d } = await diamond()
    net.stall(b.node.id, d.node.id)
    await waitFor('the other relay', () => sourceOf(d.node) === c.node.name)
    const length = d.numbers.length
    await waitFor('frames', () => d.numbers.length > length + group)
    expect(checkGaps(d.numbers)).toBe(0)
    expect(d.longest()).toBeLessThan(6500 * slowness)
  })

  it('is left within seconds when it says that it is alive and sends no frames', async () => {
    const { b, c, d } = await diamond()
    const lie = new RecordBatch()
    lie.add({ type: 'keepAlive', age: 0 })
    const bytes = Buffer.concat(lie.take())
    net.options.onFrame = ({ from, to }) => (from === b.node.id && to === d.node.id ? bytes : 'pass')
    await waitFor('the other relay', () => sourceOf(d.node) === c.node.name)
    const length = d.numbers.length
    await waitFor('frames', () => d.numbers.length > length + group)
    expect(checkGaps(d.numbers)).toBe(0)
    expect(d.longest()).toBeLessThan(6500 * slowness)
  })

  it('is not left for another that has nothing newer either', async () => {
    const { b, c, d } = await diamond({ timing: { quiet: 200 } })
    let looks = 0
    net.options.onOpen = ({ from, to }) => {
      if (from === d.node.id && to === c.node.id) looks++
      return undefined
    }
    // the publisher pauses
    for (const stop of stops.splice(0, 1)) stop()
    await waitFor('two looks around', () => looks >= 2)
    expect(sourceOf(d.node)).toBe(b.node.name)
  })
})

/** Changes something in each batch of records that a relay sends on. */
function altering(from: string, to: string, change: (bytes: Buffer) => void): (frame: FrameOnWay) => Uint8Array | 'pass' {
  return (way) => {
    if (way.from !== from || way.to !== to || way.protocol !== streamProtocol) return 'pass'
    const bytes = Buffer.from(way.frame)
    change(bytes)
    return bytes
  }
}

describe('a relay that alters', () => {
  const isFrame = (bytes: Buffer): boolean => bytes.length > 32 + 64 && bytes[0] === 1

  it.each<[string, (bytes: Buffer) => void]>([
    ['the data', (bytes) => void (isFrame(bytes) && bytes.writeUInt8((bytes[40] as number) ^ 1, 40))],
    ['a timestamp', (bytes) => void (isFrame(bytes) && bytes.writeUInt8((bytes[19] as number) ^ 1, 19))],
    ['the index', (bytes) => void (isFrame(bytes) && bytes.writeUInt8(200, 11))],
    ['the seal', (bytes) => void (isFrame(bytes) && bytes.writeUInt8((bytes.at(-1) as number) ^ 1, bytes.length - 1))],
    ['that a frame is a key frame', (bytes) => void (isFrame(bytes) && bytes.writeUInt8((bytes[1] as number) ^ 1, 1))],
  ])('%s is found out, blamed and left, and nobody gets a false frame', async (_, change) => {
    const { b, c, d } = await diamond()
    net.options.onFrame = altering(b.node.id, d.node.id, change)
    await waitFor('the other relay', () => sourceOf(d.node) === c.node.name)
    const length = d.numbers.length
    await waitFor('frames', () => d.numbers.length > length + group)
    expect(checkGaps(d.numbers)).toBe(0)
    expect(d.node.violations).toMatchObject([{ peer: b.node.id, error: { code: 'ERR_SEAL_INVALID' } }])
    expect(c.node.violations).toEqual([])
  })

  it('leaves the seals out', async () => {
    const { b, c, d } = await diamond()
    net.options.onFrame = (way) => {
      if (way.from !== b.node.id || way.to !== d.node.id || way.protocol !== streamProtocol) return 'pass'
      const batch = new RecordBatch()
      for (const record of decodeBatch(way.frame)) batch.add(record.type === 'frame' ? { ...record, seal: undefined } : record)
      return Buffer.concat(batch.take())
    }
    await waitFor('the other relay', () => sourceOf(d.node) === c.node.name)
    expect(d.node.violations).toMatchObject([{ peer: b.node.id, error: { code: 'ERR_SEAL_INVALID' } }])
  })

  it.each<[string, (accept: Extract<ReturnType<typeof decodeStreamMessage>, { type: 'accept' }>['value']) => object]>([
    ['the decoder configuration', ({ tracks: [video, audio] }) => ({ tracks: [{ ...video, description: Uint8Array.of(6, 6, 6) }, audio] })],
    ['the path at the origin', () => ({ originPath: 'other' })],
    ['the epoch', ({ originEpoch }) => ({ originEpoch: originEpoch ^ 1 })],
    ['the tracks, by one more', ({ tracks }) => ({ tracks: [...tracks, { id: 9, kind: 'data', codec: 'text' }] })],
  ])('%s is found out with the first frame', async (_, change) => {
    const [a, b, d] = ['a', 'b', 'd'].map((name) => nodes.makeSealed(name)) as [StreamNode, StreamNode, StreamNode]
    net.link(a.id, b.id)
    net.link(b.id, d.id)
    net.options.onFrame = (way) => {
      if (way.from !== b.id || way.to !== d.id || way.frame[0] === 1) return 'pass'
      const message = decodeStreamMessage(way.frame)
      return message.type === 'accept' ? encodeStreamMessage({ type: 'accept', value: { ...message.value, ...change(message.value) } }) : 'pass'
    }
    live(a)
    await pulling(b)
    await expect(d.pullOnce('shoal:///s', 's').done).rejects.toThrow(failsWith('ERR_SEAL_INVALID'))
    expect(d.violations).toMatchObject([{ peer: b.id, error: { code: 'ERR_SEAL_INVALID' } }])
    await expect(d.pullOnce('shoal:///s', 's').done).rejects.toThrow(failsWith('ERR_STREAM_NOT_FOUND'))
  })
})

describe('a relay that passes off another stream', () => {
  /** Reader d knows of a, which publishes `s` and has no link to it, and of a copy at b. */
  function falseCopy(): [a: StreamNode, b: StreamNode, d: StreamNode] {
    const [a, b] = ['a', 'b'].map((name) => nodes.makeSealed(name)) as [StreamNode, StreamNode]
    const d = nodes.makeSealed('d', { ...hasty, locate: () => [a, b].map(({ id }) => ({ peer: id, origin: a.id })) })
    net.link(a.id, b.id)
    net.link(b.id, d.id)
    live(a)
    return [a, b, d]
  }

  it.each(['shoal:///s', 'shoal://a/s'])('its own under the path of %s, is not believed', async (url) => {
    const [, b, d] = falseCopy()
    live(b)
    await expect(d.pullOnce(url, 's').done).rejects.toThrow(failsWith('ERR_SOURCE_FAILED'))
    expect(d.hub.info('s')).toBeUndefined()
  })

  it.each(['shoal:///s', 'shoal://a/s'])('another one of the same origin under the path of %s, is not believed', async (url) => {
    const [a, b, d] = falseCopy()
    live(a, 'other')
    await pulling(b, 'shoal://a/other', 's')
    await expect(d.pullOnce(url, 's').done).rejects.toThrow(failsWith('ERR_SOURCE_FAILED'))
    expect(d.hub.info('s')).toBeUndefined()
  })

  it('and one that is what it says is read', async () => {
    const [a, b, d] = falseCopy()
    await pulling(b, 'shoal://a/s', 's')
    await pulling(d, 'shoal:///s')
    expect(d.hub.info('s')).toMatchObject({ origin: a.id, hops: 2 })
  })
})

describe('copies', () => {
  it('are not taken from relays where the origin does not seal, unless nothing is checked', async () => {
    const a = nodes.make('a')
    const [b, c] = ['b', 'c'].map((name) => nodes.makeSealed(name)) as [StreamNode, StreamNode]
    const d = nodes.make('d', { locate: (path) => nodes.located(path, d.id) })
    net.link(a.id, b.id)
    net.link(b.id, c.id)
    net.link(b.id, d.id)
    live(a)
    await pulling(b)
    await expect(c.pullOnce('shoal:///s', 's').done).rejects.toThrow(failsWith('ERR_SOURCE_FAILED'))
    expect(c.violations).toEqual([])
    await pulling(d, 'shoal:///s')
    expect(d.hub.info('s')?.hops).toBe(2)
  })

  it('keep their seals under another path and through a relay that does not check', async () => {
    const a = nodes.makeSealed('a')
    const b = nodes.make('b')
    const c = nodes.makeSealed('c')
    net.link(a.id, b.id)
    net.link(b.id, c.id)
    live(a, 'live/cam')
    await pulling(b, 'shoal://a/live/cam', 'x')
    const reader = await pulling(c, 'shoal://b/x', 'y')
    await waitFor('frames', () => reader.numbers.length > group)
    expect(c.hub.info('y')).toMatchObject({ origin: a.id, hops: 2 })
    expect(c.violations).toEqual([])
  })

  it('are found through the peer that is full, whatever their path there', async () => {
    const a = nodes.makeSealed('a', { fanOut: 1 })
    const [b, c] = ['b', 'c'].map((name) => nodes.makeSealed(name, { ...hasty, locate: () => [] })) as [StreamNode, StreamNode]
    net.linkAll()
    live(a)
    await pulling(b, 'shoal://a/s', 'mine/of/b')
    const reader = await pulling(c)
    expect(sourceOf(c)).toBe('b')
    expect(checkGaps(reader.numbers)).toBe(0)
    net.cut(b.id, c.id)
    await expect(reader.done).rejects.toThrow(failsWith('ERR_ORIGIN_LOST'))
    await expect(c.pullOnce('shoal://a/s', 's').done).rejects.toThrow(failsWith('ERR_FAN_OUT'))
  })

  it('that lost their origin never feed each other', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => nodes.makeSealed(name, hasty)) as [StreamNode, StreamNode, StreamNode]
    net.linkAll()
    live(a)
    const readers = [await pulling(b), await pulling(c)]
    net.isolate(a.id)
    let loops = 0
    const timer = setInterval(() => {
      if (servedBy(b) > 0 && servedBy(c) > 0) loops++
    }, 5)
    for (const { done } of readers) await expect(done).rejects.toThrow(failsWith('ERR_ORIGIN_LOST'))
    clearInterval(timer)
    expect(loops).toBe(0)
  })

  it('tell a new way downstream, so that what comes around is refused', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => nodes.makeSealed(name, hasty)) as [StreamNode, StreamNode, StreamNode, StreamNode]
    net.link(a.id, b.id)
    net.link(a.id, c.id)
    net.link(b.id, d.id)
    net.link(c.id, d.id)
    live(a)
    await pulling(b)
    const reader = await pulling(d, 'shoal:///s')
    await pulling(c)
    net.cut(b.id, d.id)
    await waitFor('the other way', () => sourceOf(d) === 'c')
    // c comes to depend on what d has: it must not take it from there
    net.cut(a.id, c.id)
    await expect(reader.done).rejects.toThrow(failsWith('ERR_ORIGIN_LOST'))
    expect(sourceOf(c)).toBeUndefined()
  })
})

describe('a pull with a standby', () => {
  it.each([
    ['dies', (a: string, c: string) => net.cut(a, c)],
    ['hangs', (a: string, c: string) => net.stall(a, c)],
  ])('goes on with it soon when the source %s, and keeps its readers', async (_, fail) => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => nodes.makeSealed(name)) as [StreamNode, StreamNode, StreamNode]
    net.linkAll()
    live(a, 'first')
    live(b, 'second')
    c.pulls.pull('shoal://a/first', 's', { owner: 'test', options: { standby: 'shoal://b/second' } })
    const subscription = await c.hub.subscribe('s', { wait: 10_000 * slowness })
    let frames = 0
    let longest = 0
    let last = performance.now()
    const read = async (): Promise<void> => {
      for await (const batch of subscription) {
        frames += batch.length
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      }
    }
    read().catch(() => {})
    await waitFor('frames', () => frames > group)
    fail(a.id, c.id)
    await waitFor('the standby', () => c.hub.info('s')?.origin === b.id)
    const before = frames
    await waitFor('its frames', () => frames > before + group)
    expect(subscription.signal.aborted).toBe(false)
    expect(longest).toBeLessThan(6500 * slowness)
  })
})
