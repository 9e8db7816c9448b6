/** What all plugins with live viewers do alike, seen through fragmented MP4 and MPEG-TS. */

import { afterEach, describe, expect, it, vi } from 'vitest'
import { TsMuxer } from '../../../src/media/mpegts/muxer.js'
import { fromAnnexB } from '../../../src/media/nal.js'
import type { Plugin } from '../../../src/plugin.js'
import { fmp4 } from '../../../src/plugins/fmp4/index.js'
import { mpegts } from '../../../src/plugins/mpegts/index.js'
import type { Track } from '../../../src/stream.js'
import type { LiveInfo } from '../../../src/viewing/live-server.js'
import { waitFor } from '../../wait-for.js'
import { boxesOf, samplesOf } from '../media/mp4/reader.js'
import { packetsOf, unitsOf } from '../media/mpegts/reader.js'
import { audio, numberIn, picture, smaller, sound, video } from './media.js'
import { RawClient, ViewingNode } from './node.js'

interface Case {
  readonly plugin: Plugin
  readonly extension: string
  readonly type: string
  /** Numbers of the pictures in a body, and their decode times in ms. */
  pictures(body: Uint8Array): [number: number, time: number][]
}

/** Whole boxes, or packets, at the start of what has arrived. */
function whole(body: Uint8Array, sizeAt: (at: number) => number): Uint8Array {
  let at = 0
  while (at + 8 <= body.length && at + sizeAt(at) <= body.length) at += sizeAt(at)
  return body.subarray(0, at)
}

const wholeBoxes = (body: Uint8Array): Uint8Array => whole(body, (at) => new DataView(body.buffer, body.byteOffset).getUint32(at))

const cases: readonly Case[] = [
  {
    plugin: fmp4 as Plugin,
    extension: 'mp4',
    type: 'video/mp4',
    pictures: (body) =>
      samplesOf(wholeBoxes(body)).flatMap(({ track, data, decodeTime }) => (track === 1 ? [[numberIn(data.subarray(4)), decodeTime / 90]] : [])),
  },
  {
    plugin: mpegts as Plugin,
    extension: 'ts',
    type: 'video/mp2t',
    pictures: (body) =>
      unitsOf(whole(body, () => 188)).flatMap(({ pid, data, dts }) => {
        const nal = pid === 0x100 ? fromAnnexB(data).at(-1) : undefined
        return nal && nal.length >= 8 ? [[numberIn(nal), dts / 90]] : []
      }),
  },
]

let node: ViewingNode
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await node.close()
  await waitFor('handlers to return', () => node.open === 0)
})

const start = async (...args: Parameters<typeof ViewingNode.start>): Promise<void> => {
  node = await ViewingNode.start(...args)
}
const get = (target: string): RawClient => {
  const client = RawClient.get(node.port, target)
  clients.push(client)
  return client
}
const publish = (path: string, tracks: readonly Track[] = [video, audio]) => node.hub.publish(path, tracks, { publisher: 'test' })
const info = (): Promise<LiveInfo> => node.read<LiveInfo>('/viewers')

