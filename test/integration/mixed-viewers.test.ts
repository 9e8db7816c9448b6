/** Viewers of every protocol on one node: what they see while others stall, publishers change, and clocks wrap and jump. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { MessageType } from '../../src/media/rtmp/message.js'
import type { Frame } from '../../src/stream.js'
import { RawClient as RtmpClient } from '../unit/plugins/rtmp/raw-client.js'
import { RawClient as RtspClient } from '../unit/plugins/rtsp/raw-client.js'
import { smaller } from '../unit/viewing/media.js'
import { slowness, waitFor } from '../wait-for.js'
import { read } from './keys/bench.js'
import { Nodes, readersOf, type TestNode } from './nodes.js'
import { groupSize, numberOf, pictureStep, pictureTime, type SourceOptions, StampedSource, soundTime } from './stamped-source.js'
import { type Ports, portsOf, Sleeper, slowViewer, type Viewer, viewers } from './viewers.js'
import { WhepViewer } from './whep-viewer.js'

// the deadlines of waitFor grow with the load
vi.setConfig({ testTimeout: 180_000 })

const nodes = new Nodes()
const open: { close(): unknown }[] = []
const sources: StampedSource[] = []
let node: TestNode
let ports: Ports

const yaml = [
  'plugins:',
  ...['hls', 'webrtc'].map((name) => `  ${name}: { wait: 20000 }`),
  ...['http-flv', 'fmp4', 'mpegts'].map((name) => `  ${name}: { stallTimeout: 1500, wait: 20000 }`),
  ...['rtmp', 'rtsp'].map((name) => `  ${name}: { stallTimeout: 1500, playWait: 20000 }`),
].join('\n')

beforeAll(async () => {
  node = await nodes.start('studio', { yaml })
  ports = await portsOf(node)
})
afterAll(async () => {
  for (const source of sources) source.stop()
  await Promise.all(open.map((each) => each.close()))
  await nodes.dispose()
})

function publish(path: string, options: SourceOptions = {}): StampedSource {
  const source = new StampedSource(node, path, options)
  sources.push(source)
  return source
}

/** Viewers of `path`, one of each protocol that is named. `heard` is told of their frames. */
function watch(path: string, protocols = Object.keys(viewers), heard?: (protocol: string, frame: Frame) => void): Viewer[] {
  const opened = protocols.flatMap((protocol) => viewers[protocol]?.(ports, path, (frame) => heard?.(protocol, frame)) ?? [])
  open.push(...opened)
  return opened
}

/** Viewers of its pictures by WebRTC, which carries no AAC. */
function watchByWhep(path: string, count = 1, heard?: (frame: Frame) => void): WhepViewer[] {
  const opened = Array.from({ length: count }, () => new WhepViewer(`http://127.0.0.1:${ports.http}/${path}/whep`, heard))
  open.push(...opened)
  return opened
}

async function leave(these: readonly Viewer[], source: StampedSource): Promise<void> {
  await Promise.all(these.map((viewer) => viewer.close()))
  source.stop()
}

type Kind = 'video' | 'audio'

function framesOf({ frames, tracks }: Viewer, kind: Kind): readonly Frame[] {
  const id = tracks.find((track) => track.kind === kind)?.id
  return frames.filter(({ track }) => track === id)
}

const isOf = (kind: Kind, { kinds = ['video', 'audio'] }: SourceOptions): boolean => kinds.includes(kind)
const kindsOf = (options: SourceOptions): Kind[] => (['video', 'audio'] as const).filter((kind) => isOf(kind, options))
const decoded = ({ decodeTime, timestamp }: Frame): number => decodeTime ?? timestamp
const steps = (values: readonly number[]): number[] => values.slice(1).map((value, i) => value - (values[i] ?? 0))

