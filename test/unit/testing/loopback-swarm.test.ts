import { describe, expect, it } from 'vitest'
import type { LinkEvent, LinkStream } from '../../../src/daemon/swarm/swarm.js'
import { LoopbackNet, type LoopbackSwarm } from '../../../src/testing/loopback-swarm.js'
import { waitFor } from '../../wait-for.js'

const options = { maxFrame: 1000, maxInbound: 2 }

function pair(): { net: LoopbackNet; a: LoopbackSwarm; b: LoopbackSwarm } {
  const net = new LoopbackNet()
  const a = net.node()
  const b = net.node()
  net.linkAll()
  return { net, a, b }
}

/** Opens a stream and gives both ends. */
async function join(a: LoopbackSwarm, b: LoopbackSwarm, maxFrame = 1000): Promise<[LinkStream, LinkStream]> {
  const accepted = new Promise<LinkStream>((resolve) => {
    b.handle('/x', { maxFrame, maxInbound: 9 }, (stream) => {
      resolve(stream)
    })
  })
  return [await a.open(b.id, '/x', { maxFrame: 2 ** 24, maxInbound: 9 }), await accepted]
}

async function readAll(stream: LinkStream): Promise<number[]> {
  const got: number[] = []
  for await (const frame of stream.frames) got.push(frame[0] ?? -1)
  return got
}

describe('LoopbackNet', () => {
  it('delivers frames in order and ends where the sender closed', async () => {
    const { net, a, b } = pair()
    let sent = 0
    net.options.delay = () => (sent++ % 3 === 0 ? 8 : 1)
    const [from, to] = await join(a, b)
    for (let i = 0; i < 50; i++) from.send(Uint8Array.of(i), Uint8Array.of(0))
    const closed = from.close()
    expect(await readAll(to)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    await closed
    expect(from.signal.aborted).toBe(false)
    await to.close()
    await waitFor('the end', () => from.signal.aborted && to.signal.aborted && net.streams === 0)
  })

  it('pushes back when nobody reads, and lets go when somebody does', async () => {
    const { a, b } = pair()
    const [from, to] = await join(a, b, 2 ** 20)
    const size = 2 ** 16
    let sent = 0
    for (; from.buffered < 2 ** 18; sent++) {
      from.send(new Uint8Array(size))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    // what the far end takes without a reader, and what is kept here
    expect(sent * size).toBeGreaterThanOrEqual(2 ** 20 + 2 ** 18)
    expect(from.send(new Uint8Array(1))).toBe(false)
    const drained = from.drained()
    expect(() => {
      for (;;) from.send(new Uint8Array(2 ** 20))
    }).toThrow(expect.objectContaining({ code: 'ERR_OVERLOADED' }))
    const reading = (async () => {
      for await (const _ of to.frames);
    })()
    await drained
    await waitFor('an empty buffer', () => from.buffered === 0)
    from.abort(new Error('done'))
    await expect(reading).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
  })

  it('breaks a stream with a frame over the limit of its receiver', async () => {
    const { a, b } = pair()
    const [from, to] = await join(a, b)
    from.send(new Uint8Array(1000))
    from.send(new Uint8Array(1001))
    await expect(readAll(to)).rejects.toMatchObject({ code: 'ERR_PROTOCOL' })
    expect(() => from.send(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'ERR_PEER_UNREACHABLE' }))
  })

  it('tells of links, and breaks their streams with them', async () => {
    const { net, a, b } = pair()
    const events = a.events()
    const [from, to] = await join(a, b)
    const reading = readAll(to)
    net.cut(a.id, b.id)
    await expect(reading).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    expect(from.signal.aborted).toBe(true)
    net.link(a.id, b.id)
    const seen: LinkEvent[] = []
    for await (const event of events) if (seen.push(event) === 2) break
    expect(seen.map(({ type }) => type)).toEqual(['down', 'up'])
    expect([a.linked(b.id), a.links()[0]?.peer]).toEqual([true, b.id])
  })

  it('refuses streams to strangers, without a link, and of unknown protocols', async () => {
    const { net, a, b } = pair()
    await expect(a.open(b.id, '/none', options)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    net.isolate(a.id)
    await expect(a.open(b.id, '/x', options)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    await expect(a.open('nobody', '/x', options)).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    a.distrust(b.id)
    await expect(a.open(b.id, '/x', options)).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
  })

  it('limits streams of one protocol and resets those beyond', async () => {
    const { a, b } = pair()
    b.handle('/x', options, () => {})
    const streams = [await a.open(b.id, '/x', options), await a.open(b.id, '/x', options), await a.open(b.id, '/x', options)]
    expect(streams.map(({ signal }) => signal.aborted)).toEqual([false, false, true])
  })

  it('stalls silently, resets streams alone, and changes frames when told to', async () => {
    const { net, a, b } = pair()
    const [from, to] = await join(a, b)
    const got: number[] = []
    const reading = (async () => {
      for await (const frame of to.frames) got.push(frame[0] ?? -1)
    })()
    net.stall(a.id, b.id)
    from.send(Uint8Array.of(1))
    for (let i = 0; i < 20; i++) await new Promise(setImmediate)
    expect(got).toEqual([])
    net.options.onFrame = ({ frame }) => Uint8Array.of((frame[0] ?? 0) + 10)
    net.resume(a.id, b.id)
    await waitFor('the frame', () => got.length === 1)
    expect(got).toEqual([11])
    net.reset(a.id, b.id, '/other')
    expect(from.signal.aborted).toBe(false)
    net.reset(a.id, b.id, '/x')
    await expect(reading).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    expect(a.linked(b.id)).toBe(true)
  })
})
