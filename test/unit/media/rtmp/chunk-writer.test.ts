import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkReader } from '../../../../src/media/rtmp/chunk-reader.js'
import { byteLength, ChunkWriter, chunkMessage, type OutgoingMessage } from '../../../../src/media/rtmp/chunk-writer.js'
import type { Message } from '../../../../src/media/rtmp/message.js'

const flat = (parts: readonly Uint8Array[]): number[] => parts.flatMap((part) => [...part])

describe('chunk writer', () => {
  it('writes a full header first and a short one after it', () => {
    const writer = new ChunkWriter()
    const message = { chunkStream: 3, type: 20, stream: 1, timestamp: 10, body: [Uint8Array.of(1, 2)] }
    expect(flat(writer.write(message))).toEqual([3, 0, 0, 10, 0, 0, 2, 20, 1, 0, 0, 0, 1, 2])
    expect(flat(writer.write({ ...message, timestamp: 15 }))).toEqual([0x43, 0, 0, 5, 0, 0, 2, 20, 1, 2])
    expect(flat(writer.write({ ...message, timestamp: 14 }))[0]).toBe(3)
    expect(flat(writer.write({ ...message, timestamp: 20, stream: 2 }))[0]).toBe(3)
  })

  it('does not copy the body', () => {
    const body = new Uint8Array(1000)
    expect(chunkMessage({ chunkStream: 6, type: 9, stream: 1, timestamp: 0, body: [body] }, 60_000)[1]).toBe(body)
    const cut = chunkMessage({ chunkStream: 6, type: 9, stream: 1, timestamp: 0, body: [body] }, 600)
    expect(cut.map((part) => part.length)).toEqual([12, 600, 1, 400])
    expect(cut[1]?.buffer).toBe(body.buffer)
  })

  it('uses the announced chunk size from the next message on', () => {
    const writer = new ChunkWriter()
    expect(flat(writer.setChunkSize(4096)).slice(-4)).toEqual([0, 0, 16, 0])
    expect(writer.chunkSize).toBe(4096)
    expect(writer.write({ chunkStream: 3, type: 20, stream: 0, timestamp: 0, body: [new Uint8Array(4096)] })).toHaveLength(2)
  })

  it('is read back by the reader, whatever the sizes, times and cuts', () => {
    const message = fc.record({
      chunkStream: fc.oneof(fc.integer({ min: 3, max: 63 }), fc.constantFrom(64, 319, 320, 65_599)),
      type: fc.constantFrom(8, 9, 18, 20),
      stream: fc.constantFrom(0, 1, 2, 0xffff_ffff),
      timestamp: fc.oneof(fc.nat(100_000), fc.constantFrom(0xff_fffe, 0xff_ffff, 0x100_0000, 0xffff_ffff), fc.nat(0xffff_ffff)),
      body: fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 3 }),
    })
    const size = fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined })
    fc.assert(
      fc.property(fc.array(fc.tuple(message, size, fc.boolean()), { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (sent, cuts) => {
        const writer = new ChunkWriter()
        const shared = new Set<number>()
        const bytes = Uint8Array.from(
          sent.flatMap(([each, chunkSize, share]) => {
            const announced = chunkSize === undefined ? [] : writer.setChunkSize(chunkSize)
            // Shared chunks and compressed ones never meet on one chunk stream: see the plugin.
            if (share) shared.add(each.chunkStream)
            const parts = shared.has(each.chunkStream) ? chunkMessage(each, writer.chunkSize) : writer.write(each)
            return flat([...announced, ...parts])
          }),
        )
        expect(readCut(bytes, cuts)).toEqual(sent.map(([each]) => plain(each)))
      }),
      { numRuns: 300 },
    )
  })

  it('counts bytes', () => {
    expect(byteLength([new Uint8Array(3), new Uint8Array(0), new Uint8Array(4)])).toBe(7)
  })
})

function plain({ type, stream, timestamp, body }: OutgoingMessage): Message {
  return { type, stream, timestamp, body: Uint8Array.from(flat(body)) }
}

function readCut(bytes: Uint8Array, cuts: readonly number[]): Message[] {
  const reader = new ChunkReader()
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  let start = 0
  return ends.flatMap((end) => {
    const messages = [...reader.read(bytes.subarray(start, end))]
    start = end
    return messages
  })
}
