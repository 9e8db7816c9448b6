/** `rtmp://` as a destination: publishes a local stream at another server. */

import { isShoalError, ShoalError } from '../../errors.js'
import { dataFrame } from '../../media/rtmp/command.js'
import type { PushJob } from '../../plugin.js'
import { parseAddress, type RtmpAddress } from './address.js'
import { defaultCallTimeout, RtmpClient } from './client.js'
import { FrameChunks, sendStream } from './player.js'

/** Pushes until the stream ends; see `PusherFactory.push`. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_CODEC_UNSUPPORTED`, `ERR_URL_INVALID` or what ended the stream. */
export async function push(job: PushJob, callTimeout = defaultCallTimeout): Promise<void> {
  const address = parseAddress(job.url)
  const subscription = await job.subscribe()
  const client = await RtmpClient.open(address, job.signal, callTimeout)
  // The server may go while the stream is silent: nobody would notice on the writing side.
  const gone = client.closed.then(() => subscription.close())
  try {
    const stream = await announce(client, address, callTimeout)
    const chunks = new FrameChunks(client.connection.chunkSize)
    await sendStream(subscription, { connection: client.connection, stream, chunks, script: dataFrame })
    if (client.failure !== undefined) throw client.failure
    client.tell(0, 'FCUnpublish', address.name)
    client.tell(0, 'deleteStream', stream)
    await client.end()
  } catch (error) {
    throw reasonFor(client.failure ?? error)
  } finally {
    client.connection.cut()
    await gone
  }
}

/** Opens a message stream and publishes on it; its id. */
async function announce(client: RtmpClient, address: RtmpAddress, timeout: number): Promise<number> {
  const started = new Promise<void>((resolve) => {
    client.events = { status: ({ code }) => code === 'NetStream.Publish.Start' && resolve() }
  })
  client.tell(0, 'releaseStream', address.name)
  client.tell(0, 'FCPublish', address.name)
  const stream = await client.createStream()
  client.tell(stream, 'publish', address.name, 'live')
  const timer = setTimeout(() => client.fail(new ShoalError('ERR_SOURCE_FAILED', `The server did not accept the stream within ${timeout} ms.`)), timeout)
  await Promise.race([started, client.closed])
  clearTimeout(timer)
  if (client.failure !== undefined) throw client.failure
  return stream
}

function reasonFor(error: unknown): Error {
  return isShoalError(error) ? error : ShoalError.from(error, 'ERR_SOURCE_FAILED')
}
