/** Cheap viewers of every protocol, which keep the frames that came. */

import { get } from 'node:http'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { FlvDemuxer } from '../../src/media/flv/demuxer.js'
import { Mp4Demuxer } from '../../src/media/mp4/demuxer.js'
import { TsDemuxer } from '../../src/media/mpegts/demuxer.js'
import type { PullJob } from '../../src/plugin.js'
import { pull as pullHls } from '../../src/plugins/hls/pull/pull.js'
import { pull as pullRtmp } from '../../src/plugins/rtmp/pull.js'
import { pull as pullRtsp } from '../../src/plugins/rtsp/pull.js'
import type { Frame, Publication, Track } from '../../src/stream.js'
import { fakePullJob } from '../../src/testing/fake-job.js'
import { read } from './keys/bench.js'
import type { TestNode } from './nodes.js'

/** Ports of a node. */
export interface Ports {
  readonly http: number
  readonly rtmp: number
  readonly rtsp: number
}

/** Asks a node for its ports. */
export async function portsOf(node: TestNode): Promise<Ports> {
  const portOf = async (plugin: string): Promise<number> => (await read<{ port: number }>(node, `/${plugin}/info`)).port
  return { http: node.daemon.http?.port ?? 0, rtmp: await portOf('rtmp'), rtsp: await portOf('rtsp') }
}

/** One viewer. */
export interface Viewer {
  readonly protocol: string
  /** Everything that came, in its order. */
  readonly frames: readonly Frame[]
  readonly tracks: readonly Track[]
  /** What it came to an end with; `closed` for a regular one. */
  readonly end: unknown
  close(): Promise<void>
}

interface Demuxer {
  readonly tracks: readonly Track[]
  push(bytes: Uint8Array): readonly ({ readonly type: string } | { readonly type: 'frame'; readonly frame: Frame })[]
}

/** Told of each frame when it comes. */
export type FrameListener = (frame: Frame) => void

/** Reads bytes as they come. */
class ByteViewer implements Viewer {
  readonly protocol: string
  readonly #heard: FrameListener
  readonly frames: Frame[] = []
  end: unknown
  readonly #demuxer: Demuxer
  readonly #leave: () => void

  constructor(protocol: string, demuxer: () => Demuxer, heard: FrameListener, open: (viewer: ByteViewer) => () => void) {
    this.protocol = protocol
    this.#heard = heard
    this.#demuxer = demuxer()
    this.#leave = open(this)
  }

  get tracks(): readonly Track[] {
    return this.#demuxer.tracks
  }

  take(bytes: Uint8Array): void {
    if (this.end !== undefined) return
    try {
      for (const event of this.#demuxer.push(bytes)) if ('frame' in event) this.#add(event.frame)
    } catch (error) {
      this.end = error
    }
  }

  #add(frame: Frame): void {
    this.frames.push(frame)
    this.#heard(frame)
  }

  async close(): Promise<void> {
    this.end ??= 'left'
    this.#leave()
  }
}

function overHttp(protocol: string, url: string, demuxer: () => Demuxer, heard: FrameListener): Viewer {
  return new ByteViewer(protocol, demuxer, heard, (viewer) => {
    const end = (reason: unknown) => (): void => {
      viewer.end ??= reason
    }
    const request = get(url, { agent: false }, (response) => {
      if (response.statusCode !== 200) end(`HTTP ${response.statusCode}`)()
      response.on('data', (bytes: Buffer) => viewer.take(bytes)).on('end', end('closed'))
      response.on('error', end('cut'))
    })
    request.on('error', end('cut'))
    return () => request.destroy()
  })
}

function overWebSocket(protocol: string, url: string, demuxer: () => Demuxer, heard: FrameListener): Viewer {
  return new ByteViewer(protocol, demuxer, heard, (viewer) => {
    const socket = new WebSocket(url)
    socket.on('message', (data: Buffer, isBinary) => isBinary && viewer.take(data))
    socket.on('error', () => {})
    socket.on('close', (code, reason) => {
      viewer.end ??= code === 1000 ? 'closed' : reason.toString()
    })
    return () => socket.terminate()
  })
}

/** A puller of ours as a viewer. */
class PullViewer implements Viewer {
  readonly protocol: string
  readonly frames: Frame[] = []
  readonly #job
  #end: unknown
  readonly #done: Promise<void>

