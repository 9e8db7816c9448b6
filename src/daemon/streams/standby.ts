/** The sources of a pull: the one that was asked for, and the one that stands by. */

/** Which of several sources is used: the present one until it fails, then the next, round and round. */
export class Standby<S> {
  readonly #sources: readonly S[]
  #at = 0
  /** Sources that failed since one of them ran. */
  #failures = 0

  constructor(first: S, second?: S) {
    this.#sources = second === undefined ? [first] : [first, second]
  }

  get present(): S {
    return this.#sources[this.#at] as S
  }

  /** Is there more than one? */
  get hasOther(): boolean {
    return this.#sources.length > 1
  }

  /** The present source works. */
  ran(): void {
    this.#failures = 0
  }

  /** The present source failed or ended: the next one is used from now on. */
  failed(): void {
    this.#failures++
    this.#at = (this.#at + 1) % this.#sources.length
  }

  /** Should the present source be tried without a pause? Only when it has not failed since one of them ran. */
  get atOnce(): boolean {
    return this.#failures > 0 && this.#failures < this.#sources.length
  }
}
