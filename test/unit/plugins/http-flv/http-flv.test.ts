import { afterEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import type { HubPublication } from '../../../../src/daemon/streams/hub.js'
import { FlvDemuxer } from '../../../../src/media/flv/demuxer.js'
import { type TagEvent, TagWriter } from '../../../../src/media/flv/tag-body.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { waitFor } from '../../../wait-for.js'
import { avcConfigs, hex } from '../../media/configs.js'
import { RawClient, TestNode } from './node.js'

const video: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const audio: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }

let node: TestNode
const clients: RawClient[] = []

async function start(...args: Parameters<typeof TestNode.serve>): Promise<TestNode> {
  node = await TestNode.serve(...args)
  return node
}

function get(target: string): RawClient {
  const client = RawClient.get(node.port, target)
  clients.push(client)
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await node.close()
  await waitFor('handlers to return', () => node.open === 0)
})

const publish = (path: string, tracks: readonly Track[] = [video, audio]): HubPublication => node.hub.publish(path, tracks, { publisher: 'test' })

/** A picture every 40 ms, a key frame each second, with 12 recognisable bytes. */
function picture(n: number, size = 12): Frame {
  const data = new Uint8Array(size)
  new DataView(data.buffer).setUint32(0, size - 4)
  data[4] = n % 25 === 0 ? 0x65 : 0x41
  new DataView(data.buffer).setUint32(8, n)
  return { track: 1, timestamp: n * 40_000, key: n % 25 === 0, data }
}

const sound = (n: number): Frame => ({ track: 2, timestamp: n * 23_000, key: true, data: Uint8Array.of(0x21, n & 255) })

const eventsOf = (body: Uint8Array): TagEvent[] => new FlvDemuxer().push(new Uint8Array(body))
const framesOf = (body: Uint8Array): Frame[] => eventsOf(body).flatMap((event) => (event.type === 'frame' ? [event.frame] : []))
const plain = ({ track, timestamp, key, data }: Frame) => ({ track, timestamp, key, data })

