import { connect, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import { bindToTls, flushed } from '../../../../src/daemon/swarm/libp2p-tls-socket.js'
import { waitFor } from '../../../wait-for.js'

/** More than the buffers of the system take for one connection. */
const plenty = Buffer.alloc(64 << 20)

/** Two ends of a TCP connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const one = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
  const two = await accepted
  server.close()
  return [one, two]
}

it.each([
  ['destroy', undefined],
  ['destroySoon', undefined],
  ['resetAndDestroy', 'ECONNRESET'],
] as const)('%s of a bound socket destroys the TLS socket, and that one the bound', async (way, seen) => {
  const [one, two] = await pair()
  const tls = new TLSSocket(one, { isServer: true, secureContext: createSecureContext() })
  bindToTls(one, tls)
  const order: string[] = []
  tls.once('close', () => order.push('tls'))
  const closed = new Promise((resolve) => one.once('close', resolve))
  let error: NodeJS.ErrnoException | undefined
  two.on('error', (reason) => {
    error = reason
  })
  const gone = new Promise((resolve) => two.once('close', resolve))
  two.resume()
  one[way]()
  expect(tls.destroyed).toBe(true)
  await Promise.all([closed, gone, waitFor('the end of TLS', () => order.length === 1)])
  expect(error?.code).toBe(seen)
})

it('flushed waits for what the kernel has not taken, and for nothing else', async () => {
  const [one, two] = await pair()
  await flushed(one)
  two.pause()
  one.write(plenty)
  let done = false
  const waiting = flushed(one).then(() => {
    done = true
  })
  // many turns of the loop: long enough for a wrong answer
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(done).toBe(false)
  two.resume()
  await waiting
  expect(one.writableLength).toBe(0)
  two.pause()
  one.write(plenty)
  const cut = flushed(one)
  one.destroy()
  await cut
  two.destroy()
})
