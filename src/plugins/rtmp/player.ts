/** From a subscription to RTMP messages. Used where a client plays and where we push. */

import { ShoalError } from '../../errors.js'
import { type TagKind, TagWriter } from '../../media/flv/tag-body.js'
import { chunkMessage } from '../../media/rtmp/chunk-writer.js'
import { MessageType } from '../../media/rtmp/message.js'
import type { Frame, Subscription } from '../../stream.js'
import type { Connection } from './connection.js'

/** Chunk streams and message types of the kinds of tags. Apart from those of commands, whose headers are compressed. */
const carriers = {
  audio: { chunkStream: 4, type: MessageType.audio },
  video: { chunkStream: 6, type: MessageType.video },
  script: { chunkStream: 5, type: MessageType.data },
} as const

type Parts = readonly Uint8Array[]

/**
 * The chunks of frames, made once for all viewers: they hold full headers and absolute times, so they depend on the
 * frame, the chunk size and the message stream id alone. Entries live as long as their frames.
 */
export class FrameChunks {
  readonly #chunkSize: number
  readonly #streams = new Map<number, WeakMap<Frame, Parts>>()

  constructor(chunkSize: number) {
    this.#chunkSize = chunkSize
  }

  /** The chunks of `frame` on message stream `stream`; empty for a frame that RTMP cannot carry. */
  of(frame: Frame, stream: number, writer: TagWriter): Parts {
    let known = this.#streams.get(stream)
    if (!known) {
      known = new WeakMap()
      this.#streams.set(stream, known)
    }
    const cached = known.get(frame)
    if (cached) return cached
    const tag = writer.write(frame)
    if (!tag) return []
    const parts = this.tag(tag.kind, tag.timestamp, tag.body, stream)
    known.set(frame, parts)
    return parts
  }

  /** The chunks of one tag. */
  tag(kind: TagKind, timestamp: number, body: readonly Uint8Array[], stream: number): Parts {
    const parts = chunkMessage({ ...carriers[kind], stream, timestamp, body }, this.#chunkSize)
    return headJoined(parts).map(asBuffer)
  }
}

/** How frames are sent. */
export interface PlayOptions {
  readonly connection: Connection
  /** Message stream id. */
  readonly stream: number
  readonly chunks: FrameChunks
  /** Wraps the metadata: publishers say `@setDataFrame`. */
  readonly script?: (body: Parts) => Parts
}

/**
 * Sends all of `subscription`: codec headers first and after each change of tracks, then frames, one write a batch.
 * Takes no frames while the receiver is behind, so that the hub skips for it. Returns when the stream ends; rejects with
 * `ERR_CODEC_UNSUPPORTED` when no track can be carried, or with what ended the stream or the connection.
 */
export async function sendStream(subscription: Subscription, options: PlayOptions): Promise<void> {
  const { connection, stream, chunks } = options
  let generation = subscription.generation
  let writer: TagWriter | undefined
  for await (const batch of subscription) {
    const parts: Uint8Array[] = []
    if (!writer || generation !== subscription.generation) {
      generation = subscription.generation
      writer = writerFor(subscription)
      parts.push(...headers(writer, batch[0], options))
    }
    for (const frame of batch) parts.push(...chunks.of(frame, stream, writer))
    connection.write(parts)
    const wait = connection.backlog()
    if (wait) await wait
  }
}

function writerFor(subscription: Subscription): TagWriter {
  const writer = new TagWriter(subscription.tracks)
  if (subscription.tracks.some((track) => writer.supports(track))) return writer
  const codecs = subscription.tracks.map((track) => track.codec).join(', ')
  throw new ShoalError('ERR_CODEC_UNSUPPORTED', `RTMP cannot carry ${subscription.path}: ${codecs}.`)
}

/** Codec headers at the time of the frame they precede; metadata at 0, because FFmpeg takes later ones for a text track. */
function headers(writer: TagWriter, first: Frame | undefined, options: PlayOptions): Uint8Array[] {
  const time = Math.max(0, Math.round((first?.decodeTime ?? first?.timestamp ?? 0) / 1000))
  return writer.headers().flatMap(({ kind, body }) => {
    const wrapped = kind === 'script' && options.script ? options.script(body) : body
    return options.chunks.tag(kind, kind === 'script' ? 0 : time, wrapped, options.stream)
  })
}

/** A Buffer on the same memory: the socket would make one again for each viewer. */
function asBuffer(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Chunk header and tag header in one piece: a few bytes less for each viewer's write to carry about. The payload is not copied. */
function headJoined(parts: Parts): Parts {
  const [chunk, tag, ...rest] = parts
  return chunk && tag && tag.length < 32 ? [Buffer.concat([chunk, tag]), ...rest] : parts
}
