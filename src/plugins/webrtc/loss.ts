/** Which packets of a stream are missing, and when to ask for them again. */

/** ms between two requests for one packet, and until it is given up. */
const interval = 60
const patience = 250

/** Packets that may be missing at a time; more are not loss but another beginning. */
const maxMissing = 256

/** Watches the sequence numbers of one stream. */
export class LossWatch {
  #highest: number | undefined
  readonly #missing = new Map<number, { readonly since: number; asked: number }>()

  /** A packet came at `now` (ms). Is it newer than all before? */
  arrived(sequence: number, now: number): boolean {
    this.#missing.delete(sequence)
    const step = this.#highest === undefined ? 1 : ((sequence - this.#highest + 0x8000) & 0xffff) - 0x8000
    if (step <= 0) return false
    if (step > maxMissing) this.#missing.clear()
    else for (let ahead = step - 1; ahead > 0; ahead--) this.#missing.set((sequence - ahead) & 0xffff, { since: now, asked: Number.NEGATIVE_INFINITY })
    this.#highest = sequence
    return true
  }

  /** Those to ask for now. */
  due(now: number): number[] {
    const due: number[] = []
    for (const [sequence, missing] of this.#missing) {
      if (now - missing.since > patience || this.#missing.size > maxMissing) this.#missing.delete(sequence)
      else if (now - missing.asked >= interval) {
        missing.asked = now
        due.push(sequence)
      }
    }
    return due
  }
}
