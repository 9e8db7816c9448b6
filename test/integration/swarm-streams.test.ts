import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import { pipe } from 'it-pipe'
import { afterEach, describe, expect, it } from 'vitest'
import { duplex, Link } from '../../src/daemon/swarm/link.js'
import type { LinkStream } from '../../src/daemon/swarm/swarm.js'
import { slowness } from '../wait-for.js'
import { nextFrame, serveEcho, TestCluster, type TestNode, until } from './swarm-cluster.js'

const protocol = '/shoal/test/1.0.0'
const MiB = 1 << 20
const cluster = new TestCluster()
afterEach(() => cluster.stop())

/** Two linked nodes, with a stream from a to b. */
async function open(maxFrame = MiB): Promise<{ a: TestNode; b: TestNode; out: LinkStream; inbound: LinkStream }> {
  const [a, b] = await cluster.pair()
  const arrived = Promise.withResolvers<LinkStream>()
  b.node.handle(protocol, { maxFrame, maxInbound: 300 }, (stream) => arrived.resolve(stream))
  await a.node.dial(b.node.id, b.addresses)
  const out = await a.node.open(b.node.id, protocol, { maxFrame, maxInbound: 300 })
  return { a, b, out, inbound: await arrived.promise }
}

async function sendAll(stream: LinkStream, frames: Iterable<Uint8Array>): Promise<void> {
  for (const frame of frames) if (!stream.send(frame)) await stream.drained()
}

