/** The clip that all encoders send: no two pictures and no two pieces of sound are alike, so that each is known again. */

import { join } from 'node:path'
import { run } from '../e2e/cli.js'
import { alike, type PacketTrack, readPackets } from './packets.js'

/** Draws the number of each picture: a block for each bit, the lowest first, white for 1; `recorder.js` reads it. */
const stamp = [
  'drawbox=x=0:y=0:w=192:h=16:color=black:t=fill',
  ...Array.from({ length: 12 }, (_, bit) => `drawbox=x=${16 * bit}:y=0:w=16:h=16:color=white:t=fill:enable='mod(floor(n/${2 ** bit})\\,2)'`),
].join()

/** Makes it: H.264 without B-frames (WebRTC has none), 640x360, 25/s, a key picture each second; AAC, 48 kHz. Returns the file. */
export async function makeClip(folder: string, seconds: number): Promise<string> {
  const file = join(folder, 'clip.mp4')
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=25:duration=${seconds},${stamp}`]
  const sound = ['-f', 'lavfi', '-i', `anoisesrc=r=48000:amplitude=0.1:duration=${seconds}`]
  const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'baseline', '-bf', '0', '-g', '25', '-keyint_min', '25', '-sc_threshold', '0']
  const rates = ['-pix_fmt', 'yuv420p', '-b:v', '1M', '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-shortest']
  const { code, stderr } = await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...picture, ...sound, ...codecs, ...rates, file]).ended
  if (code !== 0) throw new Error(`the clip could not be made: ${stderr}`)
  return file
}

/** ms that reading may take beyond the time of what is read. */
const patience = 60_000

/** What is read of an input. */
export interface Reading {
  /** All of it where this is absent. */
  readonly seconds?: number
  /** Codec of its sound; `none`: it is left out. */
  readonly sound: string
}

/** Packets of a file or URL that ffmpeg reads. */
export async function packetsOf(input: readonly string[], { seconds, sound }: Reading): Promise<PacketTrack[]> {
  const span = seconds === undefined ? [] : ['-t', String(seconds)]
  const audio = sound === 'none' ? [] : ['-map', '0:a?']
  const args = ['-v', 'error', '-nostdin', '-analyzeduration', '2000000', '-copyts', ...input, ...span, '-map', '0:v?', ...audio, '-c', 'copy']
  const reader = run('ffmpeg', [...args, ...alike.h264, ...(sound === 'aac' ? alike.aac : []), '-f', 'framemd5', '-'])
  // a reader of HLS waits for ever for a stream that has ended
  const limit = setTimeout(() => reader.child.kill('SIGKILL'), (seconds ?? 0) * 1000 + patience)
  const { stdout, stderr } = await reader.ended.finally(() => clearTimeout(limit))
  const tracks = readPackets(stdout)
  if (tracks.length === 0) throw new Error(`nothing could be read of ${input.at(-1)}: ${stderr.slice(0, 500)}`)
  return tracks
}
