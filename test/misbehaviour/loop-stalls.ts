/** The turns of a daemon's event loop that took long, as test/fixtures/loop-stalls.mjs writes them. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** One of them. Times in ms; what is not said of a stall was work. */
export interface LoopStall {
  /** Wall clock at its end. */
  readonly at: number
  readonly stall: number
  /** It could run and had no processor. */
  readonly wait: number
  readonly gc: number
  /** Forks of the daemon. */
  readonly spawn: number
}

/** Flags of Node for a daemon that writes its stalls to `file`. */
export function stallsFlags(file: string): readonly string[] {
  const script = pathToFileURL(join(import.meta.dirname, '..', 'fixtures', 'loop-stalls.mjs'))
  script.searchParams.set('file', file)
  return ['--import', script.href]
}

/** What was written so far. */
export function readStalls(file: string): LoopStall[] {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.map((line): LoopStall => JSON.parse(line))
  } catch {
    return []
  }
}
