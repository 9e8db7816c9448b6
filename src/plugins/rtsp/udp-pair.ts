/** Two UDP ports side by side: an even one for media and the next for reports (RFC 3550 section 11). */

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { ShoalError } from '../../errors.js'

/** What arrives: `report` tells reports from media. */
export type TakeDatagram = (bytes: Uint8Array, report: boolean) => void

/** Pairs that are tried before it is given up. */
const tries = 20

/** Bytes that the system may hold for us: a key picture comes in one burst. */
const receiveBuffer = 1024 * 1024

/** A pair of ports for one medium. Takes only what comes from `remote`. */
export class UdpPair {
  readonly ports: readonly [number, number]
  /** To be set; what arrives before is dropped. */
  take: TakeDatagram = () => {}
  readonly #sockets: readonly [Socket, Socket]
  readonly #remote: string
  #to: readonly [number, number]

  private constructor(sockets: readonly [Socket, Socket], remote: string, to: readonly [number, number]) {
    this.#sockets = sockets
    this.#remote = plain(remote)
    this.#to = to
    this.ports = [sockets[0].address().port, sockets[1].address().port]
    sockets.forEach((socket, i) => {
      socket.on('message', (bytes, { address }) => {
        if (plain(address) === this.#remote) this.take(bytes, i === 1)
      })
    })
  }

  /** Binds a pair on `local`, to talk to the ports `to` of `remote`. Rejects with `ERR_START_FAILED` when no pair is free. */
  static async bind(local: string, remote: string, to: readonly [number, number]): Promise<UdpPair> {
    let cause: unknown
    for (let i = 0; i < tries; i++) {
      const first = await bound(local, 0).catch((error: unknown) => {
        cause = error
      })
      if (!first) continue
      const { port } = first.address()
      const second = port % 2 === 0 ? await bound(local, port + 1).catch(() => undefined) : undefined
      if (second) return new UdpPair([first, second], remote, to)
      first.close()
    }
    throw new ShoalError('ERR_START_FAILED', `No pair of UDP ports is free on ${local}.`, { cause })
  }

  /** The other side's ports, once it has said them. */
  connect(to: readonly [number, number]): void {
    this.#to = to
  }

  /** Sends one datagram; what does not get through is lost, as datagrams are. */
  send(bytes: Uint8Array, report: boolean): void {
    const port = this.#to[report ? 1 : 0]
    if (port > 0) this.#sockets[report ? 1 : 0].send(bytes, port, this.#remote, () => {})
  }

  /** Closes both ports. Idempotent. */
  close(): void {
    this.take = () => {}
    for (const socket of this.#sockets) {
      try {
        socket.close()
      } catch {
        // closed already
      }
    }
  }
}

function bound(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' })
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind({ address, port }, () => {
      socket.removeAllListeners('error')
      // A port of the other side that nobody listens on is no error of ours.
      socket.on('error', () => {})
      try {
        socket.setRecvBufferSize(receiveBuffer)
        socket.setSendBufferSize(receiveBuffer)
      } catch {
        // the system allows less
      }
      resolve(socket)
    })
  })
}

/** An address without the IPv6 form of IPv4. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
