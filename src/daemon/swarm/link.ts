/** One libp2p stream made safe: what {@link LinkStream} promises, over what libp2p 3 gives. */

import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { isShoalError, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { onMessage } from './libp2p-direct.js'
import { LinkReader } from './link-reader.js'
import { LinkWriter } from './link-writer.js'
import type { LinkStream } from './swarm.js'
import { TurnEnd } from './turn-end.js'

/** Largest delay a Node timer takes: libp2p's own idle limit is set to it, because users of a stream send keep-alives and the heartbeat watches the link. */
const never = 2 ** 31 - 1

/** What a link needs to know beside its stream. */
export interface LinkInit {
  readonly peer: PeerId
  readonly protocol: string
  /** Bytes. */
  readonly maxFrame: number
  /** Called for every sign of life from the far end. */
  readonly heard?: () => void
  /** Shared by the streams of a connection, so that what all of them send in one turn is one write. */
  readonly turn?: TurnEnd
}

/**
 * A {@link LinkStream}. Make it in the turn in which libp2p hands over the stream: from then on its listeners are attached,
 * and nothing waits in a buffer that libp2p resets when it is full.
 */
export class Link implements LinkStream {
  readonly peer: PeerId
  readonly protocol: string
  readonly signal: AbortSignal
  readonly #stream: Stream
  readonly #reader: LinkReader
  readonly #writer: LinkWriter
  readonly #controller = new AbortController()
  /** The far end said that it has sent everything; without it, an end is a lost connection. */
  #complete = false
  #closing: Promise<void> | undefined

  constructor(stream: Stream, init: LinkInit) {
    this.peer = init.peer
    this.protocol = init.protocol
    this.signal = this.#controller.signal
    this.#stream = stream
    stream.inactivityTimeout = never
    this.#reader = new LinkReader(stream, init.maxFrame, (error) => this.abort(error))
    this.#writer = new LinkWriter(stream, init.maxFrame, init.turn ?? new TurnEnd())
    onMessage(stream, (data) => {
      init.heard?.()
      this.#reader.receive(data)
    })
    stream.addEventListener('drain', () => this.#writer.schedule())
    stream.addEventListener('remoteCloseWrite', () => {
      this.#complete = true
    })
    stream.addEventListener('end', () => {
      if (this.#complete) this.#reader.end()
    })
    stream.addEventListener('close', (event: StreamCloseEvent) => this.#over(event.error))
    this.#catchUp()
  }

  get frames(): AsyncIterable<Uint8Array> {
    return this.#reader
  }

  get buffered(): number {
    return this.#writer.buffered
  }

  /** Bytes received and not yet read. */
  get unread(): number {
    return this.#reader.pending
  }

  send(...parts: Uint8Array[]): boolean {
    return this.#writer.send(parts)
  }

  drained(signal?: AbortSignal): Promise<void> {
    return this.#writer.drained(signal)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  abort(reason: Error): void {
    if (this.signal.aborted) return
    this.#end(reason)
    // the far end learns of a reset, not of the reason
    this.#stream.abort(reason)
  }

  /** What happened before the listeners were there: libp2p awaits a few things between negotiation and handler. */
  #catchUp(): void {
    if (this.#stream.status !== 'open') this.#over(undefined)
    if (this.signal.aborted || this.#stream.remoteWriteStatus !== 'closed') return
    this.#complete = true
    if (this.#stream.readBufferLength === 0) this.#reader.end()
  }

  async #close(): Promise<void> {
    if (this.signal.aborted) return
    await this.#writer.finish()
    try {
      await this.#stream.close()
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : lost(error)
    }
  }

  #over(error: Error | undefined): void {
    if (this.signal.aborted) return
    if (error === undefined && this.#complete) {
      const closed = new ShoalError('ERR_PEER_UNREACHABLE', 'The stream was closed by both sides.')
      this.#writer.fail(closed)
      this.#controller.abort(closed)
      return
    }
    this.#end(error === undefined ? new ShoalError('ERR_PEER_UNREACHABLE', 'The link to the peer was lost.') : lost(error))
  }

  #end(reason: Error): void {
    this.#writer.fail(reason)
    this.#reader.fail(reason)
    this.#controller.abort(reason)
  }
}

/** Why a stream broke, as an error of ours. */
function lost(error: unknown): Error {
  if (isShoalError(error)) return error
  const name = error instanceof Error ? error.name : ''
  if (name === 'StreamResetError') return new ShoalError('ERR_PEER_UNREACHABLE', 'The peer reset the stream.', { cause: error })
  if (name === 'StreamBufferError') return new ShoalError('ERR_OVERLOADED', 'A buffer of the stream overflowed.', { cause: error })
  return new ShoalError('ERR_PEER_UNREACHABLE', `The stream broke: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}

/** The shape it-pipe takes: frames in and frames out. */
export interface FrameDuplex {
  readonly source: AsyncGenerator<Uint8Array>
  sink(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
}

/**
 * A link stream as the duplex that it-pipe expects: its sink waits for room, its source holds back the far end. libp2p 3
 * streams do neither when iterated as they are.
 */
export function duplex(link: LinkStream): FrameDuplex {
  return {
    source: read(link),
    sink: async (source) => {
      for await (const frame of source) {
        if (!link.send(frame)) await link.drained()
      }
    },
  }
}

async function* read(link: LinkStream): AsyncGenerator<Uint8Array> {
  yield* link.frames
}
