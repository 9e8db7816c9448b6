/** The clip that every run replays, and the folder where the benchmark keeps what it makes once. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Outside the repository: a clip of 10 MB, and the peer's packages. */
export const cacheFolder = join(tmpdir(), 'shoal-bench')

/** What the clip is, for people. */
export const clipText = '4 Mbit/s, H.264 1280x720 at 30 frames/s, a key frame each second, no B-frames, AAC 48 kHz'

/** 20 s of 4 Mbit/s H.264 720p30 with AAC; the path of the file. Made by ffmpeg when it is not there. */
export function makeClip(): string {
  const file = join(cacheFolder, 'clip-720p30-4m.flv')
  if (existsSync(file)) return file
  mkdirSync(cacheFolder, { recursive: true })
  // noise on top of the pattern: without it the encoder cannot spend 4 Mbit/s
  const video = ['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30,noise=alls=30:allf=t']
  const audio = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000']
  const rate = ['-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '1M', '-x264-params', 'nal-hrd=cbr']
  const codec = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '30', '-keyint_min', '30', '-sc_threshold', '0', '-bf', '0', ...rate]
  const part = `${file}.part.flv`
  const made = spawnSync('ffmpeg', ['-v', 'error', '-y', ...video, ...audio, '-t', '20', ...codec, '-c:a', 'aac', '-b:a', '96k', part], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`ffmpeg could not make the clip: ${made.error?.message ?? made.stderr}`)
  renameSync(part, file)
  return file
}
