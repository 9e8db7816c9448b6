/** multicast-dns on one IPv4 interface: bounded in what it reads, alive whatever happens to the cable. */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import multicastDns from 'multicast-dns'
import { TokenBucket } from '../util/rate.js'
import { type InterfaceAddress, Subnets } from './addresses.js'
import type { DnsRecord } from './announcement.js'

/** Largest packet that is read, bytes; ours have a few hundred. */
const maxPacket = 4096

/** Most records and questions a packet may claim to have; the parser allocates what the header claims. */
const maxRecords = 64

/** Packets a second from one source, and at once. */
const sourceRate = { rate: 20, burst: 60 }

/** Sources whose rate is remembered. */
const maxSources = 256

/** What to do with what comes in. */
export interface MdnsHandlers {
  query(names: readonly string[]): void
  answers(records: readonly DnsRecord[], source: string): void
  /** The socket cannot be used, or one packet could not be sent. */
  failed(error: Error, fatal: boolean): void
}

/** Where a socket is opened. */
export interface MdnsOptions {
  readonly port: number
  readonly on: InterfaceAddress
}

/** One socket. Several programs of one host share the port. */
export class MdnsSocket {
  /** Packets that were not read: too large, too many, or from another network. */
  refused = 0
  readonly #mdns: multicastDns.MulticastDNS
  readonly #handlers: MdnsHandlers
  readonly #subnet: Subnets
  readonly #rates = new Map<string, TokenBucket>()
  #open = true

  constructor(options: MdnsOptions, handlers: MdnsHandlers) {
    this.#handlers = handlers
    this.#subnet = new Subnets([options.on])
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    this.#guard(socket)
    this.#mdns = multicastDns({ socket, port: options.port, interface: options.on.address, bind: '0.0.0.0', loopback: true })
    this.#mdns.on('error', (error: Error) => this.#handlers.failed(error, true))
    // a packet that is no DNS, or a membership that the interface refuses for now
    this.#mdns.on('warning', () => {
      this.refused++
    })
    this.#mdns.on('query', (packet: multicastDns.QueryPacket) => handlers.query((packet.questions ?? []).map(({ name }) => name)))
    this.#mdns.on('response', (packet: multicastDns.ResponsePacket, from: RemoteInfo) =>
      handlers.answers([...(packet.answers ?? []), ...(packet.additionals ?? [])] as DnsRecord[], from.address),
    )
  }

  /** Asks who offers a service. */
  query(name: string): void {
    this.#send((done) => this.#mdns.query([{ name, type: 'PTR' }], done))
  }

  /** Tells everybody; resolves when it is sent, or cannot be. */
  respond(records: readonly DnsRecord[]): Promise<void> {
    return new Promise((resolve) => {
      this.#send((done) =>
        // the types of multicast-dns know each record's data by its type
        this.#mdns.respond({ answers: records as multicastDns.ResponseOutgoingPacket['answers'] }, (error) => {
          done(error)
          resolve()
        }),
      )
      if (!this.#open) resolve()
    })
  }

  /** Frees the socket. Idempotent. */
  close(): Promise<void> {
    if (!this.#open) return Promise.resolve()
    this.#open = false
    return new Promise((resolve) => {
      try {
        this.#mdns.destroy(() => resolve())
      } catch {
        // it was never open
        resolve()
      }
    })
  }

  #send(run: (done: (error: Error | null) => void) => void): void {
    if (!this.#open) return
    const done = (error: Error | null): void => {
      if (error && this.#open) this.#handlers.failed(error, false)
    }
    try {
      run(done)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Puts {@link #admits} between the socket and multicast-dns, which parses everything it gets. */
  #guard(socket: Socket): void {
    const on = socket.on.bind(socket) as (event: string, listener: (...args: never[]) => void) => Socket
    const guarded = (event: string, listener: (...args: never[]) => void): Socket => {
      if (event !== 'message') return on(event, listener)
      const read = listener as (message: Buffer, from: RemoteInfo) => void
      return on(event, (message: Buffer, from: RemoteInfo) => {
        if (this.#admits(message, from)) read(message, from)
        else this.refused++
      })
    }
    Object.assign(socket, { on: guarded })
  }

  #admits(message: Buffer, from: RemoteInfo): boolean {
    // the kernel hands every socket of the port what arrives on any interface
    if (!this.#subnet.contains(from.address)) return false
    if (message.byteLength < 12 || message.byteLength > maxPacket) return false
    const records = message.readUInt16BE(4) + message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10)
    return records <= maxRecords && this.#rateOf(from.address).take()
  }

  #rateOf(source: string): TokenBucket {
    const bucket = this.#rates.get(source) ?? new TokenBucket(sourceRate)
    this.#rates.delete(source)
    this.#rates.set(source, bucket)
    const oldest = this.#rates.keys().next().value
    if (this.#rates.size > maxSources && oldest !== undefined) this.#rates.delete(oldest)
    return bucket
  }
}
