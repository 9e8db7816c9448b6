/** `rtmp://` as a source: plays a stream of another server into a local path. */

import { ShoalError } from '../../errors.js'
import type { Message } from '../../media/rtmp/message.js'
import type { PullJob } from '../../plugin.js'
import { Watchdog } from '../../receiving/watchdog.js'
import type { Publication } from '../../stream.js'
import { parseAddress } from './address.js'
import { defaultCallTimeout, RtmpClient, reasonOf } from './client.js'
import { Ingest } from './ingest.js'

/** Limits of a pull in ms. */
export interface PullTiming {
  /** For the connection and for each reply. */
  readonly call: number
  /** Until the stream starts. */
  readonly firstMedia: number
  /** Between media afterwards. */
  readonly silence: number
}

const defaultTiming: PullTiming = { call: defaultCallTimeout, firstMedia: 10_000, silence: 15_000 }

/** How long a server may buffer for us, ms: live sources ignore it, others send this much ahead. */
const bufferLength = 3000

/** Pulls until the source says that the stream is over; see `PullerFactory.pull`. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_URL_INVALID` or what the hub says. */
export async function pull(job: PullJob, timing = defaultTiming): Promise<void> {
  const address = parseAddress(job.url)
  const client = await RtmpClient.open(address, job.signal, timing.call)
  const playing = new Pulling(client, job, timing)
  try {
    const stream = await client.createStream()
    client.tell(0, 'getStreamLength', address.name)
    client.tell(stream, 'play', address.name, -2000)
    client.connection.setBufferLength(stream, bufferLength)
    await client.closed
  } finally {
    playing.stop()
    client.connection.cut()
  }
  if (!playing.ended) throw client.failure
}

/** What a playing client hears, turned into a publication. */
class Pulling {
  /** The server said that the stream is over. */
  ended = false
  readonly #client: RtmpClient
  readonly #ingest: Ingest
  readonly #timing: PullTiming
  #silence: Watchdog

  constructor(client: RtmpClient, job: PullJob, timing: PullTiming) {
    this.#timing = timing
    this.#client = client
    this.#ingest = new Ingest((tracks) => this.#opened(job.publish(tracks)))
    this.#silence = this.#watch(timing.firstMedia)
    client.events = { media: (message) => this.#take(message), ended: () => this.#end() }
  }

  stop(): void {
    this.#client.events = {}
    this.#silence.stop()
  }

  #take(message: Message): void {
    this.#silence.touch()
    this.#ingest.push(message)
  }

  #opened(publication: Publication): Publication {
    this.#silence.stop()
    this.#silence = this.#watch(this.#timing.silence)
    const { signal } = publication
    signal.addEventListener('abort', () => this.#client.fail(reasonOf(signal)), { once: true })
    return publication
  }

  #end(): void {
    this.ended = true
    this.#client.connection.cut()
  }

  #watch(ms: number): Watchdog {
    return new Watchdog(ms, () => this.#client.fail(new ShoalError('ERR_SOURCE_FAILED', `The server sent no media for ${ms} ms.`)))
  }
}
