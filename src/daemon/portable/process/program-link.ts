/** The daemon's connection to a plugin's program, whoever started that. */

import type { Readable, Writable } from 'node:stream'

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null
  /** `SIGSEGV`. */
  readonly signal: string | null
  /** Why it could not be started at all: `ENOENT`, `EACCES`. */
  readonly error?: string
  /** It left processes of its own behind, which were ended. */
  readonly left?: boolean
  /** It did not end when it was asked to, and was ended by force. */
  readonly deaf?: boolean
  /** For people: `exited with code 3`, `was ended by SIGSEGV`, `could not be started (ENOENT)`. */
  readonly text: string
}

/** A program that talks. */
export interface ProgramLink {
  /** To the program … */
  readonly stdin: Writable
  /** … and from it. */
  readonly stdout: Readable
  /** Resolves when it is gone; never rejects. */
  readonly exited: Promise<ProcessExit>
  /** Undefined when it is not known. */
  readonly pid: number | undefined
  /** The last few lines it printed, for the reason of its end. */
  readonly lastLines: readonly string[]
  /** Lines that it printed and that were left out because there were too many. */
  readonly droppedLines: number
  /** Ends it in good order. Idempotent; resolves when it is gone. */
  stop(): Promise<ProcessExit>
  /** Ends it at once. */
  kill(): void
}