/** Waits until all have `count` frames of the first kind. */
async function seen(these: readonly Viewer[], { options }: StampedSource, count: number): Promise<void> {
  const [kind = 'video'] = kindsOf(options)
  const late = (): string[] =>
    these.filter((viewer) => framesOf(viewer, kind).length < count).map((viewer) => `${viewer.protocol}: ${framesOf(viewer, kind).length} ${viewer.end ?? ''}`)
  await waitFor('every viewer to have its frames', () => late().length === 0, 15_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${late().join(', ')}`)
  })
}

/** How far the times of `frames` are from those they were published with, µs. */
function offsets(frames: readonly Frame[], kind: Kind, options: SourceOptions): number[] {
  return frames.map((frame) => {
    const n = numberOf(frame, kind)
    return frame.timestamp - (kind === 'video' ? pictureTime(n, options).shown : soundTime(n, options))
  })
}

/** µs: media clocks and 1 ms of FLV round, reports of RTSP move a track by 2 ms at a time. */
const rounding = 10_000

/** Every frame from the first that came, times that only rise, no step where there was none, sound and picture together. */
function expectWhole(viewer: Viewer, options: SourceOptions, name = ''): void {
  const protocol = `${name} ${viewer.protocol}`
  expectNoGaps(viewer, kindsOf(options), protocol)
  expectTogether(viewer, options, protocol)
}

/** Every frame from the first that came, a key frame, and times that only rise. */
function expectNoGaps(viewer: Viewer, kinds: readonly Kind[], protocol: string): void {
  const { end } = viewer
  expect(end, protocol).toBeUndefined()
  for (const kind of kinds) {
    const frames = framesOf(viewer, kind)
    expect(frames.length, `${protocol} ${kind}`).toBeGreaterThan(0)
    const numbers = frames.map((frame) => numberOf(frame, kind))
    const missing = numbers.flatMap((n, i) => (i > 0 && n !== (numbers[i - 1] as number) + 1 ? [`${numbers[i - 1]} to ${n}`] : []))
    expect(missing, `${protocol} ${kind}, gaps in ${numbers[0]} to ${numbers.at(-1)}`).toEqual([])
    expect(Math.min(...steps(frames.map(decoded))), `${protocol} ${kind} steps`).toBeGreaterThan(0)
    if (kind === 'video') expect(numberOf(frames[0] as Frame, kind) % groupSize, `${protocol} begins with a key frame`).toBe(0)
  }
}

/** What was kept is shown at once, with times of its own; from then on times are as published. */
function expectPictures(viewer: Viewer, options: SourceOptions): void {
  expectNoGaps(viewer, ['video'], viewer.protocol)
  const moved = offsets(framesOf(viewer, 'video').slice(-25), 'video', options)
  expect(Math.max(...moved) - Math.min(...moved), `${viewer.protocol}: spread of the offsets`).toBeLessThan(rounding)
}

/** On each side of a jump the times are as published, moved by the same for picture and sound. */
function expectTogether(viewer: Viewer, options: SourceOptions, what: string): void {
  const { jump } = options
  for (const side of jump ? ['before', 'after'] : ['all']) {
    const moved = kindsOf(options).flatMap((kind) => {
      const frames = framesOf(viewer, kind).filter((frame) => side === 'all' || isBehind(frame, kind, options) === (side === 'after'))
      return offsets(frames, kind, options)
    })
    expect(Math.max(...moved) - Math.min(...moved), `${what}, ${side}: spread of the offsets`).toBeLessThan(rounding)
  }
}

/** Was it published after the jump? */
function isBehind(frame: Frame, kind: Kind, options: SourceOptions): boolean {
  const n = numberOf(frame, kind)
  const time = kind === 'video' ? pictureTime(n, options).decoded : soundTime(n, options)
  return time - (options.start ?? 0) >= (options.jump?.by ?? 0)
}

/** A client of each protocol over TCP that asks for `path` and never reads. */
async function stall(path: string): Promise<void> {
  const lines = (extension: string, more: string[] = []): string => [`GET /${path}.${extension} HTTP/1.1`, 'Host: 127.0.0.1', ...more, '', ''].join('\r\n')
  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  for (const extension of ['flv', 'mp4', 'ts']) open.push(new Sleeper(ports.http, lines(extension)), new Sleeper(ports.http, lines(extension)))
  for (const extension of ['flv', 'mp4']) open.push(new Sleeper(ports.http, lines(extension, upgrade)))
  const [app = '', name = ''] = path.split('/')
  const rtmp = await RtmpClient.ready(ports.rtmp, app)
  rtmp.command(1, 'play', 3, null, name)
  rtmp.socket.pause()
  const rtsp = await RtspClient.dial(ports.rtsp, path)
  await rtsp.play()
  rtsp.socket.pause()
  open.push({ close: () => rtmp.socket.destroy() }, { close: () => rtsp.socket.destroy() })
}

/** Kinds that come to a viewer of pictures and AAC. */
const carried = ({ protocol }: Viewer): readonly Kind[] => (protocol === 'WHEP' ? ['video'] : ['video', 'audio'])

/** Times that rise, by no more than what a busy machine makes of the moment between two publishers. µs. */
function expectNoJump(times: readonly number[], what: string): void {
  expect(times.length, what).toBeGreaterThan(20)
  expect(Math.min(...steps(times)), what).toBeGreaterThan(0)
  expect(Math.max(...steps(times)), what).toBeLessThan(5e6)
}

/** Times of pictures as they are sent, µs, without a reader that mends them. */
async function rawTimes(path: string): Promise<{ rtmp(): number[]; rtsp(): number[] }> {
  const [app = '', name = ''] = path.split('/')
  const rtmp = await RtmpClient.ready(ports.rtmp, app)
  rtmp.command(1, 'play', 3, null, name)
  const rtsp = await RtspClient.dial(ports.rtsp, path)
  await rtsp.play()
  open.push({ close: () => rtmp.socket.destroy() }, { close: () => rtsp.socket.destroy() })
  const ticksOf = (packet: Uint8Array): number => new DataView(packet.buffer, packet.byteOffset).getUint32(4)
  return {
    // the first byte says which codec, the second that it is no header
    rtmp: () => rtmp.messages.filter(({ type, body }) => type === MessageType.video && body[1] === 1).map(({ timestamp }) => timestamp * 1000),
    rtsp: () => [...new Set(rtsp.packets.filter(({ channel }) => channel === 0).map(({ packet }) => (ticksOf(packet) / 90_000) * 1e6))],
  }
}

/** ms from the hub to the viewer, now. */
const delayOf = (frame: Frame, { handed }: StampedSource): number => performance.now() - (handed[numberOf(frame, 'video')] ?? 0)

/** Far above what `bench/latency.ts` measures, as all of this runs in one busy process: the median of each way out. ms. */
function expectSoon(delays: ReadonlyMap<string, readonly number[]>): void {
  for (const [protocol, all] of delays) {
    // those of HLS hold back parts, or three segments
    const most = protocol === 'HLS TS' ? 9000 : protocol === 'LL-HLS' ? 1500 : 10 * (pictureStep / 1000)
    // what was kept comes at once, and is as old as it is
    const live = all.slice(-10).toSorted((a, b) => a - b)
    expect(live[5], `${protocol}: ms from the hub to the viewer`).toBeLessThan(most * slowness)
  }
}

const hour = 3_600e6

describe('viewers of one node', () => {
  it('a hundred of all protocols get every frame, whoever stalls beside them', async () => {
    const cam = publish('live/cam')
    const wall = publish('live/wall', { size: 50_000 })
    const ofWall = watch('live/wall', ['HTTP-FLV', 'WS-fMP4', 'TS', 'RTMP', 'RTSP TCP'])
    await stall('live/wall')
    const ofCam = Array.from({ length: 9 }, () => watch('live/cam')).flat()
    const byWhep = watchByWhep('live/cam', 2)
    const stalled = 10
    await waitFor('all viewers of the wall', async () => (await readersOf(node, 'live/wall')).length === ofWall.length + stalled)
    let waiting = 0
    await waitFor(
      'the end of those that stall',
      async () => {
        const lists = await Promise.all(['http-flv', 'fmp4', 'mpegts'].map((name) => read<{ viewers: { waiting: number }[] }>(node, `/${name}/viewers`)))
        waiting = Math.max(waiting, ...lists.flatMap((list) => list.viewers.map((viewer) => viewer.waiting)))
        return (await readersOf(node, 'live/wall')).length === ofWall.length
      },
      20_000,
    )
    // bufferSize, and what was due at once
    expect(waiting).toBeGreaterThan(0)
    expect(waiting).toBeLessThan(3e6)
    const count = 75
    await seen([...ofCam, ...byWhep, ...ofWall], cam, count)
    for (const viewer of byWhep) expectPictures(viewer, cam.options)
    for (const viewer of ofCam) expectWhole(viewer, cam.options)
    for (const viewer of ofWall) expectWhole(viewer, wall.options)
    await Promise.all([leave([...ofCam, ...byWhep], cam), leave(ofWall, wall)])
  })

  const [wrap33, wrap32] = [(2 ** 33 / 90_000) * 1e6, (2 ** 32 / 90_000) * 1e6]
  const variants: readonly (readonly [name: string, options: SourceOptions])[] = [
    ['sound alone', { kinds: ['audio'] }],
    ['pictures alone', { kinds: ['video'] }],
    ['pictures in another order', { reordered: true }],
    ['a clock at 30 hours', { start: 30 * hour, reordered: true }],
    ['the wrap of MPEG-TS', { start: Math.floor(wrap33) - 2e6, reordered: true }],
    ['the wrap of RTP pictures', { start: Math.floor(wrap32) - 2e6 }],
    ['the wrap of RTP sound', { start: Math.floor((2 ** 32 / 44_100) * 1e6) - 2e6 }],
    ['the wrap of RTMP and FLV', { start: 2 ** 32 * 1000 - 2e6, reordered: true }],
    ['a jump of an hour', { jump: { after: 75, by: hour } }],
  ]
  it('see the same whatever the clock and the tracks', async () => {
    const watched = variants.map(([name, options]) => {
      const path = `clock/${name.replaceAll(' ', '-')}`
      const source = publish(path, options)
      return { name, source, these: watch(path) }
    })
    for (const { name, source, these } of watched) {
      await seen(these, source, source.options.kinds?.[0] === 'audio' ? 170 : 95).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`)
      })
    }
    for (const { name, source, these } of watched) for (const viewer of these) expectWhole(viewer, source.options, name)
    await Promise.all(watched.map(({ these, source }) => leave(these, source)))
  })

  /** One publisher after another on one path, with clocks that begin there. */
  async function succession(path: string, start: number, next: number): Promise<void> {
    const before = publish(path, { start })
    const these: Viewer[] = [...watch(path), ...watchByWhep(path)]
    const wire = await rawTimes(path)
    await seen(these, before, 30)
    before.stop()
    const had = these.map((viewer) => viewer.frames.length)
    const after = publish(path, { start: next })
    await waitFor('frames of the next publisher', () => these.every((viewer, i) => viewer.frames.length > (had[i] as number) + 80), 20_000)
    for (const viewer of these) {
      expect(viewer.end, viewer.protocol).toBeUndefined()
      for (const kind of carried(viewer)) expectNoJump(framesOf(viewer, kind).map(decoded), `${viewer.protocol} ${kind}`)
    }
    // readers of ours would mend a jump: what went over the wire had none
    expectNoJump(wire.rtmp(), 'RTMP as sent')
    expectNoJump(wire.rtsp(), 'RTSP as sent')
    await leave(these, after)
  }
  it.concurrent('go on with the next publisher of the path, wherever its clock is', async () => {
    await Promise.all([succession('again/later', 0, 30 * hour), succession('again/earlier', 30 * hour, 0)])
  })

  it.concurrent('see a change of codec, or an end where the format has no form for it', async () => {
    const source = publish('live/change')
    const delays = new Map<string, number[]>()
    const heard = (protocol: string, frame: Frame): void => {
      if (frame.track !== 1) return
      delays.set(protocol, [...(delays.get(protocol) ?? []), delayOf(frame, source)])
    }
    const these: Viewer[] = [...watch('live/change', Object.keys(viewers), heard), ...watchByWhep('live/change', 1, (frame) => heard('WHEP', frame))]
    await seen(these, source, 30)
    expectSoon(delays)
    const had = these.map((viewer) => viewer.frames.length)
    source.update(smaller)
    const sizeOf = ({ tracks }: Viewer): number | undefined => tracks.find(({ kind }) => kind === 'video')?.width
    const changed = (viewer: Viewer, i: number): boolean => sizeOf(viewer) === smaller.width && viewer.frames.length > (had[i] as number) + 60
    const done = (viewer: Viewer, i: number): boolean => viewer.end !== undefined || changed(viewer, i)
    await waitFor('the change at all viewers', () => these.every(done), 20_000)
    // one header for each connection of HTTP: its viewer comes again
    expect(these.filter(({ end }) => end !== undefined).map(({ protocol, end }) => [protocol, end])).toEqual([['fMP4', 'closed']])
    for (const viewer of these) for (const kind of carried(viewer)) expectNoJump(framesOf(viewer, kind).map(decoded), `${viewer.protocol} ${kind}`)
    await leave(these, source)
  })

  it.concurrent('who reads at half the rate gets whole groups and stays near the present, and nobody else suffers', async () => {
    const source = publish('live/heavy', { size: 100_000, kinds: ['video'] })
    const rate = 100_000 * 25
    const [delays, others] = [new Map<number, number>(), new Map<string, number[]>()]
    const slow = slowViewer(ports, 'live/heavy', rate / 2, (frame) => delays.set(numberOf(frame, 'video'), delayOf(frame, source)))
    open.push(slow)
    const fast = watch('live/heavy', ['HTTP-FLV', 'RTSP TCP'], (protocol, frame) => {
      others.set(protocol, [...(others.get(protocol) ?? []), delayOf(frame, source)])
    })
    const groupsSkipped = (): number[] => [...delays.keys()].filter((n, i, all) => i > 0 && n !== (all[i - 1] ?? 0) + 1)
    await waitFor('the slow viewer to be behind and to come back, three times', () => groupsSkipped().length >= 3, 25_000)
    expect(slow.end).toBeUndefined()
    for (const n of groupsSkipped()) expect(n % groupSize, 'what follows a gap').toBe(0)
    // streams.maxLatency, and what waits in the sockets
    expect(Math.max(...delays.values())).toBeLessThan(4000 * slowness)
    for (const viewer of fast) expectWhole(viewer, source.options)
    expectSoon(others)
    await leave([slow, ...fast], source)
  })
})
