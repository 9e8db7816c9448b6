/** A wire in the middle: a local TCP forwarder that records what passes, or flips a bit of it now and then. */

import { connect, createServer, type Server, type Socket } from 'node:net'

/** What a proxy does. */
export interface ProxyOptions {
  /** Flips one bit in every so many packets, in both directions; 0 = none. A live value. */
  readonly flipEvery?: () => number
}

/** One proxy in front of one node. */
export class TcpProxy {
  /** Multiaddr to dial instead of the node's. */
  address = ''
  /** Connections taken so far. */
  connections = 0
  /** Bits flipped so far. */
  flips = 0
  /** What clients sent, connection by connection. */
  readonly recorded: Buffer[][] = []
  readonly #options: ProxyOptions
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #packets = 0

  private constructor(target: string, options: ProxyOptions) {
    this.#options = options
    const port = portOf(target)
    this.#server = createServer((client) => this.#join(client, connect(port, '127.0.0.1')))
  }

  /** In front of a multiaddr on loopback. */
  static async before(target: string, options: ProxyOptions = {}): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, options)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    const at = proxy.#server.address()
    proxy.address = `/ip4/127.0.0.1/tcp/${typeof at === 'object' ? at?.port : 0}`
    return proxy
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(client: Socket, server: Socket): void {
    this.connections++
    const record: Buffer[] = []
    this.recorded.push(record)
    this.#forward(client, server, (bytes) => record.push(Buffer.from(bytes)))
    this.#forward(server, client, () => {})
  }

  #forward(from: Socket, to: Socket, seen: (bytes: Buffer) => void): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on('error', () => {})
    from.on('data', (bytes) => {
      seen(bytes)
      to.write(this.#spoil(bytes))
    })
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }

  #spoil(bytes: Buffer): Buffer {
    const every = this.#options.flipEvery?.() ?? 0
    if (every === 0 || ++this.#packets % every !== 0) return bytes
    const at = Math.floor(Math.random() * bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(Math.random() * 8))
    this.flips++
    return bytes
  }
}

/** The TCP port of a multiaddr. */
export function portOf(address: string): number {
  return Number(/tcp\/(\d+)/.exec(address)?.[1])
}

/** Plays the recorded packets at a port, each after an answer or a short pause, until the far end hangs up. */
export async function replay(session: readonly Buffer[], port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.resume()
  for (const packet of session) {
    if (socket.destroyed) break
    socket.write(packet)
    await Promise.race([closed, new Promise<void>((resolve) => socket.once('data', () => resolve())), new Promise((resolve) => setTimeout(resolve, 100))])
  }
  await closed
}
