/** One stream on its way from one peer: its messages, its records, and what is reported back. */

import { type ErrorCode, isErrorCode, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { Track } from '../../stream.js'
import type { LinkStream } from '../swarm/swarm.js'
import { abortReason, monotonic, within } from '../util/wait.js'
import { decodeBatch, type FrameRecord, type MediaRecord } from './frame-header.js'
import type { OpenSession, RemoteSession } from './remote-sessions.js'
import {
  decodeEnd,
  decodeRoute,
  decodeStreamMessage,
  decodeTrack,
  encodeStreamMessage,
  type StreamAccept,
  type StreamMessage,
  type StreamOpen,
  type StreamPosition,
  type StreamRefuse,
} from './stream-messages.js'

/** Where the frames of a pulled stream go. */
export interface FrameSink {
  frame(record: FrameRecord): void
  track(track: Track): void
  /** Frames are missing; the next one starts a group. */
  gap(frames: number): void
  /** The stream passes these nodes from now on: origin first, server last. */
  rerouted(hops: readonly PeerId[]): void
}

/** Times of a pulled stream, in ms. */
export interface PullTiming {
  /** Without a sign of life of the origin for so long, the stream is lost. Default 4,700, so that it is known within 5 s. */
  readonly silence: number
  /** Without a frame for so long, where frames are due, another copy is tried beside. Default 1,500. */
  readonly quiet: number
  /** Between two reports while data flows. Default 100. */
  readonly report: number
}

/** The defaults. */
export const defaultPullTiming: PullTiming = { silence: 4700, quiet: 1500, report: 100 }

/** ms between two reports when nothing flows. */
const idleReport = 1000

/** Bytes after which a report is sent at once. */
const reportBytes = 1024 * 1024

/** Errors a server may give as they are. Others, some of which mean something else to a pull, become `ERR_SOURCE_FAILED`. */
const remoteCodes: ReadonlySet<ErrorCode> = new Set([
  'ERR_STREAM_NOT_FOUND',
  'ERR_PATH_INVALID',
  'ERR_FORBIDDEN',
  'ERR_LIMIT',
  'ERR_QUOTA_STREAMS',
  'ERR_FAN_OUT',
  'ERR_QUOTA_STREAMS',
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
  /** Monotonic ms of the last sign of life of the origin. */
  lastHeard: number
  /** Newest frame. */
  position: StreamPosition | undefined
  /** Frames the server skipped. */
  dropped = 0
  readonly #stream: LinkStream
  readonly #frames: AsyncIterator<Uint8Array>
  readonly #path: string
  readonly #timing: PullTiming
  /** Peers that may still pull the copy here. */
  readonly #room: () => number
  #epoch = 0
  #takesKeyRequests = false
  #received = 0
  #reported = 0
  #lastReport = 0
  #arrived = monotonic()
  #aborted: Error | undefined
  #judgement: NodeJS.Immediate | undefined

  /** `lastHeard`: what is known of the origin before the first record. */
  constructor(stream: LinkStream, path: string, options: { readonly timing: PullTiming; readonly room: () => number; readonly lastHeard: number }) {
    this.#stream = stream
    this.#frames = stream.frames[Symbol.asyncIterator]()
    this.#path = path
    this.#timing = options.timing
    this.#room = options.room
    this.lastHeard = options.lastHeard
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

  /** Asks for the stream; `patience`: ms for the answer, beside `wait`. Rejects with what the server answered, `ERR_TIMEOUT`, `ERR_PEER_UNREACHABLE`, `ERR_PROTOCOL`. */
  async open(open: StreamOpen, patience: number): Promise<StreamAccept> {
    this.#stream.send(encodeStreamMessage({ type: 'open', value: open }))
    const first = await within(this.#frames.next(), open.wait + patience, 'ERR_TIMEOUT', 'The peer did not answer.')
    if (first.done) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed the stream.')
    const message = decodeStreamMessage(first.value)
    if (message.type === 'refuse') throw new RemoteError(message.value, `The peer refused ${open.path}`)
    if (message.type !== 'accept') throw new ShoalError('ERR_PROTOCOL', 'The answer to StreamOpen is neither StreamAccept nor StreamRefuse.')
    this.#epoch = message.value.originEpoch
    this.#takesKeyRequests = message.value.keyRequests
    return message.value
  }

  /** Reads to the end. Rejects with the error the server ended it with, `ERR_ORIGIN_LOST` after silence, or why the stream broke. */
  async run(sink: FrameSink): Promise<PullEnd> {
    const timer = setInterval(() => this.#beat(), this.#timing.report)
    try {
      for (;;) {
        const next = await this.#frames.next()
        // it may have been given up before the first frame, as another stream than was asked for
        if (this.#aborted) throw this.#aborted
        if (next.done) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed the stream without saying how it ended.')
        const end = this.#take(next.value, sink)
        if (end) return end
      }
    } catch (error) {
      throw this.#aborted ?? error
    } finally {
      clearInterval(timer)
      clearImmediate(this.#judgement)
    }
  }

  /** Asks the server for a key frame, where it understands that. */
  wantKey(): void {
    if (this.#takesKeyRequests) this.#send({ type: 'key' })
  }

  /** Closes our side after the end. */
  async close(): Promise<void> {
    await this.#stream.close().catch(() => {})
  }

  #take(bytes: Uint8Array, sink: FrameSink): PullEnd | undefined {
    this.#arrived = monotonic()
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
        this.#heard(this.#arrived)
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
      case 'route':
        sink.rerouted(decodeRoute(record.body))
        return undefined
      case 'keepAlive':
        // a relay that hears nothing itself says so: its own voice is no sign of the origin
        this.#heard(this.#arrived - record.age)
        return undefined
    }
  }

  #heard(at: number): void {
    this.lastHeard = Math.max(this.lastHeard, at)
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
    // a process that stood still finds its timers due before it reads what has arrived meanwhile
    if (this.#silent) this.#judgement = setImmediate(() => this.#silent && this.#lose())
    else if (this.#received > this.#reported || monotonic() - this.#lastReport >= idleReport) this.#report()
  }

  get #silent(): boolean {
    return monotonic() - this.lastHeard > this.#timing.silence
  }

  #lose(): void {
    this.abort(new ShoalError('ERR_ORIGIN_LOST', `Nothing was heard of the origin for ${this.#timing.silence} ms.`))
  }

  #report(): void {
    if (this.#stream.signal.aborted) return
    const { group = 0, index = 0 } = this.position ?? {}
    this.#lastReport = monotonic()
    this.#reported = this.#received
    const age = Math.round(this.#lastReport - this.#arrived)
    this.#send({ type: 'report', value: { group, index, age, received: this.#received, buffered: 0, room: this.#room() } })
  }

  #send(message: StreamMessage): void {
    if (this.#stream.signal.aborted) return
    try {
      this.#stream.send(encodeStreamMessage(message))
    } catch (error) {
      // the stream is over: reading says why
      if (!this.#stream.signal.aborted) this.abort(error instanceof Error ? error : abortReason(this.#stream.signal))
    }
  }
}

/** What a server said instead of a stream, or at its end. */
export class RemoteError extends ShoalError {
  readonly refuse: StreamRefuse

  constructor(refuse: StreamRefuse, what: string) {
    const { code, message } = refuse
    const known = isErrorCode(code) && remoteCodes.has(code) ? code : 'ERR_SOURCE_FAILED'
    super(known, `${what}: “${message}”`, { data: { remote: message, code } })
    this.refuse = refuse
  }
}

function endOf(body: Uint8Array): PullEnd {
  const end = decodeEnd(body)
  if (end.code === '') return 'ended'
  if (end.code === 'ERR_TAKEN_OVER') return 'replaced'
  throw new RemoteError(end, 'The stream ended at the peer')
}
