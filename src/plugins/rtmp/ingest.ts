/** From RTMP audio, video and data messages to a publication. Used where a client publishes and where we pull. */

import { ShoalError } from '../../errors.js'
import { type TagEvent, type TagKind, TagReader } from '../../media/flv/tag-body.js'
import { scriptBody } from '../../media/rtmp/command.js'
import { type Message, MessageType } from '../../media/rtmp/message.js'
import type { Frame, Publication, Track } from '../../stream.js'

/** µs of media after which a stream starts with the tracks that are known. */
const startSpan = 500_000

/** Frames and bytes kept until a stream starts; more means that its other tracks will not come. */
const startFrames = 512
const startBytes = 16 * 1024 * 1024

/** Messages without any codec configuration after which there is no hope of one. */
const blindMessages = 1000

/** Opens the publication once the tracks are known. */
export type OpenPublication = (tracks: readonly Track[]) => Publication

/** Reads one published stream. Starts when every kind the metadata announces has shown its codec, or after {@link startSpan} of media. */
export class Ingest {
  readonly #open: OpenPublication
  readonly #reader = new TagReader()
  #publication: Publication | undefined
  #announced: { readonly audio: boolean; readonly video: boolean } | undefined
  #pending: Frame[] = []
  #pendingBytes = 0
  #blind = 0

  constructor(open: OpenPublication) {
    this.#open = open
  }

  /** The stream that is written to; absent until it has started. */
  get publication(): Publication | undefined {
    return this.#publication
  }

  /**
   * Takes an audio, video or data message; others are passed over. Throws `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`,
   * `ERR_FRAME_INVALID`, and what opening the publication throws.
   */
  push(message: Message): void {
    const kind = kindOf(message.type)
    if (kind === undefined) return
    const body = kind === 'script' ? scriptBody(message) : message.body
    for (const event of this.#reader.read(kind, message.timestamp, body)) this.#take(event)
    if (this.#publication || this.#reader.tracks.length > 0 || ++this.#blind < blindMessages) return
    throw new ShoalError('ERR_MEDIA_INVALID', `${blindMessages} messages without a codec configuration.`)
  }

  /** Ends the stream; readers get what there is, then the end, or `reason`. Idempotent. */
  close(reason?: unknown): void {
    this.#pending = []
    this.#publication?.close(reason)
  }

  #take(event: TagEvent): void {
    if (event.type === 'metadata') this.#announced ??= announced(event.data)
    else if (event.type === 'frame') this.#write(event.frame)
    else this.#publication?.update(event.track)
  }

  #write(frame: Frame): void {
    if (this.#publication) {
      this.#publication.write(frame)
      return
    }
    this.#pending.push(frame)
    this.#pendingBytes += frame.data.length
    const full = this.#pending.length >= startFrames || this.#pendingBytes >= startBytes
    if (full || this.#complete() || timeOf(frame) - timeOf(this.#pending[0] ?? frame) >= startSpan) this.#start()
  }

  #complete(): boolean {
    const { tracks } = this.#reader
    const has = (kind: Track['kind']): boolean => tracks.some((track) => track.kind === kind)
    const { audio, video } = this.#announced ?? { audio: true, video: true }
    return (!audio || has('audio')) && (!video || has('video'))
  }

  #start(): void {
    const publication = this.#open(this.#reader.tracks)
    this.#publication = publication
    for (const frame of this.#pending) publication.write(frame)
    this.#pending = []
  }
}

function timeOf(frame: Frame): number {
  return frame.decodeTime ?? frame.timestamp
}

function kindOf(type: number): TagKind | undefined {
  if (type === MessageType.audio) return 'audio'
  if (type === MessageType.video) return 'video'
  return type === MessageType.data || type === MessageType.dataAmf3 ? 'script' : undefined
}

/** Which kinds metadata says will come; absent when it says nothing. */
function announced(data: Readonly<Record<string, unknown>>): { audio: boolean; video: boolean } | undefined {
  const audio = Boolean(data['audiocodecid']) || data['hasAudio'] === true
  const video = Boolean(data['videocodecid']) || data['hasVideo'] === true
  return audio || video ? { audio, video } : undefined
}
