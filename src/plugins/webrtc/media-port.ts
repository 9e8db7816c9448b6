/** The one port for all clients: it is the library's while there are clients, and held for it otherwise. */

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { isShoalError, ShoalError } from '../../errors.js'

/** ms until the library has given the port back after its last connection. */
const handBack = 2000

/**
 * A UDP port. The library opens it with the first connection and would end the process if it found it taken; so nobody else may
 * get it, and it is tried before it is used.
 */
export class MediaPort {
  readonly host: string
  readonly port: number
  #socket: Socket | undefined
  #users = 0
  /** What happens to the port happens one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.host = host
    this.port = socket.address().port
  }

  /** Takes the port. Rejects with `ERR_PORT_IN_USE` or `ERR_START_FAILED`. */
  static async bind(host: string, port: number): Promise<MediaPort> {
    return new MediaPort(await take(host, port), host)
  }

  /** Lends the port to the library until the returned function is called. Rejects with `ERR_PORT_IN_USE` where another program got it meanwhile. */
  async lend(): Promise<() => void> {
    await this.#inTurn(async () => {
      if (this.#closed) throw new ShoalError('ERR_STOPPING')
      if (this.#users === 0) await release(this.#socket ?? (await take(this.host, this.port)))
      this.#socket = undefined
      this.#users++
    })
    let lent = true
    return () => {
      if (lent) this.#giveBack()
      lent = false
    }
  }

  /** Lets go of the port. */
  close(): void {
    this.#closed = true
    this.#socket?.close()
    this.#socket = undefined
  }

  #giveBack(): void {
    this.#inTurn(async () => {
      if (--this.#users > 0 || this.#closed) return
      const socket = await take(this.host, this.port)
      if (this.#closed) socket.close()
      else this.#socket = socket
    }).catch(() => {
      // somebody else has it: the next client is told
    })
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(step)
    this.#turn = done.catch(() => {})
    return done
  }
}

/** Binds the port; waits a little where the library still has it. */
async function take(host: string, port: number): Promise<Socket> {
  const until = performance.now() + handBack
  for (;;) {
    try {
      return await bound(host, port)
    } catch (error) {
      if (!isShoalError(error, 'ERR_PORT_IN_USE') || performance.now() > until) throw error
      await delay(20)
    }
  }
}

async function bound(host: string, port: number): Promise<Socket> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', reject)
        socket.on('error', () => {})
        resolve()
      })
    })
    socket.unref()
    return socket
  } catch (error) {
    socket.close()
    throw bindError(error, host, port)
  }
}

function release(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}

function bindError(error: unknown, host: string, port: number): ShoalError {
  const { code, message } =
    error instanceof Error ? { code: 'code' in error ? error.code : undefined, message: error.message } : { code: undefined, message: '' }
  if (code === 'EADDRINUSE') {
    return new ShoalError('ERR_PORT_IN_USE', `WebRTC cannot listen: UDP port ${port} on ${host} is in use.`, {
      hint: 'Set plugins.webrtc.port to another port, or to 0 for any free one.',
      cause: error,
    })
  }
  return new ShoalError('ERR_START_FAILED', `WebRTC cannot listen on ${host}:${port}: ${message}.`, {
    hint: 'See plugins.webrtc.host and plugins.webrtc.port.',
    cause: error,
  })
}
