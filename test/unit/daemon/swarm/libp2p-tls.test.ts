import { createHash, randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, it } from 'vitest'
import { thriftyYamux } from '../../../../src/daemon/swarm/libp2p-yamux.js'
import { collect, type End, encrypter, plainPair, secure } from '../../../tls-pair.js'
import { waitFor } from '../../../wait-for.js'

const idOf = ({ key }: End): string => peerIdFromPrivateKey(key).toString()
const mebibyte = 1024 * 1024

it('each end knows the other by its key, and bytes arrive both ways, also those sent at once', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  expect([one.remotePeer.toString(), two.remotePeer.toString()]).toEqual([idOf(ends[1]), idOf(ends[0])])
  one.connection.send(Buffer.from('from one'))
  two.connection.send(Buffer.from('from two'))
  const [atOne, atTwo] = [collect(one.connection), collect(two.connection)]
  await waitFor('both', () => atOne.bytes === 8 && atTwo.bytes === 8)
  expect([Buffer.concat(atOne.chunks).toString(), Buffer.concat(atTwo.chunks).toString()]).toEqual(['from two', 'from one'])
  one.connection.abort(new Error('done'))
})

it('agrees on a muxer within the handshake where both ends have it, and where one does not, leaves it for later', async () => {
  const yamux = thriftyYamux({})()
  for (const [atOne, atTwo] of [
    [[yamux], [yamux]],
    [[yamux], []],
    [[], [yamux]],
  ]) {
    const [one, two] = await plainPair()
    const secured = await Promise.all([encrypter(one, atOne).secureOutbound(one.below), encrypter(two, atTwo).secureInbound(two.below)])
    const agreed = atOne?.length && atTwo?.length ? yamux : undefined
    expect(secured.map(({ streamMuxer }) => streamMuxer)).toEqual([agreed, agreed])
    one.below.abort(new Error('done'))
  }
})

it.each(['RSA', 'secp256k1'] as const)('an identity of the kind %s is known too', async (kind) => {
  const [one, two] = await plainPair()
  const key: PrivateKey = await generateKeyPair(kind, 2048)
  const [atOne, atTwo] = await secure([{ ...one, key }, two])
  expect([atOne.remotePeer.toString(), atTwo.remotePeer.toString()]).toEqual([idOf(two), peerIdFromPrivateKey(key).toString()])
  one.below.abort(new Error('done'))
})

it('whoever else answers is refused, by both ends', async () => {
  const [one, two] = await plainPair()
  const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const dialled = encrypter(one).secureOutbound(one.below, { remotePeer: other })
  const accepted = encrypter(two).secureInbound(two.below, { remotePeer: other })
  const outcomes = await Promise.allSettled([dialled, accepted])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(dialled).rejects.toThrow(`answered instead of ${other}`)
  expect([one.below.socket.destroyed, two.below.socket.destroyed]).toEqual([true, true])
})

it('a handshake that takes too long, or is cut, ends with its socket', async () => {
  const [one, two] = await plainPair()
  const limit = AbortSignal.timeout(200)
  await expect(encrypter(two).secureInbound(two.below, { signal: limit })).rejects.toThrow('timeout')
  expect(two.below.socket.destroyed).toBe(true)
  await expect(encrypter(one).secureOutbound(one.below)).rejects.toThrow()
  const [three, four] = await plainPair()
  const pending = encrypter(four).secureInbound(four.below)
  four.below.abort(new Error('pushed out'))
  await expect(pending).rejects.toThrow('closed')
  three.below.abort(new Error('done'))
})

it('what came with the end of the negotiation belongs to the handshake', async () => {
  const [one, two] = await plainPair()
  const dialled = encrypter(one).secureOutbound(one.below)
  await waitFor('the first bytes of TLS', () => two.below.readBufferLength > 100)
  const accepted = await encrypter(two).secureInbound(two.below)
  expect(accepted.remotePeer.toString()).toBe(idOf(one))
  expect((await dialled).remotePeer.toString()).toBe(idOf(two))
  one.below.abort(new Error('done'))
})

it('only connections over TCP are taken', async () => {
  const [one] = await plainPair()
  const bare = new Proxy(one.below, { get: (target, name) => (name === 'socket' ? undefined : Reflect.get(target, name)) })
  await expect(encrypter(one).secureOutbound(bare)).rejects.toThrow('TCP')
  one.below.abort(new Error('done'))
})

