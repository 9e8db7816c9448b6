/** An outage of the network between nodes of this process: TCP connections to their ports break, and no new ones come about. */

import { Socket } from 'node:net'

/** Begins and ends when the test says so. */
export class Outage {
  #down = false
  readonly #ports = new Set<number>()
  readonly #sockets = new Set<Socket>()
  readonly #connect = Socket.prototype.connect

  constructor() {
    const met = (socket: Socket, args: readonly unknown[]): void => this.#met(socket, args)
    const connect = this.#connect
    // every connection of this process goes through here, whoever makes it
    Socket.prototype.connect = function patched(this: Socket, ...args: unknown[]): Socket {
      met(this, args)
      return Reflect.apply(connect, this, args)
    }
  }

  /** Adds the port of a multiaddr. */
  watch(address: string): void {
    this.#ports.add(Number(/\/tcp\/(\d+)/.exec(address)?.[1]))
  }

  begin(): void {
    this.#down = true
    for (const socket of this.#sockets) socket.destroy()
  }

  end(): void {
    this.#down = false
  }

  /** Leaves the process as it was. */
  close(): void {
    Socket.prototype.connect = this.#connect
  }

  #met(socket: Socket, args: readonly unknown[]): void {
    const port = args
      .flat(2)
      .map((arg) => Number(Object(arg).port))
      .find((one) => this.#ports.has(one))
    if (port === undefined) return
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    if (this.#down) setImmediate(() => socket.destroy(new Error('the network is down')))
  }
}
