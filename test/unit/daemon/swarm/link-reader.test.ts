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

  it('gives a frame that what was held back completes, when nothing more comes', async () => {
    const { stream, reader } = make()
    const whole = Buffer.concat([Uint8Array.of(0x80, 0x80, 0x28), new Uint8Array(640 * 1024)])
    stream.arrive(whole.subarray(0, 520 * 1024))
    expect(stream.readStatus).toBe('paused')
    stream.arrive(whole.subarray(520 * 1024))
    expect((await reader[Symbol.asyncIterator]().next()).value).toHaveLength(640 * 1024)
    expect([stream.windowOpen, stream.held.length]).toEqual([true, 0])
  })

  it('a reader that waits has its frame in the turn of its last byte, and nothing is held back', async () => {
    const { stream, reader } = make()
    const got: number[] = []
    const reading = (async () => {
      for await (const bytes of reader) if (got.push(bytes.byteLength) === 2) break
    })()
    const whole = Buffer.concat([Uint8Array.of(0x80, 0x80, 0x28), new Uint8Array(640 * 1024)])
    for (let at = 0; at < whole.length; at += 1000) stream.arrive(whole.subarray(at, at + 1000))
    expect([stream.windowOpen, reader.pending]).toEqual([true, 0])
    await Promise.resolve()
    expect(got).toEqual([640 * 1024])
    stream.arrive(Uint8Array.of(1, 7))
    await reading
    // another reader goes on where that one stopped
    stream.arrive(Uint8Array.of(1, 8))
    expect((await reader[Symbol.asyncIterator]().next()).value).toEqual(Uint8Array.of(8))
  })

  it('frames that break the rules reset the stream, and the reader learns why once', async () => {
    const errors: string[] = []
    const stream = new TestStream()
    const reader = new LinkReader(stream as unknown as Stream, 10, ({ code }) => errors.push(code))
    stream.reader = reader
    const frames = reader[Symbol.asyncIterator]()
    const next = frames.next()
    stream.arrive(Uint8Array.of(11))
    await expect(next).rejects.toMatchObject({ code: 'ERR_PROTOCOL' })
    expect(errors).toEqual(['ERR_PROTOCOL'])
    expect(await frames.next()).toEqual({ done: true, value: undefined })
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
