/** What happens to messages, for whoever watches. */

import type { PeerId } from '../../plugin.js'
import type { MessagingEvent } from './api.js'

/** Events that a watcher may be behind; then it is told how many it missed. */
const kept = 128

/** The last events, numbered. Watchers hold a number, not a queue, so that a slow one costs nothing. */
export class Feed {
  #events: MessagingEvent[] = []
  /** Number of the event after the last. */
  #next = 0
  readonly #wake = new Set<() => void>()

  emit(event: MessagingEvent): void {
    this.#events.push(event)
    this.#next++
    // cut in blocks: shifting for each event would cost more than keeping a few more
    if (this.#events.length > 2 * kept) this.#events = this.#events.slice(-kept)
    for (const wake of [...this.#wake]) wake()
  }

  /** Drops what is held of a peer, and says that it was forgotten. */
  forget(peer: PeerId): void {
    const forgotten: MessagingEvent = { type: 'forgotten', peer }
    this.#events = this.#events.map((event) => ('peer' in event && event.peer === peer ? forgotten : event))
    this.emit(forgotten)
  }

  /** Everything from this moment on, until the signal aborts. */
  watch(signal: AbortSignal): AsyncGenerator<MessagingEvent, void, undefined> {
    return this.#follow(this.#next, signal)
  }

  async *#follow(from: number, signal: AbortSignal): AsyncGenerator<MessagingEvent, void, undefined> {
    let at = from
    while (!signal.aborted) {
      const oldest = this.#next - Math.min(kept, this.#events.length)
      if (at < oldest) {
        yield { type: 'lagged', missed: oldest - at }
        at = oldest
      } else if (at < this.#next) {
        const event = this.#events[this.#events.length - (this.#next - at)]
        at++
        if (event) yield event
      } else await this.#more(signal)
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wake.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted) wake()
    })
  }
}
