/** The short way of bytes from who has them to the one who listens: without an event, which costs as much as all else that is done with a small message. */

import type { MessageStream } from '@libp2p/interface'
import type { AbstractMessageStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

type Data = Uint8Array | Uint8ArrayList
type Listener = (data: Data) => void

/** Who takes the bytes of a stream or connection that one alone listens to. */
const takers = new WeakMap<MessageStream, Listener>()

/** Listens to `message`, to be called once for a stream. It must not throw. */
export function onMessage(stream: MessageStream, listener: Listener): void {
  takers.set(stream, listener)
  stream.addEventListener('message', ({ data }) => listener(data))
}

/** Who listens to `message` of a connection already is to be called so: with errors handled as there. */
export function inPlaceOfEvent(connection: MessageStream, listener: Listener): void {
  takers.set(connection, listener)
}

/**
 * Hands over bytes that arrived. False where there is nobody to take them so, others listen too, or bytes wait before them: then
 * libp2p's `onData` is to have them.
 */
export function handOver(stream: AbstractMessageStream, data: Data): boolean {
  const take = takers.get(stream)
  if (!take || stream.readStatus !== 'readable' || stream.readBufferLength > 0 || stream.remoteWriteStatus !== 'writable') return false
  if (data.byteLength === 0 || stream.listenerCount('message') !== 1) return false
  take(data)
  return true
}
