/** The engine, loaded when it is needed first. */

import { SrtEngine } from './engine.js'
import { loadSrt } from './native.js'

/** One engine for a plugin; a library that is missing is looked for again the next time. */
export class LazyEngine {
  readonly #path: string
  #opening: Promise<SrtEngine> | undefined

  /** `path`: of the library; empty = the system's. */
  constructor(path: string) {
    this.#path = path
  }

  /** Rejects with `ERR_DEPENDENCY_MISSING`. */
  open(): Promise<SrtEngine> {
    this.#opening ??= this.#load()
    return this.#opening
  }

  /** Ends all that runs on it. */
  async close(): Promise<void> {
    const opening = this.#opening
    this.#opening = undefined
    const engine = await opening?.catch(() => undefined)
    await engine?.close()
  }

  async #load(): Promise<SrtEngine> {
    try {
      return new SrtEngine(await loadSrt(this.#path))
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }
}
