/** One run of ffmpeg: MPEG-TS goes in, MPEG-TS comes out. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { ShoalError } from '../../errors.js'

/** Characters of what it says that are kept: the last ones. */
const maxWords = 1000

/** ms from SIGTERM to SIGKILL. */
const grace = 1000

/** ms in which it may take nothing of what waits for it. */
const stallTimeout = 10_000

/** Streams go on while it works as hard as it can. */
const niceness = 5

/** How it ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
  /** The end of what it said. */
  readonly words: string
}

/** A running ffmpeg. */
export class Program {
  /** Takes what comes out. */
  output: (bytes: Uint8Array) => void = () => {}
  /** Resolves when it is gone; rejects with `ERR_DEPENDENCY_MISSING` where it cannot be started. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcessWithoutNullStreams
  #words = ''
  #gone = false

  constructor(program: string, options: readonly string[]) {
    const input = [
      '-hide_banner',
      '-v',
      'error',
      '-protocol_whitelist',
      'pipe',
      '-fflags',
      '+genpts+nobuffer',
      '-probesize',
      '500000',
      // the first table of programs is the only one: looking for more takes 5 s, after which players have given up
      '-scan_all_pmts',
      '0',
      '-f',
      'mpegts',
      '-i',
      'pipe:0',
    ]
    const output = ['-flush_packets', '1', '-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts', 'pipe:1']
    this.#child = spawn(program, [...input, ...options, ...output], { stdio: 'pipe', env: { PATH: process.env['PATH'] ?? '' } })
    this.#child.stdin.on('error', () => {}) // it is gone: its exit says why
    this.#child.stdout.on('data', (bytes: Buffer) => this.output(bytes))
    this.#child.stderr.on('data', (bytes: Buffer) => {
      this.#words = (this.#words + bytes.toString('utf8')).slice(-maxWords)
    })
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', (cause) => {
        this.#gone = true
        reject(missing(program, cause))
      })
      this.#child.once('close', (code, signal) => {
        this.#gone = true
        resolve({ code, signal, words: this.#words.trim() })
      })
    })
    this.exited.catch(() => {})
    stepBack(this.#child.pid)
  }

  /** Hands it bytes; resolves when it has room for more. Rejects with `ERR_TIMEOUT` when it takes nothing for 10 s. */
  async write(parts: readonly Uint8Array[]): Promise<void> {
    const { stdin } = this.#child
    if (this.#gone || stdin.destroyed) return
    let hasRoom = true
    for (const part of parts) hasRoom = stdin.write(part)
    if (hasRoom) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ShoalError('ERR_TIMEOUT', `The program took nothing for ${stallTimeout} ms.`)), stallTimeout)
    })
    const drained = new Promise<void>((resolve) => {
      stdin.once('drain', resolve).once('close', resolve)
    })
    try {
      await Promise.race([drained, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Nothing more comes: it writes what it has, and ends. */
  end(): void {
    this.#child.stdin.end()
  }

  /** Ends it, by force after a second. Idempotent. */
  async stop(): Promise<void> {
    if (this.#gone) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), grace)
    await this.exited.catch(() => {})
    clearTimeout(timer)
  }
}

function stepBack(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness)
  } catch {
    // it is gone already
  }
}

function missing(program: string, cause: Error): ShoalError {
  return new ShoalError('ERR_DEPENDENCY_MISSING', `The program ${program} cannot be started: ${cause.message}.`, {
    cause,
    hint: 'On Debian: apt-get install ffmpeg. Elsewhere name its file in plugins.transcode.program.',
  })
}
