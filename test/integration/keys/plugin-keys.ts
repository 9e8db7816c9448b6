/** Observations of the own keys of the built-in plugins. */

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { encodeAmf0 } from '../../../src/media/amf/amf0.js'
import type { Publication, Track } from '../../../src/stream.js'
import { RawClient } from '../../unit/plugins/rtmp/raw-client.js'
import { picture, video } from '../../unit/viewing/media.js'
import { waitFor } from '../../wait-for.js'
import { pullOf, type TestNode, Ticker } from '../nodes.js'
import { type Bench, listens, type Observation, read } from './bench.js'
import { rtspKeys } from './rtsp-keys.js'
import { slotKeys } from './slot-keys.js'
import { snapshotKeys } from './snapshot-keys.js'
import { srtKeys } from './srt-keys.js'
import { transcodeKeys } from './transcode-keys.js'
import { webRtcKeys } from './webrtc-keys.js'

const host = '127.0.0.2'
const sample = join(import.meta.dirname, '..', '..', '..', 'examples', 'sample.flv')
const sound: Track = { id: 1, kind: 'audio', codec: 'mp4a.40.2', description: new Uint8Array([0x12, 0x10]), sampleRate: 44_100, channels: 2 }

/** Key → its observation. */
export function pluginKeys(bench: Bench): Record<string, Observation> {
  const own = {
    ...fileKeys(bench),
    ...viewerKeys(bench, 'http-flv', 'flv'),
    ...viewerKeys(bench, 'fmp4', 'mp4'),
    ...viewerKeys(bench, 'mpegts', 'ts'),
    ...hlsKeys(bench),
    ...messagingKeys(bench),
    ...flvKeys(bench),
    ...monitorKeys(bench),
    ...rtmpKeys(bench),
    ...rtmpClientKeys(bench),
    ...rtspKeys(bench),
    ...webRtcKeys(bench),
    ...rulesKeys(bench),
    ...simpleTcpKeys(bench),
    ...snapshotKeys(bench),
    ...slotKeys(bench),
    ...srtKeys(bench),
    ...transcodeKeys(bench),
  }
  return Object.fromEntries(Object.entries(own).map(([key, observe]) => [`plugins.${key}`, observe]))
}

/** A port that lets nobody wait, and addresses of its own. */
const strict = (bench: Bench): Promise<TestNode> =>
  bench.node('strict', async () => ({
    flags: {
      'file.roots': [join(bench.nodes.folder, 'films')],
      ...Object.fromEntries(
        ['http-flv', 'fmp4', 'mpegts'].flatMap((name) => [
          [`${name}.wait`, 0],
          [`${name}.stallTimeout`, 300],
        ]),
      ),
      'hls.format': 'ts',
      'hls.idleTimeout': 1000,
      'hls.partDuration': 400,
      'hls.segmentDuration': 1000,
      'hls.wait': 0,
      'hls.window': 3,
      'monitor.history': 3,
      'rtmp.host': host,
      'rtmp.port': await bench.port('rtmp'),
      'simple-tcp.enabled': true,
      'simple-tcp.host': host,
      'simple-tcp.port': await bench.port('simple-tcp'),
    },
    yaml: 'pulls: [{ url: "file:///sample", path: live/wish, onDemand: true }]',
  }))

/** Small limits for clients. */
const tight = (bench: Bench): Promise<TestNode> =>
  bench.node('tight-clients', {
    flags: {
      'fmp4.bufferSize': 16_384,
      'http-flv.bufferSize': 16_384,
      'mpegts.bufferSize': 16_384,
      'rtmp.batch': 1000,
      'rtmp.chunkSize': 4096,
      'rtmp.maxConnections': 2,
      'rtmp.playWait': 0,
      'rtmp.stallTimeout': 300,
      'rtmp.takeover': true,
      'simple-tcp.enabled': true,
      'simple-tcp.port': 0,
      'simple-tcp.maxConnections': 1,
      'simple-tcp.maxLine': 64,
      'simple-tcp.maxOutput': 1024,
    },
    yaml: 'pulls: [{ url: "file:///sample", path: live/wish, onDemand: true }]',
  })

