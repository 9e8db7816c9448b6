/** TLS spoken by hand: a client that negotiates as libp2p does and then does as it likes, and a server that does. */

import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, TLSSocket, type TLSSocketOptions } from 'node:tls'

/** A message of multistream-select. */
const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)])
const header = line('/multistream/1.0.0')
const negotiation = Buffer.concat([header, line('/tls/1.0.0')])

/** A socket on which TLS was agreed upon. */
export async function negotiated(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {})
  socket.write(negotiation)
  await read(socket, negotiation)
  return socket
}

/** How a client fared. */
export interface Outcome {
  /** Did the far end go on to the next negotiation, as it does with whom it knows? */
  readonly welcome: boolean
  readonly session: Buffer | undefined
  readonly reused: boolean
}

/** Dials a node and speaks TLS, its first bytes together with the negotiation. Resolves when the node went on, or hung up. */
export async function visit(port: number, options: ConnectionOptions): Promise<Outcome> {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {})
  let session: Buffer | undefined
  const tls = connect({ minVersion: 'TLSv1.3', ALPNProtocols: ['libp2p'], ...options, socket: eager(socket), rejectUnauthorized: false })
  tls.on('session', (ticket) => {
    session = ticket
  })
  const over = new Promise<boolean>((resolve) => {
    tls.on('error', () => resolve(false)).once('close', () => resolve(false))
    socket.once('close', () => resolve(false))
    tls.once('secureConnect', () => tls.write(header))
    tls.on('data', (bytes) => resolve(bytes.equals(header)))
  })
  const welcome = await over
  const reused = tls.isSessionReused()
  socket.destroy()
  return { welcome, session, reused }
}

/** What goes in is put behind the negotiation, what comes out lacks it. */
function eager(socket: Socket): Duplex {
  let [first, skip] = [true, negotiation.length]
  const duplex = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _, done) => {
      socket.write(first ? Buffer.concat([negotiation, bytes]) : bytes, () => done())
      first = false
    },
  })
  socket.on('data', (bytes) => {
    duplex.push(bytes.subarray(skip))
    skip = Math.max(0, skip - bytes.length)
  })
  return duplex
}

/** Serves one TCP port: agrees to TLS, then shows what `options` say. Returns its multiaddr; ends with `signal`. */
export async function serve(options: TLSSocketOptions, signal: AbortSignal): Promise<string> {
  const server = createServer(async (socket) => {
    socket.on('error', () => {})
    await read(socket, negotiation)
    socket.write(negotiation)
    new TLSSocket(socket, { minVersion: 'TLSv1.3', ALPNProtocols: ['libp2p'], ...options, isServer: true, requestCert: true, rejectUnauthorized: false })
      .on('error', () => {})
      .resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  signal.addEventListener('abort', () => server.close())
  const at = server.address()
  return `/ip4/127.0.0.1/tcp/${typeof at === 'object' ? at?.port : 0}`
}

async function read(socket: Socket, expected: Buffer): Promise<void> {
  let got = Buffer.alloc(0)
  for (;;) {
    const [bytes]: Buffer[] = await once(socket, 'data')
    got = Buffer.concat([got, bytes ?? Buffer.alloc(0)])
    if (got.length >= expected.length) break
  }
  socket.pause()
  if (!got.subarray(0, expected.length).equals(expected)) throw new Error(`unexpected: ${got.toString('latin1')}`)
}