it('64 MiB pass a reader that stops now and then, whole and in order, and neither end holds more than a few MiB', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const [sent, received] = [createHash('sha256'), createHash('sha256')]
  let [bytes, most, stop] = [0, 0, mebibyte]
  let paused = false
  two.connection.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
    received.update(data.subarray())
    if (paused || bytes < stop) return
    two.connection.pause()
    paused = true
    stop = bytes + mebibyte
    setTimeout(() => {
      paused = false
      two.connection.resume()
    }, 5)
  })
  const block = randomBytes(64 * 1024)
  const before = process.memoryUsage().arrayBuffers
  for (let at = 0; at < 1024; at++) {
    block.writeUInt32BE(at)
    const copy = Buffer.from(block)
    sent.update(copy)
    if (!one.connection.send(copy)) await new Promise((resolve) => one.connection.addEventListener('drain', resolve, { once: true }))
    most = Math.max(most, one.connection.writeBufferLength + two.connection.readBufferLength)
  }
  const held = process.memoryUsage().arrayBuffers - before
  await waitFor('all of it', () => bytes === 64 * mebibyte, 20_000)
  expect(received.digest('hex')).toBe(sent.digest('hex'))
  expect(most).toBeLessThan(4 * mebibyte)
  expect(held).toBeLessThan(48 * mebibyte)
  one.connection.abort(new Error('done'))
}, 30_000)

it('a reader that has stopped holds the writer back', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  two.connection.pause()
  let sent = 0
  while (sent < 64 * mebibyte && one.connection.send(Buffer.alloc(64 * 1024))) {
    sent += 64 * 1024
    await new Promise((resolve) => setImmediate(resolve))
  }
  // the kernel's buffers, and the mark
  expect(sent).toBeLessThan(32 * mebibyte)
  expect([got.bytes, one.connection.writableNeedsDrain]).toEqual([0, true])
  two.connection.resume()
  await waitFor('what was held', () => got.bytes === sent + 64 * 1024)
  expect(one.connection.writableNeedsDrain).toBe(false)
  one.connection.abort(new Error('done'))
})

it('a writer that was told to wait is told to go on, each time', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  const block = Buffer.alloc(100_000)
  let sent = 0
  for (let round = 0; round < 300; round++) {
    while (one.connection.send(block)) sent += block.length
    sent += block.length
    // sent in the very turn in which there is room
    await new Promise((resolve) => one.connection.addEventListener('drain', resolve, { once: true }))
    expect(one.connection.writableNeedsDrain).toBe(false)
  }
  await waitFor('all of it', () => got.bytes === sent, 20_000)
  one.connection.abort(new Error('done'))
}, 30_000)

it('what is sent in one turn travels in one record', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  const before = ends[0].below.socket.bytesWritten
  for (let at = 0; at < 100; at++) one.connection.send(Buffer.alloc(10, at))
  await waitFor('all', () => got.bytes === 1000)
  // a record adds 22 bytes
  expect(ends[0].below.socket.bytesWritten - before).toBeLessThan(1100)
  expect(Buffer.concat(got.chunks)).toEqual(Buffer.concat(Array.from({ length: 100 }, (_, at) => Buffer.alloc(10, at))))
  one.connection.abort(new Error('done'))
})

it('a connection that is closed delivers what was sent before, and ends well', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  const gone = collect(one.connection)
  for (let at = 0; at < 64; at++) one.connection.send(Buffer.alloc(64 * 1024, at))
  await ends[0].below.close()
  expect(await got.closed).toBeUndefined()
  expect(await gone.closed).toBeUndefined()
  expect(got.bytes).toBe(4 * mebibyte)
  await waitFor('both sockets to be gone', () => ends.every(({ below }) => below.socket.destroyed && below.status === 'closed'))
  expect(() => one.connection.send(Buffer.alloc(1))).toThrow()
})

it.each(['above', 'below'] as const)('a connection that is cut from %s ends with an error at the far end', async (where) => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  const gone = collect(one.connection)
  // the far end has nothing on its way: a failed write would hide that it was a reset
  two.connection.send(Buffer.from('here'))
  await waitFor('the far end', () => gone.bytes === 4)
  const cut = where === 'above' ? one.connection : ends[0].below
  cut.abort(new Error('cut'))
  expect(await gone.closed).toMatchObject({ message: 'cut' })
  expect(await got.closed).toBeInstanceOf(Error)
  expect(ends.map(({ below }) => below.socket.destroyed)).toEqual([true, true])
})

