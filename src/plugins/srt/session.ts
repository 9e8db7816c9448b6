/** One caller: it publishes or reads one stream. */

import { ShoalError } from '../../errors.js'
import { TsDemuxer } from '../../media/mpegts/demuxer.js'
import type { PluginContext, TaskScope } from '../../plugin.js'
import { PieceReader } from '../../receiving/pull-pieces.js'
import type { Principal } from '../../services.js'
import type { LiveFormat } from '../../viewing/format.js'
import { authenticate, permit } from './access.js'
import type { SrtConfig } from './config.js'
import { type Connections, sourceStats } from './connections.js'
import type { Accepted } from './engine.js'
import { send } from './send.js'
import { parseStreamId, type SrtRequest } from './stream-id.js'

/** What all sessions of a plugin share. */
export interface SessionHost {
  readonly ctx: PluginContext<SrtConfig>
  readonly format: LiveFormat
  readonly connections: Connections
}

/** Serves a caller until it goes, the stream ends or it may no longer. Rejects with why it was refused or cut. */
export async function serve({ socket, streamId, remote }: Accepted, host: SessionHost, scope: TaskScope): Promise<void> {
  let failure: unknown
  const fail = (error: unknown): void => {
    failure ??= error
    socket.close()
  }
  const stop = (): void => socket.close()
  scope.signal.addEventListener('abort', stop, { once: true })
  const over = new AbortController()
  let hide = (): void => {}
  try {
    const request = parseStreamId(streamId)
    const who = await authenticate(host.ctx, request.shown, remote.address)
    await permit(host.ctx, who, request)
    watch(host.ctx, { who, request, signal: over.signal, fail })
    const { address, port } = remote
    hide = host.connections.add({ path: request.path, role: request.action, remote: `${address}:${port}` }, socket)
    if (request.action === 'publish') await publish(request, { socket, host, fail })
    else await read(request, { socket, host, reader: `srt ${address}:${port}` })
    if (failure !== undefined) throw failure
  } finally {
    hide()
    over.abort()
    scope.signal.removeEventListener('abort', stop)
    socket.close()
  }
}

interface Watched {
  readonly who: Principal
  readonly request: SrtRequest
  readonly signal: AbortSignal
  fail(error: unknown): void
}

/** Asks again whenever permissions change. */
function watch(ctx: PluginContext<SrtConfig>, { who, request, signal, fail }: Watched): void {
  const follow = async (): Promise<void> => {
    for await (const _ of ctx.use('permission').changes?.(signal) ?? []) await permit(ctx, who, request)
  }
  follow().catch((error: unknown) => {
    if (!signal.aborted) fail(error)
  })
}

interface Publishing {
  readonly socket: Accepted['socket']
  readonly host: SessionHost
  fail(error: unknown): void
}

async function publish({ path }: SrtRequest, { socket, host, fail }: Publishing): Promise<void> {
  const { streams, config } = host.ctx
  const reader = new PieceReader(
    new TsDemuxer(),
    (tracks) => {
      const publication = streams.publish(path, tracks, { takeover: config.takeover, sourceStats: () => sourceStats(socket) })
      publication.signal.addEventListener('abort', () => fail(publication.signal.reason), { once: true })
      return publication
    },
    fail,
  )
  try {
    socket.data = (bytes) => reader.push(bytes)
    socket.start()
    await socket.closed
  } finally {
    reader.end()
  }
}

interface Reading {
  readonly socket: Accepted['socket']
  readonly host: SessionHost
  /** For lists. */
  readonly reader: string
}

async function read({ path }: SrtRequest, { socket, host, reader }: Reading): Promise<void> {
  const { streams, config } = host.ctx
  socket.start()
  const gone = new AbortController()
  void socket.closed.then(() => gone.abort(new ShoalError('ERR_ABORTED', 'The caller went.')))
  const subscription = await streams.subscribe(path, { wait: config.playWait, tracks: ['video', 'audio', 'data'], reader, signal: gone.signal })
  try {
    await send(subscription, socket, host.format)
  } catch (error) {
    if (!gone.signal.aborted || error !== gone.signal.reason) throw error
  } finally {
    subscription.close()
  }
}
