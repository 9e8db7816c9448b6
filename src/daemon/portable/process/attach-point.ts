/** A place where a plugin that a person starts meets the daemon: a unix socket that takes one program after the other. */

import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { ShoalError } from '../../../errors.js'
import { abortReason } from '../../util/wait.js'
import type { ProcessExit, ProgramLink } from './program-link.js'

/** Longest path of a unix socket in bytes; Node cuts what is longer without a word. */
const maxPath = 107

/** Listens until it is closed. A program that comes while another one waits to be taken is sent away. */
export class AttachPoint {
  readonly path: string
  readonly #server: Server
  #waiting: Socket | undefined
  #wake: (() => void) | undefined
  #closed = false

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
    server.on('connection', (socket) => this.#take(socket))
    server.on('error', () => {})
  }

  /** Listens on `path`; its folder is made, for this user alone. Rejects with `ERR_SOCKET_PATH_TOO_LONG`, or `ERR_PLUGIN_FAILED` with why it cannot. */
  static async listen(path: string): Promise<AttachPoint> {
    const length = Buffer.byteLength(path)
    if (length > maxPath) throw new ShoalError('ERR_SOCKET_PATH_TOO_LONG', `The socket path ${path} has ${length} bytes; ${maxPath} is the most.`)
    const server = createServer()
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await rm(path, { force: true })
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
      await chmod(path, 0o600)
    } catch (cause) {
      server.close()
      throw new ShoalError('ERR_PLUGIN_FAILED', `No plugin can attach at ${path}: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause })
    }
    server.removeAllListeners('error')
    return new AttachPoint(path, server)
  }

  /** The next program, whenever it comes. Rejects with the reason of the signal, or `ERR_STOPPING` when the point is closed. One caller at a time. */
  async next(signal: AbortSignal): Promise<ProgramLink> {
    const wake = (): void => this.#wake?.()
    signal.addEventListener('abort', wake)
    try {
      for (;;) {
        if (signal.aborted) throw abortReason(signal)
        if (this.#closed) throw new ShoalError('ERR_STOPPING', `Nothing attaches at ${this.path} any more.`)
        const socket = this.#waiting
        this.#waiting = undefined
        if (socket && !socket.destroyed) return new AttachedProgram(socket)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      signal.removeEventListener('abort', wake)
      this.#wake = undefined
    }
  }

  /** Listens no more; a program that was taken goes on. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#waiting?.destroy()
    this.#wake?.()
    this.#server.close()
    await rm(this.path, { force: true })
  }

  #take(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#closed || (this.#waiting && !this.#waiting.destroyed)) {
      socket.destroy()
      return
    }
    this.#waiting = socket
    this.#wake?.()
  }
}

/** ms for what a program still says after it was told to stop. */
const grace = 1000

/** A program at the other end of a socket. It is nobody's child: it is left, never ended. */
class AttachedProgram implements ProgramLink {
  readonly stdin: Socket
  readonly stdout: Socket
  readonly exited: Promise<ProcessExit>
  readonly pid = undefined
  readonly lastLines: readonly string[] = []
  readonly droppedLines = 0

  constructor(socket: Socket) {
    this.stdin = socket
    this.stdout = socket
    this.exited = new Promise((resolve) => {
      const gone = (): void => resolve({ code: 0, signal: null, text: 'is no longer attached' })
      if (socket.destroyed) gone()
      else socket.once('close', gone)
    })
  }

  stop(): Promise<ProcessExit> {
    this.stdin.end()
    const timer = setTimeout(() => this.kill(), grace)
    void this.exited.then(() => clearTimeout(timer))
    return this.exited
  }

  kill(): void {
    this.stdin.destroy()
  }
}