it('a connection that is cut while it closes leaves no socket behind', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  two.connection.pause()
  for (let at = 0; at < 256; at++) one.connection.send(Buffer.alloc(64 * 1024))
  const closing = ends[0].below.close().catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 20))
  ends[0].below.abort(new Error('too slow'))
  await closing
  await waitFor('the socket to be gone', () => ends[0].below.socket.destroyed && ends[0].below.socket.closed)
  two.connection.abort(new Error('done'))
})

it('bytes that are not TLS end it, and nothing of them is delivered', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  one.connection.send(Buffer.from('sound'))
  await waitFor('the sound ones', () => got.bytes === 5)
  ends[0].below.socket.write(randomBytes(4096))
  expect(await got.closed).toBeInstanceOf(Error)
  expect(got.bytes).toBe(5)
  expect(ends[1].below.status).toBe('aborted')
})

it('a far end that says it has no more to send, or just ends TCP, ends the connection, and what it sent before arrives', async () => {
  for (const end of ['TLS', 'TCP'] as const) {
    const ends = await plainPair()
    const [one, two] = await secure(ends)
    const got = collect(two.connection)
    one.connection.send(Buffer.from('before'))
    if (end === 'TLS') one.connection.close().catch(() => {})
    else await waitFor('what was sent', () => got.bytes === 6).then(() => ends[0].below.socket.end())
    await got.closed
    expect(got.bytes).toBe(6)
    await waitFor('its socket to be gone', () => ends[1].below.socket.destroyed)
    one.connection.abort(new Error('done'))
  }
})

it('a connection that the far end has ended is over at once, also when much waits for a far end that does not read', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  const gone = collect(one.connection)
  one.connection.send(Buffer.from('here'))
  await waitFor('the first bytes', () => got.bytes === 4)
  one.connection.pause()
  for (let at = 0; at < 256; at++) two.connection.send(Buffer.alloc(64 * 1024))
  ends[0].below.socket.end()
  await got.closed
  expect(two.connection.status).toBe('closed')
  for (const { below } of ends) below.abort(new Error('done'))
  await gone.closed
  await waitFor('both sockets to be gone', () => ends.every(({ below }) => below.socket.destroyed))
})

it('a connection stays while something passes, and ends when the socket has been silent too long', async () => {
  const ends = await plainPair()
  const [one, two] = await secure(ends)
  const got = collect(two.connection)
  const silence = 600
  const { socket } = ends[1].below
  socket.setTimeout(silence, () => ends[1].below.abort(new Error('silent')))
  const began = performance.now()
  while (performance.now() < began + 2 * silence) {
    one.connection.send(Buffer.of(1))
    await new Promise((resolve) => setTimeout(resolve, silence / 20))
  }
  expect(two.connection.status).toBe('open')
  expect(await got.closed).toMatchObject({ message: 'silent' })
})

/** What can happen to one end of a connection. */
const mishaps: Record<string, (end: End) => void> = {
  reset: ({ below }) => below.socket.resetAndDestroy(),
  cut: ({ below }) => void below.socket.destroy(),
  ended: ({ below }) => void below.socket.end(),
  closed: ({ below }) => void below.close().catch(() => {}),
  aborted: ({ below }) => below.abort(new Error('aborted')),
  spoilt: ({ below }) => void (below.socket.writable && below.socket.write(randomBytes(100))),
}

it.each(Object.entries(mishaps))('a connection that is %s at any moment of the handshake ends at both ends, and no error is left over', async (_, happen) => {
  for (let ticks = 0; ticks < 24; ticks += 3) {
    const ends = await plainPair()
    const limit = AbortSignal.timeout(5000)
    const [one, two] = ends
    const both = Promise.allSettled([encrypter(one).secureOutbound(one.below, { signal: limit }), encrypter(two).secureInbound(two.below, { signal: limit })])
    for (let tick = 0; tick < ticks; tick++) await new Promise((resolve) => setImmediate(resolve))
    happen(ends[ticks % 2 ? 0 : 1])
    await both
    expect(limit.aborted).toBe(false)
    // who was done before it happened learns of it all the same
    await waitFor('both sockets to be gone', () => ends.every(({ below }) => below.socket.destroyed))
  }
})
