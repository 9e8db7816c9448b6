/** One connection to a client or a server: packets of media and data channels, whatever codecs they carry. */

import type { DataChannel, PeerConnection, Track } from 'node-datachannel'
import { ShoalError } from '../../errors.js'
import { isTcp, type Transport } from '../../media/webrtc/description.js'
import { type Library, later } from './library.js'
import { libraryDescription, mediumId, ownTransport } from './transport-description.js'

/** Packets that may wait for the event loop; more are loss. */
const maxWaiting = 4096

/** Data channels one peer may open. */
const maxChannels = 8

/** Bytes that may wait in one data channel; what comes beyond is dropped. */
const maxChannelBacklog = 4 * 1024 * 1024

/** ms that a connection which is lost may take to come back. */
const lostTimeout = 5000

/** ms until candidates are gathered: without them by then it goes on with those that are there. */
const gatherTimeout = 3000

/** How a connection is made. */
export interface PeerOptions {
  readonly library: Library
  /** For lists and the library's own log. */
  readonly name: string
  /** The shared port, for those who connect to us; absent: any. */
  readonly shared?: { readonly host: string; readonly port: number }
  /** `stun:host:port`. */
  readonly stunServers?: readonly string[]
  /** With data channels. */
  readonly data: boolean
  /** Also by TCP, towards servers that take it. */
  readonly tcp?: boolean
}

/** A data channel. `protocol`: what its messages are, as whoever opened it says. */
export interface Channel {
  readonly label: string
  readonly protocol: string
}

/** A message of a data channel. */
export interface ChannelMessage extends Channel {
  readonly data: Uint8Array
  readonly text: boolean
}

/** What happens on a connection. Called from the event loop. */
export interface PeerEvents {
  /** Packets, RTP and RTCP, in the order of their arrival. */
  packets?(packets: readonly Buffer[]): void
  message?(message: ChannelMessage): void
}

/** One end of a connection. Everything that the library calls is put off to the event loop. */
export class Peer {
  events: PeerEvents = {}
  /** Packets that came faster than they were taken. */
  dropped = 0
  readonly #connection: PeerConnection
  readonly #track: Track
  readonly #data: boolean
  readonly #tcp: boolean
  readonly #channels = new Map<string, DataChannel>()
  readonly #opened = deferred()
  readonly #over = deferred()
  #reason: unknown
  #closed = false
  #waiting: Buffer[] = []
  #lost: NodeJS.Timeout | undefined

