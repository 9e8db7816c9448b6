/** From a subscription to RTMP messages. Used where a client plays and where we push. */

import { ShoalError } from '../../errors.js'
import { type TagKind, TagWriter } from '../../media/flv/tag-body.js'
import { Pieces } from '../../media/pieces.js'
import { chunkMessage } from '../../media/rtmp/chunk-writer.js'
import { MessageType } from '../../media/rtmp/message.js'
import type { Frame, Subscription, Track } from '../../stream.js'
import { BatchCache } from '../../viewing/batch-cache.js'
import { Continuity, decodeTimeOf } from '../../viewing/continuity.js'
import { flvChoice } from '../../viewing/flv-choice.js'
import { type Choice, checkChoice } from '../../viewing/format.js'
import { NewestGroup } from '../../viewing/newest-group.js'
import type { Connection } from './connection.js'

/** Chunk streams and message types of the kinds of tags. Apart from those of commands, whose headers are compressed. */
const carriers = {
  audio: { chunkStream: 4, type: MessageType.audio },
  video: { chunkStream: 6, type: MessageType.video },
  script: { chunkStream: 5, type: MessageType.data },
} as const

type Parts = readonly Uint8Array[]

/** What is made for one message stream id. */
interface Made {
  /** By their shift of time: one write each. */
  readonly batches: BatchCache<Parts>
  readonly newest: NewestGroup
}

/** The chunks of streams, made once for all viewers whose connections have one chunk size. */
export class FrameChunks {
  readonly #chunkSize: number
  readonly #made = new WeakMap<readonly Track[], TrackChunks>()

  constructor(chunkSize: number) {
    this.#chunkSize = chunkSize
  }

  /** Those of `tracks`: the hub gives the same list to all who see the same. */
  of(tracks: readonly Track[]): TrackChunks {
    let made = this.#made.get(tracks)
    if (!made) {
      made = new TrackChunks(tracks, this.#chunkSize)
      this.#made.set(tracks, made)
    }
    return made
  }
}

/**
 * The chunks of one stream: they hold full headers and absolute times, so they depend on the frame, the chunk size, the message stream id
 * and the shift of time alone. Those of the newest group are kept, so that a viewer who joins gets it as ready bytes.
 */
export class TrackChunks {
  /** What RTMP carries of the tracks, and what it does not. */
  readonly choice: Choice
  readonly #writer: TagWriter
  readonly #chunkSize: number
  readonly #streams = new Map<number, Made>()

  constructor(tracks: readonly Track[], chunkSize: number) {
    this.#chunkSize = chunkSize
    this.#writer = new TagWriter(tracks)
    this.choice = flvChoice(this.#writer, tracks)
  }

  /** The chunks of `batch` on message stream `stream`, without the frames that RTMP cannot carry. Times are moved by `shift` µs. */
  batch(batch: readonly Frame[], stream: number, shift: number): Parts {
    let made = this.#streams.get(stream)
    if (!made) {
      made = { batches: new BatchCache(), newest: new NewestGroup() }
      this.#streams.set(stream, made)
    }
    return made.batches.get(batch, shift) ?? made.batches.keep(batch, shift, this.#make(batch, stream, shift, made.newest))
  }

  #make(batch: readonly Frame[], stream: number, shift: number, newest: NewestGroup): Parts {
    const pieces = new Pieces()
    for (const frame of batch) {
      const ready = shift === 0 ? newest.get(frame) : undefined
      if (ready) pieces.addReady(ready)
      else this.#write(frame, stream, shift, newest, pieces)
    }
    return pieces.end()
  }

  #write(frame: Frame, stream: number, shift: number, newest: NewestGroup, pieces: Pieces): void {
    const tag = this.#writer.write(moved(frame, shift))
    if (!tag) return
    const keep = shift === 0 && newest.takes(frame, tag.kind)
    const chunks = this.#tag(tag.kind, tag.timestamp, tag.body, stream)
    pieces.add(chunks, keep ? (bytes) => newest.keep(frame, bytes) : undefined)
  }

  /** Codec headers at `time`, ms; metadata at 0, because FFmpeg takes later ones for a text track. `script` wraps the metadata. */
  headers(time: number, stream: number, script: (body: Parts) => Parts): Parts {
    return this.#writer.headers().flatMap(({ kind, body }) => {
      const isScript = kind === 'script'
      return this.#tag(kind, isScript ? 0 : time, isScript ? script(body) : body, stream)
    })
  }

  #tag(kind: TagKind, timestamp: number, body: Parts, stream: number): Parts {
    return chunkMessage({ ...carriers[kind], stream, timestamp, body }, this.#chunkSize)
  }
}

/** How frames are sent. */
export interface PlayOptions {
  readonly connection: Connection
  /** Message stream id. */
  readonly stream: number
  readonly chunks: FrameChunks
  /** Refuse a stream whose picture cannot be carried: the receiver would show a black one. */
  readonly whole?: boolean
  /** Wraps the metadata: publishers say `@setDataFrame`. */
  readonly script?: (body: Parts) => Parts
}

function moved(frame: Frame, shift: number): Frame {
  if (shift === 0) return frame
  const { decodeTime, timestamp } = frame
  return { ...frame, timestamp: timestamp + shift, ...(decodeTime !== undefined && { decodeTime: decodeTime + shift }) }
}

/**
 * Sends all of `subscription`: codec headers first and after each change of tracks, then frames, one write a batch.
 * Takes no frames while the receiver is behind, so that the hub skips for it. Returns when the stream ends; rejects with
 * `ERR_CODEC_UNSUPPORTED` when no track can be carried, or with what ended the stream or the connection.
 */
export async function sendStream(subscription: Subscription, options: PlayOptions): Promise<void> {
  const { connection, stream, script = (body) => body } = options
  let { generation } = subscription
  let chunks: TrackChunks | undefined
  const continuity = new Continuity()
  connection.boundSendQueue()
  await subscription.deliver((frames) => {
    const turns = !chunks || generation !== subscription.generation
    if (turns) continuity.change()
    const shift = continuity.shiftOf(frames)
    if (chunks && !turns) connection.stream(chunks.batch(frames, stream, shift))
    else {
      generation = subscription.generation
      chunks = chunksOf(subscription, options)
      connection.stream([...chunks.headers(timeOf(frames[0], shift), stream, script), ...chunks.batch(frames, stream, shift)])
    }
    return connection.room()
  })
}

function chunksOf({ tracks, path }: Subscription, { chunks, whole }: PlayOptions): TrackChunks {
  const found = chunks.of(tracks)
  if (whole) checkChoice('RTMP', found.choice)
  if (found.choice.carried.length > 0) return found
  throw new ShoalError('ERR_CODEC_UNSUPPORTED', `RTMP cannot carry ${path}: ${tracks.map((track) => track.codec).join(', ')}.`)
}

/** ms of the frame that headers precede. */
function timeOf(first: Frame | undefined, shift: number): number {
  return first ? Math.max(0, Math.round((decodeTimeOf(first) + shift) / 1000)) : 0
}
