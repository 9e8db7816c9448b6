/**
 * Media over TCP (RFC 6544), for clients behind firewalls that let no UDP through. The library takes no TCP connections; so each gets a
 * UDP socket of its own on this machine, and what comes on one goes out on the other. ICE, DTLS and SRTP are between client and
 * library as ever: nothing is trusted here but that a client begins as ICE does.
 */

import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { FrameReader, framed, isBindingRequest } from '../../media/webrtc/framed.js'
import { Watchdog } from '../../receiving/watchdog.js'

/** ms until the first request, and without anything from the client later: ICE asks every few seconds whether the other end is there. */
const patience = { first: 10_000, next: 30_000 }

/** Bytes that may wait for a slow client; what comes beyond is loss, as on UDP. */
const maxWaiting = 1024 * 1024

/** Where the door is. */
export interface DoorOptions {
  readonly host: string
  /** The UDP port of the library; the same number is taken of TCP. */
  readonly port: number
  readonly maxConnections: number
}

/** The TCP port beside the UDP port of the library. */
export class TcpDoor {
  readonly #server: Server
  readonly #guests = new Set<Guest>()

  private constructor(server: Server) {
    this.#server = server
  }

  /** Opens it. Rejects with what Node says when the port is not to be had. */
  static async open({ host, port, maxConnections }: DoorOptions): Promise<TcpDoor> {
    const server = createServer({ noDelay: true })
    const door = new TcpDoor(server)
    server.maxConnections = maxConnections
    server.on('connection', (socket) => door.#enter(socket, { address: reached(host), port }))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, resolve)
    })
    server.removeAllListeners('error').on('error', () => {})
    return door
  }

  /** Connections now. */
  get connections(): number {
    return this.#guests.size
  }

  /** Closes it, and all connections. Idempotent. */
  close(): void {
    this.#server.close()
    for (const guest of this.#guests) guest.leave()
  }

  #enter(socket: Socket, library: Target): void {
    const guest = new Guest(socket, library)
    this.#guests.add(guest)
    socket.once('close', () => this.#guests.delete(guest))
  }
}

/** Where the library is. */
interface Target {
  readonly address: string
  readonly port: number
}

/** One client. */
class Guest {
  readonly #socket: Socket
  readonly #datagrams: Datagrams
  readonly #reader = new FrameReader()
  #dog: Watchdog
  #begun = false

  constructor(socket: Socket, { address, port }: Target) {
    this.#socket = socket
    this.#datagrams = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    this.#dog = new Watchdog(patience.first, () => this.leave())
    // the library may be gone for a moment, or for good: then nothing comes, and the client leaves
    this.#datagrams.on('error', () => {})
    this.#datagrams.on('message', (datagram) => this.#send(datagram))
    socket.on('error', () => {})
    socket.once('close', () => this.leave())
    socket.pause()
    this.#datagrams.connect(port, address, () => {
      socket.on('data', (bytes) => this.#receive(bytes))
      socket.resume()
    })
  }

  leave(): void {
    this.#dog.stop()
    this.#socket.destroy()
    try {
      this.#datagrams.close()
    } catch {
      // it is closed
    }
  }

  #receive(bytes: Buffer): void {
    this.#dog.touch()
    for (const datagram of this.#read(bytes)) {
      if (!this.#begun && !this.#begins(datagram)) return
      // the socket's memory is used again; of an error nothing more can be learned than of a datagram that is lost
      if (!this.#socket.destroyed) this.#datagrams.send(Buffer.from(datagram), () => {})
    }
  }

  #read(bytes: Buffer): Buffer[] {
    try {
      return this.#reader.push(bytes)
    } catch {
      this.leave()
      return []
    }
  }

  /** Whoever begins with anything else is no client of ICE. */
  #begins(first: Buffer): boolean {
    if (!isBindingRequest(first)) {
      this.leave()
      return false
    }
    this.#begun = true
    this.#dog.stop()
    this.#dog = new Watchdog(patience.next, () => this.leave())
    return true
  }

  #send(datagram: Buffer): void {
    if (this.#begun && this.#socket.writable && this.#socket.writableLength <= maxWaiting) this.#socket.write(framed(datagram))
  }
}

/** Where somebody on this machine reaches what listens to `host`. */
function reached(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
