/** Reads a socket to its end, one piece at a time. */

import type { Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import { shareReads } from '../../receiving/shared-reads.js'

/**
 * Hands over what is read until the other side ends. The bytes are used again once `take` has returned, whether it gave a promise or not.
 * While a promise of `take` is pending nothing is read and nothing ends. Rejects with
 * what `take` throws, and with `ERR_ABORTED` where the socket closed before its end; leaves the socket paused. Neither an iteration nor, where that can be
 * had, `data` events: those cost a fifth more CPU for each publisher, and these as much again.
 */
export function consume(socket: Socket, take: (bytes: Uint8Array) => Promise<void> | undefined): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let pending = false
    let over: (() => void) | undefined
    const settle = (end: () => void): void => {
      over ??= end
      if (pending) return
      socket.off('data', onData).off('end', onEnd).off('close', onClose).pause()
      over()
    }
    const goOn = (): void => {
      pending = false
      if (over) settle(over)
      else socket.resume()
    }
    const fail = (error: unknown): void => {
      pending = false
      over = undefined
      settle(() => reject(error))
    }
    const onEnd = (): void => settle(resolve)
    const onClose = (): void => settle(() => reject(new ShoalError('ERR_ABORTED', 'The connection was closed.')))
    const onData = (bytes: Uint8Array): void => {
      // it was paused, or nobody listens any more: whoever ends the connection lets go by what still comes
      if (pending || over) return
      try {
        const wait = take(bytes)
        if (!wait) return
        pending = true
        socket.pause()
        wait.then(goOn, fail)
      } catch (error) {
        fail(error)
      }
    }
    shareReads(socket, onData)
    // what was read before that comes as events, and so does all where reads cannot be shared
    socket.on('data', onData).once('end', onEnd).once('close', onClose)
    if (socket.destroyed) onClose()
  })
}
