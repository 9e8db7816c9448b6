/** What a plugin has begun and not finished: calls that hang are named while they hang. */

import { monotonic } from '../util/wait.js'

interface OpenCall {
  readonly where: string
  /** Monotonic ms. */
  readonly since: number
  readonly answered: (() => boolean) | undefined
}

/** The calls of one plugin that are under way. Their callers bound how many there are. */
export class OpenCalls {
  readonly #open = new Set<OpenCall>()
  readonly #patience: number
  readonly #now: () => number

  /** `patience`: ms after which a call is told of. */
  constructor(patience: number, now: () => number = monotonic) {
    this.#patience = patience
    this.#now = now
  }

  /** A call begins. Returns its end. `where` names it for people: `handlePayload`; one that is `answered` may go on as long as it likes. */
  begin(where: string, answered?: () => boolean): () => void {
    const call = { where, since: this.#now(), answered }
    this.#open.add(call)
    return () => void this.#open.delete(call)
  }

  /** Of those that take longer than they should, the oldest, for people: `handlePayload has gone on for 7 s.` Undefined when there is none. */
  overdue(): string | undefined {
    // in the order in which they began
    const oldest = [...this.#open].find(({ answered }) => !answered?.())
    if (!oldest) return undefined
    const age = this.#now() - oldest.since
    return age < this.#patience ? undefined : `${oldest.where} has not finished for ${Math.floor(age / 1000)} s.`
  }
}