describe('HTTP-FLV', () => {
  it('answers with bytes as they are: no chunks, no length, no caching, and closes at the end', async () => {
    await start()
    const publication = publish('live/cam')
    const client = get('/live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    publication.write(picture(0))
    publication.write(sound(0))
    await waitFor('two frames', () => framesOf(client.body).length === 2)
    expect(client.head.split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
    expect(client.head).toMatch(/^Content-Type: video\/x-flv$/im)
    expect(client.head).toMatch(/^Cache-Control: no-store$/im)
    expect(client.head).toMatch(/^Connection: close$/im)
    expect(client.head).not.toMatch(/transfer-encoding|content-length|access-control/i)
    publication.close()
    await waitFor('the end', () => client.closed)
    expect(framesOf(client.body).map(plain)).toEqual([picture(0), sound(0)].map(plain))
  })

  it('sends what was published, from the newest key frame on, in order', async () => {
    await start()
    const publication = publish('live/cam')
    for (let n = 0; n < 40; n++) publication.write(picture(n))
    const client = get('/live/cam.flv')
    await waitFor('the cache', () => framesOf(client.body).length === 15)
    for (let n = 40; n < 60; n++) publication.write(picture(n))
    await waitFor('all', () => framesOf(client.body).length === 35)
    expect(framesOf(client.body).map(plain)).toEqual(Array.from({ length: 35 }, (_, i) => plain(picture(25 + i))))
    const [first, second] = eventsOf(client.body)
    expect(first).toMatchObject({ type: 'metadata', data: { width: 640, height: 360, videocodecid: 7, audiocodecid: 10 } })
    expect(second).toEqual({ type: 'track', track: video })
  })

  it('muxes each frame once, however many viewers there are', async () => {
    await start()
    const publication = publish('live/cam')
    const write = vi.spyOn(TagWriter.prototype, 'write')
    const viewers = Array.from({ length: 8 }, () => get('/live/cam.flv'))
    await waitFor('viewers', () => publication.subscribers === 8)
    for (let n = 0; n < 30; n++) publication.write(picture(n))
    await waitFor('frames', () => viewers.every((viewer) => framesOf(viewer.body).length === 30))
    expect(write).toHaveBeenCalledTimes(30)
    write.mockRestore()
    expect(viewers.every((viewer) => viewer.body.equals(viewers[0]?.body ?? Buffer.alloc(0)))).toBe(true)
  })

  it('sends large frames whole', async () => {
    await start()
    const publication = publish('live/cam')
    const client = get('/live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    const frame = picture(0, 3_000_000)
    publication.write(frame)
    await waitFor('it', () => client.body.length > 3_000_000 && framesOf(client.body).length === 1)
    expect(Buffer.from(framesOf(client.body)[0]?.data ?? []).equals(frame.data)).toBe(true)
  })

  it('sends only the tracks that are asked for', async () => {
    await start()
    const publication = publish('live/cam')
    const client = get('/live/cam.flv?tracks=audio')
    await waitFor('a viewer', () => publication.subscribers === 1)
    publication.write(picture(0))
    publication.write(sound(0))
    publication.write(sound(1))
    await waitFor('sound', () => framesOf(client.body).length === 2)
    expect(client.body[4]).toBe(4)
    expect(eventsOf(client.body).flatMap((event) => (event.type === 'track' ? [event.track.codec] : []))).toEqual(['mp4a.40.2'])
  })

  it.each([
    ['a stream that there is not', '/live/none.flv', 404, 'ERR_STREAM_NOT_FOUND'],
    ['a wrong track', '/live/cam.flv?tracks=video,subtitles', 400, 'ERR_REQUEST_INVALID'],
    ['no track', '/live/cam.flv?tracks=', 400, 'ERR_REQUEST_INVALID'],
    ['a codec that FLV does not carry', '/live/data.flv', 415, 'ERR_CODEC_UNSUPPORTED'],
    ['sound of a stream without', '/live/silent.flv?tracks=audio', 415, 'ERR_CODEC_UNSUPPORTED'],
  ])('refuses %s with JSON', async (_, target, status, code) => {
    await start()
    publish('live/cam')
    publish('live/data', [{ id: 1, kind: 'data', codec: 'text' }])
    publish('live/silent', [video])
    const response = await fetch(node.url(target.slice(1)))
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(node.hub.subscribers()).toEqual([])
    expect((await node.info()).refused).toBe(1)
  })

  it('answers HEAD without waiting or sending', async () => {
    await start({ wait: 60_000 })
    publish('live/cam')
    const found = await fetch(node.url('live/cam.flv'), { method: 'HEAD' })
    expect([found.status, found.headers.get('content-type')]).toEqual([200, 'video/x-flv'])
    expect((await fetch(node.url('live/none.flv'), { method: 'HEAD' })).status).toBe(404)
  })

  it('waits for a publisher, and says 404 when none comes', async () => {
    await start({ wait: 300 })
    const client = get('/live/cam.flv')
    await waitFor('somebody to wait', () => node.hub.isWanted('live/cam'))
    publish('live/cam').write(picture(0))
    await waitFor('a frame', () => framesOf(client.body).length === 1)
    expect((await fetch(node.url('live/none.flv'))).status).toBe(404)
  })

  it('does not send a stream in answer to a pipelined request', async () => {
    await start({ wait: 200 })
    const request = 'GET /live/none.flv HTTP/1.1\r\nHost: x\r\n\r\nGET /live/cam.flv HTTP/1.1\r\nHost: x\r\n\r\n'
    publish('live/cam').write(picture(0))
    const client = new RawClient(node.port, request)
    clients.push(client)
    await waitFor('both answers', () => client.bytes.includes('ERR_REQUEST_INVALID'))
    expect(client.bytes.toString()).not.toContain('FLV\x01')
  })

  it('sends headers again when a codec changes, before the frame that needs them', async () => {
    await start()
    const publication = publish('live/cam', [video])
    const client = get('/live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    publication.write(picture(0))
    await waitFor('a frame', () => framesOf(client.body).length === 1)
    const smaller = { ...video, codec: 'avc1.42c00b', description: hex(avcConfigs[0]?.hex ?? ''), width: 176, height: 144 }
    publication.update(smaller)
    publication.write(picture(25))
    await waitFor('the next frame', () => framesOf(client.body).length === 2)
    expect(eventsOf(client.body).map((event) => event.type)).toEqual(['metadata', 'track', 'frame', 'metadata', 'track', 'frame'])
    expect(framesOf(client.body).map((frame) => frame.timestamp)).toEqual([0, 1_000_000])
  })

  it('goes on in time when another publisher takes over, wherever its clock begins', async () => {
    await start({ wait: 5000 })
    const first = publish('live/cam', [video])
    const client = get('/live/cam.flv')
    await waitFor('a viewer', () => first.subscribers === 1)
    for (let n = 100; n < 103; n++) first.write(picture(n))
    await waitFor('frames', () => framesOf(client.body).length === 3)
    first.close()
    const second = publish('live/cam', [video])
    for (let n = 0; n < 2; n++) second.write(picture(n))
    await waitFor('its frames', () => framesOf(client.body).length === 5)
    second.close()
    const third = publish('live/cam', [video])
    third.write({ ...picture(0), timestamp: 9_000_000_000 })
    await waitFor('the last', () => framesOf(client.body).length === 6)
    const times = framesOf(client.body).map((frame) => frame.timestamp / 1000)
    expect(times).toEqual([4000, 4040, 4080, 4180, 4220, 4320])
    // who comes now has the publisher's clock
    const late = get('/live/cam.flv')
    await waitFor('the late one', () => framesOf(late.body).length === 1)
    expect(framesOf(late.body)[0]?.timestamp).toBe(9_000_000_000)
  })

  it('lets go of the stream when the client goes', async () => {
    await start()
    const publication = publish('live/cam')
    const client = get('/live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    expect((await node.info()).viewers).toMatchObject([{ path: 'live/cam', via: 'http', address: '127.0.0.1' }])
    client.destroy()
    await waitFor('nobody', () => publication.subscribers === 0 && node.open === 0)
    expect(await node.info()).toMatchObject({ viewers: [], opened: 1, cut: 0 })
  })

  it('closes all connections when the plugin stops', async () => {
    await start()
    publish('live/cam').write(picture(0))
    const viewers = [get('/live/cam.flv'), get('/live/cam.flv')]
    await waitFor('frames', () => viewers.every((viewer) => framesOf(viewer.body).length === 1))
    node.stopPlugin()
    await waitFor('the end', () => viewers.every((viewer) => viewer.closed) && node.open === 0)
  })
})

describe('a viewer that takes nothing', () => {
  it('is cut, while others get every frame and little memory is used', async () => {
    await start({ bufferSize: 65_536, stallTimeout: 400 }, { bufferBytes: 4 * 1024 * 1024 })
    const publication = publish('live/cam', [video])
    const good = get('/live/cam.flv')
    const stalled = get('/live/cam.flv')
    await waitFor('viewers', () => publication.subscribers === 2)
    stalled.socket.pause()
    let n = 0
    let most = 0
    // more than the kernel's buffers hold: up to 4 MiB on one side and 6 on the other
    await waitFor('the cut', async () => {
      for (let i = 0; i < 10; i++) publication.write(picture(n++, 100_000))
      const info = await node.info()
      most = Math.max(most, ...info.viewers.map((viewer) => viewer.waiting))
      return info.cut === 1
    })
    await waitFor('the good one to have all', () => framesOf(good.body).length === n)
    expect(framesOf(good.body).map((frame) => new DataView(frame.data.buffer, frame.data.byteOffset).getUint32(8))).toEqual(
      Array.from({ length: n }, (_, i) => i),
    )
    // one batch may exceed the limit: here a whole group
    expect(most).toBeLessThan(65_536 + 4 * 1024 * 1024)
    expect(publication.subscribers).toBe(1)
    expect(node.log.lines.filter((line) => line.msg === 'viewer cut, it takes nothing')).toHaveLength(1)
    stalled.socket.resume()
    await waitFor('its end', () => stalled.closed)
  })

  it('misses whole groups when it is slow, and goes on with a key frame', async () => {
    await start({ bufferSize: 65_536, stallTimeout: 20_000 }, { maxLatency: 300 })
    const publication = publish('live/cam', [video])
    const slow = get('/live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    slow.socket.pause()
    let n = 0
    await waitFor('it to fall behind', async () => {
      for (let i = 0; i < 10; i++) publication.write(picture(n++, 100_000))
      return ((await node.info()).viewers[0]?.waiting ?? 0) > 65_536
    })
    const behind = n
    await waitFor('a while', () => {
      for (let i = 0; i < 5; i++) publication.write(picture(n++, 5000))
      return n > behind + 60
    })
    slow.socket.resume()
    const numbers = (): number[] => framesOf(slow.body).map((frame) => new DataView(frame.data.buffer, frame.data.byteOffset).getUint32(8))
    await waitFor('it to catch up', () => {
      publication.write(picture(n++, 5000))
      return (numbers().at(-1) ?? 0) > behind + 60
    })
    const gaps = numbers().filter((number, i, all) => i > 0 && number !== (all[i - 1] ?? 0) + 1)
    expect(gaps.length).toBeGreaterThan(0)
    expect(gaps.every((number) => number % 25 === 0)).toBe(true)
    expect((await node.info()).viewers[0]?.framesDropped).toBeGreaterThan(0)
  })
})

describe('WebSocket-FLV', () => {
  const open = (path: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/${path}`)
    const seen = { messages: [] as Buffer[], code: 0, reason: '', socket }
    socket.on('message', (data: Buffer) => seen.messages.push(data))
    socket.on('error', () => {})
    socket.on('close', (code, reason) => {
      seen.code = code
      seen.reason = reason.toString()
    })
    return seen
  }

  it('sends the same bytes, one message for each batch', async () => {
    await start()
    const publication = publish('live/cam', [video])
    const seen = open('live/cam.flv')
    const http = get('/live/cam.flv')
    await waitFor('viewers', () => publication.subscribers === 2)
    for (let n = 0; n < 10; n++) publication.write(picture(n))
    await waitFor('frames', () => framesOf(Buffer.concat(seen.messages)).length === 10)
    await waitFor('frames', () => framesOf(http.body).length === 10)
    expect(Buffer.concat(seen.messages).equals(http.body)).toBe(true)
    expect(seen.messages.length).toBe(2)
    expect((await node.info()).viewers.map((viewer) => viewer.via).sort()).toEqual(['http', 'websocket'])
    publication.close()
    await waitFor('the end', () => seen.code === 1000)
  })

  it('closes with a code that says why', async () => {
    await start()
    const none = open('live/none.flv')
    await waitFor('the refusal', () => none.code === 4404)
    expect(none.reason).toBe('ERR_STREAM_NOT_FOUND')
    publish('live/cam', [video]).write(picture(0))
    const seen = open('live/cam.flv')
    await waitFor('a frame', () => seen.messages.length === 2)
    node.hub.stop('live/cam')
    await waitFor('the end', () => seen.code === 4410)
    expect(seen.reason).toBe('ERR_STREAM_STOPPED')
  })

  it('lets go of the stream when the client goes', async () => {
    await start()
    const publication = publish('live/cam', [video])
    const seen = open('live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    seen.socket.terminate()
    await waitFor('nobody', () => publication.subscribers === 0 && node.open === 0)
  })

  it('cuts a client that takes nothing', async () => {
    await start({ bufferSize: 65_536, stallTimeout: 300 })
    const publication = publish('live/cam', [video])
    const seen = open('live/cam.flv')
    await waitFor('a viewer', () => publication.subscribers === 1)
    seen.socket.pause()
    let n = 0
    await waitFor('the cut', async () => {
      for (let i = 0; i < 10; i++) publication.write(picture(n++, 100_000))
      return (await node.info()).cut === 1
    })
    await waitFor('nobody', () => publication.subscribers === 0 && node.open === 0)
    seen.socket.terminate()
  })
})
