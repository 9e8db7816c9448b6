/**
 * Publications and subscriptions that end with either of two signals, the plugin's and one of its own, and let go of
 * both when they end by themselves: a plugin may open a million of them in its life.
 */

import type { Frame, Publication, Subscription, Track } from '../../stream.js'
import type { Link } from '../util/linked-signal.js'

/** Forwards to a publication. */
export class LinkedPublication implements Publication {
  readonly #inner: Publication
  readonly #link: Link

  constructor(inner: Publication, link: Link) {
    this.#inner = inner
    this.#link = link
    if (inner.signal.aborted) link.done()
    else inner.signal.addEventListener('abort', link.done, { once: true })
  }

  get path(): string {
    return this.#inner.path
  }

  get tracks(): readonly Track[] {
    return this.#inner.tracks
  }

  get signal(): AbortSignal {
    return this.#inner.signal
  }

  get subscribers(): number {
    return this.#inner.subscribers
  }

  write(frame: Frame): void {
    this.#inner.write(frame)
  }

  update(track: Track): void {
    this.#inner.update(track)
  }

  close(reason?: unknown): void {
    this.#link.done()
    this.#inner.close(reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#link.done()
    await this.#inner[Symbol.asyncDispose]()
  }
}

/** Forwards to a subscription. */
export class LinkedSubscription implements Subscription {
  readonly #inner: Subscription
  readonly #link: Link

  constructor(inner: Subscription, link: Link) {
    this.#inner = inner
    this.#link = link
  }

  get path(): string {
    return this.#inner.path
  }

  get tracks(): readonly Track[] {
    return this.#inner.tracks
  }

  get generation(): number {
    return this.#inner.generation
  }

  get dropped(): number {
    return this.#inner.dropped
  }

  get signal(): AbortSignal {
    return this.#inner.signal
  }

  close(): void {
    this.#link.done()
    this.#inner.close()
  }

  wantKey(): void {
    this.#inner.wantKey()
  }

  async deliver(take: (frames: readonly Frame[]) => void | Promise<number | void>): Promise<void> {
    try {
      await this.#inner.deliver(take)
    } finally {
      this.#link.done()
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Frame[], void, undefined> {
    try {
      yield* this.#inner
    } finally {
      this.#link.done()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#link.done()
    await this.#inner[Symbol.asyncDispose]()
  }
}
