/** `file:` URLs as live streams. */

import { setTimeout as sleep } from 'node:timers/promises'
import { ShoalError } from '../../errors.js'
import type { PullJob } from '../../plugin.js'
import type { Publication } from '../../stream.js'
import { openWithin, pathOf } from './location.js'
import { decodeTime, Recording } from './recording.js'

/** Options of a pull: `{ loop, speed }`. */
export interface FilePullOptions {
  /** Begin again at the end; default true. */
  readonly loop: boolean
  /** 2 = twice as fast as real time; 0.1 to 100, default 1. */
  readonly speed: number
}

/** ms that playing may lag before it goes on from now instead of hurrying: after the machine slept. */
const patience = 2000

/**
 * Plays the file in real time until it ends or the job is aborted. `roots`: folders that may be read. Rejects with
 * `ERR_URL_INVALID`, `ERR_REQUEST_INVALID` for wrong options, `ERR_FORBIDDEN`, `ERR_SOURCE_FAILED`, `ERR_MEDIA_INVALID`,
 * `ERR_CODEC_UNSUPPORTED`, and with the reason for which the stream was stopped.
 */
export async function pullFile(job: PullJob, roots: readonly string[]): Promise<void> {
  const options = readOptions(job.options)
  const file = await openWithin(pathOf(job.url), roots)
  try {
    const recording = new Recording(file)
    const tracks = await recording.probe()
    if (!job.signal.aborted) await play(recording, job.publish(tracks), job, options)
  } finally {
    await file.close()
  }
}

async function play(recording: Recording, publication: Publication, job: PullJob, { loop, speed }: FilePullOptions): Promise<void> {
  const over = new AbortController()
  const stop = (): void => over.abort()
  for (const signal of [job.signal, publication.signal]) {
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  }
  const pace = new Pace(speed)
  try {
    for await (const event of recording.play(loop)) {
      if (over.signal.aborted) break
      if (event.type === 'track') publication.update(event.track)
      else if (await pace.until(decodeTime(event.frame), over.signal)) publication.write(event.frame)
    }
  } finally {
    for (const signal of [job.signal, publication.signal]) signal.removeEventListener('abort', stop)
  }
  if (publication.signal.aborted && !job.signal.aborted) throw publication.signal.reason
}

/** Turns media time into waiting. */
class Pace {
  readonly #speed: number
  /** Monotonic ms at which media time 0 was, or would have been. */
  #origin: number | undefined

  constructor(speed: number) {
    this.#speed = speed
  }

  /** Waits until `time` (µs) is due; false when aborted. */
  async until(time: number, signal: AbortSignal): Promise<boolean> {
    const at = time / 1000 / this.#speed
    const now = performance.now()
    this.#origin ??= now - at
    if (now - this.#origin - at > patience) this.#origin = now - at
    const wait = Math.floor(this.#origin + at - now)
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => {})
    return !signal.aborted
  }
}

function readOptions(options: Readonly<Record<string, unknown>>): FilePullOptions {
  const { loop = true, speed = 1 } = options
  if (typeof loop !== 'boolean') throw new ShoalError('ERR_REQUEST_INVALID', 'The option loop is true or false.')
  if (typeof speed !== 'number' || !(speed >= 0.1 && speed <= 100)) throw new ShoalError('ERR_REQUEST_INVALID', 'The option speed is a number from 0.1 to 100.')
  return { loop, speed }
}