  constructor(protocol: string, url: string, pull: (job: PullJob) => Promise<void>, heard: FrameListener) {
    this.protocol = protocol
    const job = fakePullJob(url)
    this.#job = job
    const publish = (tracks: readonly Track[]): Publication => {
      const publication = job.publish(tracks)
      const write = publication.write.bind(publication)
      publication.write = (frame) => {
        this.frames.push(frame)
        heard(frame)
        write(frame)
      }
      return publication
    }
    const ended = (reason: unknown): void => {
      this.#end ??= reason
    }
    this.#done = pull({ ...job, publish }).then(() => ended('closed'), ended)
  }

  get end(): unknown {
    return this.#end
  }

  get tracks(): readonly Track[] {
    return this.#job.streams.publications.at(-1)?.tracks ?? []
  }

  async close(): Promise<void> {
    this.#end ??= 'left'
    await this.#job.end()
    await this.#done
  }
}

/** Opens a viewer of `path`. */
export type OpenViewer = (ports: Ports, path: string, heard?: FrameListener) => Viewer

const nobody = (): void => {}

function http(protocol: string, scheme: 'http' | 'ws', extension: string, demuxer: () => Demuxer): readonly [string, OpenViewer] {
  const open = scheme === 'http' ? overHttp : overWebSocket
  return [protocol, (ports, path, heard = nobody) => open(protocol, `${scheme}://127.0.0.1:${ports.http}/${path}.${extension}`, demuxer, heard)]
}

function pulled(protocol: string, scheme: keyof Ports, suffix: string, pull: (job: PullJob) => Promise<void>): readonly [string, OpenViewer] {
  return [protocol, (ports, path, heard = nobody) => new PullViewer(protocol, `${scheme}://127.0.0.1:${ports[scheme]}/${path}${suffix}`, pull, heard)]
}

/** ms that a viewer of ours waits for anything: a busy machine is not what these tests are about. */
const patience = 30_000
const timing = { call: patience, request: patience, firstDatagram: patience, firstMedia: patience, silence: patience, stall: patience, retry: 500 }

const byHls = (job: PullJob): Promise<void> => pullHls(job, timing)
const byRtmp = (job: PullJob): Promise<void> => pullRtmp(job, timing)
const byRtsp = (job: PullJob): Promise<void> => pullRtsp(job, timing)

/** By protocol. */
export const viewers: Readonly<Record<string, OpenViewer>> = Object.fromEntries([
  http('HTTP-FLV', 'http', 'flv', () => new FlvDemuxer()),
  http('WS-FLV', 'ws', 'flv', () => new FlvDemuxer()),
  http('fMP4', 'http', 'mp4', () => new Mp4Demuxer()),
  http('WS-fMP4', 'ws', 'mp4', () => new Mp4Demuxer()),
  http('TS', 'http', 'ts', () => new TsDemuxer()),
  pulled('LL-HLS', 'http', '.m3u8', byHls),
  pulled('HLS TS', 'http', '.m3u8?format=ts', byHls),
  pulled('RTMP', 'rtmp', '', byRtmp),
  pulled('RTSP TCP', 'rtsp', '', byRtsp),
  pulled('RTSP UDP', 'rtsp', '?transport=udp', byRtsp),
])

/** A client of HTTP-FLV that takes `rate` bytes a second, however fast they come. */
export function slowViewer({ http: port }: Ports, path: string, rate: number, heard: FrameListener): Viewer {
  const open = (viewer: ByteViewer): (() => void) => {
    let timer: NodeJS.Timeout | undefined
    const request = get(`http://127.0.0.1:${port}/${path}.flv`, { agent: false }, (response) => {
      const [began, end] = [performance.now(), () => (viewer.end ??= 'closed')]
      let taken = 0
      response.on('end', end).on('error', end)
      timer = setInterval(() => {
        const due = Math.min(response.readableLength, Math.floor(((performance.now() - began) / 1000) * rate) - taken)
        const bytes: Buffer | null = due > 0 ? response.read(due) : null
        if (bytes) viewer.take(bytes)
        taken += bytes?.length ?? 0
      }, 10)
      // paused: what nobody asks for stays in the socket
      response.pause().on('readable', () => {})
    })
    request.on('error', () => (viewer.end ??= 'cut'))
    return () => {
      clearInterval(timer)
      request.destroy()
    }
  }
  return new ByteViewer('HTTP-FLV, slow', () => new FlvDemuxer(), heard, open)
}

/** A client of HTTP that asks and never reads. */
export class Sleeper {
  readonly #socket
  closed = false

  constructor(port: number, request: string) {
    // paused: what comes fills the buffers of the system
    this.#socket = connect({ port, host: '127.0.0.1' }).pause()
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.closed = true
    })
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }
}
