/** What a plugin's process prints, as lines of the log: cut, cleaned, and at most so many a second. */

import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Logger } from '../../../plugin.js'
import { Throttle, TokenBucket } from '../../util/rate.js'

/** How lines are written. */
export interface LineLogOptions {
  readonly log: Logger
  /** Field `from` of each line: `stderr`, `stdout`. */
  readonly from: string
  readonly level?: keyof Logger
  /** Lines a second; what is more is counted and left out. */
  readonly perSecond?: number
}

/** Characters of one line; the rest of a longer one is left out. */
const maxLine = 4096

const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** ms that a program waits which prints too many lines: it is held up, not the daemon that would read them. */
const floodPause = 50

/** Reads lines of text into a log. Memory is bounded by one line. */
export class LineLog {
  readonly #options: LineLogOptions
  readonly #bucket: TokenBucket
  readonly #notice = new Throttle(5000)
  readonly #decoder = new StringDecoder('utf8')
  #line = ''
  /** Lines that were left out because there were too many. */
  dropped = 0

  constructor(options: LineLogOptions) {
    this.#options = options
    const perSecond = options.perSecond ?? 100
    this.#bucket = new TokenBucket({ rate: perSecond, burst: perSecond })
  }

  readonly #last: string[] = []

  /** The last lines that were printed, for the reason of an exit; the newest last. */
  get last(): readonly string[] {
    return this.#last.map((line) => clean(line).slice(0, 300))
  }

  /** Reads until the stream ends, more slowly where lines are left out. */
  follow(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => {
      const before = this.dropped
      this.push(chunk)
      if (this.dropped === before) return
      stream.pause()
      setTimeout(() => stream.resume(), floodPause).unref()
    })
    stream.on('error', () => {})
    stream.on('close', () => this.end())
  }

  /** Takes bytes. */
  push(chunk: Uint8Array): void {
    const parts = this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)).split('\n')
    for (let i = 0; i < parts.length; i++) {
      if (this.#line.length < maxLine) this.#line += (parts[i] as string).slice(0, maxLine - this.#line.length)
      if (i < parts.length - 1) this.#write()
    }
  }

  /** Writes what stands in the last, unfinished line. */
  end(): void {
    this.#write()
  }

  #write(): void {
    const line = this.#line
    this.#line = ''
    if (line.trimEnd() === '') return
    const { log, from, level = 'info' } = this.#options
    this.#last.push(line.slice(0, 310))
    if (this.#last.length > 5) this.#last.shift()
    if (this.#bucket.take()) {
      log[level](clean(line), { from })
      return
    }
    this.dropped++
    this.#notice.run(() => log.warn('too many lines are printed; some are dropped', { from, dropped: this.dropped }))
  }
}

function clean(line: string): string {
  return line.replace(controls, ' ').trimEnd()
}
