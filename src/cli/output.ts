/** What a command prints: text and tables for people, `--json` for programs, progress on standard error. */

import Table from 'cli-table3'
import { ShoalError } from '../errors.js'

/** How to print. */
export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly stdout?: NodeJS.WritableStream
  readonly stderr?: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/** A column of a table: its heading and its cell for a row. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => string | number | undefined]

/** A running progress line; `done` clears it. */
export interface Progress {
  update(text: string): void
  done(): void
}

/** The two output streams of one command. With `json` only JSON goes to standard output. */
export class Output {
  readonly json: boolean
  readonly quiet: boolean
  readonly #stdout: NodeJS.WritableStream
  readonly #stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
  #closed = false

  constructor(options: OutputOptions) {
    this.json = options.json
    this.quiet = options.quiet
    this.#stdout = options.stdout ?? process.stdout
    this.#stderr = options.stderr ?? process.stderr
    this.#stdout.on('error', () => {
      this.#closed = true
    })
  }

  /** Has whoever read standard output gone, as `head` does? */
  get closed(): boolean {
    return this.#closed
  }

  /** The result: JSON on one line (`schema` first), or what `text` makes of it. */
  result<T extends object>(value: T, text: (value: T) => string): void {
    if (this.json) this.#stdout.write(`${JSON.stringify('schema' in value ? value : { schema: 1, ...value })}\n`)
    else if (!this.quiet) this.#stdout.write(ensureNewline(text(value)))
  }

  /** One item of a stream: NDJSON, or a line. Throws `ERR_ABORTED` once nobody reads any more. */
  item<T extends object>(value: T, text: (value: T) => string): void {
    if (this.#closed) throw new ShoalError('ERR_ABORTED', 'Standard output was closed.')
    this.#stdout.write(this.json ? `${JSON.stringify(value)}\n` : ensureNewline(text(value)))
  }

  /** A remark for people on standard error; silent with `--quiet` or `--json`. */
  note(text: string): void {
    if (!this.quiet && !this.json) this.#stderr.write(ensureNewline(text))
  }

  /** An error: JSON on standard output, or message and hint on standard error. */
  error(error: ShoalError): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(error.toJSON())}\n`)
    else this.#stderr.write(`shoal: ${error.message} (${error.code})\n${problemLines(error)}${error.hint ? `       ${error.hint}\n` : ''}`)
  }

  /** A line that says what is going on, shown when the work lasts longer than a second and a person watches. */
  progress(first: string): Progress {
    const show = this.#stderr.isTTY === true && !this.quiet && !this.json
    if (!show) return { update: () => {}, done: () => {} }
    let text = first
    const started = performance.now()
    const draw = (): void => {
      this.#stderr.write(`\r\x1b[2K${text} ${Math.round((performance.now() - started) / 1000)} s`)
    }
    const timer = setInterval(draw, 1000)
    timer.unref()
    return {
      update: (next) => {
        text = next
      },
      done: () => {
        clearInterval(timer)
        this.#stderr.write('\r\x1b[2K')
      },
    }
  }
}

function ensureNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

/** `file:line:column path: message` for each problem of a configuration error. */
function problemLines(error: ShoalError): string {
  const problems = error.data?.['problems']
  // one alone stands in the message already
  if (!Array.isArray(problems) || (problems.length === 1 && error.message.includes(String(problems[0]?.message)))) return ''
  return problems
    .map((problem: { file?: string; line?: number; column?: number; path?: string; message?: string }) => `  ${place(problem)}${problem.message ?? ''}\n`)
    .join('')
}

function place(problem: { file?: string; line?: number; column?: number; path?: string }): string {
  const at = problem.file ? `${problem.file}${problem.line ? `:${problem.line}${problem.column ? `:${problem.column}` : ''}` : ''}: ` : ''
  return `${at}${problem.path ? `${problem.path}: ` : ''}`
}

/** A plain table without frames; `empty` stands for no rows. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): string {
  if (rows.length === 0) return empty
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' }
  const chars = { ...none, left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' }
  const printed = new Table({ head: columns.map(([heading]) => heading), chars, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } })
  for (const row of rows) printed.push(columns.map(([, cell]) => clean(String(cell(row) ?? ''))))
  return printed
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Text from elsewhere without control characters, so that a peer's name cannot drive the terminal. */
export function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�')
}

/** `1.2 MB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3))
  return `${power === 0 ? count : (count / 1000 ** power).toFixed(1)} ${units[power]}`
}

/** `3.9 Mbit/s`. */
export function bitrate(bits: number): string {
  if (bits >= 1e6) return `${(bits / 1e6).toFixed(1)} Mbit/s`
  return `${(bits / 1e3).toFixed(0)} kbit/s`
}

/** A span in ms as `4 s`, `2 min`, `3 h`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}

/** `1 link`, `2 links`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Wall-clock time as `ago`. */
export function ago(time: number | undefined, now = Date.now()): string {
  return time ? `${span(now - time)} ago` : 'never'
}

/** Any thrown value as the error a command ends with. */
export function toError(value: unknown): ShoalError {
  return ShoalError.from(value)
}
