/** The daemon's ends of the three streams of a program that another process starts. */

import { createServer, type Server, type Socket } from 'node:net'
import { abortReason } from '../../util/wait.js'

/** stdin, stdout and stderr of a program. */
export type Stdio = readonly [stdin: Socket, stdout: Socket, stderr: Socket]

/** Listens on a unix socket for the three connections of one program. */
export class StdioSocket {
  readonly path: string
  readonly #server: Server
  readonly #sockets: Socket[] = []
  readonly #complete = Promise.withResolvers<Stdio>()

  private constructor(path: string) {
    this.path = path
    this.#complete.promise.catch(() => {})
    this.#server = createServer((socket) => this.#take(socket))
  }

  /** Listens on `path`. Rejects with the error of the system. */
  static async listen(path: string): Promise<StdioSocket> {
    const one = new StdioSocket(path)
    await new Promise<void>((resolve, reject) => one.#server.once('error', reject).listen(path, resolve))
    return one
  }

  /** The three streams; rejects with the reason of the signal. Either way it listens no more. */
  async streams(signal: AbortSignal): Promise<Stdio> {
    const stop = (): void => this.#complete.reject(abortReason(signal))
    signal.addEventListener('abort', stop, { once: true })
    try {
      if (signal.aborted) stop()
      return await this.#complete.promise
    } catch (error) {
      for (const socket of this.#sockets) socket.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
      this.#server.close()
    }
  }

  /** They come in the order in which they were made: a unix socket queues them. */
  #take(socket: Socket): void {
    socket.on('error', () => {})
    this.#sockets.push(socket)
    const [stdin, stdout, stderr, more] = this.#sockets
    if (more) socket.destroy()
    else if (stdin && stdout && stderr) this.#complete.resolve([stdin, stdout, stderr])
  }
}
