import fc from 'fast-check'
import { encode } from 'it-length-prefixed'
import { describe, expect, it } from 'vitest'
import { FrameDecoder } from '../../../../src/daemon/swarm/frame-decoder.js'

function drain(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
  return frames
}

describe('FrameDecoder', () => {
  it('reads what it-length-prefixed wrote, under every split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (frames, cuts) => {
          const bytes = Buffer.concat([...encode(frames)])
          const decoder = new FrameDecoder(300)
          const read: Uint8Array[] = []
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = cuts[i % cuts.length] ?? 1
            decoder.push(bytes.subarray(at, at + size))
            at += size
            read.push(...drain(decoder))
          }
          expect(read.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]))
          expect(decoder.partial).toBe(false)
          expect(decoder.pending).toBe(0)
        },
      ),
    )
  })

  it('gives frames memory of their own', () => {
    const decoder = new FrameDecoder(10)
    const chunk = Uint8Array.of(2, 7, 8, 1, 9)
    decoder.push(chunk)
    const [first, second] = drain(decoder)
    chunk.fill(0)
    expect([first, second]).toEqual([Uint8Array.of(7, 8), Uint8Array.of(9)])
    expect(first?.buffer.byteLength).toBe(2)
  })

  it('says when a stream ends too early', () => {
    const decoder = new FrameDecoder(1000)
    expect(decoder.partial).toBe(false)
    decoder.push(Uint8Array.of(0x80))
    expect([decoder.next(), decoder.partial]).toEqual([undefined, true])
    decoder.push(Uint8Array.of(0x01, 5))
    expect([decoder.next(), decoder.partial, decoder.pending]).toEqual([undefined, true, 0])
  })

  it.each([
    ['one byte over the limit', [0x81, 0x08], 1024],
    ['4 GiB', [0xff, 0xff, 0xff, 0xff, 0x0f], 8 << 20],
    ['2^70', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 8 << 20],
    ['a length that never ends', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], 8 << 20],
    ['zeros that never end', new Array(20).fill(0x80), 0],
    ['anything where nothing is allowed', [1, 1], 0],
  ])('refuses %s', (_, bytes, limit) => {
    const decoder = new FrameDecoder(limit)
    decoder.push(Uint8Array.from(bytes))
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })

  it('allocates nothing on the word of a prefix', () => {
    const decoders = Array.from({ length: 1000 }, () => new FrameDecoder(8 << 20))
    const before = process.memoryUsage()
    for (const decoder of decoders) {
      decoder.push(Uint8Array.of(0xff, 0xff, 0xff, 0x03, 1))
      expect(decoder.next()).toBeUndefined()
    }
    const after = process.memoryUsage()
    expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(20 << 20)
  })
})
