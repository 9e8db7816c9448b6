import { createHash, randomBytes } from 'node:crypto'
import type { MessageStream, Stream, StreamMuxer } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'
import { describe, expect, it } from 'vitest'
import { thriftyYamux } from '../../../../src/daemon/swarm/libp2p-yamux.js'
import { dataFrame, encodeHeader } from '../../../../src/daemon/swarm/yamux-frames.js'
import { collect, type End, plainPair, secure } from '../../../tls-pair.js'
import { waitFor } from '../../../wait-for.js'

const KiB = 1024
const init: YamuxMuxerInit = { enableKeepAlive: false, streamOptions: { maxStreamWindowSize: 1024 * KiB } }
const ours = thriftyYamux(init)
const theirs = yamux(init)

interface Pair {
  readonly ends: [End, End]
  readonly connections: readonly [MessageStream, MessageStream]
  readonly muxers: readonly [StreamMuxer, StreamMuxer]
  open(): Promise<[Stream, Stream]>
  done(): void
}

/** Over TCP, or over TLS, which hands bytes over without events. */
async function pair(one: typeof ours, two: typeof ours, below: 'TCP' | 'TLS' = 'TCP'): Promise<Pair> {
  const ends = await plainPair()
  const connections = below === 'TLS' ? (await secure(ends)).map(({ connection }) => connection) : ends.map((end) => end.below)
  const [dialled, accepted] = connections as [MessageStream, MessageStream]
  const muxers = [one().createStreamMuxer(dialled), two().createStreamMuxer(accepted)] as const
  const open = async (): Promise<[Stream, Stream]> => {
    const arrived = new Promise<Stream>((resolve) => muxers[1].addEventListener('stream', ({ detail }) => resolve(detail), { once: true }))
    const stream = await muxers[0].createStream()
    return [stream, await arrived]
  }
  return { ends, connections: [dialled, accepted], muxers, open, done: () => ends[0].below.abort(new Error('done')) }
}

/** Sends all of it, waiting where it is told to; gives its hash. */
async function sendAll(stream: Stream, sizes: Iterable<number>): Promise<string> {
  const hash = createHash('sha256')
  for (const size of sizes) {
    const bytes = randomBytes(size)
    hash.update(bytes)
    if (!stream.send(bytes)) await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))
  }
  return hash.digest('hex')
}

const hashOf = (chunks: readonly Uint8Array[]): string => createHash('sha256').update(Buffer.concat(chunks)).digest('hex')
const sizes = Array.from({ length: 200 }, (_, at) => [1, 100, 16_700, 65_504, 200_000][at % 5] ?? 0)
const total = sizes.reduce((sum, size) => sum + size, 0)

describe('thriftyYamux', () => {
  it.each([
    ['itself', ours, ours, 'TCP'],
    ['itself over TLS', ours, ours, 'TLS'],
    ['@libp2p/yamux that accepts', ours, theirs, 'TCP'],
    ['@libp2p/yamux that dials', theirs, ours, 'TLS'],
  ] as const)('carries streams both ways at once, whole and in order, to %s', async (_, one, two, below) => {
    const { open, done } = await pair(one, two, below)
    const streams = [await open(), await open(), await open()].flatMap(([out, inbound]) => [
      [out, inbound],
      [inbound, out],
    ]) as [Stream, Stream][]
    const got = streams.map(([, to]) => collect(to))
    const sent = await Promise.all(streams.map(([from]) => sendAll(from, sizes)))
    await waitFor('all bytes', () => got.every(({ bytes }) => bytes === total))
    expect(got.map(({ chunks }) => hashOf(chunks))).toEqual(sent)
    done()
  })

  it('a reader that stops holds its writer back, loses nothing, and leaves other streams alone', async () => {
    const { open, done } = await pair(ours, ours)
    const [[stopped, its], [other, beside]] = [await open(), await open()]
    const got = collect(its)
    const gotBeside = collect(beside)
    its.pause()
    const sending = sendAll(stopped, new Array(200).fill(64 * KiB))
    await waitFor('the window to be full', () => stopped.writableNeedsDrain)
    expect(await sendAll(other, sizes)).toBe(await waitFor('the other', () => gotBeside.bytes === total && hashOf(gotBeside.chunks)))
    expect(got.bytes).toBe(0)
    expect(its.readBufferLength).toBeLessThanOrEqual(1024 * KiB)
    its.resume()
    const sent = await sending
    await waitFor('the rest', () => got.bytes === 200 * 64 * KiB)
    expect(hashOf(got.chunks)).toBe(sent)
    done()
  })

  it('the update of one window brings along those of all streams of which a quarter is used up', async () => {
    const { ends, open, done } = await pair(theirs, ours)
    const streams: [Stream, Stream][] = []
    for (let at = 0; at < 10; at++) streams.push(await open())
    const got = streams.map(([, inbound]) => collect(inbound))
    // the first data is answered: the stream is accepted
    for (const [out] of streams) out.send(Uint8Array.of(1))
    await waitFor('the first bytes', () => got.every(({ bytes }) => bytes === 1))
    const send = ends[1].below.send.bind(ends[1].below)
    let updates = 0
    ends[1].below.send = (data) => {
      updates++
      return send(data)
    }
    for (const [out] of streams) out.send(new Uint8Array(100 * KiB))
    await waitFor('all bytes', () => got.every(({ bytes }) => bytes === 1 + 100 * KiB))
    expect(updates).toBe(0)
    streams[0]?.[0].send(new Uint8Array(30 * KiB))
    await waitFor('all updates', () => updates === 10)
    // all of them, and the others have their whole window again
    for (const [out] of streams.slice(1)) out.send(new Uint8Array(60 * KiB))
    await waitFor('all bytes', () => got.slice(1).every(({ bytes }) => bytes === 1 + 160 * KiB))
    expect(updates).toBe(10)
    done()
  })

  it('closes after what was sent, and a reset reaches the far end', async () => {
    const { open, done } = await pair(ours, ours)
    const [[out, inbound], [cut, its]] = [await open(), await open()]
    const [got, gone] = [collect(inbound), collect(its)]
    out.send(new Uint8Array(10))
    await out.close()
    expect(() => out.send(new Uint8Array(1))).toThrow()
    await inbound.close()
    expect(await got.closed).toBeUndefined()
    expect(got.bytes).toBe(10)
    cut.send(new Uint8Array(10))
    cut.abort(new Error('cut'))
    expect(await gone.closed).toMatchObject({ name: 'StreamResetError' })
    expect(gone.bytes).toBe(10)
    done()
  })

  it.each(['TCP', 'TLS'] as const)('a far end that sends more than its window, or a frame larger than any, is cut off, over %s', async (below) => {
    for (const length of [300 * KiB, 0xffff_ffff]) {
      const { connections, muxers, open } = await pair(theirs, ours, below)
      const [out, inbound] = await open()
      const got = collect(inbound)
      out.send(Uint8Array.of(1))
      await waitFor('the first byte', () => got.bytes === 1)
      const frame = Buffer.concat([encodeHeader({ type: dataFrame, flag: 0, streamID: Number(out.id), length }), new Uint8Array(300 * KiB)])
      connections[0].send(frame)
      await got.closed
      await waitFor('the end', () => connections[1].status === 'aborted' && muxers[1].status === 'closed')
      expect(got.bytes).toBe(1)
      connections[0].abort(new Error('done'))
    }
  })
})
