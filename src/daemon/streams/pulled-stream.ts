/** One stream on its way from one peer: its messages, its records, and what is reported back. */

import { type ErrorCode, isErrorCode, ShoalError } from '../../errors.js'
import type { Track } from '../../stream.js'
import type { LinkStream } from '../swarm/swarm.js'
import { abortReason, monotonic, within } from '../util/wait.js'
import { decodeBatch, type MediaRecord } from './frame-header.js'
import type { OpenSession, RemoteSession } from './remote-sessions.js'
import { decodeEnd, decodeStreamMessage, decodeTrack, encodeStreamMessage, type StreamAccept, type StreamOpen, type StreamPosition } from './stream-messages.js'

/** Where the frames of a pulled stream go. */
export interface FrameSink {
  frame(record: Extract<MediaRecord, { type: 'frame' }>): void
  track(track: Track): void
  /** Frames are missing; the next one starts a group. */
  gap(frames: number): void
}

/** Times of a pulled stream, in ms. */
export interface PullTiming {
  /** Without a record for so long, the stream is lost. Default 5,000. */
  readonly silence: number
  /** Between two reports while data flows. Default 100. */
  readonly report: number
}

/** The defaults. */
export const defaultPullTiming: PullTiming = { silence: 5000, report: 100 }

/** ms between two reports when nothing flows. */
const idleReport = 1000

/** Bytes after which a report is sent at once. */
const reportBytes = 1024 * 1024

/** ms for the answer to StreamOpen, beside the time the server may wait for a publisher. */
const answerTimeout = 5000

/** Errors a server may give as they are. Others, some of which mean something else to a pull, become `ERR_SOURCE_FAILED`. */
const remoteCodes: ReadonlySet<ErrorCode> = new Set([
  'ERR_STREAM_NOT_FOUND',
  'ERR_PATH_INVALID',
  'ERR_FORBIDDEN',
  'ERR_LIMIT',
  'ERR_SLOW_CONSUMER',
  'ERR_STREAM_STOPPED',
  'ERR_PUBLISH_TIMEOUT',
  'ERR_ORIGIN_LOST',
  'ERR_STOPPING',
])

/** How a stream ended: `ended` by itself, or `replaced` by another publication of the same path. */
export type PullEnd = 'ended' | 'replaced'

/** A pulled stream. */
export class PulledStream implements OpenSession {
  /** Monotonic ms of the last sign of life. */
  lastHeard = monotonic()
  /** Newest frame. */
  position: StreamPosition | undefined
  /** Frames the server skipped. */
  dropped = 0
  readonly #stream: LinkStream
  readonly #frames: AsyncIterator<Uint8Array>
  readonly #path: string
  readonly #timing: PullTiming
  #epoch = 0
  #received = 0
  #reported = 0
  #lastReport = 0
  #arrived = monotonic()
  #aborted: Error | undefined

  constructor(stream: LinkStream, path: string, timing: PullTiming) {
    this.#stream = stream
    this.#frames = stream.frames[Symbol.asyncIterator]()
    this.#path = path
    this.#timing = timing
  }

