/** Two ends of one TCP connection as libp2p's transport shows them, for an encrypter. */

import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, Logger, MessageStream, MessageStreamDirection, PrivateKey, SecuredConnection, StreamMuxerFactory } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import { nativeTls } from '../src/daemon/swarm/libp2p-tls.js'

const silent: Logger = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => silent })

/** As @libp2p/tcp has it: the socket in a property, closed by `destroySoon`, cut by `resetAndDestroy`. */
export class PlainConnection extends AbstractMultiaddrConnection {
  readonly socket: Socket

  constructor(socket: Socket, direction: MessageStreamDirection) {
    super({ remoteAddr: multiaddr('/ip4/127.0.0.1/tcp/1'), direction, log: silent })
    this.socket = socket
    socket.on('data', (bytes) => this.onData(bytes))
    socket.on('error', (error) => this.abort(error))
    socket.once('close', (failed) => (failed ? this.abort(new Error('transmission error')) : this.onTransportClosed()))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
  }

  sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.socket.write(data.subarray()) }
  }

  async sendClose(): Promise<void> {
    if (this.socket.destroyed) return
    const closed = new Promise((resolve) => this.socket.once('close', resolve))
    this.socket.destroySoon()
    await closed
  }

  sendReset(): void {
    if (this.socket.writableEnded) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  sendPause(): void {
    this.socket.pause()
  }

  sendResume(): void {
    this.socket.resume()
  }
}

/** One end. */
export interface End {
  readonly key: PrivateKey
  readonly below: PlainConnection
}

/** Both ends, not yet secured: the one that dialled, then the other. */
export async function plainPair(): Promise<[End, End]> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const dialled = connectTcp(typeof at === 'object' ? (at?.port ?? 0) : 0, '127.0.0.1')
  await new Promise<void>((resolve) => dialled.once('connect', () => resolve()))
  const sockets = [dialled, await accepted] as const
  server.close()
  for (const socket of sockets) socket.setNoDelay(true)
  const [one, two] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
  return [
    { key: one, below: new PlainConnection(sockets[0], 'outbound') },
    { key: two, below: new PlainConnection(sockets[1], 'inbound') },
  ]
}

/** The encrypter of one end, with muxers to agree on or without. */
export function encrypter({ key }: End, muxers: readonly StreamMuxerFactory[] = []): ConnectionEncrypter {
  return nativeTls()({ privateKey: key, upgrader: { getStreamMuxers: () => new Map(muxers.map((muxer) => [muxer.protocol, muxer])) } })
}

/** Secures both ends. */
export function secure([one, two]: [End, End]): Promise<[SecuredConnection, SecuredConnection]> {
  return Promise.all([encrypter(one).secureOutbound(one.below), encrypter(two).secureInbound(two.below)])
}

/** All that a stream gives until it ends. */
export function collect(stream: MessageStream): { bytes: number; readonly chunks: Uint8Array[]; readonly closed: Promise<Error | undefined> } {
  const closed = new Promise<Error | undefined>((resolve) => stream.addEventListener('close', ({ error }) => resolve(error), { once: true }))
  const got = { bytes: 0, chunks: [] as Uint8Array[], closed }
  stream.addEventListener('message', ({ data }) => {
    got.bytes += data.byteLength
    got.chunks.push(data.subarray())
  })
  return got
}
