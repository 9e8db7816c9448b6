/**
 * The TCP socket below a TLS socket. Node frees OpenSSL's state at once when a TLS socket is destroyed whose lower socket is gone
 * already, even while OpenSSL is on the stack, as it is when it tells that a handshake is done: the process ends by SIGSEGV. So
 * from the first byte of TLS on nobody but the TLS socket closes the lower one; whoever tries closes the TLS socket instead.
 */

import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Binds a socket to the TLS socket over it, to be called in the turn that makes the TLS socket. */
export function bindToTls(socket: Socket, tls: TLSSocket): void {
  let reset = false
  const close = (error?: Error): Socket => {
    // a TLS socket that is destroyed asks for this itself
    if (tls.destroyed) closeLower(socket, reset && !tls.writableEnded, error)
    else tls.destroy(error)
    return socket
  }
  socket.destroy = close
  socket.destroySoon = () => void close()
  socket.resetAndDestroy = () => {
    reset = true
    return close()
  }
}

function closeLower(socket: Socket, reset: boolean, error: Error | undefined): void {
  const { destroy, resetAndDestroy } = Socket.prototype
  socket.destroy = destroy
  // once an end was sent a socket cannot be reset: Node would leave it open
  if (reset) resetAndDestroy.call(socket)
  else destroy.call(socket, error)
}

/**
 * Resolves when all that was written is with the kernel, the socket is closed, or `signal` is aborted. Node would wait for that
 * too, but fails when TLS is closed meanwhile.
 */
export async function flushed(socket: Socket, signal?: AbortSignal): Promise<void> {
  if (socket.writableLength === 0 || socket.destroyed) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      signal?.removeEventListener('abort', done)
      socket.off('close', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
    socket.once('close', done)
    socket.write('', done)
  })
}
