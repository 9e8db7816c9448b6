/** One run of a plugin's program: its own process group, a clean environment, and an end that leaves nothing behind. */

import type { Readable, Writable } from 'node:stream'
import type { Logger } from '../../../plugin.js'
import { delay } from '../../util/wait.js'
import { LineLog } from './line-log.js'
import type { ProcessExit, ProgramLink } from './program-link.js'
import type { Stdio } from './stdio-socket.js'

/** How long an end may take, in ms. */
export interface ProcessGrace {
  /** After stdin was closed, until SIGTERM … */
  readonly stdin: number
  /** … and then until SIGKILL of the whole group. */
  readonly term: number
}

/** What to run. */
export interface PluginProcessOptions {
  /** A path, or a name that is looked up in PATH. */
  readonly command: string
  readonly args?: readonly string[]
  /** The plugin's own folder. */
  readonly cwd: string
  /** Variables of its own, beside the short list that every plugin gets. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets the lines of stderr. */
  readonly log: Logger
  /** `pipe`: {@link PluginProcess.stdout} is read by the caller; `log` (default): its lines go to the log as those of stderr do. */
  readonly stdout?: 'pipe' | 'log'
  readonly grace?: Partial<ProcessGrace>
  /** How far it stands back behind the daemon for processor time, 0 to 19; default 5. */
  readonly nice?: number
}

/** How a program ended, as the one who started it saw. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: string | null
  /** Why it could not be started at all: `ENOENT`. */
  readonly error?: string
  /** It left processes of its own in its group, which were ended. */
  readonly left?: boolean
  /** Nobody saw: the process that had started it was gone. */
  readonly lost?: boolean
}

/** A program that was started. */
export interface StartedProgram extends Pick<PluginProcessOptions, 'log' | 'stdout' | 'grace'> {
  readonly stdio: Stdio
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  /** Settles when it has ended; never rejects. */
  readonly ended: Promise<ProcessEnd>
}

const defaultGrace: ProcessGrace = { stdin: 1500, term: 1000 }

/** ms that pipes may stay open after the exit, held by a child that left the group. */
const pipeGrace = 300

/** A running program. It has a process group of its own, which ends with it. `Nursery` makes it. */
export class PluginProcess implements ProgramLink {
  readonly stdin: Writable
  /** Ended and empty unless it is piped. */
  readonly stdout: Readable
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  /** Resolves when the process and its pipes are gone; never rejects. */
  readonly exited: Promise<ProcessExit>
  readonly #stdio: Stdio
  readonly #lines: LineLog
  readonly #grace: ProcessGrace
  #gone = false
  /** It was ended by force: from here, and as it did not end when it was asked to. */
  #killed = false
  #deaf = false
  #stopping: Promise<ProcessExit> | undefined

  constructor({ stdio, pid, ended, log, stdout = 'log', grace }: StartedProgram) {
    const [input, output, errors] = stdio
    this.#grace = { ...defaultGrace, ...grace }
    this.#stdio = stdio
    this.pid = pid
    this.stdin = input
    this.stdout = output
    this.#lines = new LineLog({ log, from: 'stderr' })
    this.#lines.follow(errors)
    if (stdout === 'log') new LineLog({ log, from: 'stdout' }).follow(output)
    this.exited = this.#watch(ended)
  }

  get running(): boolean {
    return !this.#gone
  }

  /** The last few lines of stderr. */
  get lastLines(): readonly string[] {
    return this.#lines.last
  }

  get droppedLines(): number {
    return this.#lines.dropped
  }

  /** Ends it: stdin closes, then SIGTERM, then SIGKILL of the whole group. Idempotent; resolves when it is gone. */
  stop(): Promise<ProcessExit> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** SIGKILL to the whole group, now. */
  kill(): void {
    this.#killed = true
    this.#signal('SIGKILL')
  }

  async #stop(): Promise<ProcessExit> {
    this.stdin.end()
    if (await this.#within(this.#grace.stdin)) return this.exited
    this.#signal('SIGTERM')
    if (await this.#within(this.#grace.term)) return this.exited
    this.#deaf = true
    this.kill()
    return this.exited
  }

  /** Is it gone before `ms` have passed? */
  async #within(ms: number): Promise<boolean> {
    const timer = new AbortController()
    await Promise.race([this.exited, delay(ms, timer.signal).catch(() => {})])
    timer.abort()
    return this.#gone
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this
    if (pid === undefined || this.#gone) return
    try {
      process.kill(-pid, signal)
    } catch {
      // it is gone already
    }
  }

  async #watch(ended: Promise<ProcessEnd>): Promise<ProcessExit> {
    const [stdin, ...outputs] = this.#stdio
    const closed = outputs.map((stream) => new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.once('close', resolve))))
    const end = await ended
    stdin.destroy()
    const timer = new AbortController()
    await Promise.race([Promise.all(closed), delay(pipeGrace, timer.signal).catch(() => {})])
    timer.abort()
    for (const stream of this.#stdio) stream.destroy()
    this.#gone = true
    const { code, signal, error, left } = end
    const more = { ...(error !== undefined && { error }), ...(left && !this.#killed && { left }), ...(this.#deaf && { deaf: true }) }
    return { code, signal, text: textOf(end), ...more }
  }
}

function textOf({ code, signal, error, lost }: ProcessEnd): string {
  if (lost) return 'was ended, as the process that had started it was gone'
  if (error !== undefined) return `could not be started (${error})`
  return code === null ? `was ended by ${signal}` : `exited with code ${code}`
}
