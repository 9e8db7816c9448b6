/**
 * What a client sent, in order, a little each turn of the event loop: one read brings thousands of small messages, and thirty
 * reads may follow each other at once. Whoever sends faster than is answered is held back by TCP.
 */

/** The part of a WebSocket that is needed. */
export interface Pausable {
  readonly isPaused: boolean
  pause(): void
  resume(): void
}

/** Messages and characters taken in one turn. */
const maxTurn = { messages: 64, characters: 64 * 1024 }
/** Characters of messages under way; beyond, the next one waits. */
const maxUnderWay = 8 * 1024 * 1024
/** Messages that wait before the client is held back, and until it may go on. */
const highWater = 64
const lowWater = 16

/** See the file. */
export class Intake {
  readonly #web: Pausable
  readonly #take: (text: string) => Promise<void>
  #waiting: string[] = []
  #underWay = 0
  #left = { ...maxTurn }
  #turn: NodeJS.Immediate | undefined
  #ended = false

  /** `take` handles one message; never rejects. */
  constructor(web: Pausable, take: (text: string) => Promise<void>) {
    this.#web = web
    this.#take = take
  }

  /** Messages that wait. */
  get size(): number {
    return this.#waiting.length
  }

  /** Takes a message, now or in a later turn. */
  push(text: string): void {
    if (this.#ended) return
    this.#waiting.push(text)
    this.#go()
    if (this.#waiting.length >= highWater && !this.#web.isPaused) this.#web.pause()
  }

  /** What waits is dropped, and what still comes. */
  end(): void {
    this.#ended = true
    this.#waiting = []
    clearImmediate(this.#turn)
    // the client's goodbye has to be read
    if (this.#web.isPaused) this.#web.resume()
  }

  #go(): void {
    let count = 0
    for (; this.#left.messages > 0 && this.#left.characters > 0 && this.#underWay < maxUnderWay; count++) {
      const text = this.#waiting[count]
      if (text === undefined) break
      this.#begin(text)
    }
    this.#waiting.splice(0, count)
    if (this.#waiting.length <= lowWater && this.#web.isPaused) this.#web.resume()
  }

  #begin(text: string): void {
    this.#left.messages--
    this.#left.characters -= text.length
    this.#underWay += text.length
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined
      this.#left = { ...maxTurn }
      this.#go()
    })
    void this.#take(text).finally(() => {
      this.#underWay -= text.length
      // within a turn the rest has its own time
      if (!this.#ended && this.#turn === undefined) this.#go()
    })
  }
}
