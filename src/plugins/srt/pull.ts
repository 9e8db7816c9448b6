/** `srt://` as a source. */

import { ShoalError } from '../../errors.js'
import { TsDemuxer } from '../../media/mpegts/demuxer.js'
import type { PullJob } from '../../plugin.js'
import { liveTiming, PieceReader } from '../../receiving/pull-pieces.js'
import { parseAddress, resolve } from './address.js'
import { type Connections, sourceStats } from './connections.js'
import type { LazyEngine } from './lazy-engine.js'

/** What a pull needs of the plugin. */
export interface PullParts {
  readonly engine: LazyEngine
  readonly connections: Connections
  /** ms. */
  readonly latency: number
}

/** Pulls until the other side closes the connection; see `PullerFactory.pull`. Rejects with `ERR_DEPENDENCY_MISSING`, `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_URL_INVALID`, `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED` or what the hub says. */
export async function pull(job: PullJob, { engine, connections, latency }: PullParts, timing = liveTiming): Promise<void> {
  const address = parseAddress(job.url, latency)
  job.signal.throwIfAborted()
  const socket = await (await engine.open()).connect(await resolve(address), address.settings, job.signal)
  job.log.debug('connected', { latency: socket.latency })
  let failure: unknown
  const fail = (error: unknown): void => {
    failure ??= error
    socket.close()
  }
  const reader = new PieceReader(new TsDemuxer(), (tracks) => job.publish(tracks, { sourceStats: () => sourceStats(socket) }), fail, timing)
  const hide = connections.add({ path: job.path, role: 'pull', remote: `${address.host}:${address.port}` }, socket)
  const stop = (): void => fail(job.signal.reason)
  job.signal.addEventListener('abort', stop, { once: true })
  if (job.signal.aborted) stop()
  try {
    socket.data = (bytes) => reader.push(bytes)
    socket.start()
    await socket.closed
    if (!reader.started)
      failure ??= new ShoalError('ERR_SOURCE_FAILED', `${address.host}:${address.port} closed the connection: it may not know the stream, or refuse it.`)
    if (failure !== undefined) throw failure
  } finally {
    hide()
    job.signal.removeEventListener('abort', stop)
    reader.end()
    socket.close()
  }
}
