/**
 * The daemon's log. A line is made safe once (no secrets, bounded), kept in a ring for `shoal log tail`, and handed to
 * every sink. The default sink is pino: JSON into a file or a pipe; on a terminal lines for people.
 */

import { mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'
import { ShoalError } from '../errors.js'
import type { Logger } from '../plugin.js'
import type { LogLevel, LogLine, LogSink } from '../services.js'
import { Broadcast } from './util/queue.js'
import { Redactor, redactText } from './util/redact.js'
import { within } from './util/wait.js'

/** How a log is made. */
export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel
  /** Levels of single modules: `{ swarm: 'debug', plugin: 'warn' }`. A name also stands for what follows it after a colon. */
  readonly levels?: Readonly<Record<string, LogLevel>>
  /** Append JSON lines here instead of writing to `fd`; made with mode 0600, its folder with 0700. */
  readonly file?: string
  /** `auto` (default): for people when `fd` is a terminal, else JSON. A file is always JSON. */
  readonly format?: 'auto' | 'json' | 'pretty'
  /** Colours on a terminal; default true. */
  readonly color?: boolean
  /** File descriptor to write to; default 2, standard error. `null`: write nowhere, only ring and sinks. */
  readonly fd?: number | null
  /** Is `fd` a terminal? Default false. */
  readonly tty?: boolean
  /** Lines kept for `tail`; default 2,000. */
  readonly keep?: number
  /** Wall clock, ms since 1970. */
  readonly now?: () => number
}

/** What a listener of the log receives. One that falls behind is told how many lines it missed, and goes on. */
export type LogEvent = { readonly type: 'line'; readonly line: LogLine } | { readonly type: 'lagged'; readonly missed: number; readonly time: number }

/** The levels in force. */
export interface LogLevels {
  readonly level: LogLevel
  readonly modules: Readonly<Record<string, LogLevel>>
}

/** Which kept lines `tail` gives. */
export interface TailOptions {
  /** At most this many, the newest; default 100. */
  readonly lines?: number
  /** Only lines after this time, ms since 1970. */
  readonly since?: number
  readonly module?: string
  /** Only lines of this weight or more. */
  readonly level?: LogLevel
}

/** All levels, in rising order of weight. */
export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** Has `line` this weight or more, and does it come from this module or one below it? */
export function lineMatches(line: LogLine, filter: { readonly module?: string | undefined; readonly level?: LogLevel | undefined }): boolean {
  const { module, level } = filter
  const right = module === undefined || line.module === module || line.module.startsWith(`${module}:`)
  return right && (level === undefined || logLevels.indexOf(line.level) >= logLevels.indexOf(level))
}

/** Bytes that may wait for a slow disk or terminal; lines beyond them are dropped and counted. */
const maxBuffered = 4 * 1024 * 1024
const maxModules = 1000
const shortestSecret = 8

/** Makes a log. Throws `ERR_START_FAILED` when the file cannot be opened. */
export function createLog(options: LogOptions = {}): Log {
  return new Log(options)
}

/** See {@link createLog}. */
export class Log {
  /** Lines that file or terminal did not take, and errors of writing. */
  dropped = 0
  /** Throws of sinks. */
  sinkFailures = 0
  readonly #now: () => number
  readonly #ring: LogLine[] = []
  readonly #keep: number
  #next = 0
  readonly #events = new Broadcast<LogEvent>((missed) => ({ type: 'lagged', missed, time: this.#now() }), 4096)
  readonly #sinks = new Set<LogSink>()
  readonly #busy = new Set<LogSink>()
  readonly #secrets = new Set<string>()
  readonly #known = new Set<string>()
  readonly #levels = new Map<string, LogLevel>()
  #level: LogLevel
  #version = 0
  #closed = false
  #closing: Promise<void> | undefined
  readonly #output: Output | undefined

