/** The sound of a stream that the plugin `transcode` made of another, read as a program reads it: what a browser gets of it is compared with that. */

import { writeFile } from 'node:fs/promises'
import { packetsOf } from './clip.js'
import type { PacketTrack } from './packets.js'
import { pictureShift } from './verdict.js'
import { lateness, type Waves, wavesOf } from './waves.js'

/** What was made. */
export interface Remade {
  readonly sound: PacketTrack
  /** Seconds by which the sound is later than the picture, beside the clip. */
  readonly late: number
}

/** The clip as its packets and as its sound. */
export interface Decoded {
  readonly tracks: readonly PacketTrack[]
  readonly waves: Waves
}

/** Reads `seconds` of `url`, fragmented MP4, into `file`; `clip` is what it was made of. */
export async function remadeOf(url: string, seconds: number, file: string, clip: Decoded): Promise<Remade> {
  await record(url, seconds, file)
  const tracks = await packetsOf(['-i', file], { sound: 'opus' })
  const sound = tracks.find(({ kind }) => kind === 'audio')
  if (!sound) throw new Error(`no sound in ${url}`)
  return { sound, late: lateness(await wavesOf(file), clip.waves, pictureShift(tracks, clip.tracks)) }
}

/** ms that it may take beyond the time of what is read. */
const patience = 60_000

/** As many seconds as pass, from the first byte on. */
async function record(url: string, seconds: number, file: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(seconds * 1000 + patience) })
  if (!answer.ok || !answer.body) throw new Error(`${url}: ${answer.status}`)
  const parts: Uint8Array[] = []
  let until: number | undefined
  for await (const part of answer.body) {
    until ??= performance.now() + seconds * 1000
    parts.push(part)
    if (performance.now() > until) break
  }
  await writeFile(file, Buffer.concat(parts))
}
