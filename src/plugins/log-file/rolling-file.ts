/**
 * A file of lines that rolls: by size and age it is put aside under a name with its time. Lines that come while the disk is
 * slow wait, up to a limit; lines that come while it takes nothing are dropped and counted, and it is tried again.
 */

import { mkdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'
import { ShoalError } from '../../errors.js'

/** Bytes that may wait for the disk. */
const maxWaiting = 4 * 1024 * 1024
/** ms between tries to open the file anew, growing. */
const pauses = { min: 500, max: 30_000 }

/** How it rolls. */
export interface RollingFileOptions {
  readonly file: string
  /** Bytes. */
  readonly maxSize: number
  /** As `1d`. */
  readonly interval?: string
  readonly maxFiles: number
  readonly compress: boolean
  /** Something was dropped, or the file cannot be written; must not throw. */
  readonly onTrouble?: (reason: string) => void
}

/** See the file. */
export class RollingFile {
  /** Lines that are not in the file, and never will be. */
  dropped = 0
  /** Times it was put aside. */
  rotations = 0
  /** Bytes that wait. */
  waiting = 0
  readonly #options: RollingFileOptions
  #stream: RotatingFileStream | undefined
  #lines: string[] = []
  #bytes = 0
  #turn: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #pause = pauses.min
  #closed = false
  readonly #flushing = new Set<() => void>()

  /** Throws `ERR_START_FAILED` when the folder cannot be made. */
  constructor(options: RollingFileOptions) {
    this.#options = options
    try {
      mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
    } catch (error) {
      throw new ShoalError(
        'ERR_START_FAILED',
        `The folder of the log file ${options.file} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    this.#open()
  }

  /** Takes a line with its end; never waits. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (!this.#stream || this.waiting + bytes > maxWaiting) {
      this.#drop(1, this.#stream ? 'the disk is too slow' : 'the file is not open')
      return
    }
    this.waiting += bytes
    this.#bytes += bytes
    this.#lines.push(line)
    // the lines of one turn are one write
    this.#turn ??= setImmediate(() => this.#pass())
  }

  /** Resolves when nothing waits. */
  async flush(): Promise<void> {
    this.#pass()
    if (this.waiting > 0) await new Promise<void>((resolve) => this.#flushing.add(resolve))
  }

  /** Writes what waits, and ends. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.flush()
    this.#closed = true
    clearTimeout(this.#timer)
    const stream = this.#stream
    this.#stream = undefined
    await new Promise<void>((resolve) => (stream ? stream.once('close', () => resolve()).end() : resolve()))
  }

  #open(): void {
    const { file, maxSize, interval, maxFiles, compress } = this.#options
    const stream = createStream(basename(file), {
      path: dirname(file),
      size: `${Math.ceil(maxSize)}B`,
      maxFiles,
      mode: 0o600,
      ...(interval !== undefined && { interval }),
      ...(compress && { compress: 'gzip' as const }),
    })
    stream.on('rotated', () => this.rotations++)
    stream.on('warning', (error) => this.#options.onTrouble?.(error.message))
    stream.on('error', (error) => this.#failed(stream, error))
    this.#stream = stream
  }

  #pass(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    const lines = this.#lines
    const bytes = this.#bytes
    if (lines.length === 0) return
    this.#lines = []
    this.#bytes = 0
    const done = (error?: Error | null): void => {
      if (error) this.#drop(lines.length, error.message)
      else this.#pause = pauses.min
      this.#less(bytes)
    }
    if (this.#stream) this.#stream.write(lines.join(''), done)
    else done(new Error('the file is not open'))
  }

  #less(bytes: number): void {
    this.waiting -= bytes
    if (this.waiting > 0) return
    for (const resolve of this.#flushing) resolve()
    this.#flushing.clear()
  }

  #drop(lines: number, reason: string): void {
    this.dropped += lines
    this.#options.onTrouble?.(reason)
  }

  /** A full disk ends the stream, not the daemon: a new one is opened in a while. */
  #failed(stream: RotatingFileStream, error: Error): void {
    if (this.#stream !== stream) return
    this.#stream = undefined
    this.#options.onTrouble?.(error.message)
    if (this.#closed) return
    this.#timer = setTimeout(() => this.#open(), this.#pause).unref()
    this.#pause = Math.min(pauses.max, this.#pause * 2)
  }
}
