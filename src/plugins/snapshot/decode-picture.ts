/** One picture through the ffmpeg program: an MP4 of one frame in, a JPEG out. */

import { spawn } from 'node:child_process'
import { ShoalError } from '../../errors.js'

/** What is decoded. */
export interface PictureJob {
  /** Name or file of the ffmpeg program. */
  readonly program: string
  readonly clip: Uint8Array
  /** Pixels; the height follows. */
  readonly width?: number
  readonly signal: AbortSignal
}

/** ms that a picture may take. */
const limit = 10_000
/** Bytes of a JPEG. */
const maxPicture = 32 * 1024 * 1024
const maxWords = 2000

/** Runs ffmpeg. Rejects with `ERR_PROGRAM_MISSING` where there is none, `ERR_MEDIA_INVALID` with its words where it fails, `ERR_TIMEOUT`. */
export function decodePicture({ program, clip, width, signal }: PictureJob): Promise<Uint8Array> {
  const scale = width === undefined ? [] : ['-vf', `scale=${width}:-2`]
  const input = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1', '-protocol_whitelist', 'pipe', '-f', 'mp4', '-i', 'pipe:0']
  const output = ['-frames:v', '1', ...scale, '-threads', '1', '-q:v', '4', '-f', 'mjpeg', 'pipe:1']
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new ShoalError('ERR_ABORTED'))
    const child = spawn(program, [...input, ...output], { stdio: ['pipe', 'pipe', 'pipe'] })
    const parts: Buffer[] = []
    let size = 0
    let words = ''
    let failure: ShoalError | undefined
    const kill = (error: ShoalError): void => {
      failure ??= error
      child.kill('SIGKILL')
    }
    const stop = (): void => kill(new ShoalError('ERR_ABORTED'))
    const timer = setTimeout(() => kill(new ShoalError('ERR_TIMEOUT', `ffmpeg took longer than ${limit / 1000} s for a picture.`)), limit)
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
    signal.addEventListener('abort', stop, { once: true })
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle()
      reject(missing(program, error))
    })
    child.stdout.on('data', (part: Buffer) => {
      size += part.length
      if (size > maxPicture) kill(new ShoalError('ERR_MEDIA_INVALID', 'The picture is too large.'))
      else parts.push(part)
    })
    child.stderr.on('data', (part: Buffer) => {
      words = (words + part.toString('utf8')).slice(0, maxWords)
    })
    child.once('close', (code) => {
      settle()
      if (failure) reject(failure)
      else if (code === 0 && size > 0) resolve(Buffer.concat(parts))
      else reject(new ShoalError('ERR_MEDIA_INVALID', `ffmpeg could not decode the picture: ${words.trim().split('\n')[0] || `exit code ${code}`}.`))
    })
    // it may end before it has read all
    child.stdin.on('error', () => {})
    child.stdin.end(clip)
  })
}

function missing(program: string, cause: NodeJS.ErrnoException): ShoalError {
  const why = cause.code === 'ENOENT' ? 'is not installed' : `cannot be started: ${cause.message}`
  return new ShoalError('ERR_PROGRAM_MISSING', `The program ${program} ${why}.`, { cause, hint: 'Install ffmpeg, or set plugins.snapshot.ffmpeg.' })
}
