/**
 * The simple handshake (Adobe RTMP 1.0, section 5.2). Clients that send the digest variant accept plain echoes too, so
 * that is all either side does. Random bytes come from the caller; what the other side echoes is not compared, because
 * digest servers do not echo.
 */

import { protocolError } from './message.js'

const version = 3
const packet = 1536

/** Random bytes each side needs for its handshake packet. */
export const handshakeRandomSize = packet - 8

/** What to do after a piece of handshake. */
export interface HandshakeStep {
  /** Bytes to send now. */
  readonly send?: Uint8Array
  /** Set when the handshake is over: bytes received beyond it. */
  readonly rest?: Uint8Array
}

/** The server's side: waits for C0 C1, answers S0 S1 S2, waits for C2. */
export class ServerHandshake {
  readonly #random: Uint8Array
  readonly #input = new Gathered()
  #answered = false

  /** `random`: {@link handshakeRandomSize} bytes. */
  constructor(random: Uint8Array) {
    this.#random = random
  }

  /** Takes what arrived. Throws `ERR_PROTOCOL` at the first byte that says this is not RTMP. Not to be called after `rest` was given. */
  push(bytes: Uint8Array): HandshakeStep {
    this.#input.add(bytes)
    const send = this.#answer()
    if (!this.#answered || this.#input.size < packet) return send ? { send } : {}
    this.#input.take(packet)
    return { ...(send && { send }), rest: this.#input.take(this.#input.size) }
  }

  #answer(): Uint8Array | undefined {
    if (this.#answered || this.#input.size === 0) return undefined
    checkVersion(this.#input.first)
    if (this.#input.size < 1 + packet) return undefined
    const hello = this.#input.take(1 + packet)
    this.#answered = true
    const answer = new Uint8Array(1 + packet * 2)
    answer.set(ownPacket(this.#random))
    answer.set(hello.subarray(1), 1 + packet)
    return answer
  }
}

/** The client's side: send `hello` first, then push what arrives. */
export class ClientHandshake {
  /** C0 C1. */
  readonly hello: Uint8Array
  readonly #input = new Gathered()
  #echoed = false

  /** `random`: {@link handshakeRandomSize} bytes. */
  constructor(random: Uint8Array) {
    this.hello = ownPacket(random)
  }

  /** Takes what arrived. Throws `ERR_PROTOCOL` for an answer that is not RTMP. Not to be called after `rest` was given. */
  push(bytes: Uint8Array): HandshakeStep {
    this.#input.add(bytes)
    const send = this.#echo()
    if (!this.#echoed || this.#input.size < packet) return send ? { send } : {}
    this.#input.take(packet)
    return { ...(send && { send }), rest: this.#input.take(this.#input.size) }
  }

  #echo(): Uint8Array | undefined {
    if (this.#echoed || this.#input.size === 0) return undefined
    checkVersion(this.#input.first)
    if (this.#input.size < 1 + packet) return undefined
    this.#echoed = true
    return this.#input.take(1 + packet).slice(1)
  }
}

/** C0 C1 or S0 S1: version, time 0, four zero bytes (which say "no digest"), random. */
function ownPacket(random: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + packet)
  bytes[0] = version
  bytes.set(random.subarray(0, handshakeRandomSize), 9)
  return bytes
}

/** First bytes of others who come to this port, or stand behind an address. */
const foreign: Readonly<Record<number, string>> = {
  6: 'encrypted RTMP (RTMPE) is not supported.',
  22: 'the other side speaks TLS (RTMPS), not plain RTMP.',
  71: 'the other side speaks HTTP.',
  72: 'the other side speaks HTTP.',
  80: 'the other side speaks HTTP.',
}

function checkVersion(byte: number): void {
  if (byte !== version) throw protocolError(foreign[byte] ?? `handshake of version ${byte}, not ${version}.`)
}

/** Bytes until there are enough of them: at most a handshake and one read. */
class Gathered {
  #bytes: Uint8Array = new Uint8Array(0)

  get size(): number {
    return this.#bytes.length
  }

  get first(): number {
    return this.#bytes[0] ?? 0
  }

  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length)
    all.set(this.#bytes)
    all.set(bytes, this.#bytes.length)
    this.#bytes = all
  }

  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(0, count)
    this.#bytes = this.#bytes.subarray(count)
    return taken
  }
}
