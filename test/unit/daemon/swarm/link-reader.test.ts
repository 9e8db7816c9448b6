import type { Stream } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { LinkReader } from '../../../../src/daemon/swarm/link-reader.js'

const frame = Buffer.concat([Uint8Array.of(0x80, 0x80, 0x04), new Uint8Array(64 * 1024)])

/** A libp2p stream that behaves as libp2p 3.3 does: while paused it holds what comes, and resume() hands it over before it opens the window. */
class TestStream {
  readStatus = 'readable'
  windowOpen = true
  held: Uint8Array[] = []
  reader: LinkReader | undefined

  arrive(bytes: Uint8Array): void {
    if (this.readStatus === 'paused') this.held.push(bytes)
    else this.reader?.receive(bytes)
  }

  pause(): void {
    this.readStatus = 'paused'
    this.windowOpen = false
  }

  resume(): void {
    this.readStatus = 'readable'
    for (const bytes of this.held.splice(0)) this.reader?.receive(bytes)
    this.windowOpen = true
  }
}

function make(): { stream: TestStream; reader: LinkReader } {
  const stream = new TestStream()
  const reader = new LinkReader(stream as unknown as Stream, 1 << 20, () => {})
  stream.reader = reader
  return { stream, reader }
}

describe('LinkReader', () => {
  it('shuts the window when too much is unread, and opens it when most is read', async () => {
    const { stream, reader } = make()
    for (let i = 0; i < 10; i++) stream.arrive(frame)
    expect([stream.windowOpen, stream.held.length]).toEqual([false, 2])
    const frames = reader[Symbol.asyncIterator]()
    for (let i = 0; i < 5; i++) await frames.next()
    expect(stream.windowOpen).toBe(false)
    for (let i = 0; i < 2; i++) await frames.next()
    expect([stream.windowOpen, stream.readStatus]).toEqual([true, 'readable'])
    for (let i = 0; i < 3; i++) expect((await frames.next()).value).toHaveLength(64 * 1024)
  })

  it('stays shut after a resume that brought too much again: the window must not stay open behind a paused stream', async () => {
    const { stream, reader } = make()
    for (let i = 0; i < 30; i++) stream.arrive(frame)
    const frames = reader[Symbol.asyncIterator]()
    for (let i = 0; i < 8; i++) await frames.next()
    expect([stream.readStatus, stream.windowOpen]).toEqual(['paused', false])
    expect(reader.pending).toBeGreaterThan(512 * 1024)
  })

  it('gives whole frames first, then the error, or the end', async () => {
    const { stream, reader } = make()
    stream.arrive(Uint8Array.of(1, 5, 1, 6))
    reader.fail(new Error('lost'))
    const got: number[] = []
    await expect(
      (async () => {
        for await (const bytes of reader) got.push(...bytes)
      })(),
    ).rejects.toThrow('lost')
    expect(got).toEqual([5, 6])
    const other = make()
    other.reader.end()
    expect(await other.reader[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })
})
