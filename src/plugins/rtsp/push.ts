/** `rtsp://` and `rtsps://` as a destination: publishes a local stream at another server. */

import { ShoalError } from '../../errors.js'
import { mediaOf } from '../../media/sdp/media.js'
import { writeSdp } from '../../media/sdp/sdp.js'
import type { PushJob } from '../../plugin.js'
import type { Track } from '../../stream.js'
import { controlUri, parseAddress, type RtspAddress, transportsOf } from './address.js'
import { defaultCallTimeout, RtspClient } from './client.js'
import { closeAll, setUp, TransportRefused } from './media-line.js'
import { type Outlet, PacketCache, payloadTypeOf, sendable, sendStream } from './player.js'

/** Pushes until the stream ends; see `PusherFactory.push`. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_CODEC_UNSUPPORTED`, `ERR_URL_INVALID` or what ended the stream. */
export async function push(job: PushJob, callTimeout = defaultCallTimeout): Promise<void> {
  const address = parseAddress(job.url)
  let refused: TransportRefused | undefined
  for (const kind of transportsOf(address)) {
    try {
      await pushBy(kind, job, address, callTimeout)
      return
    } catch (error) {
      if (!(error instanceof TransportRefused)) throw error
      refused = error
    }
  }
  throw new ShoalError('ERR_SOURCE_FAILED', `${address.host}:${address.port} takes neither TCP nor UDP for media: ${refused?.message}.`)
}

async function pushBy(kind: 'tcp' | 'udp', job: PushJob, address: RtspAddress, callTimeout: number): Promise<void> {
  const subscription = await job.subscribe()
  const outlets = new Map<number, Outlet>()
  const client = await RtspClient.open(address, job.signal, callTimeout)
  // The server may go while the stream is silent: nobody would notice on the writing side.
  const gone = client.closed.then(() => subscription.close())
  try {
    await announce(client, address, sendable(subscription.path, subscription.tracks), kind, outlets)
    await sendStream(subscription, { connection: client.connection, outlets, cache: new PacketCache() })
    if (client.failure !== undefined) throw client.failure
    await client.end()
  } catch (error) {
    throw client.failure ?? error
  } finally {
    subscription.close()
    closeAll(outlets.values())
    client.connection.cut()
    await gone
  }
}

async function announce(client: RtspClient, { uri }: RtspAddress, tracks: readonly Track[], kind: 'tcp' | 'udp', outlets: Map<number, Outlet>): Promise<void> {
  const media = tracks.map((track) => mediaOf(track, payloadTypeOf(track)))
  await client.demand('ANNOUNCE', uri, { 'Content-Type': 'application/sdp' }, writeSdp('Shoal', media))
  for (const [index, track] of tracks.entries()) {
    const outlet = await setUp({ client, uri: controlUri(uri, `trackID=${index}`), kind, index, record: true })
    outlets.set(track.id, outlet)
  }
  await client.demand('RECORD', uri, { Range: 'npt=0.000-' })
  client.keepAlive('OPTIONS', uri)
}