const hasty = (bench: Bench): Promise<TestNode> =>
  bench.node('hasty', { flags: { 'http-flv.batch': 1000, 'rtmp.handshakeTimeout': 150, 'rtmp.idleTimeout': 400 } })

/** More than a connection on this machine holds, `burst` times 64 KiB at a time, until `stop`. */
function flood(node: TestNode, path: string, { track = sound, burst = 16, size = 65_536 } = {}): { readonly publication: Publication; stop(): void } {
  const publication = node.probe.ctx.streams.publish(path, [track])
  let at = 0
  const timer = setInterval(() => {
    if (publication.signal.aborted) return
    for (let more = 0; more < burst; more++) publication.write({ track: 1, timestamp: at++ * 1000, key: true, data: new Uint8Array(size) })
  }, 5)
  return {
    publication,
    stop: () => {
      clearInterval(timer)
      publication.close()
    },
  }
}

/** A small frame each 20 ms. */
function drip(node: TestNode, path: string): { stop(): void } {
  const publication = node.probe.ctx.streams.publish(path, [sound])
  let at = 0
  const timer = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: new Uint8Array(100) }), 20)
  return {
    stop: () => {
      clearInterval(timer)
      publication.close()
    },
  }
}

/** A client that asks for a stream and takes nothing of it. */
function stuckViewer(node: TestNode, path: string, extension: string): Socket {
  const { host: at = '', port = 0 } = node.daemon.http ?? {}
  const socket = connect(port, at)
  socket.on('error', () => {}).pause()
  socket.write(`GET /${path}.${extension} HTTP/1.1\r\nHost: ${at}:${port}\r\n\r\n`)
  return socket
}

