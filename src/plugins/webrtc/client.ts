/** The calling end of WHEP and WHIP: an offer is posted, the answer connects. */

import { ShoalError } from '../../errors.js'
import { type Description, parseDescription } from '../../media/webrtc/description.js'
import { type WrittenSection, writeDescription } from '../../media/webrtc/write-description.js'
import type { Address } from './address.js'
import { HttpSession } from './http-session.js'
import type { LibraryLoader } from './library.js'
import { type Channel, Peer } from './peer.js'
import type { SharedPackets } from './shared-packets.js'

/** What the calls of one plugin instance share. */
export interface ClientParts {
  readonly library: LibraryLoader
  readonly packets: SharedPackets
  /** `stun:host:port`. */
  readonly stunServers: readonly string[]
}

/** What is offered. `channels`: data channels that are opened with the connection. */
export interface Offer {
  readonly sections: readonly WrittenSection[]
  readonly channels: readonly Channel[]
}

/** Limits in ms. */
export interface ClientTiming {
  /** Until the answer is there. */
  readonly answer: number
  /** From the answer until media can flow. */
  readonly connect: number
}

/** A session at a server. {@link Client.end} must be called. */
export class Client {
  readonly peer: Peer
  /** What the server answered. */
  readonly answer: Description
  readonly #session: HttpSession
  readonly #host: string
  readonly #timing: ClientTiming
  readonly #unlisten: () => void

  private constructor(peer: Peer, session: HttpSession, { host, timing, unlisten }: { host: string; timing: ClientTiming; unlisten: () => void }) {
    this.peer = peer
    this.#session = session
    this.#host = host
    this.#timing = timing
    this.#unlisten = unlisten
    this.answer = parseDescription(session.answer)
  }

  /**
   * Posts an offer. Rejects as {@link HttpSession.open}, with `ERR_LIBRARY_MISSING`, and with `ERR_MEDIA_INVALID` for an answer that cannot be read.
   * `signal` also ends the connection later.
   */
  static async open(
    address: Address,
    offer: Offer,
    how: { readonly parts: ClientParts; readonly signal: AbortSignal; readonly timing: ClientTiming },
  ): Promise<Client> {
    const { parts, signal, timing } = how
    const library = await parts.library.load()
    signal.throwIfAborted()
    const { host } = address.url
    const data = offer.sections.some(({ kind }) => kind === 'application')
    const { peer, local } = await Peer.offer({ library, name: `to ${host}`, stunServers: parts.stunServers, data, tcp: true }, offer.channels)
    const stop = (): void => peer.close(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    const unlisten = (): void => signal.removeEventListener('abort', stop)
    let session: HttpSession | undefined
    try {
      signal.throwIfAborted()
      session = await HttpSession.open(address, writeDescription(local, offer.sections), { signal, timeout: timing.answer })
      return new Client(peer, session, { host, timing, unlisten })
    } catch (error) {
      unlisten()
      peer.close(error)
      await session?.end()
      throw error
    }
  }

  /** Takes the answer; resolves when media can flow. Set the events of the peer before. Rejects with `ERR_MEDIA_INVALID`, `ERR_PEER_UNREACHABLE`, `ERR_TIMEOUT`. */
  async connect(): Promise<void> {
    const { connect } = this.#timing
    const late = new ShoalError('ERR_TIMEOUT', `No way to ${this.#host} was found for media within ${connect} ms.`, {
      hint: 'Media travel by UDP; a firewall may stand between.',
    })
    const timer = setTimeout(() => this.peer.close(late), connect)
    try {
      this.peer.accept(this.answer.transport)
      await this.peer.connected
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the session here and there. Never rejects. */
  async end(): Promise<void> {
    this.#unlisten()
    this.peer.close()
    await this.#session.end()
  }
}
