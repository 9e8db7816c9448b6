/** Errors that nothing caught, and the plugins whose code they come from. */

import type { ShoalError } from '../../errors.js'
import { verdictOn } from './culprit.js'

/** Sections that are kept; more than any daemon has. */
const maxSections = 2000

/** Knows which code was imported for which section of the configuration, also after the plugin is gone: its timers may go on. */
export class Strays {
  readonly #code = new Map<string, string>()
  /** Those that are being imported, and what came of it so far. */
  readonly #early = new Map<string, ShoalError | undefined>()

  /** An import begins. `code`: file or folder, absolute, without symbolic links. */
  imported(section: string, code: string): void {
    if (this.#code.size >= maxSections && !this.#code.has(section)) return
    this.#code.set(section, code)
    this.#early.set(section, undefined)
  }

  /**
   * Sections that an error may come from: the one whose code stands in its stack; all that there are, when it names no place that
   * is anybody's; none, when it comes from the daemon itself.
   */
  sectionsOf(error: unknown): readonly string[] {
    const suspects = [...this.#code].map(([section, code]) => ({ section, code }))
    const verdict = verdictOn(error, suspects)
    if (verdict.of === 'plugin') return [verdict.culprit.section]
    return verdict.of === 'daemon' ? [] : suspects.map(({ section }) => section)
  }

  /** Keeps an error of a plugin while it is being imported. */
  keep(section: string, error: ShoalError): void {
    if (this.#early.has(section)) this.#early.set(section, error)
  }

  /** The import has ended; what was kept of it. */
  take(section: string): ShoalError | undefined {
    const error = this.#early.get(section)
    this.#early.delete(section)
    return error
  }
}