  constructor(options: LogOptions) {
    this.#now = options.now ?? Date.now
    this.#keep = options.keep ?? 2000
    this.#level = options.level ?? 'info'
    for (const [name, level] of Object.entries(options.levels ?? {})) this.#levels.set(name, level)
    this.#output = openOutput(options, () => this.dropped++)
    if (this.#output) this.#sinks.add(this.#output)
  }

  /** The logger of a module. `fatal` lines come from {@link fatal} only. */
  module(name: string): Logger {
    if (this.#known.size < maxModules) this.#known.add(name)
    let version = -1
    let threshold = 0
    const at = (level: LogLevel) => {
      const weight = logLevels.indexOf(level)
      return (msg: string, fields?: Record<string, unknown>): void => {
        if (version !== this.#version) {
          version = this.#version
          threshold = logLevels.indexOf(this.levelOf(name))
        }
        if (weight >= threshold) this.#write(level, name, msg, fields, threshold <= 1)
      }
    }
    return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }

  /** A line before the process ends. */
  fatal(module: string, msg: string, fields?: Record<string, unknown>): void {
    this.#write('fatal', module, msg, fields, true)
  }

  /** The level in force for a module: its own, that of the name before the colon, or the general one. */
  levelOf(module: string): LogLevel {
    for (let name = module; ; name = name.slice(0, name.lastIndexOf(':'))) {
      const level = this.#levels.get(name)
      if (level) return level
      if (!name.includes(':')) return this.#level
    }
  }

  /** Changes the level of one module, or without a module the general one and that of all modules. Counts from the next line. */
  setLevel(module: string | undefined, level: LogLevel): void {
    if (!logLevels.includes(level)) throw new ShoalError('ERR_REQUEST_INVALID', `There is no log level ${level}; use one of ${logLevels.join(', ')}.`)
    if (module === undefined) {
      this.#level = level
      this.#levels.clear()
    } else {
      if (!this.#levels.has(module) && this.#levels.size >= maxModules) throw new ShoalError('ERR_LIMIT', `${maxModules} modules have a level already.`)
      this.#levels.set(module, level)
    }
    this.#version++
  }

  /** Levels of all modules that have logged or have a level of their own. */
  levels(): LogLevels {
    const names = [...new Set([...this.#known, ...this.#levels.keys()])].sort()
    return { level: this.#level, modules: Object.fromEntries(names.map((name) => [name, this.levelOf(name)])) }
  }

  /** Kept lines, oldest first. */
  tail(options: TailOptions = {}): LogLine[] {
    const lines = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)]
    const found = lines.filter((line) => line.time > (options.since ?? Number.NEGATIVE_INFINITY) && lineMatches(line, options))
    const count = options.lines ?? 100
    return count === 0 ? [] : found.slice(-count)
  }

  /** Lines from now on, until `signal` aborts or the log closes. */
  listen(signal?: AbortSignal): AsyncIterableIterator<LogEvent> {
    return this.#events.listen(signal)
  }

  /** Adds a receiver; returns the undo. A line that a sink logs while it writes does not come back to it. */
  addSink(sink: LogSink): () => void {
    this.#sinks.add(sink)
    return () => this.#sinks.delete(sink)
  }

  /** Hands the default output over to somebody who passes lines on to it: the `logger` slot, where a plugin may take its place. */
  takeOutput(): LogSink {
    const output = this.#output
    if (!output) return { write: () => {} }
    this.#sinks.delete(output)
    return output
  }

  /** From now on `secret` is hidden wherever it stands in a line: the API token, a passphrase. At least 8 characters; returns the undo. */
  hide(secret: string): () => void {
    if (secret.length < shortestSecret) return () => {}
    this.#secrets.add(secret)
    return () => this.#secrets.delete(secret)
  }

  /** Closes and opens the log file, after it was moved away. Throws `ERR_START_FAILED` and goes on with the old one when that fails. */
  reopen(): void {
    this.#output?.reopen()
  }

  /** Waits, at most 2 s, until every sink has passed on what it was given. */
  async flush(): Promise<void> {
    const all = [...this.#sinks].map(async (sink) => sink.flush?.())
    await within(Promise.allSettled(all), 2000, 'ERR_TIMEOUT').catch(() => {})
  }

  /** Flushes and ends. Later lines go nowhere. Idempotent: every caller waits for the one end. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.flush()
    this.#closed = true
    this.#events.close()
    this.#sinks.clear()
    await this.#output?.close()
  }

  #write(level: LogLevel, module: string, msg: string, fields: Record<string, unknown> | undefined, stack: boolean): void {
    if (this.#closed) return
    const redactor = new Redactor({ clean: (text) => this.#clean(text), showError: (error, copy) => showError(error, copy, stack) })
    const safe = redactor.text(String(msg))
    const copy = fields === undefined ? {} : redactor.value(fields)
    const line: LogLine = { level, time: this.#now(), module, msg: safe, fields: typeof copy === 'object' && copy !== null ? { ...copy } : { value: copy } }
    this.#ring[this.#next] = line
    this.#next = (this.#next + 1) % this.#keep
    this.#events.emit({ type: 'line', line })
    for (const sink of this.#sinks) this.#hand(sink, line)
  }

  #hand(sink: LogSink, line: LogLine): void {
    if (this.#busy.has(sink)) return
    this.#busy.add(sink)
    try {
      sink.write(line)
    } catch {
      this.sinkFailures++
    } finally {
      this.#busy.delete(sink)
    }
  }

  #clean(text: string): string {
    let safe = text
    for (const secret of this.#secrets) if (safe.includes(secret)) safe = safe.replaceAll(secret, '***')
    return redactText(safe)
  }
}

/** Code, message, what caused it, and for debugging the stack. */
function showError(error: Error, copy: (value: unknown) => unknown, stack: boolean): Record<string, unknown> {
  const { name, message } = error
  const { code, data } = error as { code?: unknown; data?: unknown }
  const parts: Record<string, unknown> = { name, ...(code !== undefined && { code }), message, ...(data !== undefined && { data }) }
  if (error.cause !== undefined) parts['cause'] = error.cause
  if (error instanceof AggregateError) parts['errors'] = error.errors.slice(0, 5)
  if (stack && error.stack) parts['stack'] = error.stack
  return Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, copy(value)]))
}

interface Output extends LogSink {
  reopen(): void
  /** Writes what waits and closes; at most 2 s. */
  close(): Promise<void>
}

type Destination = ReturnType<typeof pino.destination>

function openOutput(options: LogOptions, drop: () => void): Output | undefined {
  const fd = options.fd === undefined ? 2 : options.fd
  const { file } = options
  if (file === undefined && fd === null) return undefined
  let current = openDestination(file ?? fd ?? 2, drop)
  const put = (text: string): void => void current.write(text)
  const pretty = file === undefined && (options.format === 'pretty' || (options.format !== 'json' && options.tty === true))
  const color = options.color !== false && options.tty === true
  return {
    write: pretty ? (line) => put(prettyLine(line, color)) : jsonWriter(put),
    flush: () => new Promise((resolve) => current.flush(() => resolve())),
    reopen() {
      if (file === undefined) return
      const old = current
      current = openDestination(file, drop)
      // what waits in the old one still goes where it belongs
      old.end()
    },
    close: () => closeDestination(current),
  }
}

/** A file is opened here and not by pino, which would open it later and could tell nobody that it failed. */
function openDestination(where: string | number, drop: () => void): Destination {
  const fd = typeof where === 'number' ? where : openFile(where)
  // minLength 1: with 0 its flush() does not wait
  const destination = pino.destination({ fd, sync: false, maxLength: maxBuffered, minLength: 1 })
  // a full disk must not end the daemon: the line is lost, the next one is tried again
  destination.on('error', drop)
  destination.on('drop', drop)
  return destination
}

function openFile(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return openSync(file, 'a', 0o600)
  } catch (error) {
    throw new ShoalError('ERR_START_FAILED', `The log file ${file} cannot be opened: ${(error as Error).message}`, { cause: error, hint: 'Change log.file.' })
  }
}

async function closeDestination(destination: Destination): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    destination.once('close', resolve)
    destination.once('error', () => resolve())
  })
  destination.end()
  await within(closed, 2000, 'ERR_TIMEOUT').catch(() => {})
}

