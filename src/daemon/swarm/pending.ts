/** Inbound connections that have not said who they are yet. Silent ones are pushed out by newer ones, so they keep nobody out. */

import type { MultiaddrConnection } from '@libp2p/interface'
import { ShoalError } from '../../errors.js'
import { parseAddress } from './addresses.js'

/** Limits on connections within their handshake. */
export interface PendingLimits {
  readonly max: number
  /** From one host. */
  readonly perHost: number
}

/** The pending connections of one node, oldest first. */
export class PendingConnections {
  readonly #limits: PendingLimits
  readonly #open = new Map<MultiaddrConnection, string>()
  readonly #failed: (host: string) => void

  /** `failed`: a connection ended within its handshake. */
  constructor(limits: PendingLimits, failed: (host: string) => void = () => {}) {
    this.#limits = limits
    this.#failed = failed
  }

  get size(): number {
    return this.#open.size
  }

  /** Takes one in. Over a limit, the oldest of the same host, or of all, is cut: an honest handshake lasts milliseconds. */
  add(connection: MultiaddrConnection): void {
    const address = connection.remoteAddr.toString()
    const host = parseAddress(address)?.host ?? address
    this.#open.set(connection, host)
    const closed = (): void => {
      if (this.#open.delete(connection)) this.#failed(host)
    }
    connection.addEventListener('close', closed, { once: true })
    const same = [...this.#open].filter(([, other]) => other === host)
    if (same.length > this.#limits.perHost) this.#cut(same[0]?.[0])
    else if (this.#open.size > this.#limits.max) this.#cut(this.#open.keys().next().value)
  }

  /** Its handshake is over. */
  done(connection: MultiaddrConnection): void {
    this.#open.delete(connection)
  }

  #cut(connection: MultiaddrConnection | undefined): void {
    if (!connection) return
    this.#open.delete(connection)
    connection.abort(new ShoalError('ERR_LIMIT', 'Too many connections were within their handshake.'))
  }
}
