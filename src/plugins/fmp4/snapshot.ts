/** One picture of a stream: its newest key frame as an MP4 of one frame. */

import { ShoalError } from '../../errors.js'
import type { HttpExchange, Streams } from '../../plugin.js'
import { sendBody } from '../../viewing/answer.js'
import { decodeTimeOf } from '../../viewing/continuity.js'
import { addressOf } from '../../viewing/request.js'
import type { Mp4Format } from './mp4-format.js'

/** What a snapshot is made with. */
export interface SnapshotParts {
  readonly streams: Pick<Streams, 'subscribe'>
  /** ms to wait for a publisher. */
  readonly wait: number
  readonly format: Mp4Format
}

/** Answers with the newest key frame, or the next one where none is kept. Rejects with `ERR_CODEC_UNSUPPORTED` for a stream without a picture that MP4 carries. */
export async function sendSnapshot(path: string, exchange: HttpExchange, { streams, wait, format }: SnapshotParts): Promise<void> {
  const reader = `fmp4 snapshot ${addressOf(exchange)}`
  await using subscription = await streams.subscribe(path, { tracks: ['video'], wait, signal: exchange.signal, reader })
  // without a picture that is carried there would be nothing to wait for
  format.open(subscription.tracks)
  for await (const frames of subscription) {
    const picture = frames.find(({ key }) => key)
    if (!picture) continue
    const writer = format.open(subscription.tracks)
    const { pieces } = writer.write([picture], Math.max(0, -decodeTimeOf(picture)))
    sendBody(exchange, writer.contentType, Buffer.concat([...writer.head(), ...pieces]))
    return
  }
  throw new ShoalError('ERR_STREAM_NOT_FOUND', `The stream ${path} ended before it had a picture.`)
}
