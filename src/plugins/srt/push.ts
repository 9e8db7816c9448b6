/** `srt://` as a destination. */

import { ShoalError } from '../../errors.js'
import type { PushJob } from '../../plugin.js'
import type { LiveFormat } from '../../viewing/format.js'
import { parseAddress, resolve } from './address.js'
import type { Connections } from './connections.js'
import type { LazyEngine } from './lazy-engine.js'
import { send } from './send.js'

/** What a push needs of the plugin. */
export interface PushParts {
  readonly engine: LazyEngine
  readonly format: LiveFormat
  readonly connections: Connections
  /** ms. */
  readonly latency: number
}

/** Pushes until the stream ends; see `PusherFactory.push`. Rejects with `ERR_DEPENDENCY_MISSING`, `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_URL_INVALID`, `ERR_CODEC_UNSUPPORTED`, `ERR_SLOW_CONSUMER` or what ended the stream. */
export async function push(job: PushJob, { engine, format, latency, connections }: PushParts): Promise<void> {
  const address = parseAddress(job.url, latency)
  const subscription = await job.subscribe({ tracks: ['video', 'audio', 'data'] })
  const socket = await (await engine.open()).connect(await resolve(address), address.settings, job.signal)
  let closed = false
  void socket.closed.then(() => {
    closed = subscription.signal.aborted === false
  })
  const hide = connections.add({ path: job.path, role: 'push', remote: `${address.host}:${address.port}` }, socket)
  const stop = (): void => socket.close()
  job.signal.addEventListener('abort', stop, { once: true })
  try {
    socket.start()
    await send(subscription, socket, format)
    if (closed && !job.signal.aborted) throw new ShoalError('ERR_SOURCE_FAILED', `${address.host}:${address.port} closed the connection.`)
  } finally {
    hide()
    job.signal.removeEventListener('abort', stop)
    socket.close()
  }
}
