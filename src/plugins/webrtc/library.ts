/** libdatachannel, by way of node-datachannel: ICE, DTLS, SRTP and SCTP. It is native code, loaded when the first client comes. */

import { ShoalError } from '../../errors.js'

/** The module. */
export type Library = typeof import('node-datachannel')

/** Loads the library once. Nothing is to be given back: its threads end with the last connection. (Its own `cleanup` closes those of the whole process.) */
export class LibraryLoader {
  #loading: Promise<Library> | undefined

  /** Rejects with `ERR_LIBRARY_MISSING`; the next call tries again. */
  load(): Promise<Library> {
    this.#loading ??= import('node-datachannel').catch((error: unknown) => {
      this.#loading = undefined
      throw new ShoalError('ERR_LIBRARY_MISSING', 'WebRTC needs the package node-datachannel, which is not installed or does not load here.', {
        hint: 'Install it beside shoal: npm install node-datachannel@0.33.4. It comes built for Linux, macOS and Windows.',
        cause: error,
      })
    })
    return this.#loading
  }

  /** Has it been needed so far? */
  get state(): 'loaded' | 'not loaded' {
    return this.#loading ? 'loaded' : 'not loaded'
  }
}

/**
 * A callback for the library. What it throws there would end the process, and objects must not be closed from within: the call
 * is made later, from the event loop, and `failed` is told of a throw.
 */
export function later<Args extends readonly unknown[]>(callback: (...args: Args) => void, failed: (error: unknown) => void): (...args: Args) => void {
  return (...args) => {
    setImmediate(() => {
      try {
        callback(...args)
      } catch (error) {
        failed(error)
      }
    })
  }
}
