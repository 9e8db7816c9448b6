/** Ways out: real players that read a stream of a node for some seconds. */

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, run } from '../e2e/cli.js'
import type { ToolName } from '../tools.js'
import { waitFor } from '../wait-for.js'
import type { MatrixBrowser, Via } from './browser.js'
import { packetsOf } from './clip.js'
import type { MatrixNode } from './matrix-node.js'
import type { PacketTrack } from './packets.js'
import type { Shown } from './shown.js'

/** One recording to make. */
export interface Recording {
  readonly node: MatrixNode
  readonly path: string
  readonly seconds: number
  /** For files. */
  readonly folder: string
  /** Codec of the sound; `none` where this way out does not carry it. */
  readonly sound: string
  /** Is it the clip, whose pictures have numbers? */
  readonly clip: boolean
  readonly browser: MatrixBrowser
}

/** What a player got. */
export interface Seen {
  readonly tracks: readonly PacketTrack[]
  /** What became of it on the screen. */
  readonly shown?: Shown
  /** Picture before (+) or after (-) sound, in ms, where the player measures it. */
  readonly offset?: number
}

/** One way out. */
export interface Egress {
  readonly name: string
  readonly needs: ToolName
  /** Codecs of sound that come by it to this player. */
  readonly sounds: readonly string[]
  /** What the plugin `transcode` makes of other sound: a preset that has the name of its codec. Without it the picture comes alone. */
  readonly preset?: string
  /** Does it have the machine for itself, with its like of the other node? */
  readonly alone?: true
  /** Reads for `seconds`. Rejects when nothing can be read. */
  record(recording: Recording): Promise<Seen>
}

/** ms for GStreamer to begin, and to end. */
const patience = 10_000

const all = ['aac', 'opus']

interface Differences {
  readonly needs?: ToolName
  readonly sounds?: readonly string[]
}

const byFfmpeg = (name: string, input: (recording: Recording) => readonly string[], { needs = 'ffmpeg', sounds = all }: Differences = {}): Egress => ({
  name,
  needs,
  sounds,
  record: async (recording) => ({ tracks: await packetsOf(input(recording), recording) }),
})

// a browser decodes and paints what the others copy: eight of them on two cores fall behind, and leave out what lies between
const byChromium = (name: string, via: Via, sounds = all): Egress => ({
  name,
  needs: 'chromium',
  sounds,
  alone: true,
  record: (recording) => recording.browser.watch(via, recording),
})

// an RTSP reader of ffmpeg begins at zero by itself; the others are made to
const http =
  (ending: string) =>
  ({ node, path }: Recording) => ['-start_at_zero', '-i', `${node.http}/${path}${ending}`]

/** Records to a file, as a person would, and reads that. By default GStreamer squeezes the group that a new player gets at once into its time of arrival. */
async function recordByGstreamer({ node, path, seconds, folder, sound }: Recording): Promise<Seen> {
  const file = join(folder, `${node.cli.name}-${path.replaceAll('/', '-')}-gst.mkv`)
  const video = ['s.', '!', 'application/x-rtp,media=video', '!', 'rtph264depay', '!', 'h264parse', '!', 'queue', '!', 'm.']
  const reader = sound === 'opus' ? ['rtpopusdepay', '!', 'opusparse'] : ['rtpmp4gdepay', '!', 'aacparse']
  const audio = ['s.', '!', 'application/x-rtp,media=audio', '!', ...reader, '!', 'queue', '!', 'm.']
  const source = ['rtspsrc', `location=${node.rtsp}/${path}`, 'protocols=tcp', 'buffer-mode=none', 'name=s']
  const client = await begun(file, () => {
    return run('gst-launch-1.0', ['-q', '-e', ...source, ...video, ...audio, 'matroskamux', 'name=m', '!', 'filesink', `location=${file}`])
  })
  await sleep((seconds + 1) * 1000)
  // one that got nothing waits for ever for the end of it
  const limit = setTimeout(() => client.child.kill('SIGKILL'), patience)
  await client.kill('SIGINT').finally(() => clearTimeout(limit))
  return { tracks: await packetsOf(['-start_at_zero', '-i', file], { sound }) }
}

/**
 * A client that writes. gst-launch links a pad when it appears, and sometimes crosses two that appear in one moment: then it takes all and
 * writes nothing for ever, and is begun anew.
 */
async function begun(file: string, begin: () => Running, left = 3): Promise<Running> {
  const client = begin()
  const wrote = await waitFor('the first bytes of GStreamer', () => existsSync(file) && statSync(file).size > 0, patience / 2).catch(() => false)
  if (wrote || left === 1) return client
  await client.kill('SIGKILL')
  return begun(file, begin, left - 1)
}

/** All of them that this version of Shoal has. */
export const egresses: readonly Egress[] = [
  byFfmpeg('RTMP', ({ node, path }) => ['-start_at_zero', '-i', `${node.rtmp}/${path}`], { sounds: ['aac'] }),
  byFfmpeg('HTTP-FLV', http('.flv'), { sounds: ['aac'] }),
  byFfmpeg('fMP4', http('.mp4')),
  byFfmpeg('MPEG-TS', http('.ts')),
  byFfmpeg('SRT', ({ node, path }) => ['-start_at_zero', '-i', `${node.srt}?streamid=read:${path}`], { needs: 'libsrt' }),
  byFfmpeg('LL-HLS', http('.m3u8')),
  byFfmpeg('HLS, TS', http('.m3u8?format=ts')),
  byFfmpeg('RTSP over TCP', ({ node, path }) => ['-rtsp_transport', 'tcp', '-i', `${node.rtsp}/${path}`]),
  byFfmpeg('RTSP over UDP', ({ node, path }) => ['-rtsp_transport', 'udp', '-i', `${node.rtsp}/${path}`]),
  { name: 'RTSP, GStreamer', needs: 'gstreamer', sounds: all, record: recordByGstreamer },
  { ...byChromium('WHEP, Chromium', 'webrtc', ['opus']), preset: 'opus' },
  byChromium('fMP4, Chromium', 'fmp4'),
  byChromium('LL-HLS, hls.js', 'hls'),
  byChromium('FLV, Chromium', 'flv'),
]
