import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import myproto from '../../examples/myproto/myproto.js'
import { TsMuxer, tsStart } from '../../src/media/mpegts/muxer.js'
import { chooseTsTracks } from '../../src/media/mpegts/track.js'
import { hls } from '../../src/plugins/hls/index.js'
import { rtsp } from '../../src/plugins/rtsp/index.js'
import { srt } from '../../src/plugins/srt/index.js'
import { webrtc } from '../../src/plugins/webrtc/index.js'
import { fakeContext, type PullSource, pullerCompliance } from '../../src/testing/index.js'
import { describeWith } from '../needs.js'

/** A myproto server that sends a frame every few ms. */
async function source(): Promise<PullSource> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let at = 0
    const timer = setInterval(() => socket.write(frame(++at)), 3)
    socket.on('error', () => {})
    socket.on('close', () => clearInterval(timer))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `myproto://127.0.0.1:${port}/hall`,
    async end() {
      for (const socket of sockets) socket.end()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function frame(at: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32BE(12, 0)
  bytes.writeBigUInt64BE(BigInt(at * 40_000), 4)
  bytes.writeUInt32BE(at, 12)
  return bytes
}

const fake = await fakeContext(myproto()).start()
afterAll(async () => {
  await fake.stop()
})

pullerCompliance({ describe, expect, it }, 'myproto example', {
  factory() {
    const [factory] = fake.pullers
    if (!factory) throw new Error('myproto registered no puller')
    return factory
  },
  source,
  deadUrl: 'myproto://127.0.0.1:1/x',
})

/** A node with a stream of sound, a packet every few ms. */
async function rtspSource(): Promise<PullSource> {
  const server = await fakeContext(rtsp, { config: { port: 0 } }).start()
  const { port } = (await server.request('GET', '/rtsp/info')) as { port: number }
  const publication = server.streams.publish('hall', [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
  let at = 0
  const timer = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: new Uint8Array(160) }), 3)
  return {
    url: `rtsp://127.0.0.1:${port}/hall`,
    async end() {
      clearInterval(timer)
      publication.close()
    },
    async close() {
      clearInterval(timer)
      await server.stop()
    },
  }
}

const rtspFake = await fakeContext(rtsp, { config: { port: 0 } }).start()
afterAll(async () => {
  await rtspFake.stop()
})

pullerCompliance({ describe, expect, it }, 'rtsp', {
  factory() {
    const [factory] = rtspFake.pullers
    if (!factory) throw new Error('rtsp registered no puller')
    return factory
  },
  source: rtspSource,
  deadUrl: 'rtsp://127.0.0.1:1/x',
})

/** A live playlist of short segments of sound. */
async function hlsSource(): Promise<PullSource> {
  const muxer = new TsMuxer(chooseTsTracks([{ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }]).carried)
  const segment = (n: number): Buffer => {
    let position = tsStart
    const parts = Array.from({ length: 10 }, (_, i) => {
      const unit = muxer.write({ track: 1, timestamp: (n * 10 + i) * 20_000, key: true, data: Uint8Array.of(0xfc, i) }, 0, position)
      position = unit?.after ?? position
      return unit?.bytes ?? new Uint8Array()
    })
    return Buffer.concat(parts)
  }
  const start = performance.now()
  let ended = false
  const server = createHttpServer((request, response) => {
    const segments = /^\/(\d+)$/.exec(request.url ?? '')
    if (segments) return response.end(segment(Number(segments[1])))
    const newest = 5 + Math.floor((performance.now() - start) / 200)
    const lines = Array.from({ length: 5 }, (_, i) => `#EXTINF:0.2,\n${newest - 4 + i}`)
    return response.end(`#EXTM3U\n#EXT-X-TARGETDURATION:0.2\n#EXT-X-MEDIA-SEQUENCE:${newest - 4}\n${lines.join('\n')}${ended ? '\n#EXT-X-ENDLIST' : ''}\n`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/live.m3u8`,
    async end() {
      ended = true
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const hlsFake = await fakeContext(hls).start()
afterAll(async () => {
  await hlsFake.stop()
})

pullerCompliance({ describe, expect, it }, 'hls', {
  factory() {
    const [factory] = hlsFake.pullers
    if (!factory) throw new Error('hls registered no puller')
    return factory
  },
  source: hlsSource,
  deadUrl: 'http://127.0.0.1:1/x.m3u8',
})

/** A node with a stream of sound, a packet every few ms. */
async function srtSource(): Promise<PullSource> {
  const server = await fakeContext(srt, { config: { listen: true, port: 0 } }).start()
  const { port } = (await server.request('GET', '/srt/info')) as { port: number }
  const publication = server.streams.publish('hall', [{ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }])
  let at = 0
  const timer = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: Uint8Array.of(0xfc, 1) }), 5)
  return {
    url: `srt://127.0.0.1:${port}?streamid=read:hall`,
    async end() {
      clearInterval(timer)
      publication.close()
    },
    async close() {
      clearInterval(timer)
      await server.stop()
    },
  }
}

const srtFake = await fakeContext(srt).start()
afterAll(async () => {
  await srtFake.stop()
})

describeWith(['libsrt'], 'srt', () => {
  pullerCompliance({ describe, expect, it }, 'srt', {
    factory() {
      const [factory] = srtFake.pullers
      if (!factory) throw new Error('srt registered no puller')
      return factory
    },
    source: srtSource,
    deadUrl: 'srt://127.0.0.1:1?streamid=read:x',
  })
})

/** A server of WHEP with a stream of sound, a packet every few ms. */
async function whepSource(): Promise<PullSource> {
  const server = await fakeContext(webrtc, { config: { port: 0 } }).start()
  const publication = server.streams.publish('hall', [{ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }])
  let at = 0
  const timer = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: Uint8Array.of(0xfc, 1) }), 5)
  const http = createHttpServer(async (request, response) => {
    const match = server.routes.find(request.method ?? '', request.url ?? '', false)
    if (match?.kind !== 'session') return response.writeHead(404).end()
    const gone = new AbortController()
    request.once('close', () => gone.abort())
    const exchange = { request, response, params: {}, query: new URLSearchParams(), who: { kind: 'client' as const, id: 'test' }, signal: gone.signal }
    const { handlers, path, id } = match
    return id === undefined ? await handlers.open(path, exchange) : await handlers.close(path, id, exchange)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  return {
    url: `whep://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/hall/whep`,
    async end() {
      clearInterval(timer)
      publication.close()
    },
    async close() {
      clearInterval(timer)
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      await server.stop()
    },
  }
}

const webRtcFake = await fakeContext(webrtc, { config: { port: 0 } }).start()
afterAll(async () => {
  await webRtcFake.stop()
})

pullerCompliance({ describe, expect, it }, 'webrtc', {
  factory() {
    const [factory] = webRtcFake.pullers
    if (!factory) throw new Error('webrtc registered no puller')
    return factory
  },
  source: whepSource,
  deadUrl: 'whep://127.0.0.1:1/x/whep',
})
