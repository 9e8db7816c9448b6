/** What the tests measured, printed at their end. */

/** Figures of one run. */
export class Figures {
  readonly #lines: string[] = []

  /** Notes a time. */
  time(what: string, ms: number): void {
    this.#lines.push(`${what}: ${Math.round(ms)} ms`)
  }

  /** Notes anything else. */
  note(what: string, value: string | number): void {
    this.#lines.push(`${what}: ${value}`)
  }

  print(): void {
    if (this.#lines.length > 0) console.log(`measured on the LAN\n  ${this.#lines.join('\n  ')}`)
  }
}
