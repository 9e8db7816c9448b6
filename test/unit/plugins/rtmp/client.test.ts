import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ShoalError } from '../../../../src/errors.js'
import { type AmfValue, encodeAmf0 } from '../../../../src/media/amf/amf0.js'
import { ChunkReader } from '../../../../src/media/rtmp/chunk-reader.js'
import { chunkMessage } from '../../../../src/media/rtmp/chunk-writer.js'
import { type Command, decodeCommand, isCommand, objectOf } from '../../../../src/media/rtmp/command.js'
import { handshakeRandomSize, ServerHandshake } from '../../../../src/media/rtmp/handshake.js'
import { splitName } from '../../../../src/plugins/rtmp/access.js'
import { parseAddress } from '../../../../src/plugins/rtmp/address.js'
import type { Track } from '../../../../src/stream.js'
import { avcConfigs } from '../../media/configs.js'
import { type FakeHost, type FakeOptions, startRtmp } from './fake.js'
import { aacFrame, aacHeader } from './media.js'
import { until } from './until.js'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(options?: FakeOptions): Promise<FakeHost> {
  const host = await startRtmp(options)
  cleanups.push(() => host.stop())
  return host
}

const tracks: Track[] = [
  { id: 1, kind: 'video', codec: 'avc1.4d401e', description: Uint8Array.from(Buffer.from(avcConfigs[1]?.hex ?? '', 'hex')), width: 640, height: 360 },
  { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: Uint8Array.of(0x12, 8, 0x56, 0xe5, 0), sampleRate: 44_100, channels: 1 },
]

/** A frame of `size` bytes in one NAL unit. */
function frame(time: number, key = false, size = 100) {
  const data = new Uint8Array(size + 4).fill(time & 255)
  new DataView(data.buffer).setUint32(0, size)
  data[4] = key ? 0x65 : 0x41
  return { track: 1, timestamp: time * 1000, key, data }
}

/** A server that answers commands as a test wants. */
async function serve(answer: (command: Command, say: (stream: number, name: string, ...values: AmfValue[]) => void, socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    const handshake = new ServerHandshake(new Uint8Array(handshakeRandomSize))
    const reader = new ChunkReader()
    let open = false
    const say = (stream: number, name: string, ...values: AmfValue[]): void => send(socket, stream, 20, encodeAmf0(name, ...values))
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      const { send: reply, rest } = open ? { rest: bytes } : handshake.push(bytes)
      if (reply) socket.write(reply)
      open ||= rest !== undefined
      for (const message of reader.read(rest ?? new Uint8Array())) if (isCommand(message)) answer(decodeCommand(message), say, socket)
    })
    cleanups.push(() => void socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  return (server.address() as { port: number }).port
}

function send(socket: Socket, stream: number, type: number, body: Uint8Array): void {
  for (const part of chunkMessage({ chunkStream: 3, type, stream, timestamp: 0, body: [body] }, 128)) socket.write(part)
}

const failed = (run: Promise<void>): Promise<ShoalError> =>
  run.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  )

describe('addresses', () => {
  it.each([
    ['rtmp://host/live/cam', 'host', 1935, 'live', 'cam', 'rtmp://host:1935/live'],
    ['rtmp://10.0.0.1:1936/a/b/c', '10.0.0.1', 1936, 'a/b', 'c', 'rtmp://10.0.0.1:1936/a/b'],
    ['rtmp://[::1]:9/live/cam', '::1', 9, 'live', 'cam', 'rtmp://[::1]:9/live'],
    ['rtmp://host/live/cam?token=a&b=c', 'host', 1935, 'live', 'cam?token=a&b=c', 'rtmp://host:1935/live'],
    ['rtmp://ann:p%40w@host/live/c%C3%A4m', 'host', 1935, 'live', 'cäm?user=ann&pass=p%40w', 'rtmp://host:1935/live'],
    ['rtmp://host/cam', 'host', 1935, '', 'cam', 'rtmp://host:1935/'],
  ])('%s', (url, host, port, app, name, tcUrl) => {
    expect(parseAddress(new URL(url))).toEqual({ host, port, app, name, tcUrl })
  })

  it('are refused without a stream name', () => {
    for (const url of ['rtmp://host', 'rtmp://host/', 'rtmp:///live/cam']) expect(() => parseAddress(new URL(url))).toThrow(ShoalError)
  })

  it('credentials come back from the name as they were put in', () => {
    const { name } = parseAddress(new URL('rtmp://ann:p%40w%26@host/live/cam?token=x'))
    expect(splitName(name)).toEqual({ name: 'cam', shown: { user: 'ann', password: 'p@w&', token: 'x' } })
  })
})

