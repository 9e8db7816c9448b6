/** Streams that a plugin's process reads: as much as it has given credit for; the hub skips what is late. */

import { ShoalError } from '../../../errors.js'
import type { Frame, Subscription } from '../../../stream.js'
import { isSendable, RecordBatch } from '../../streams/frame-header.js'
import { trackToWire } from './codec.js'
import { streamWindow } from './limits.js'
import type { MessagePipe } from './pipe.js'
import { closeOf } from './publications.js'

/** Bytes and frames after which a batch is sent; a larger frame goes alone. */
const batchBytes = 192 * 1024
const batchFrames = 1024

interface Open {
  readonly subscription: Subscription
  credit: number
  wake: (() => void) | undefined
}

/** The subscriptions of one process. */
export class Subscriptions {
  readonly #pipe: MessagePipe
  readonly #open = new Map<number, Open>()

  constructor(pipe: MessagePipe) {
    this.#pipe = pipe
  }

  get size(): number {
    return this.#open.size
  }

  has(id: number): boolean {
    return this.#open.has(id)
  }

  /** Sends a subscription under the id of the call that opened it, until it ends. Never rejects. */
  async run(id: number, subscription: Subscription): Promise<void> {
    const open: Open = { subscription, credit: streamWindow, wake: undefined }
    this.#open.set(id, open)
    const wake = (): void => open.wake?.()
    subscription.signal.addEventListener('abort', wake, { once: true })
    let reason: unknown
    try {
      await this.#copy(id, open)
    } catch (error) {
      reason = error
    }
    subscription.signal.removeEventListener('abort', wake)
    if (this.#open.delete(id)) this.#pipe.send({ id, close: closeOf(reason) })
    subscription.close()
  }

  /** The plugin can take more. Throws `ERR_PROTOCOL` for more than it was ever sent. */
  credit(id: number, bytes: number): void {
    const open = this.#open.get(id)
    if (!open) return
    open.credit += bytes
    if (open.credit > streamWindow) throw new ShoalError('ERR_PROTOCOL', 'It gave back more credit than it had used.')
    open.wake?.()
  }

  /** The plugin cannot go on without a key frame. */
  wantKey(id: number): void {
    this.#open.get(id)?.subscription.wantKey()
  }

  /** The plugin does not want it any more, or is gone. */
  close(id: number): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.subscription.close()
    open?.wake?.()
  }

  /** The process is gone. */
  end(): void {
    for (const id of [...this.#open.keys()]) this.close(id)
  }

  async #copy(id: number, open: Open): Promise<void> {
    const { subscription } = open
    let { generation } = subscription
    for await (const frames of subscription) {
      if (generation !== subscription.generation) {
        generation = subscription.generation
        this.#pipe.send({ id, tracks: { tracks: subscription.tracks.map(trackToWire) } })
      }
      for (const batch of batchesOf(frames)) {
        await this.#room(id, open, batch.size)
        if (!this.#open.has(id) || this.#pipe.closed) return
        open.credit -= batch.size
        this.#pipe.sendFrames(id, batch.take(), subscription.dropped)
      }
    }
  }

  /** Waits for credit, and for what other streams and calls have in the pipe. */
  async #room(id: number, open: Open, size: number): Promise<void> {
    while (open.credit < size && this.#open.has(id) && !open.subscription.signal.aborted) {
      await new Promise<void>((resolve) => {
        open.wake = resolve
      })
      open.wake = undefined
    }
    await this.#pipe.drained()
  }
}

/** Frames in batches. One that cannot be written is left out. */
function* batchesOf(frames: readonly Frame[]): Generator<RecordBatch> {
  let batch = new RecordBatch()
  for (const frame of frames) {
    if (!isSendable(frame)) continue
    if (batch.count > 0 && (batch.size + frame.data.byteLength > batchBytes || batch.count >= batchFrames)) {
      yield batch
      batch = new RecordBatch()
    }
    batch.add({ type: 'frame', group: 0, index: 0, frame })
  }
  if (batch.count > 0) yield batch
}