/** How often, of 20 looks, the only reader of `path` has frames that wait for 300 ms or more. */
async function patience(node: TestNode, path: string): Promise<number> {
  let waits = 0
  for (let look = 0; look < 20; look++) {
    const { readers } = await node.client.call('streams.info', { params: { path } })
    if ((readers[0]?.behind ?? 0) >= 300) waits++
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return waits
}

const rtmpPort = async (node: TestNode): Promise<number> => (await read<{ port: number }>(node, '/rtmp/info')).port
const sessions = async (node: TestNode): Promise<number> => (await read<{ sessions: number }>(node, '/rtmp/info')).sessions
const logged = (node: TestNode, text: string): boolean => JSON.stringify(node.daemon.log.tail({ lines: 2000 })).includes(text)

function fileKeys(bench: Bench): Record<string, Observation> {
  return {
    'file.roots': async () => {
      const films = join(bench.nodes.folder, 'films')
      mkdirSync(films, { recursive: true })
      const film = join(films, 'film.flv')
      copyFileSync(sample, film)
      const body = { url: pathToFileURL(film).href, path: 'film' }
      const [allowed, refused] = [await strict(bench), await bench.plain()]
      for (const node of [allowed, refused]) await node.client.call('pulls.create', { body })
      await waitFor('the film to run', async () => (await pullOf(allowed, 'film'))?.state === 'running')
      expect(await waitFor('the refusal', async () => (await pullOf(refused, 'film'))?.error)).toMatchObject({ code: 'ERR_FORBIDDEN' })
    },
  }
}

interface Viewers {
  readonly viewers: readonly { readonly waiting: number; readonly path: string }[]
  readonly cut: number
}

/** A plugin with viewers at `/PATH.EXTENSION`. */
function viewerKeys(bench: Bench, name: string, extension: string): Record<string, Observation> {
  const status = async (node: TestNode): Promise<number> => {
    const stop = new AbortController()
    const { host: at, port } = node.daemon.http ?? {}
    const response = await fetch(`http://${at}:${port}/live/wish.${extension}`, { signal: stop.signal })
    stop.abort()
    return response.status
  }
  return {
    [`${name}.wait`]: async () => {
      expect(await status(await strict(bench))).toBe(404)
      const plain = await bench.plain()
      await plain.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/wish', onDemand: true } })
      // who waits starts the pull
      expect(await status(plain)).toBe(200)
    },
    [`${name}.bufferSize`]: async () => {
      const viewing = [await tight(bench), await bench.plain()].map(async (node) => {
        const source = flood(node, `buffered/${name}`, name === 'mpegts' ? { burst: 8, size: 8000 } : { burst: 1 })
        const viewer = stuckViewer(node, `buffered/${name}`, extension)
        let before = 0
        const waiting = await waitFor('the buffer to be full', async () => {
          const last = before
          before = (await read<Viewers>(node, `/${name}/viewers`)).viewers.find(({ path }) => path === `buffered/${name}`)?.waiting ?? 0
          return before > 0 && before === last && before
        })
        viewer.destroy()
        source.stop()
        return waiting
      })
      const [little, much] = await Promise.all(viewing)
      // what is handed out in one turn comes on top
      expect(little).toBeLessThan(262_144)
      expect(much).toBeGreaterThan(524_288)
    },
    [`${name}.stallTimeout`]: async () => {
      const nodes = [await strict(bench), await bench.plain()]
      const sources = nodes.map((node) => flood(node, `stalled/${name}`, { size: name === 'mpegts' ? 8000 : 65_536, burst: 64 }))
      const viewers = nodes.map((node) => stuckViewer(node, `stalled/${name}`, extension))
      const cut = (node?: TestNode) => node && read<Viewers>(node, `/${name}/viewers`).then((info) => info.cut)
      await waitFor('the viewer to be cut', async () => (await cut(nodes[0])) === 1)
      expect(await cut(nodes[1])).toBe(0)
      for (const viewer of viewers) viewer.destroy()
      for (const source of sources) source.stop()
    },
  }
}

/** Only HTTP-FLV gathers what is due. */
function flvKeys(bench: Bench): Record<string, Observation> {
  return {
    'http-flv.batch': async () => {
      const looking = [await hasty(bench), await bench.plain()].map(async (node) => {
        const source = drip(node, 'gathered')
        const viewer = stuckViewer(node, 'gathered', 'flv').resume()
        const waits = await waitFor('the viewer', async () =>
          node.probe.ctx.streams.list().some((stream) => stream.path === 'gathered' && stream.subscribers === 1),
        ).then(() => patience(node, 'gathered'))
        viewer.destroy()
        source.stop()
        return waits
      })
      const [gathered, plain] = await Promise.all(looking)
      expect(gathered).toBeGreaterThan(plain ?? 20)
    },
  }
}

/** What both nodes answer about a stream of 20 seconds with a key frame each second. */
function hlsKeys(bench: Bench): Record<string, Observation> {
  const fetched = async (node: TestNode, target: string): Promise<Response> => {
    const { host: at, port } = node.daemon.http ?? {}
    return await fetch(`http://${at}:${port}/${target}`)
  }
  let streams: Promise<readonly Publication[]> | undefined
  const both = async (query: string): Promise<readonly [string, string]> => {
    const nodes = [await strict(bench), await bench.plain()]
    streams ??= Promise.resolve(
      nodes.map((node) => {
        const publication = node.probe.ctx.streams.publish('live/hls', [video], { publishTimeout: 0 })
        for (let n = 0; n < 160; n++) publication.write(picture(n))
        return publication
      }),
    )
    for (const publication of await streams) {
      // segments are made from the first request on: the pictures behind it fill the window
      const node = nodes[(await streams).indexOf(publication)] as TestNode
      await fetched(node, `live/hls.m3u8?media=1${query}`)
      if (publication.subscribers === 1) for (let n = 160; n < 560; n++) publication.write(picture(n))
    }
    const [small, plain] = await Promise.all(nodes.map(async (node) => await (await fetched(node, `live/hls.m3u8?media=1${query}`)).text()))
    return [small ?? '', plain ?? '']
  }
  const compare =
    (query: string, pattern: RegExp, expected: readonly [string, string]): Observation =>
    async () => {
      await waitFor(`${pattern} of both`, async () => (await both(query)).map((text) => pattern.exec(text)?.[0]).join() === expected.join())
    }
  return {
    'hls.format': compare('', /#EXT-X-MAP|mpegts/, ['mpegts', '#EXT-X-MAP']),
    'hls.partDuration': compare('&format=fmp4', /PART-TARGET=[\d.]+/, ['PART-TARGET=0.40000', 'PART-TARGET=0.20000']),
    'hls.segmentDuration': compare('&format=fmp4', /#EXTINF:[\d.]+/, ['#EXTINF:1.00000', '#EXTINF:2.00000']),
    'hls.window': async () => {
      await waitFor('both windows', async () => (await both('&format=fmp4')).map((text) => text.match(/#EXTINF/g)?.length).join() === '3,7')
    },
    'hls.wait': async () => {
      expect((await fetched(await strict(bench), 'live/wish.m3u8')).status).toBe(404)
      const plain = await bench.plain()
      await plain.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/wish', onDemand: true } })
      expect((await fetched(plain, 'live/wish.m3u8')).status).toBe(200)
    },
    'hls.idleTimeout': async () => {
      const nodes = [await strict(bench), await bench.plain()] as const
      await both('&format=ts')
      const made = async (node: TestNode): Promise<number> => (await read<{ streams: readonly unknown[] }>(node, '/hls/streams')).streams.length
      await waitFor('the segments of one to be no longer made', async () => (await made(nodes[0])) === 0)
      expect(await made(nodes[1])).toBeGreaterThan(0)
    },
  }
}

function monitorKeys(bench: Bench): Record<string, Observation> {
  return {
    'monitor.history': async () => {
      const pages = [await strict(bench), await bench.plain()].map(async (node) => {
        for (const path of ['h1', 'h2', 'h3']) new Ticker(node, path).stop()
        return await waitFor('the last event', async () => {
          const { events } = await read<{ events: { path?: string; type: string }[] }>(node, '/monitor/events?limit=1000')
          return events.at(-1)?.path === 'h3' && events.at(-1)?.type === 'unpublished' && events.length
        })
      })
      const [few, many] = await Promise.all(pages)
      expect(few).toBe(3)
      expect(many).toBeGreaterThanOrEqual(6)
    },
  }
}

function messagingKeys(bench: Bench): Record<string, Observation> {
  let joined: Promise<TestNode> | undefined
  /** A node with small limits, that knows one with messaging and one without. */
  const letters = (): Promise<TestNode> => {
    joined ??= (async () => {
      const node = await bench.node('letters', { flags: { 'messaging.maxText': 5, 'messaging.history': 2, 'messaging.queue': 1 } })
      await bench.nodes.join(node, await bench.node('pen-pal'))
      await bench.nodes.join(node, await bench.node('mute', { flags: { 'messaging.enabled': false } }))
      return node
    })()
    return joined
  }
  const write = (node: TestNode, peer: string, text: string, wait = 10_000): Promise<{ message: { state: string } }> =>
    node.client.plugin('POST', `/messaging/conversations/${peer}/messages`, { text, wait })
  return {
    'messaging.maxText': async () => {
      const node = await letters()
      expect((await write(node, 'pen-pal', 'short')).message.state).toBe('delivered')
      await expect(write(node, 'pen-pal', 'longer')).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_LONG' })
    },
    'messaging.history': async () => {
      const node = await letters()
      const kept = async (where: TestNode, peer: string): Promise<number> =>
        (await read<{ messages: unknown[] }>(where, `/messaging/conversations/${peer}/messages`)).messages.length
      for (const text of ['one', 'two', 'three']) await write(node, 'pen-pal', text)
      await waitFor('two to be left', async () => (await kept(node, 'pen-pal')) === 2)
      expect(await kept(await bench.node('pen-pal'), 'letters')).toBeGreaterThanOrEqual(3)
    },
    'messaging.queue': async () => {
      const node = await letters()
      expect((await write(node, 'mute', 'one', 0)).message.state).toBe('pending')
      await expect(write(node, 'mute', 'two', 0)).rejects.toMatchObject({ code: 'ERR_MESSAGE_QUEUE_FULL' })
    },
  }
}

/** Sends what makes a stream of sound. */
function sing(client: RawClient): void {
  client.body(1, 18, encodeAmf0('@setDataFrame', 'onMetaData', { audiocodecid: 10 }))
  client.body(1, 8, [0xaf, 0, 0x12, 0x10])
  client.body(1, 8, [0xaf, 1, 1, 2])
}

function rtmpKeys(bench: Bench): Record<string, Observation> {
  return {
    'rtmp.host': async () => {
      expect(await read(await strict(bench), '/rtmp/info')).toMatchObject({ address: host })
      expect(await listens('127.0.0.1', await bench.port('rtmp'))).toBe(false)
    },
    'rtmp.port': async () => {
      await strict(bench)
      expect(await listens(host, await bench.port('rtmp'))).toBe(true)
    },
    'rtmp.chunkSize': async () => {
      const client = await RawClient.connected(await rtmpPort(await tight(bench)))
      expect(client.chunkSize).toBe(4096)
      client.close()
    },
    'rtmp.maxConnections': async () => {
      const node = await tight(bench)
      await waitFor('no session', async () => (await sessions(node)) === 0)
      const clients = [await RawClient.connected(await rtmpPort(node)), await RawClient.connected(await rtmpPort(node))]
      const third = await RawClient.dial(await rtmpPort(node))
      await third.end()
      expect(clients.map(({ closed }) => closed)).toEqual([false, false])
      for (const client of clients) client.close()
    },
    'rtmp.batch': async () => {
      const looking = [await tight(bench), await bench.plain()].map(async (node) => {
        await waitFor('no session', async () => (await sessions(node)) === 0)
        const source = drip(node, 'live/gathered')
        const viewer = await RawClient.ready(await rtmpPort(node))
        viewer.command(1, 'play', 3, null, 'gathered')
        await viewer.status('NetStream.Play.Start')
        const waits = await patience(node, 'live/gathered')
        viewer.close()
        source.stop()
        return waits
      })
      const [gathered, plain] = await Promise.all(looking)
      expect(gathered).toBeGreaterThan(plain ?? 20)
    },
    'rtmp.playWait': async () => {
      const node = await tight(bench)
      const viewer = await RawClient.ready(await rtmpPort(node))
      viewer.command(1, 'play', 3, null, 'wish')
      await viewer.status('NetStream.Play.StreamNotFound')
      expect((await pullOf(node, 'live/wish'))?.tries).toBe(0)
      const patient = await bench.plain()
      await patient.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/other', onDemand: true } })
      const other = await RawClient.ready(await rtmpPort(patient))
      other.command(1, 'play', 3, null, 'other')
      await other.status('NetStream.Play.Start')
      for (const client of [viewer, other]) client.close()
    },
    'rtmp.stallTimeout': async () => {
      const nodes = [await tight(bench), await bench.plain()] as const
      for (const node of nodes) await waitFor('no session', async () => (await sessions(node)) === 0)
      const sources = nodes.map((node) => flood(node, 'live/flood'))
      const viewers = await Promise.all(nodes.map(async (node) => await RawClient.ready(await rtmpPort(node))))
      for (const viewer of viewers) {
        viewer.command(1, 'play', 3, null, 'flood')
        await viewer.status('NetStream.Play.Start')
        viewer.socket.pause()
      }
      await waitFor('the viewer to be cut', async () => (await sessions(nodes[0])) === 0)
      expect(await sessions(nodes[1])).toBe(1)
      for (const viewer of viewers) viewer.close()
      for (const source of sources) source.stop()
    },
  }
}

/** Keys that decide about clients. */
function rtmpClientKeys(bench: Bench): Record<string, Observation> {
  return {
    'rtmp.takeover': async () => {
      for (const [node, closes] of [
        [await tight(bench), true],
        [await bench.plain(), false],
      ] as const) {
        await waitFor('no session', async () => (await sessions(node)) === 0)
        const first = await RawClient.publishing(await rtmpPort(node), 'taken')
        sing(first)
        await waitFor('the stream', () => node.probe.ctx.streams.list().find(({ path }) => path === 'live/taken')?.framesIn)
        const second = await RawClient.ready(await rtmpPort(node))
        second.command(1, 'publish', 3, null, 'taken', 'live')
        sing(second)
        await waitFor('one to give way', () => first.closed || second.closed || second.statuses.some(({ level }) => level === 'error'))
        expect(first.closed || first.statuses.some(({ level }) => level === 'error')).toBe(closes)
        for (const client of [first, second]) client.close()
      }
    },
    'rtmp.handshakeTimeout': async () => {
      const slow = await RawClient.dial(await rtmpPort(await bench.plain()))
      const quick = await RawClient.dial(await rtmpPort(await hasty(bench)))
      await quick.end()
      expect(slow.closed).toBe(false)
      slow.close()
    },
    'rtmp.idleTimeout': async () => {
      const slow = await RawClient.connected(await rtmpPort(await bench.plain()))
      const quick = await RawClient.connected(await rtmpPort(await hasty(bench)))
      await quick.end()
      expect(slow.closed).toBe(false)
      slow.close()
    },
  }
}

function rulesKeys(bench: Bench): Record<string, Observation> {
  return {
    'rules.file': async () => {
      const sections = ['stream.read', 'stream.publish', 'payload.send', 'api.call'].map((name) => `${name}: {"*": true}\n`)
      const home = bench.nodes.newHome()
      writeFileSync(join(home, 'who.yaml'), sections.join(''))
      const node = await bench.node('ruled', { home, flags: { 'rules.enabled': true, 'rules.file': 'who.yaml' } })
      expect(await read(node, '/rules/')).toMatchObject({ file: join(home, 'who.yaml'), problems: [] })
    },
  }
}

/** A client of simple-tcp that keeps what it reads. */
async function line(at: string, port: number): Promise<{ socket: Socket; text: () => string; closed: () => boolean }> {
  const socket = connect(port, at)
  let text = ''
  let closed = false
  socket.on('error', () => {}).on('data', (data) => (text += data))
  socket.on('close', () => {
    closed = true
  })
  await waitFor('an answer', () => text !== '' || closed)
  return { socket, text: () => text, closed: () => closed }
}

function simpleTcpKeys(bench: Bench): Record<string, Observation> {
  const dial = async () => {
    const node = await tight(bench)
    await waitFor('no client', async () => (await read<{ connections: number }>(node, '/simple-tcp/status')).connections === 0)
    return await line('127.0.0.1', (await read<{ port: number }>(node, '/simple-tcp/status')).port)
  }
  return {
    'simple-tcp.host': async () => {
      expect(await read(await strict(bench), '/simple-tcp/status')).toMatchObject({ host })
      expect(await listens('127.0.0.1', await bench.port('simple-tcp'))).toBe(false)
    },
    'simple-tcp.port': async () => {
      await strict(bench)
      expect(await listens(host, await bench.port('simple-tcp'))).toBe(true)
    },
    'simple-tcp.maxConnections': async () => {
      const first = await dial()
      const second = await line('127.0.0.1', (await read<{ port: number }>(await tight(bench), '/simple-tcp/status')).port)
      await waitFor('the refusal', () => second.text().startsWith('ERR ERR_LIMIT At most 1 '))
      expect(first.closed()).toBe(false)
      for (const { socket } of [first, second]) socket.destroy()
    },
    'simple-tcp.maxLine': async () => {
      const { socket, text } = await dial()
      socket.write(`PUBLISH ${'x'.repeat(65)}\n`)
      await waitFor('the refusal', () => text().includes('ERR ERR_LIMIT A line is at most 64 bytes.'))
      socket.destroy()
    },
    'simple-tcp.maxOutput': async () => {
      const node = await tight(bench)
      const source = flood(node, 'lines', { track: { id: 1, kind: 'data', codec: 'text' } })
      const { socket } = await dial()
      socket.pause()
      socket.write('SUBSCRIBE lines\n')
      await waitFor('the client to be cut', () => logged(node, 'slow client was cut'))
      socket.destroy()
      source.stop()
    },
  }
}