describe('streams between nodes', () => {
  it('carries frames of every size, whole and in order', async () => {
    const { out, inbound } = await open(8 * MiB)
    const sizes = [0, 1, 127, 128, 65_503, 65_504, 65_505, 300_000, 8 * MiB, 3]
    const sent = sizes.map((size, i) => new Uint8Array(size).fill(i))
    const sending = sendAll(out, sent).then(() => out.close())
    const got: [number, boolean][] = []
    for await (const frame of inbound.frames) got.push([frame.byteLength, frame.every((byte) => byte === got.length)])
    expect(got).toEqual(sizes.map((size) => [size, true]))
    await sending
    expect(() => out.send(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'ERR_PEER_UNREACHABLE' }))
    await inbound.close()
    await until(() => out.signal.aborted && inbound.signal.aborted, 'both over')
  })

  it('half-close: the other side may still send', async () => {
    const { out, inbound } = await open()
    await out.close()
    for await (const _ of inbound.frames) throw new Error('nothing was sent')
    inbound.send(Uint8Array.of(1, 2, 3))
    await inbound.close()
    expect([...(await nextFrame(out))]).toEqual([1, 2, 3])
  })

  it('joins the small frames of one turn in few sends', async () => {
    const [left, right] = await streamPair()
    let sends = 0
    const send = left.send.bind(left)
    left.send = (data) => {
      sends++
      return send(data)
    }
    const link = new Link(left, { peer: 'x', protocol, maxFrame: MiB })
    const other = new Link(right, { peer: 'y', protocol, maxFrame: MiB })
    for (let i = 0; i < 1000; i++) link.send(new Uint8Array(100), new Uint8Array(50).fill(1))
    let count = 0
    for await (const frame of other.frames) {
      expect(frame.byteLength).toBe(150)
      if (++count === 1000) break
    }
    expect(sends).toBe(3)
  })

  it('a reader that stops is throttled, not reset, after 64 MiB and for as long as it likes', async () => {
    const { out, inbound } = await open()
    const frame = new Uint8Array(64 * 1024)
    let sent = 0
    let read = 0
    let stopped = false
    const sending = (async () => {
      while (!stopped) {
        if (!out.send(frame)) await out.drained()
        sent += frame.byteLength
      }
    })()
    sending.catch(() => {})
    const reader = inbound.frames[Symbol.asyncIterator]()
    const take = async (bytes: number): Promise<void> => {
      for (const end = read + bytes; read < end; ) read += (await reader.next()).value?.byteLength ?? 0
    }
    await take(64 * MiB)
    // three times: what libp2p hands over on resume must not open the window for good
    for (let round = 0; round < 3; round++) {
      let before = -1
      await until(() => {
        const still = sent === before
        before = sent
        return still && out.buffered >= 128 * 1024
      }, 'the sender is held back')
      expect(sent - read).toBeLessThan(6 * MiB)
      await take(2 * MiB)
    }
    expect(out.signal.aborted || inbound.signal.aborted).toBe(false)
    stopped = true
    out.abort(new Error('enough'))
    await sending.catch(() => {})
  }, 60_000)

  it('a sender that does not wait is stopped at the hard limit, in bounded memory', async () => {
    const { out } = await open()
    const frame = new Uint8Array(256 * 1024)
    let accepted = 0
    expect(() => {
      for (let i = 0; i < 1000; i++) {
        out.send(frame)
        accepted += frame.byteLength
      }
    }).toThrow(expect.objectContaining({ code: 'ERR_OVERLOADED' }))
    expect(accepted).toBeLessThan(12 * MiB)
    expect(out.buffered).toBeLessThanOrEqual(10 * MiB)
    expect(out.signal.aborted).toBe(false)
  })

  it('a frame over the limit breaks the stream of whoever sends it, and is not sent from here', async () => {
    const { a, b, inbound } = await open(1000)
    expect(() => inbound.send(new Uint8Array(1001))).toThrow(expect.objectContaining({ code: 'ERR_PAYLOAD_TOO_LARGE' }))
    const wide = await a.node.open(b.node.id, protocol, { maxFrame: MiB, maxInbound: 1 })
    let other: LinkStream | undefined
    b.node.handle('/shoal/narrow/1.0.0', { maxFrame: 1000, maxInbound: 1 }, async (stream) => {
      other = stream
      for await (const _ of stream.frames);
    })
    wide.abort(new Error('not needed'))
    const sender = await a.node.open(b.node.id, '/shoal/narrow/1.0.0', { maxFrame: MiB, maxInbound: 1 })
    sender.send(new Uint8Array(1001))
    await until(() => sender.signal.aborted && other?.signal.aborted === true, 'reset')
    expect(other?.signal.reason).toMatchObject({ code: 'ERR_PROTOCOL' })
    expect(sender.signal.reason).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
  })

  it('a stream that ends within a frame is an error, and so is a handler that throws', async () => {
    const [a, b] = await cluster.pair()
    b.node.handle(protocol, { maxFrame: MiB, maxInbound: 4 }, () => {
      throw new Error('defect')
    })
    await a.node.dial(b.node.id, b.addresses)
    const stream = await a.node.open(b.node.id, protocol, { maxFrame: MiB, maxInbound: 4 })
    await until(() => stream.signal.aborted, 'reset')
    expect(b.log.lines).toContainEqual(expect.objectContaining({ level: 'warn', msg: 'stream handler failed' }))

    const [left, right] = await streamPair()
    const reader = new Link(right, { peer: 'x', protocol, maxFrame: MiB })
    left.send(Uint8Array.of(5, 1, 2))
    await left.close()
    await expect(nextFrame(reader)).rejects.toMatchObject({ code: 'ERR_PROTOCOL' })
  })

  it('allows as many streams as asked for, beyond the 32 of libp2p, and refuses one more', async () => {
    const [a, b] = await cluster.pair()
    const options = { maxFrame: 1000, maxInbound: 100 }
    b.node.handle(protocol, options, async (stream) => {
      for await (const frame of stream.frames) stream.send(frame)
    })
    await a.node.dial(b.node.id, b.addresses)
    const streams: LinkStream[] = []
    for (let i = 0; i < 100; i++) streams.push(await a.node.open(b.node.id, protocol, options))
    for (const [i, stream] of streams.entries()) {
      stream.send(Uint8Array.of(i))
      expect([...(await nextFrame(stream))]).toEqual([i])
    }
    const extra = await a.node.open(b.node.id, protocol, options)
    await until(() => extra.signal.aborted, 'reset')
    expect(streams.some(({ signal }) => signal.aborted)).toBe(false)
  })

  it('is not idle to libp2p', async () => {
    const [left] = await streamPair()
    const link = new Link(left, { peer: 'x', protocol, maxFrame: MiB })
    expect(left.inactivityTimeout).toBe(2 ** 31 - 1)
    expect(link.signal.aborted).toBe(false)
  })
})