function jsonWriter(put: (text: string) => void): (line: LogLine) => void {
  let time = 0
  const formatters = { level: (label: string) => ({ level: label }) }
  // the redactor has made plain data of errors and everything else, so pino has only to write it down
  const serializers = { err: (value: unknown) => value }
  const logger = pino({ level: 'trace', base: null, timestamp: () => `,"time":${time}`, formatters, serializers }, { write: put })
  return (line) => {
    time = line.time
    logger[line.level]({ module: line.module, ...reserve(line.fields) }, line.msg)
  }
}

/** Fields of the names that every line has would appear twice. */
function reserve(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [['level', 'time', 'module', 'msg'].includes(key) ? `${key}_` : key, value]))
}

const colors: Readonly<Record<LogLevel, number>> = { trace: 90, debug: 36, info: 32, warn: 33, error: 31, fatal: 35 }

/** One line for people: `09:37:23.123 WARN  swarm  link lost  peer=attic`. */
export function prettyLine(line: LogLine, color: boolean): string {
  const paint = (code: number, text: string): string => (color ? `\x1b[${code}m${text}\x1b[0m` : text)
  const clock = new Date(line.time)
  const two = (value: number, width = 2): string => String(value).padStart(width, '0')
  const time = `${two(clock.getHours())}:${two(clock.getMinutes())}:${two(clock.getSeconds())}.${two(clock.getMilliseconds(), 3)}`
  const fields = Object.entries(line.fields).map(([key, value]) => `  ${paint(90, `${printable(key)}=`)}${shown(value)}`)
  const level = paint(colors[line.level], line.level.toUpperCase().padEnd(5))
  return `${paint(90, time)} ${level} ${printable(line.module)}  ${printable(line.msg)}${fields.join('')}\n`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(printable(value))
  return printable(JSON.stringify(value) ?? '')
}

/** Without control characters, so that a peer's name cannot drive the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => (character === '\n' ? '⏎' : '�'))
}
