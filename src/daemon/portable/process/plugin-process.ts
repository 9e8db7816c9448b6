/** One run of a plugin's program: its own process group, a clean environment, and an end that leaves nothing behind. */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Logger } from '../../../plugin.js'
import { delay } from '../../util/wait.js'
import { scrubbedEnvironment } from './environment.js'
import { LineLog } from './line-log.js'
import { Watchdog } from './watchdog.js'

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
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be started at all: `ENOENT`, `EACCES`. */
  readonly error?: string
  /** For people: `exited with code 3`, `was ended by SIGSEGV`, `could not be started (ENOENT)`. */
  readonly text: string
}

const defaultGrace: ProcessGrace = { stdin: 1500, term: 1000 }

/** ms that pipes may stay open after the exit, held by a child that left the group. */
const pipeGrace = 300

/** A running program. It has a process group of its own, which ends with it. */
export class PluginProcess {
  readonly stdin: Writable
  /** Ended and empty unless it is piped. */
  readonly stdout: Readable
  /** Resolves when the process and its pipes are gone; never rejects. */
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess
  readonly #lines: LineLog
  readonly #grace: ProcessGrace
  #gone = false
  #stopping: Promise<ProcessExit> | undefined

  constructor(options: PluginProcessOptions) {
    const { command, args = [], cwd, log, stdout = 'log' } = options
    this.#grace = { ...defaultGrace, ...options.grace }
    const child = spawn(command, [...args], { cwd, env: scrubbedEnvironment(options.env), detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    this.#lines = new LineLog({ log, from: 'stderr' })
    this.stdin = child.stdin
    this.stdout = child.stdout
    child.stdin.on('error', () => {})
    child.stdout.on('error', () => {})
    this.#lines.follow(child.stderr)
    if (stdout === 'log') new LineLog({ log, from: 'stdout' }).follow(child.stdout)
    this.exited = this.#watch()
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return !this.#gone
  }

  /** The last few lines of stderr. */
  get lastLines(): readonly string[] {
    return this.#lines.last
  }

  /** Ends it: stdin closes, then SIGTERM, then SIGKILL of the whole group. Idempotent; resolves when it is gone. */
  stop(): Promise<ProcessExit> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** SIGKILL to the whole group, now. */
  kill(): void {
    this.#signal('SIGKILL')
  }

  async #stop(): Promise<ProcessExit> {
    this.stdin.end()
    if (await this.#within(this.#grace.stdin)) return this.exited
    this.#signal('SIGTERM')
    if (await this.#within(this.#grace.term)) return this.exited
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
    const { pid } = this.#child
    if (pid === undefined || this.#gone) return
    try {
      process.kill(-pid, signal)
    } catch {
      // it is gone already
    }
  }

  #watch(): Promise<ProcessExit> {
    const child = this.#child
    const watchdog = child.pid === undefined ? undefined : new Watchdog(child.pid)
    return new Promise((resolve) => {
      let exit: ProcessExit | undefined
      const finish = (): void => {
        clearTimeout(timer)
        this.#gone = true
        watchdog?.done()
        if (exit) resolve(exit)
      }
      let timer: NodeJS.Timeout | undefined
      child.once('error', (error: NodeJS.ErrnoException) => {
        exit ??= { code: null, signal: null, error: error.code ?? 'unknown', text: `could not be started (${error.code ?? error.message})` }
        if (child.pid === undefined) finish()
      })
      child.once('exit', (code, signal) => {
        exit = { code, signal, text: code === null ? `was ended by ${signal}` : `exited with code ${code}` }
        // children of it that are left
        this.kill()
        timer = setTimeout(() => this.#dropPipes(), pipeGrace)
      })
      child.once('close', finish)
    })
  }

  #dropPipes(): void {
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream?.destroy()
  }
}