  describe(): RemoteSession {
    return { direction: 'pulled', peer: this.#stream.peer, path: this.#path, bytes: this.#received, dropped: this.dropped }
  }

  abort(reason: Error): void {
    this.#aborted ??= reason
    this.#stream.abort(reason)
  }

  /** The reason for which this node ended the stream, if it did. */
  get aborted(): Error | undefined {
    return this.#aborted
  }

  /** Asks for the stream. Rejects with what the server answered, `ERR_TIMEOUT`, `ERR_PEER_UNREACHABLE`, `ERR_PROTOCOL`. */
  async open(open: StreamOpen): Promise<StreamAccept> {
    this.#stream.send(encodeStreamMessage({ type: 'open', value: open }))
    const first = await within(this.#frames.next(), open.wait + answerTimeout, 'ERR_TIMEOUT', 'The peer did not answer.')
    if (first.done) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed the stream.')
    const message = decodeStreamMessage(first.value)
    if (message.type === 'refuse') throw remoteError(message.value.code, `The peer refused ${open.path}: “${message.value.message}”`, message.value.message)
    if (message.type !== 'accept') throw new ShoalError('ERR_PROTOCOL', 'The answer to StreamOpen is neither StreamAccept nor StreamRefuse.')
    this.#epoch = message.value.epoch
    this.lastHeard = monotonic()
    return message.value
  }

  /** Reads to the end. Rejects with the error the server ended it with, `ERR_ORIGIN_LOST` after silence, or why the stream broke. */
  async run(sink: FrameSink): Promise<PullEnd> {
    const timer = setInterval(() => this.#beat(), this.#timing.report)
    try {
      for (;;) {
        const next = await this.#frames.next()
        if (next.done) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed the stream without saying how it ended.')
        const end = this.#take(next.value, sink)
        if (end) return end
      }
    } catch (error) {
      throw this.#aborted ?? error
    } finally {
      clearInterval(timer)
    }
  }

  /** Closes our side after the end. */
  async close(): Promise<void> {
    await this.#stream.close().catch(() => {})
  }

  #take(bytes: Uint8Array, sink: FrameSink): PullEnd | undefined {
    this.lastHeard = monotonic()
    this.#arrived = this.lastHeard
    this.#received += bytes.byteLength
    for (const record of decodeBatch(bytes)) {
      const end = this.#apply(record, sink)
      if (end) return end
    }
    if (this.#received - this.#reported >= reportBytes) this.#report()
    return undefined
  }

  #apply(record: MediaRecord, sink: FrameSink): PullEnd | undefined {
    switch (record.type) {
      case 'frame':
        this.#advance(record.group, record.index)
        sink.frame(record)
        return undefined
      case 'track':
        sink.track(decodeTrack(record.body))
        return undefined
      case 'gap':
        this.dropped += record.frames
        sink.gap(record.frames)
        return undefined
      case 'end':
        return endOf(record.body)
      case 'keepAlive':
        return undefined
    }
  }

  /** Places only rise. */
  #advance(group: number, index: number): void {
    const last = this.position
    if (last && (group < last.group || (group === last.group && index <= last.index))) {
      throw new ShoalError('ERR_PROTOCOL', `Frame ${group}/${index} came after ${last.group}/${last.index}.`)
    }
    this.position = { epoch: this.#epoch, group, index }
  }

  #beat(): void {
    const now = monotonic()
    const { silence } = this.#timing
    if (now - this.lastHeard > silence) this.abort(new ShoalError('ERR_ORIGIN_LOST', `The peer sent nothing for ${silence} ms.`))
    else if (this.#received > this.#reported || now - this.#lastReport >= idleReport) this.#report()
  }

  #report(): void {
    if (this.#stream.signal.aborted) return
    const { group = 0, index = 0 } = this.position ?? {}
    this.#lastReport = monotonic()
    this.#reported = this.#received
    const age = Math.round(this.#lastReport - this.#arrived)
    try {
      this.#stream.send(encodeStreamMessage({ type: 'report', value: { group, index, age, received: this.#received, buffered: 0 } }))
    } catch (error) {
      // the stream is over: reading says why
      if (!this.#stream.signal.aborted) this.abort(error instanceof Error ? error : abortReason(this.#stream.signal))
    }
  }
}

function endOf(body: Uint8Array): PullEnd {
  const { code, message } = decodeEnd(body)
  if (code === '') return 'ended'
  if (code === 'ERR_TAKEN_OVER') return 'replaced'
  throw remoteError(code, `The stream ended at the peer: “${message}”`, message)
}

/** Why the server refused or ended a stream; its text stands apart in `data.remote`. */
function remoteError(code: string, message: string, remote: string): ShoalError {
  return new ShoalError(isErrorCode(code) && remoteCodes.has(code) ? code : 'ERR_SOURCE_FAILED', message, { data: { remote, code } })
}
