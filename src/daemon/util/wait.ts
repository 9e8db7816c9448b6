/** Waiting that can be cancelled, on the monotonic clock. */

import { type ErrorCode, ShoalError } from '../../errors.js'
import { follow } from './linked-signal.js'

/** Monotonic time in ms. */
export function monotonic(): number {
  return performance.now()
}

/** The reason of an aborted signal as an Error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new ShoalError('ERR_ABORTED')
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. `unref`: does not keep the process alive. */
export function delay(ms: number, signal?: AbortSignal, options: { unref?: boolean } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal))
    const stop = (): void => {
      clearTimeout(timer)
      reject(abortReason(signal as AbortSignal))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (options.unref) timer.unref()
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Settles as `promise` does, or rejects with the signal's reason when it aborts first. The promise is not left unhandled. */
export function abortable<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return Promise.resolve(promise)
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) reject(abortReason(signal))
    const undo = signal.aborted ? () => {} : follow(signal, () => reject(abortReason(signal)))
    promise.then(
      (value) => {
        undo()
        resolve(value)
      },
      (error: unknown) => {
        undo()
        reject(error)
      },
    )
  })
}

/** Settles as `promise` does, or rejects with `code` after `ms`. The promise is not left unhandled. */
export async function within<T>(promise: PromiseLike<T>, ms: number, code: ErrorCode, message?: string): Promise<T> {
  const { signal, done } = deadline(ms, code, message)
  try {
    return await abortable(promise, signal)
  } finally {
    done()
  }
}

/** A signal that aborts with `code` after `ms`, or with `parent`. Call `done` when it is no longer needed. */
export function deadline(ms: number, code: ErrorCode, message?: string, parent?: AbortSignal): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new ShoalError(code, message)), ms)
  const follow = (): void => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  const done = (): void => {
    clearTimeout(timer)
    parent?.removeEventListener('abort', follow)
  }
  return { signal: controller.signal, done }
}

/** Growing, jittered pauses: `min`, about twice that, … up to `max` ms. */
export class Backoff {
  #next: number
  readonly #min: number
  readonly #max: number
  readonly #random: () => number

  constructor(options: { min: number; max: number; random?: () => number }) {
    this.#min = options.min
    this.#max = options.max
    this.#next = options.min
    this.#random = options.random ?? Math.random
  }

  /** The next pause in ms: between half and all of the present step. */
  next(): number {
    const step = this.#next
    this.#next = Math.min(this.#max, step * 2)
    return Math.round(step * (0.5 + this.#random() / 2))
  }

  reset(): void {
    this.#next = this.#min
  }
}
