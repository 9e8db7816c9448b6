/**
 * libp2p's TLS handshake (`/tls/1.0.0`) by OpenSSL on the TCP socket of a connection. What it proves is what Noise proves: each
 * end has the key that is its peer id. docs/wire.md has the argument.
 */

import { constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import {
  type ConnectionEncrypter,
  InvalidCryptoExchangeError,
  type MessageStream,
  type PeerId,
  type PrivateKey,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMessageEvent,
  type StreamMuxerFactory,
  UnexpectedPeerError,
  type Upgrader,
} from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { isMultiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { TlsConnection } from './libp2p-tls-connection.js'
import { bindToTls, flushed } from './libp2p-tls-socket.js'
import { makeCertificate, readCertificate } from './tls-certificate.js'

/** The id by which two nodes agree on TLS. */
export const tlsProtocol = '/tls/1.0.0'

/** What libp2p is called within TLS, where the ends do not agree on a muxer in the same step. */
const alpn = 'libp2p'

/** Bytes that wait in the TLS socket before its writers are told to. Node's own mark would stop them after each unit of a link. */
const highWater = 256 * 1024

/** What the encrypter needs of a node: its identity, and the muxers that it may agree on. */
export interface TlsComponents {
  readonly privateKey: PrivateKey
  readonly upgrader: Pick<Upgrader, 'getStreamMuxers'>
}

/** The encrypter, for connections over TCP: others fail, so offer Noise on them. Its certificate lives as long as it. */
export function nativeTls(): (components: TlsComponents) => ConnectionEncrypter {
  return (components) => new NativeTls(components)
}

class NativeTls implements ConnectionEncrypter {
  readonly protocol = tlsProtocol
  readonly #components: TlsComponents
  #context: Promise<SecureContext> | undefined

  constructor(components: TlsComponents) {
    this.#components = components
  }

  secureInbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    return this.#secure(connection, options, (socket, shared) => {
      return new TLSSocket(socket, { ...shared, isServer: true, requestCert: true, rejectUnauthorized: false })
    })
  }

  secureOutbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    return this.#secure(connection, options, (socket, shared) => connect({ ...shared, socket, rejectUnauthorized: false }))
  }

  async #secure(
    connection: MessageStream,
    { signal, remotePeer: expected, skipStreamMuxerNegotiation }: SecureConnectionOptions,
    wrap: (socket: Socket, shared: Shared) => TLSSocket,
  ): Promise<SecuredConnection> {
    this.#context ??= makeContext(this.#components.privateKey)
    const secureContext = await this.#context
    const muxers = skipStreamMuxerNegotiation ? new Map<string, StreamMuxerFactory>() : this.#components.upgrader.getStreamMuxers()
    const { socket, remoteAddr } = tcpOf(connection)
    await flushed(socket, signal)
    const early = await takeUnread(connection)
    signal?.throwIfAborted()
    if (connection.status !== 'open') throw new InvalidCryptoExchangeError('The connection closed before the handshake.')
    // from here on the socket's bytes are TLS's; those that came too early stand in front
    socket.pause()
    socket.removeAllListeners('data')
    if (early.length > 0) socket.unshift(early)
    const tls = wrap(socket, { secureContext, ALPNProtocols: [...muxers.keys(), alpn], highWaterMark: highWater })
    bindToTls(socket, tls)
    try {
      await established(tls, connection, signal)
      const streamMuxer = agreed(tls, muxers)
      const remotePeer = await identify(tls)
      if (expected && !expected.equals(remotePeer)) throw new UnexpectedPeerError(`${remotePeer} answered instead of ${expected}.`)
      return { connection: new TlsConnection({ below: connection, remoteAddr, socket, tls }), remotePeer, ...(streamMuxer && { streamMuxer }) }
    } catch (error) {
      tls.on('error', () => {})
      connection.abort(error instanceof Error ? error : new InvalidCryptoExchangeError(String(error)))
      throw error
    }
  }
}

/** What both directions of the handshake have in common. */
interface Shared {
  readonly secureContext: SecureContext
  readonly ALPNProtocols: string[]
  readonly highWaterMark: number
}