describe('pull', () => {
  it('plays from another instance: tracks, frames, codec change, end', async () => {
    const [far, near] = [await start(), await start()]
    const source = far.streams.publish('live/cam', tracks)
    for (let i = 0; i < 5; i++) source.write(frame(i * 40, i === 0, 200_000))
    const pulled = near.pull(`rtmp://127.0.0.1:${far.port}/live/cam?token=t`, 'copy')
    const copy = await until('the copy', () => near.streams.published.get('copy'))
    await until('five frames', () => copy.frames.length === 5)
    expect(copy.frames.map(({ timestamp, key }) => [timestamp, key])).toEqual(source.frames.map(({ timestamp, key }) => [timestamp, key]))
    expect(Buffer.compare(copy.frames[4]?.data ?? new Uint8Array(), source.frames[4]?.data ?? new Uint8Array())).toBe(0)
    expect(copy.tracks.map(({ codec }) => codec)).toEqual(['avc1.4d401e', 'mp4a.40.2'])
    source.update({ ...(tracks[0] as Track), codec: 'avc1.640028', description: Uint8Array.from(Buffer.from(avcConfigs[2]?.hex ?? '', 'hex')) })
    source.write(frame(200, true))
    await until('the sixth frame', () => copy.frames.length === 6)
    expect(copy.tracks.find(({ id }) => id === 1)?.codec).toBe('avc1.640028')
    source.close()
    await pulled
    expect(copy.closed).toBe(true)
  })

  it('fails with what the server says', async () => {
    const far = await start({ permission: { allows: (_, { target }) => target !== 'live/secret' } })
    const near = await start()
    const url = (name: string): string => `rtmp://127.0.0.1:${far.port}/live/${name}`
    expect(await failed(near.pull(url('none'), 'a'))).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('StreamNotFound') })
    expect(await failed(near.pull(url('secret'), 'a'))).toMatchObject({ code: 'ERR_UNAUTHENTICATED', message: expect.stringContaining('may not read') })
  })

  it('fails where credentials are wrong', async () => {
    const far = await start({ authentication: { authenticate: async ({ token }) => (token === 'good' ? null : false) } })
    const near = await start()
    far.streams.publish('live/cam', tracks)
    expect(await failed(near.pull(`rtmp://127.0.0.1:${far.port}/live/cam?token=bad`, 'a'))).toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
  })

  it('fails where nobody listens, where the answer is not RTMP, and for a URL without a stream', async () => {
    const near = await start()
    expect(await failed(near.pull('rtmp://127.0.0.1:1/live/cam', 'a'))).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringContaining('Cannot connect'),
    })
    const http = createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise<void>((resolve) => void http.close(() => resolve())))
    const { port } = http.address() as { port: number }
    expect(await failed(near.pull(`rtmp://127.0.0.1:${port}/live/cam`, 'a'))).toMatchObject({ code: 'ERR_PROTOCOL', message: expect.stringContaining('HTTP') })
    expect(await failed(near.pull('rtmp://127.0.0.1:1', 'a'))).toMatchObject({ code: 'ERR_URL_INVALID' })
  })

  it('offers the codecs of Enhanced RTMP, and fails when connect is refused', async () => {
    let object: AmfValue
    const port = await serve((command, say) => {
      object = command.object
      say(0, '_error', command.transaction, null, { level: 'error', code: 'NetConnection.Connect.Rejected', description: 'no such\napp' })
    })
    const near = await start()
    expect(await failed(near.pull(`rtmp://127.0.0.1:${port}/live/cam`, 'a'))).toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringContaining('no such?app'),
    })
    expect(objectOf(object)).toMatchObject({ app: 'live', tcUrl: `rtmp://127.0.0.1:${port}/live`, fourCcList: expect.arrayContaining(['hvc1', 'Opus']) })
  })

  it('fails when the connection breaks, and returns when the server says that the stream is over', async () => {
    const ending: [string, (socket: Socket) => void][] = [
      ['broken', (socket) => void socket.destroy()],
      ['over', (socket) => send(socket, 0, 4, Uint8Array.of(0, 1, 0, 0, 0, 1))],
    ]
    for (const [name, end] of ending) {
      const port = await serve((command, say, socket) => {
        if (command.name === 'connect' || command.name === 'createStream') say(0, '_result', command.transaction, null, 1)
        if (command.name !== 'play') return
        send(socket, 1, 8, aacHeader)
        for (let i = 0; i < 3; i++) send(socket, 1, 8, aacFrame(10))
        send(socket, 1, 18, encodeAmf0('onMetaData', { audiocodecid: 10 }))
        send(socket, 1, 8, aacFrame(10))
        end(socket)
      })
      const near = await start()
      const pulled = near.pull(`rtmp://127.0.0.1:${port}/live/cam`, name)
      if (name === 'over') await pulled
      else expect(await failed(pulled)).toMatchObject({ code: 'ERR_SOURCE_FAILED' })
      expect(near.streams.published.get(name)?.frames.length).toBe(4)
    }
  })

  it('fails on media that is malformed', async () => {
    const port = await serve((command, say, socket) => {
      if (command.name === 'connect' || command.name === 'createStream') say(0, '_result', command.transaction, null, 1)
      if (command.name === 'play') send(socket, 1, 9, Uint8Array.of(0x17, 0, 0, 0, 0, 9))
    })
    const near = await start()
    expect(await failed(near.pull(`rtmp://127.0.0.1:${port}/live/cam`, 'a'))).toMatchObject({ code: 'ERR_MEDIA_INVALID' })
  })

  it('fails when the server does not answer, sends no media, or falls silent', async () => {
    const near = await start()
    const timing = { call: 60_000, firstMedia: 60_000, silence: 60_000 }
    const dumb = createServer((socket) => void socket.on('error', () => {}).resume())
    await new Promise<void>((resolve) => dumb.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise<void>((resolve) => void dumb.close(() => resolve())))
    const { port } = dumb.address() as { port: number }
    const url = `rtmp://127.0.0.1:${port}/live/cam`
    expect((await failed(near.pull(url, 'a', undefined, { ...timing, call: 50 }))).message).toContain('did not answer the handshake')
    const deaf = await serve(() => {})
    expect((await failed(near.pull(`rtmp://127.0.0.1:${deaf}/live/cam`, 'a', undefined, { ...timing, call: 50 }))).message).toContain('did not answer connect')
    const far = await start({ config: { playWait: 60_000 } })
    const silent = failed(near.pull(`rtmp://127.0.0.1:${far.port}/live/cam`, 'a', undefined, { ...timing, firstMedia: 50 }))
    expect(await silent).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('no media for 50 ms') })
    far.streams.publish('live/two', tracks).write(frame(0, true))
    const stopped = failed(near.pull(`rtmp://127.0.0.1:${far.port}/live/two`, 'a', undefined, { ...timing, silence: 50 }))
    expect(await stopped).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('no media for 50 ms') })
    expect(near.streams.published.get('a')?.frames.length).toBe(1)
  })

  it('stops at once when aborted: while connecting, while waiting, while running', async () => {
    const silent = await serve(() => {})
    const far = await start()
    far.streams.publish('live/cam', tracks).write(frame(0, true))
    const near = await start()
    for (const url of [`rtmp://127.0.0.1:${silent}/live/cam`, `rtmp://127.0.0.1:${far.port}/live/cam`]) {
      const abort = new AbortController()
      const pulled = failed(near.pull(url, 'a', abort.signal))
      if (url.includes(String(far.port))) await until('the stream', () => near.streams.published.get('a'))
      abort.abort(new ShoalError('ERR_ABORTED', 'enough'))
      expect(await pulled).toMatchObject({ code: 'ERR_ABORTED', message: 'enough' })
    }
    const before = new AbortController()
    before.abort(new ShoalError('ERR_ABORTED', 'too late'))
    expect(await failed(near.pull('rtmp://192.0.2.1/live/cam', 'a', before.signal))).toMatchObject({ message: 'too late' })
  })

  it('ends when the hub ends its stream', async () => {
    const [far, near] = [await start(), await start()]
    far.streams.publish('live/cam', tracks).write(frame(0, true))
    const pulled = failed(near.pull(`rtmp://127.0.0.1:${far.port}/live/cam`, 'a'))
    const copy = await until('the copy', () => near.streams.published.get('a'))
    copy.abort(new ShoalError('ERR_STREAM_STOPPED'))
    expect(await pulled).toMatchObject({ code: 'ERR_STREAM_STOPPED' })
  })
})

