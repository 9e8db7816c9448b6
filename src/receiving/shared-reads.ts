/** Reads of many sockets into one piece of memory, in place of a new one for each read. */

import type { Socket } from 'node:net'

/** Bytes of one read at most: a key frame of a usual stream. */
const size = 256 * 1024

/** Every read of this process: it is over before the next begins. Made with the first. */
let shared: Uint8Array | undefined

/** A handle of Node that can read into memory it is given. */
interface ReadingHandle {
  useUserBuffer(memory: Uint8Array): void
}

/**
 * Has `socket` hand what it reads to `take`, which may not keep `bytes`, in place of `data` events; the end and errors come as events as
 * before, and `pause` and `resume` do what they do. False where this is not to be had: for what is no TCP socket, and for releases of
 * Node that do it in another way.
 *
 * Node has it, as the option `onread`, for sockets that connect only; this sets the same for one that was accepted.
 */
export function shareReads(socket: Socket, take: (bytes: Uint8Array) => void): boolean {
  const handle: unknown = Reflect.get(socket, '_handle')
  const own = Object.getOwnPropertySymbols(socket)
  const buffer = own.find(({ description }) => description === 'kBuffer')
  const callback = own.find(({ description }) => description === 'kBufferCb')
  if (!buffer || !callback || !canShare(handle) || Reflect.get(socket, buffer) !== null) return false
  shared ??= new Uint8Array(size)
  const memory = shared
  Reflect.set(socket, buffer, memory)
  Reflect.set(socket, callback, (count: number) => take(memory.subarray(0, count)))
  handle.useUserBuffer(memory)
  return true
}

function canShare(handle: unknown): handle is ReadingHandle {
  if (typeof handle !== 'object' || handle === null || handle.constructor.name !== 'TCP') return false
  return 'useUserBuffer' in handle && typeof handle.useUserBuffer === 'function'
}
