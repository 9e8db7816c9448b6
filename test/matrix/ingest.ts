/** Ways in: real programs that bring a clip to a node as a live stream. */

import { join } from 'node:path'
import { run } from '../e2e/cli.js'
import { freePort } from '../free-port.js'
import type { ToolName } from '../tools.js'
import { waitFor } from '../wait-for.js'
import type { MatrixBrowser } from './browser.js'
import { type MatrixNode, pull } from './matrix-node.js'
import { type Sending, send, sendingOf } from './sending.js'

/** What an encoder is to send, and where to. */
export interface Job {
  readonly node: MatrixNode
  readonly path: string
  readonly clip: string
  /** For files. */
  readonly folder: string
  readonly browser: MatrixBrowser
}

/** One way in. */
export interface Ingest {
  readonly name: string
  readonly needs: ToolName
  /** Codec of the sound it sends. */
  readonly sound: string
  /** Sends pictures of its own instead of the clip. */
  readonly own?: true
  /** Brings the clip to the node under `path`. What runs is ended by the caller. */
  start(job: Job): Promise<readonly Sending[]>
}

const ffmpeg = (clip: string, ...target: readonly string[]): Sending => send('ffmpeg', '-v', 'error', '-nostdin', '-re', '-i', clip, '-c', 'copy', ...target)

const byFfmpeg = (name: string, target: (job: Job) => readonly string[], needs: ToolName = 'ffmpeg'): Ingest => ({
  name,
  needs,
  sound: 'aac',
  start: async (job) => [ffmpeg(job.clip, ...target(job))],
})

/** A file that a web server shows is there. */
async function shows(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** A playlist of files behind a web server, pulled by its URL. */
async function pullHls({ node, path, clip, folder }: Job): Promise<readonly Sending[]> {
  const port = await freePort()
  const list = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '6', '-hls_flags', 'delete_segments']
  const server = run('python3', ['-m', 'http.server', String(port), '--bind', '127.0.0.1'], { cwd: folder })
  const sending = [ffmpeg(clip, ...list, join(folder, 'hls.m3u8')), sendingOf(server)]
  const url = `http://127.0.0.1:${port}/hls.m3u8`
  await waitFor('the playlist', () => shows(url), 20_000)
  await pull(node, url, path)
  return sending
}

/** Datagrams to a port that the node listens to. */
async function pullUdp({ node, path, clip }: Job): Promise<readonly Sending[]> {
  const url = `udp://127.0.0.1:${await freePort()}`
  await pull(node, url, path)
  return [ffmpeg(clip, '-f', 'mpegts', `${url}?pkt_size=1316`)]
}

/** RTSP as GStreamer records it: the sound in the format that it chooses by itself (RFC 6416). */
async function recordByGstreamer({ node, path, clip }: Job): Promise<readonly Sending[]> {
  const sink = ['rtspclientsink', 'name=s', 'protocols=tcp', `location=${node.rtsp}/${path}`]
  const video = ['d.video_0', '!', 'queue', '!', 'h264parse', 'config-interval=-1', '!', 'identity', 'sync=true', '!', 's.']
  const audio = ['d.audio_0', '!', 'queue', '!', 'aacparse', '!', 'identity', 'sync=true', '!', 's.']
  return [send('gst-launch-1.0', '-q', 'filesrc', `location=${clip}`, '!', 'qtdemux', 'name=d', ...sink, ...video, ...audio)]
}

/** All of them that this version of Shoal has. */
export const ingests: readonly Ingest[] = [
  byFfmpeg('RTMP', ({ node, path }) => ['-f', 'flv', `${node.rtmp}/${path}`]),
  byFfmpeg('RTSP over TCP', ({ node, path }) => ['-f', 'rtsp', '-rtsp_transport', 'tcp', `${node.rtsp}/${path}`]),
  byFfmpeg('SRT', ({ node, path }) => ['-f', 'mpegts', `${node.srt}?streamid=publish:${path}`], 'libsrt'),
  byFfmpeg('RTSP over UDP', ({ node, path }) => ['-f', 'rtsp', '-rtsp_transport', 'udp', `${node.rtsp}/${path}`]),
  { name: 'RTSP, GStreamer', needs: 'gst-rtsp', sound: 'aac', start: recordByGstreamer },
  { name: 'MPEG-TS over UDP', needs: 'ffmpeg', sound: 'aac', start: pullUdp },
  { name: 'HLS pull', needs: 'python3', sound: 'aac', start: pullHls },
  { name: 'WHIP, Chromium', needs: 'chromium', sound: 'opus', own: true, start: async ({ node, path, browser }) => [await browser.publish(node, path)] },
]
