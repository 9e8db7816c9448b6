/** The handshake of a tunnel on a stream: a frame each way, then the stream as it is. */

import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { type ErrorCode, errorKinds, isShoalError, ShoalError } from '../../errors.js'
import { messageOf } from './libp2p-error.js'
import { decodeTunnel, encodeTunnel, maxTunnelFrame, type TunnelMessage, type TunnelOpen } from './tunnel-codec.js'

/** Largest delay a Node timer takes: both ends have a heartbeat, relays an idle limit of their own. */
const never = 2 ** 31 - 1

/** One side of the handshake. Make it in the turn in which libp2p hands over the stream. */
export class TunnelTalk {
  readonly #stream: Stream
  readonly #frames: ReturnType<typeof lpStream<Stream>>

  constructor(stream: Stream) {
    stream.inactivityTimeout = never
    this.#stream = stream
    this.#frames = lpStream(stream, { maxDataLength: maxTunnelFrame })
  }

  /** The wish of the far end. Rejects with `ERR_PROTOCOL`, `ERR_VERSION_MISMATCH`, `ERR_PEER_UNREACHABLE`. */
  async request(signal: AbortSignal): Promise<TunnelOpen> {
    const message = await this.#read(signal)
    if (message.type !== 'open') throw new ShoalError('ERR_PROTOCOL', 'A tunnel began with something else than a wish.')
    return message
  }

  /** Sends the wish and waits for the answer: the relays on the way. Rejects with the code of a refusal, otherwise as {@link request}. */
  async ask(open: TunnelOpen, signal: AbortSignal): Promise<readonly string[]> {
    await this.answer(open, signal)
    const message = await this.#read(signal)
    if (message.type === 'accept') return message.relays
    if (message.type === 'refuse') throw new ShoalError(knownCode(message.code), 'A member on the way refused the tunnel.')
    throw new ShoalError('ERR_PROTOCOL', 'A wish for a tunnel was answered by another wish.')
  }

  /** Sends one message. */
  async answer(message: TunnelMessage, signal: AbortSignal): Promise<void> {
    await this.#do(this.#frames.write(encodeTunnel(message), { signal }))
  }

  /** Says no, and closes the stream. */
  async refuse(error: ShoalError, signal: AbortSignal): Promise<void> {
    try {
      await this.answer({ type: 'refuse', code: error.code }, signal)
      await this.#stream.close({ signal })
    } catch {
      this.abort(error)
    }
  }

  /** Resets the stream. */
  abort(error: Error): void {
    this.#stream.abort(error)
  }

  /** The stream, with all that was not read; take it up in this turn. Throws when it is over. */
  release(): Stream {
    return this.#frames.unwrap()
  }

  async #read(signal: AbortSignal): Promise<TunnelMessage> {
    const frame = await this.#do(this.#frames.read({ signal }))
    return decodeTunnel(frame.subarray())
  }

  async #do<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (isShoalError(error)) throw error
      const name = error instanceof Error ? error.name : ''
      const code = name.startsWith('InvalidDataLength') || name.startsWith('InvalidMessageLength') ? 'ERR_PROTOCOL' : 'ERR_PEER_UNREACHABLE'
      throw new ShoalError(code, `The handshake of a tunnel failed: ${messageOf(error)}`, { cause: error })
    }
  }
}

function knownCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'ERR_PEER_UNREACHABLE'
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorKinds, code)
}
