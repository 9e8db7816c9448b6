/** A byte stream over HTTP as a source. */

import { ShoalError } from '../errors.js'
import type { MediaDemuxer } from '../media/media-event.js'
import type { PullJob } from '../plugin.js'
import { fetchStream } from './http-fetch.js'
import { Pace } from './pace.js'
import { decodeTimeOf, nothingCame, StreamStart } from './stream-start.js'
import { Watchdog } from './watchdog.js'

/** Limits in ms. */
export interface HttpPullTiming {
  /** Until the answer begins. */
  readonly answer: number
  /** Without a byte. */
  readonly silence: number
  /** How far frames may be ahead of their time: live sources send what they have kept at once, files all they have. */
  readonly lead: number
}

const defaultTiming: HttpPullTiming = { answer: 10_000, silence: 15_000, lead: 3000 }

/** Pulls until the body ends. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_TIMEOUT`, `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED` or what the hub says. */
export async function pullHttp(job: PullJob, demuxer: MediaDemuxer, timing = defaultTiming): Promise<void> {
  job.signal.throwIfAborted()
  const silent = new AbortController()
  const signal = AbortSignal.any([job.signal, silent.signal])
  const { body } = await fetchStream(job.url, { signal, timeout: timing.answer, login: job.url })
  const dog = new Watchdog(timing.silence, () => silent.abort(new ShoalError('ERR_SOURCE_FAILED', `The server sent nothing for ${timing.silence} ms.`)))
  try {
    await read(job, body, demuxer, { signal, pace: new Pace(timing.lead), heard: () => dog.touch() })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw error instanceof ShoalError ? error : new ShoalError('ERR_SOURCE_FAILED', 'The server broke the connection.', { cause: error })
  } finally {
    dog.stop()
  }
}

interface Reading {
  readonly signal: AbortSignal
  readonly pace: Pace
  heard(): void
}

async function read(job: PullJob, body: AsyncIterable<Uint8Array>, demuxer: MediaDemuxer, { signal, pace, heard }: Reading): Promise<void> {
  const start = new StreamStart((tracks) => job.publish(tracks))
  const take = async (events: ReturnType<MediaDemuxer['push']>): Promise<void> => {
    start.know(events)
    for (const event of events) {
      if (start.publication && event.type === 'frame' && !(await pace.until(decodeTimeOf(event.frame), signal))) throw signal.reason
      heard()
      start.take([event], demuxer.complete)
    }
  }
  for await (const chunk of body) {
    heard()
    await take(demuxer.push(chunk))
  }
  await take(demuxer.flush())
  if (!start.publication) throw nothingCame(demuxer)
}