describe('it-pipe over a libp2p stream', () => {
  const chunk = new Uint8Array(32 * 1024)
  /** A source that counts what is taken from it. */
  function source(total: number, taken: { bytes: number }): AsyncGenerator<Uint8Array> {
    return (async function* () {
      for (let i = 0; i < total; i++) {
        taken.bytes += chunk.byteLength
        yield chunk
        await turn()
      }
    })()
  }

  it('as it is, a libp2p stream takes everything a reader does not want', async () => {
    const [left, right] = await streamPair()
    let read = 0
    const slow = (async () => {
      for await (const part of right) {
        read += part.byteLength
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    let sent = 0
    for (let i = 0; i < 400; i++) {
      if (left.status !== 'open') break
      left.send(chunk)
      sent += chunk.byteLength
      await turn()
    }
    expect(sent - read).toBeGreaterThan(8 * MiB)
    right.abort(new Error('enough'))
    await slow.catch(() => {})
  })

  it('through the duplex, the source waits for the reader', async () => {
    const { out, inbound } = await open()
    const taken = { bytes: 0 }
    const sending = pipe(source(1000, taken), duplex(out).sink)
    sending.catch(() => {})
    const side = duplex(inbound)
    await side.source.next()
    let before = -1
    await until(() => {
      const still = taken.bytes === before
      before = taken.bytes
      return still
    }, 'the source waits')
    expect(taken.bytes).toBeLessThan(6 * MiB)
    let read = chunk.byteLength
    for await (const frame of side.source) {
      read += frame.byteLength
      if (read === 1000 * chunk.byteLength) break
    }
    await sending
    expect(taken.bytes).toBe(1000 * chunk.byteLength)
  })
})

describe('the source code', () => {
  it('never calls onDrain(), which resolves for ever after its first use', () => {
    const root = join(import.meta.dirname, '../../src')
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((name) => /\bonDrain\s*\(/.test(readFileSync(join(root, name), 'utf8')))).toEqual([])
  })

  it('never raises the initial window of yamux, of which the far end is not told', () => {
    const source = readFileSync(join(import.meta.dirname, '../../src/daemon/swarm/node.ts'), 'utf8')
    expect(source).toContain('maxStreamWindowSize: 1024 * 1024')
    expect(source).not.toMatch(/initialStreamWindowSize\s*:/)
  })
})

describe('echo', () => {
  it('small messages pass beside bulk', async () => {
    const { a, b, out, inbound } = await open()
    serveEcho(b.node, '/shoal/echo/1.0.0')
    const bulk = (async () => {
      for (;;) if (!out.send(new Uint8Array(256 * 1024))) await out.drained()
    })()
    bulk.catch(() => {})
    const drain = (async () => {
      for await (const _ of inbound.frames);
    })()
    drain.catch(() => {})
    const echo = await a.node.open(b.node.id, '/shoal/echo/1.0.0', { maxFrame: 1000, maxInbound: 1 })
    const frames = echo.frames[Symbol.asyncIterator]()
    const times: number[] = []
    for (let i = 0; i < 30; i++) {
      const started = performance.now()
      echo.send(Uint8Array.of(i))
      expect((await frames.next()).value?.[0]).toBe(i)
      times.push(performance.now() - started)
    }
    out.abort(new Error('enough'))
    await Promise.allSettled([bulk, drain])
    // the defaults of libp2p let the echo starve for seconds
    expect(times.sort((x, y) => x - y)[15]).toBeLessThan(500 * slowness)
  })
})
