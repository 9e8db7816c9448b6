/** Where sound that was coded anew is in the clip: no packet of it is of the clip, but its waves are. */

import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Samples a second: noise up to 4 kHz comes through every codec. */
const rate = 8000

/** Seconds that are compared, and how far they may be from where they should be. */
const piece = 1
const reach = 0.5

/** Decoded sound. */
export interface Waves {
  /** Time of the first sample, seconds. */
  readonly start: number
  /** `rate` a second, one channel. */
  readonly samples: Int16Array
}

/** Decodes the sound of a file; `file` is also the beginning of the name of another that is written, and removed. */
export async function wavesOf(file: string): Promise<Waves> {
  const raw = `${file}.pcm`
  const sound = ['-map', '0:a', '-ac', '1', '-ar', String(rate)]
  const ffmpeg = ['-v', 'error', '-nostdin', '-y', '-copyts', '-i', file]
  // a recording of a live stream ends within a fragment, which is an error to ffmpeg
  const { stdout } = await promisify(execFile)('ffmpeg', [...ffmpeg, ...sound, '-f', 's16le', raw, ...sound, '-frames:a', '1', '-f', 'framecrc', '-'])
  const [first] = stdout.split('\n').filter((line) => /^\d/.test(line))
  const bytes = await readFile(raw)
  await rm(raw)
  const base = /^#tb 0: (\d+)\/(\d+)$/m.exec(stdout)
  const tick = Number(base?.[1]) / Number(base?.[2])
  return { start: Number(first?.split(',')[2]) * tick, samples: new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1) }
}

/**
 * Seconds by which `got` is later than `source`, beyond `shift`, which is expected. Throws where they are not alike within half a second.
 * The piece is from the middle: the beginning of a decoder is of nothing yet.
 */
export function lateness(got: Waves, source: Waves, shift: number): number {
  const from = got.samples.length >> 1
  const part = got.samples.subarray(from, from + piece * rate)
  const expected = Math.round((got.start - shift - source.start) * rate) + from
  let [best, most] = [0, Number.NEGATIVE_INFINITY]
  for (let lag = -reach * rate; lag <= reach * rate; lag++) {
    const likeness = likenessOf(part, source.samples, expected + lag)
    if (likeness > most) [best, most] = [lag, likeness]
  }
  if (!(most > 0.5)) throw new Error(`the sound is not that of the clip: ${most.toFixed(2)}`)
  return -best / rate
}

/** -1 to 1: 1 is the same wave, whatever its loudness. */
function likenessOf(part: Int16Array, all: Int16Array, at: number): number {
  let [product, energy, other] = [0, 0, 0]
  for (let i = 0; i < part.length; i++) {
    const [a, b] = [part[i] ?? 0, all[at + i] ?? 0]
    product += a * b
    energy += a * a
    other += b * b
  }
  return energy > 0 && other > 0 ? product / Math.sqrt(energy * other) : 0
}