describe.each(cases)('$plugin.name', ({ plugin, extension, type, pictures }) => {
  const numbers = (client: RawClient): number[] => pictures(client.body).map(([number]) => number)

  it('sends what was published, from the newest key frame on, in order', async () => {
    await start(plugin)
    const publication = publish('live/cam')
    for (let n = 0; n < 40; n++) publication.write(picture(n))
    const client = get(`/live/cam.${extension}`)
    await waitFor('the cache', () => numbers(client).length >= 14)
    for (let n = 40; n < 60; n++) {
      publication.write(picture(n))
      publication.write(sound(n))
    }
    publication.close()
    await waitFor('the end', () => client.closed)
    expect(client.head).toMatch(new RegExp(`^Content-Type: ${type}$`, 'im'))
    expect(client.head).not.toMatch(/transfer-encoding|content-length|access-control|left-out/i)
    expect(pictures(client.body)).toEqual(Array.from({ length: 35 }, (_, i) => [25 + i, (25 + i) * 40]))
  })

  it('muxes each frame once, however many viewers there are, and gives all the same bytes', async () => {
    await start(plugin)
    const publication = publish('live/cam', [video])
    const mux = vi.spyOn(TsMuxer.prototype, 'write')
    const first = get(`/live/cam.${extension}`)
    await waitFor('a viewer', () => publication.subscribers === 1)
    for (let n = 0; n < 30; n++) publication.write(picture(n))
    await waitFor('frames', () => numbers(first).length >= 29)
    const others = Array.from({ length: 8 }, () => get(`/live/cam.${extension}`))
    await waitFor('viewers', () => publication.subscribers === 9)
    for (let n = 30; n < 60; n++) publication.write(picture(n))
    publication.close()
    await waitFor('the end', () => [first, ...others].every((viewer) => viewer.closed))
    if (plugin.name === 'mpegts') expect(mux).toHaveBeenCalledTimes(60)
    mux.mockRestore()
    expect(numbers(first)).toEqual(Array.from({ length: 60 }, (_, n) => n))
    const [late] = others
    expect(pictures(late?.body ?? Buffer.alloc(0)).map(([number]) => number)).toEqual(Array.from({ length: 35 }, (_, n) => 25 + n))
    expect(others.every((viewer) => viewer.body.equals(late?.body ?? Buffer.alloc(0)))).toBe(true)
    // who comes late gets the very bytes that others got
    const tail = late?.body.subarray(-2000) ?? Buffer.alloc(0)
    expect(first.body.includes(tail)).toBe(true)
  })

  it.each([
    ['a stream that there is not', 'live/none', 404, 'ERR_STREAM_NOT_FOUND'],
    ['a wrong track', 'live/cam?tracks=video,subtitles', 400, 'ERR_REQUEST_INVALID'],
    ['a stream of text', 'live/text', 415, 'ERR_CODEC_UNSUPPORTED'],
    ['a picture that would be black', 'live/vp8', 415, 'ERR_CODEC_UNSUPPORTED'],
  ])('refuses %s with JSON', async (_, target, status, code) => {
    await start(plugin)
    publish('live/cam')
    publish('live/text', [{ id: 1, kind: 'data', codec: 'text' }])
    publish('live/vp8', [{ id: 1, kind: 'video', codec: 'vp8' }, audio])
    const [path, query] = target.split('?')
    const response = await fetch(node.url(`${path}.${extension}${query ? `?${query}` : ''}`))
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(node.hub.subscribers()).toEqual([])
    expect((await info()).refused).toBe(1)
  })

  it('offers the sound of a stream whose picture it cannot carry, and says which sound it leaves out', async () => {
    await start(plugin)
    publish('live/vp8', [{ id: 1, kind: 'video', codec: 'vp8' }, audio])
    publish('live/alaw', [video, { id: 2, kind: 'audio', codec: 'pcma', sampleRate: 8000, channels: 1 }])
    const refusal = await fetch(node.url(`live/vp8.${extension}`))
    expect(await refusal.json()).toMatchObject({ error: { hint: 'Ask for the sound alone: ?tracks=audio.' } })
    node.versions.push({ path: 'live/vp8~h264', video: 'avc1.64001f' })
    const hint = 'Ask for the sound alone: ?tracks=audio. In other codecs there is live/vp8~h264 (avc1.64001f).'
    expect(await (await fetch(node.url(`live/vp8.${extension}`))).json()).toMatchObject({ error: { hint } })
    expect((await fetch(node.url(`live/vp8.${extension}?tracks=audio`), { method: 'HEAD' })).status).toBe(200)
    const silent = await fetch(node.url(`live/alaw.${extension}`), { method: 'HEAD' })
    expect([silent.status, silent.headers.get('shoal-left-out')]).toEqual([200, 'pcma'])
  })

  it('goes on in time when another publisher takes over, wherever its clock begins', async () => {
    await start(plugin, { wait: 5000 })
    const first = publish('live/cam', [video])
    const client = get(`/live/cam.${extension}`)
    await waitFor('a viewer', () => first.subscribers === 1)
    for (let n = 100; n < 103; n++) first.write(picture(n))
    await waitFor('frames', () => numbers(client).length === 3)
    first.close()
    const second = publish('live/cam', [video])
    for (let n = 0; n < 2; n++) second.write(picture(n))
    await waitFor('its frames', () => numbers(client).length === 5)
    expect(pictures(client.body).map(([, time]) => time)).toEqual([4000, 4040, 4080, 4180, 4220])
  })

  it('begins a clock that is before 0 after it', async () => {
    await start(plugin)
    const publication = publish('live/cam', [video])
    publication.write({ ...picture(0), timestamp: -80_000 })
    const client = get(`/live/cam.${extension}`)
    await waitFor('a frame', () => numbers(client).length === 1)
    expect(pictures(client.body)).toEqual([[0, 1000]])
  })

  it('cuts a viewer that takes nothing, while others get every frame', async () => {
    await start(plugin, { bufferSize: 65_536, stallTimeout: 400 }, { bufferBytes: 4 * 1024 * 1024 })
    const publication = publish('live/cam', [video])
    const good = get(`/live/cam.${extension}`)
    const stalled = get(`/live/cam.${extension}`)
    await waitFor('viewers', () => publication.subscribers === 2)
    stalled.socket.pause()
    let n = 0
    await waitFor('the cut', async () => {
      for (let i = 0; i < 10; i++) publication.write(picture(n++, 100_000))
      return (await info()).cut === 1
    })
    publication.close()
    await waitFor('the end', () => good.closed)
    expect(numbers(good)).toEqual(Array.from({ length: n }, (_, i) => i))
    expect(node.log.lines.filter((line) => line.msg === 'viewer cut, it takes nothing')).toHaveLength(1)
    stalled.socket.resume()
    await waitFor('its end', () => stalled.closed)
  })
})

describe('a change of codec', () => {
  const change = async (extension: string): Promise<RawClient> => {
    const publication = publish('live/cam', [video])
    const client = get(`/live/cam.${extension}`)
    await waitFor('a viewer', () => publication.subscribers === 1)
    publication.write(picture(0))
    await waitFor('a frame', () => client.body.length > 100)
    publication.update(smaller)
    publication.write(picture(25))
    return client
  }

  it('ends MP4 over HTTP, which has no form for it', async () => {
    await start(fmp4 as Plugin)
    const client = await change('mp4')
    await waitFor('the end', () => client.closed)
    expect(boxesOf(client.body).map(({ type }) => type)).toEqual(['ftyp', 'moov', 'moof', 'mdat'])
    expect(samplesOf(client.body).length).toBe(1)
  })

  it('goes on in MPEG-TS with a new program map', async () => {
    await start(mpegts as Plugin)
    const client = await change('ts')
    const versions = (): number[] =>
      packetsOf(whole(client.body, () => 188)).flatMap(({ pid, content }) => (pid === 0x1000 ? [((content[6] ?? 0) >> 1) & 31] : []))
    await waitFor('the next frame', () => versions().length === 2)
    expect(new Set(versions()).size).toBe(2)
    expect(unitsOf(whole(client.body, () => 188))).toHaveLength(2)
  })
})