/**
 * The muxer that both ends know, agreed on within the handshake; undefined where it is negotiated after it. It saves a round trip,
 * and who is refused learns of it as a connection that was closed, not as one that was never made: Noise does the same.
 */
function agreed({ alpnProtocol }: TLSSocket, muxers: ReadonlyMap<string, StreamMuxerFactory>): StreamMuxerFactory | undefined {
  const muxer = muxers.get(alpnProtocol || '')
  if (!muxer && alpnProtocol !== alpn) throw new InvalidCryptoExchangeError('The far end speaks TLS, but not libp2p.')
  return muxer
}

/** The certificate and the rules of all handshakes of one node. */
async function makeContext(privateKey: PrivateKey): Promise<SecureContext> {
  const certificate = await makeCertificate({ publicKey: publicKeyToProtobuf(privateKey.publicKey), sign: (data) => privateKey.sign(data) })
  const ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384']
  // without instructions for AES, as on small boards, ChaCha20 is several times as fast; one such end decides
  if (hasAes()) ciphers.push('TLS_CHACHA20_POLY1305_SHA256')
  else ciphers.unshift('TLS_CHACHA20_POLY1305_SHA256')
  return createSecureContext({
    ...certificate,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: ciphers.join(':'),
    honorCipherOrder: true,
    // no session is resumed: each handshake proves both keys
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_PRIORITIZE_CHACHA,
  })
}

function hasAes(): boolean {
  try {
    return /^(flags|Features)\s*:.*\baes\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    // no Linux: a desktop, which has them
    return true
  }
}

/** The TCP socket of a connection. @libp2p/tcp keeps it in a property that its types do not show. */
function tcpOf(connection: MessageStream): { readonly socket: Socket; readonly remoteAddr: Multiaddr } {
  const [socket, remoteAddr]: readonly unknown[] = [Reflect.get(connection, 'socket'), Reflect.get(connection, 'remoteAddr')]
  if (socket instanceof Socket && isMultiaddr(remoteAddr)) return { socket, remoteAddr }
  throw new InvalidCryptoExchangeError('TLS runs on connections over TCP only.')
}

/** What arrived with the end of the negotiation. libp2p hands it over before it turns to the network again. */
async function takeUnread(connection: MessageStream): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const take = ({ data }: StreamMessageEvent): void => {
    chunks.push(data.subarray())
  }
  connection.addEventListener('message', take)
  await Promise.resolve()
  connection.removeEventListener('message', take)
  return Buffer.concat(chunks)
}

/** Resolves when TLS is up. Rejects when it fails, the connection closes, or `signal` says that it takes too long. */
function established(tls: TLSSocket, connection: MessageStream, signal: AbortSignal | undefined): Promise<void> {
  const listening = new AbortController()
  const up = new Promise<void>((resolve, reject) => {
    const closed = (): void => reject(new InvalidCryptoExchangeError('The connection closed within the handshake.'))
    // OpenSSL calls out from within the handshake; what follows must not run inside of it
    tls.once('secure', () => setImmediate(() => (tls.destroyed ? closed() : resolve())))
    tls.on('error', reject).once('close', closed)
    connection.addEventListener('close', closed, { signal: listening.signal })
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: listening.signal })
  })
  return up.finally(() => {
    listening.abort()
  })
}

/** Who is at the far end. Rejects when it did not prove it as libp2p wants it. */
async function identify(tls: TLSSocket): Promise<PeerId> {
  if (tls.getProtocol() !== 'TLSv1.3' || tls.isSessionReused()) throw new InvalidCryptoExchangeError('Only a full handshake of TLS 1.3 is taken.')
  const certificate = tls.getPeerX509Certificate()
  if (!certificate) throw new InvalidCryptoExchangeError('The far end has no certificate.')
  if (certificate.issuerCertificate) throw new InvalidCryptoExchangeError('The far end has more than one certificate.')
  try {
    const claim = readCertificate(certificate)
    const key = publicKeyFromProtobuf(claim.publicKey)
    if (!(await key.verify(claim.signed, claim.signature))) throw new Error('the identity did not sign the key of the certificate')
    return peerIdFromPublicKey(key)
  } catch (error) {
    throw new InvalidCryptoExchangeError(`The certificate of the far end is not taken: ${error instanceof Error ? error.message : error}.`)
  }
}
