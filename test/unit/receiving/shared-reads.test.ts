import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { shareReads } from '../../../src/receiving/shared-reads.js'

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
})

async function pair(): Promise<[near: Socket, far: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const far = connect({ port: typeof address === 'object' && address ? address.port : 0, host: '127.0.0.1', noDelay: true })
  const [near]: Socket[] = await once(server, 'connection')
  if (!near) throw new Error('no connection')
  near.on('error', () => {})
  undo.push(
    () => server.close(),
    () => near.destroy(),
    () => far.destroy(),
  )
  return [near, far]
}

/** What a socket reads, gathered, and a promise for its end. */
function gathered(near: Socket): { readonly pieces: Uint8Array[]; readonly memory: Set<ArrayBufferLike>; readonly end: Promise<unknown> } {
  const pieces: Uint8Array[] = []
  const memory = new Set<ArrayBufferLike>()
  const isShared = shareReads(near, (bytes) => {
    pieces.push(bytes.slice())
    memory.add(bytes.buffer)
  })
  expect(isShared).toBe(true)
  return { pieces, memory, end: once(near.resume(), 'end') }
}

describe('shared reads', () => {
  it('hand over everything in order, from one piece of memory for all sockets, and the end comes after', async () => {
    const sent = Buffer.alloc(3_000_000, 'abcdefghijk')
    const all = await Promise.all(
      [0, 1].map(async () => {
        const [near, far] = await pair()
        const got = gathered(near)
        far.end(sent)
        await got.end
        expect(Buffer.concat(got.pieces).equals(sent)).toBe(true)
        return got
      }),
    )
    expect(new Set(all.flatMap((one) => [...one.memory])).size).toBe(1)
  })

  it('stop and go on with the socket', async () => {
    const [near, far] = await pair()
    let paused = false
    let size = 0
    shareReads(near, (bytes) => {
      expect(paused).toBe(false)
      size += bytes.length
      paused = true
      near.pause()
      setImmediate(() => {
        paused = false
        near.resume()
      })
    })
    const end = once(near.resume(), 'end')
    far.end(Buffer.alloc(2_000_000))
    await end
    expect(size).toBe(2_000_000)
  })

  it('take over after what came as events', async () => {
    const [near, far] = await pair()
    far.write('a')
    const [first]: Buffer[] = await once(near, 'data')
    const { pieces, end } = gathered(near)
    far.end('b')
    await end
    expect(`${first?.toString()}${Buffer.concat(pieces).toString()}`).toBe('ab')
  })

  it('tell of a connection that breaks', async () => {
    const [near, far] = await pair()
    const { end } = gathered(near)
    far.resetAndDestroy()
    await expect(end).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(near.destroyed).toBe(true)
  })

  it('are refused for what is no TCP socket, for one that is closed, and for one that has them', async () => {
    const [near] = await pair()
    expect(shareReads(near, () => {})).toBe(true)
    expect(shareReads(near, () => {})).toBe(false)
    near.destroy()
    await once(near, 'close')
    expect(shareReads(near, () => {})).toBe(false)
    const stream: unknown = new PassThrough()
    expect(shareReads(stream as Socket, () => {})).toBe(false)
  })
})