  private constructor({ library, name, shared, stunServers = [], data, tcp = false }: PeerOptions) {
    this.#data = data
    this.#tcp = tcp
    this.#connection = new library.PeerConnection(name, {
      iceServers: [...stunServers],
      disableAutoNegotiation: true,
      mtu: 1280,
      enableIceTcp: tcp,
      ...(shared && { enableIceUdpMux: true, portRangeBegin: shared.port, portRangeEnd: shared.port, bindAddress: shared.host }),
    })
    const medium = new library.Video(mediumId, 'SendRecv')
    medium.addVP8Codec(96)
    this.#track = this.#connection.addTrack(medium)
    this.#listen()
  }

  /** The answering end: `remote` is what the offer said. Rejects with `ERR_MEDIA_INVALID`, `ERR_INTERNAL`. */
  static async answer(options: PeerOptions, remote: Transport): Promise<{ readonly peer: Peer; readonly local: Transport }> {
    const peer = new Peer(options)
    try {
      // the library chooses its role by what it is offered
      peer.#connection.setRemoteDescription(libraryDescription(peer.#usable(remote), options.data), 'offer')
      return { peer, local: await peer.#gathered('answer') }
    } catch (error) {
      peer.close(error)
      throw refusal(error)
    }
  }

  /** The offering end, to be completed with {@link accept}. `channels` are opened with the connection. */
  static async offer(options: PeerOptions, channels: readonly Channel[] = []): Promise<{ readonly peer: Peer; readonly local: Transport }> {
    const peer = new Peer(options)
    try {
      for (const channel of channels) peer.open(channel)
      return { peer, local: await peer.#gathered('offer') }
    } catch (error) {
      peer.close(error)
      throw refusal(error)
    }
  }

  /** Resolves when media can flow; rejects when the connection ends before. */
  get connected(): Promise<void> {
    return this.#opened.promise
  }

  /** Resolves when the connection is over, for whatever reason. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Why it is over; undefined where the other end closed it. */
  get reason(): unknown {
    return this.#reason
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Address and port of the other end, once connected. */
  get remote(): string | undefined {
    try {
      const pair = this.#closed ? null : this.#connection.getSelectedCandidatePair()
      return pair ? `${pair.remote.address}:${pair.remote.port}` : undefined
    } catch {
      return undefined
    }
  }

  /** Completes an offer. Throws `ERR_MEDIA_INVALID`. */
  accept(remote: Transport): void {
    try {
      this.#connection.setRemoteDescription(libraryDescription(this.#usable(remote), this.#data), 'answer')
    } catch (error) {
      throw refusal(error)
    }
  }

  /** A candidate that came later. What cannot be used is passed over. */
  addCandidate(candidate: string): void {
    try {
      if (!this.#closed) this.#connection.addRemoteCandidate(candidate, mediumId)
    } catch {
      // another one will do, or the connection fails
    }
  }

  /** Sends a packet, RTP or RTCP; the bytes may be used again afterwards. False when it could not be sent. */
  send(packet: Buffer): boolean {
    if (this.#closed) return false
    try {
      return this.#track.sendMessageBinary(packet)
    } catch {
      return false
    }
  }

  /** Opens a data channel. */
  open({ label, protocol }: Channel): void {
    if (!this.#closed) this.#adopt(this.#connection.createDataChannel(label, { protocol }))
  }

  /** Sends a message by the channel `label`. False when there is no such channel, or too much waits in it. */
  sendMessage(label: string, data: Uint8Array, text: boolean): boolean {
    const channel = this.#channels.get(label)
    try {
      if (this.#closed || !channel?.isOpen() || channel.bufferedAmount() > maxChannelBacklog) return false
      return text ? channel.sendMessage(Buffer.from(data).toString('utf8')) : channel.sendMessageBinary(data)
    } catch {
      return false
    }
  }

  /** Ends the connection. Idempotent. */
  close(reason?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#reason = reason
    clearTimeout(this.#lost)
    this.#waiting = []
    // a channel that has not opened yet is kept for ever, and the process alive, unless it is closed
    const channels = [...this.#channels.values()].map((channel) => () => channel.close())
    this.#channels.clear()
    for (const end of [...channels, () => this.#track.close(), () => this.#connection.close()]) {
      try {
        end()
      } catch {
        // it was closed by itself
      }
    }
    this.#opened.reject(reason ?? new ShoalError('ERR_ABORTED', 'The connection was closed.'))
    this.#over.resolve()
  }

  #usable(remote: Transport): Transport {
    return { ...remote, candidates: remote.candidates.filter((candidate) => this.#tcp || !isTcp(candidate)) }
  }

  #listen(): void {
    const failed = (error: unknown): void => this.close(error)
    this.#track.onOpen(later(() => this.#opened.resolve(), failed))
    this.#connection.onStateChange(later((state) => this.#turned(state), failed))
    this.#connection.onDataChannel(later((channel) => this.#adopt(channel), failed))
    this.#track.onMessage((packet) => this.#arrived(packet))
    // without it the library keeps the track for ever, and the process alive; and the track must not go before it is told
    this.#track.onClosed(later(() => this.close(), failed))
  }

  /** Called from native code: it must not throw, and only keeps the packet. */
  #arrived(packet: Buffer): void {
    if (this.#waiting.length >= maxWaiting) {
      this.dropped++
      return
    }
    if (this.#waiting.push(packet) === 1) setImmediate(() => this.#flush())
  }

  #flush(): void {
    const packets = this.#waiting
    this.#waiting = []
    if (this.#closed || packets.length === 0) return
    try {
      this.events.packets?.(packets)
    } catch (error) {
      this.close(error)
    }
  }

  #turned(state: string): void {
    clearTimeout(this.#lost)
    if (state === 'closed') this.close()
    else if (state === 'failed') this.close(unreachable())
    else if (state === 'disconnected' && !this.#closed) this.#lost = setTimeout(() => this.close(unreachable()), lostTimeout)
  }

  #adopt(channel: DataChannel): void {
    if (this.#closed || this.#channels.size >= maxChannels) {
      channel.close()
      return
    }
    const [label, protocol] = [channel.getLabel(), channel.getProtocol()]
    this.#channels.set(label, channel)
    const failed = (error: unknown): void => this.close(error)
    channel.onMessage(
      later((message) => {
        const text = typeof message === 'string'
        const data = text ? Buffer.from(message) : new Uint8Array(message)
        if (!this.#closed) this.events.message?.({ label, protocol, data, text })
      }, failed),
    )
    channel.onClosed(later(() => this.#channels.get(label) === channel && this.#channels.delete(label), failed))
  }

  /** Makes the own description; resolves with what it says once the candidates are known. */
  async #gathered(type: 'offer' | 'answer'): Promise<Transport> {
    const complete = deferred()
    this.#connection.onGatheringStateChange(
      later(
        (state) => state === 'complete' && complete.resolve(),
        (error) => this.close(error),
      ),
    )
    this.#connection.setLocalDescription(type)
    const timer = setTimeout(complete.resolve, gatherTimeout)
    await Promise.race([complete.promise, this.#over.promise])
    clearTimeout(timer)
    const own = this.#closed ? null : this.#connection.localDescription()
    if (!own) throw new ShoalError('ERR_INTERNAL', 'WebRTC made no description.')
    return ownTransport(own.sdp)
  }
}

function unreachable(): ShoalError {
  return new ShoalError('ERR_PEER_UNREACHABLE', 'No way to the other end was found, or it was lost.')
}

function refusal(error: unknown): ShoalError {
  if (error instanceof ShoalError) return error
  return new ShoalError('ERR_MEDIA_INVALID', `WebRTC refuses the description: ${error instanceof Error ? error.message : String(error)}.`, { cause: error })
}

/** A promise that is settled from outside; a rejection nobody waits for is nobody's. */
function deferred(): { readonly promise: Promise<void>; resolve(): void; reject(reason: unknown): void } {
  let resolve = (): void => {}
  let reject = (_: unknown): void => {}
  const promise = new Promise<void>((done, failed) => {
    resolve = done
    reject = failed
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}
