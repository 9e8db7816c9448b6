/** WHEP pulled and WHIP pushed to, between two nodes; with key frames on request, and messages. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Frame, Publication, Subscription, Track } from '../../src/stream.js'
import { numberIn, picture, video } from '../unit/viewing/media.js'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode } from './nodes.js'

const opus: Track = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }
const messages: Track = { id: 3, kind: 'data', codec: 'application/json' }

/** Pictures, sounds and messages at the pace of a camera; a key picture at the beginning and when it is asked for one. */
class Camera {
  readonly tracks = [video, opus, messages]
  keysAsked = 0
  readonly #publication: Publication
  readonly #timer: NodeJS.Timeout
  #count = 0
  #key = true

  constructor(node: TestNode, path: string) {
    this.#publication = node.probe.ctx.streams.publish(path, this.tracks, {
      keyWanted: () => {
        this.keysAsked++
        this.#key = true
      },
    })
    this.#timer = setInterval(() => this.#tick(), 20)
  }

  #tick(): void {
    const n = this.#count++
    const timestamp = n * 20_000
    if (n % 2 === 0) this.#picture(n, timestamp)
    this.#publication.write({ track: 2, timestamp, key: true, data: Uint8Array.of(0xfc, n & 255, 1, 2) })
    if (n % 5 === 0) this.#publication.write({ track: 3, timestamp, key: true, data: Buffer.from(JSON.stringify({ n })) })
  }

  #picture(n: number, timestamp: number): void {
    const { data } = picture(n)
    data[4] = this.#key ? 0x65 : 0x41
    this.#publication.write({ track: 1, timestamp, key: this.#key, data })
    this.#key = false
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#publication.close()
  }
}

const nodes = new Nodes()
let origin: TestNode
let edge: TestNode
const whep = (path: string): string => `127.0.0.1:${origin.daemon.http?.port}/${path}`

beforeAll(async () => {
  // a viewer whose publisher is gone is told at once
  origin = await nodes.start('origin', { flags: { 'webrtc.wait': 0 } })
  edge = await nodes.start('edge')
})
afterAll(() => nodes.dispose())

/** Reads a stream of a node into a list. */
async function reading(node: TestNode, path: string): Promise<{ readonly frames: Frame[]; readonly subscription: Subscription }> {
  const subscription = await node.probe.ctx.streams.subscribe(path, { wait: 30_000 })
  const frames: Frame[] = []
  void subscription.deliver((batch) => void frames.push(...batch)).catch(() => {})
  return { frames, subscription }
}
const ofKind = ({ frames, subscription }: { frames: Frame[]; subscription: Subscription }, kind: Track['kind']): Frame[] =>
  frames.filter(({ track }) => subscription.tracks.find(({ id }) => id === track)?.kind === kind)

it('pulls whep:// with picture, sound and messages, and ends it with the stream', async () => {
  const camera = new Camera(origin, 'live/cam')
  await edge.client.call('pulls.create', { body: { url: `whep://${whep('live/cam/whep')}`, path: 'in/cam', options: { once: true } } })
  const read = await reading(edge, 'in/cam')
  await waitFor('all three', () => (['video', 'audio', 'data'] as const).every((kind) => ofKind(read, kind).length > 20))
  const { tracks } = read.subscription
  expect(tracks.map(({ codec }) => codec).toSorted()).toEqual(['application/json', video.codec, 'opus'].toSorted())
  expect(tracks.find(({ kind }) => kind === 'audio')).toMatchObject({ channels: 2, sampleRate: 48_000 })
  const numbers = ofKind(read, 'video').map(({ data }) => numberIn(data.subarray(4)))
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + 2 * i))
  const said = ofKind(read, 'data').map(({ data }): number => JSON.parse(Buffer.from(data).toString()).n)
  expect(said).toEqual(said.map((_, i) => (said[0] ?? 0) + 5 * i))
  camera.stop()
  await waitFor('the end of the pull', async () => (await edge.client.call('pulls.list', {})).pulls.every(({ path }) => path !== 'in/cam'))
  await waitFor('no session', async () => (await origin.client.plugin<{ sessions: number }>('GET', '/webrtc/info')).sessions === 0)
})

it('pushes to whip://, and a viewer there reaches the camera here with its wish for a key picture', async () => {
  const camera = new Camera(edge, 'live/out')
  await edge.client.call('pushes.create', { body: { url: `whip://${whep('live/pushed/whip')}`, path: 'live/out' } })
  const read = await reading(origin, 'live/pushed')
  await waitFor('all three', () => (['video', 'audio', 'data'] as const).every((kind) => ofKind(read, kind).length > 20))
  expect(read.subscription.tracks.map(({ codec }) => codec).toSorted()).toEqual(['application/json', video.codec, 'opus'].toSorted())
  const [asked, keys] = [camera.keysAsked, ofKind(read, 'video').filter(({ key }) => key).length]
  read.subscription.wantKey()
  await waitFor('a key picture', () => camera.keysAsked > asked && ofKind(read, 'video').filter(({ key }) => key).length > keys)
  camera.stop()
})

it('carries the wish for a key picture over shoal://, as often as the camera can bear', async () => {
  const camera = new Camera(origin, 'live/far')
  await nodes.join(origin, edge)
  await edge.client.call('pulls.create', { body: { url: 'shoal://origin/live/far', path: 'far/cam' } })
  const read = await reading(edge, 'far/cam')
  await waitFor('pictures', () => ofKind(read, 'video').length > 5)
  const keys = (): number => ofKind(read, 'video').filter(({ key }) => key).length
  const [asked, before] = [camera.keysAsked, keys()]
  for (let i = 0; i < 20; i++) read.subscription.wantKey()
  await waitFor('a key picture', () => keys() > before)
  expect(camera.keysAsked).toBe(asked + 1)
  camera.stop()
})

it('says why a server is not pulled from', async () => {
  await edge.client.call('pulls.create', { body: { url: `whep://${whep('live/nobody/whep')}`, path: 'in/nobody' } })
  const failed = await waitFor('the refusal', async () =>
    (await edge.client.call('pulls.list', {})).pulls.find(({ path, error }) => path === 'in/nobody' && error),
  )
  expect(failed.error).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('404') })
})