describe('push', () => {
  it('publishes to another instance: tracks, frames, end', async () => {
    const [far, near] = [await start(), await start()]
    const source = near.streams.publish('cam', tracks)
    source.write(frame(0, true, 100_000))
    const pushed = near.push(`rtmp://127.0.0.1:${far.port}/live/copy`, 'cam')
    source.write({ track: 2, timestamp: 10_000, key: true, data: new Uint8Array(20) })
    const copy = await until('the copy', () => far.streams.published.get('live/copy'))
    source.write(frame(40))
    await until('three frames', () => copy.frames.length === 3)
    expect(copy.tracks.map(({ codec, width }) => [codec, width])).toEqual([
      ['avc1.4d401e', 640],
      ['mp4a.40.2', undefined],
    ])
    source.close()
    await pushed
    await until('the end', () => copy.closed)
  })

  it('fails with what the server says', async () => {
    const far = await start({ permission: { allows: (_, { action }) => (action === 'stream.publish' ? 'not on Sundays' : true) } })
    const near = await start()
    near.streams.publish('cam', tracks)
    expect(await failed(near.push(`rtmp://127.0.0.1:${far.port}/live/copy`, 'cam'))).toMatchObject({
      code: 'ERR_UNAUTHENTICATED',
      message: expect.stringContaining('not on Sundays'),
    })
  })

  it('fails when the far path is taken, and when the far side goes', async () => {
    const [far, near] = [await start(), await start()]
    const source = near.streams.publish('cam', tracks)
    const present = far.streams.publish('live/copy', tracks)
    const pushed = failed(near.push(`rtmp://127.0.0.1:${far.port}/live/copy`, 'cam'))
    source.write(frame(0, true))
    source.write({ track: 2, timestamp: 10_000, key: true, data: new Uint8Array(20) })
    expect(await pushed).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('BadName') })
    present.close()
    const again = failed(near.push(`rtmp://127.0.0.1:${far.port}/live/copy`, 'cam'))
    await until('the copy', () => far.streams.published.get('live/copy')?.closed === false)
    await far.stop()
    expect(await again).toMatchObject({ code: 'ERR_SOURCE_FAILED' })
    expect(source.subscribers).toBe(0)
  })

  it('fails for tracks that RTMP cannot carry, and stops when aborted', async () => {
    const [far, near] = [await start(), await start()]
    near.streams.publish('data', [{ id: 1, kind: 'data', codec: 'text' }]).write({ track: 1, timestamp: 0, key: true, data: new Uint8Array(1) })
    expect(await failed(near.push(`rtmp://127.0.0.1:${far.port}/live/copy`, 'data'))).toMatchObject({ code: 'ERR_CODEC_UNSUPPORTED' })
    near.streams.publish('cam', tracks).write(frame(0, true))
    const abort = new AbortController()
    const pushed = failed(near.push(`rtmp://127.0.0.1:${far.port}/live/copy`, 'cam', abort.signal))
    await until('the session', () => far.info().sessions === 1)
    abort.abort(new ShoalError('ERR_ABORTED', 'enough'))
    expect(await pushed).toMatchObject({ message: 'enough' })
  })
})
