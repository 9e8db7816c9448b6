import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBatch, headerSize, isSendable, type MediaRecord, maxRecords, RecordBatch } from '../../../../src/daemon/streams/frame-header.js'
import type { Frame } from '../../../../src/stream.js'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const safe = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1e7, max: 1e10 }))
const body = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 4000, maxLength: 9000 }))
const frame: fc.Arbitrary<Frame> = fc
  .record({
    track: fc.integer({ min: 1, max: 65_535 }),
    timestamp: safe,
    offset: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { nil: undefined }),
    duration: fc.option(uint32, { nil: undefined }),
    key: fc.boolean(),
    data: body,
  })
  .map(({ offset, duration, ...rest }) => ({
    ...rest,
    ...(offset !== undefined && Number.isSafeInteger(rest.timestamp - offset) && { decodeTime: rest.timestamp - offset }),
    ...(duration !== undefined && { duration }),
  }))
const record: fc.Arbitrary<MediaRecord> = fc.oneof(
  fc.record({ type: fc.constant('frame' as const), group: uint32, index: uint32, frame }),
  fc.record({ type: fc.constantFrom('track' as const, 'end' as const), body: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({ type: fc.constant('gap' as const), frames: uint32 }),
  fc.constant<MediaRecord>({ type: 'keepAlive', age: 0 }),
)

function batchOf(...records: MediaRecord[]): Uint8Array {
  const batch = new RecordBatch()
  for (const one of records) batch.add(one)
  const { size } = batch
  const bytes = Buffer.concat(batch.take())
  expect(bytes.byteLength).toBe(size)
  return new Uint8Array(bytes)
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part)))

describe('stream records', () => {
  it('come back as they were written, and have one form', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
        const bytes = batchOf(...records)
        const read = decodeBatch(bytes)
        expect(plain(read)).toEqual(plain(records))
        expect(Buffer.compare(batchOf(...read), bytes)).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('have the documented layout', () => {
    const bytes = batchOf({
      type: 'frame',
      group: 0x01020304,
      index: 5,
      frame: { track: 7, timestamp: -1, decodeTime: -41, duration: 40_000, key: true, data: Uint8Array.of(0xaa, 0xbb) },
    })
    expect(Buffer.from(bytes).toString('hex')).toBe(
      ['01', '07', '0007', '01020304', '00000005', 'ffffffffffffffff', '00000028', '00009c40', '00000002', 'aabb'].join(''),
    )
  })

  it('do not copy large bodies', () => {
    const data = new Uint8Array(100_000)
    const batch = new RecordBatch()
    batch.add({ type: 'keepAlive', age: 0 })
    batch.add({ type: 'frame', group: 1, index: 0, frame: { track: 1, timestamp: 0, key: true, data } })
    batch.add({ type: 'keepAlive', age: 0 })
    const parts = batch.take()
    expect(parts).toHaveLength(3)
    expect(parts[1]).toBe(data)
    expect(batch.size).toBe(0)
    expect(batch.take()).toEqual([])
  })

  it('let no small frame keep a large batch alive', () => {
    const small = { type: 'frame' as const, group: 1, index: 0, frame: { track: 1, timestamp: 0, key: true, data: new Uint8Array(10) } }
    const large = { type: 'frame' as const, group: 1, index: 1, frame: { track: 1, timestamp: 0, key: false, data: new Uint8Array(1_000_000) } }
    const [first, second] = decodeBatch(batchOf(small, large))
    expect(first?.type === 'frame' && first.frame.data.buffer.byteLength).toBe(10)
    expect(second?.type === 'frame' && second.frame.data.buffer.byteLength).toBeGreaterThan(1_000_000)
  })

  it('leave out a duration that does not fit, and say which frames cannot be sent', () => {
    const odd: Frame = { track: 1, timestamp: 0, duration: 2 ** 33, key: true, data: new Uint8Array() }
    const [read] = decodeBatch(batchOf({ type: 'frame', group: 0, index: 0, frame: odd }))
    expect(read?.type === 'frame' && 'duration' in read.frame).toBe(false)
    expect(isSendable(odd)).toBe(true)
    expect(isSendable({ ...odd, decodeTime: -(2 ** 31) })).toBe(false)
    expect(isSendable({ ...odd, decodeTime: -(2 ** 31) + 1 })).toBe(true)
    expect(isSendable({ ...odd, data: new Uint8Array(8 * 1024 * 1024 + 1) })).toBe(false)
    expect(isSendable({ ...odd, data: new Uint8Array(8 * 1024 * 1024) })).toBe(true)
  })

  const header = (changes: Record<number, number> = {}, bytes = 0): Uint8Array => {
    const out = new Uint8Array(headerSize + bytes)
    out[0] = 1
    out[3] = 1
    for (const [at, value] of Object.entries(changes)) out[Number(at)] = value
    return out
  }

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['one byte', new Uint8Array(1)],
    ['31 bytes', header().slice(0, 31)],
    ['a body cut short', header({ 31: 2 }, 1)],
    ['a length of 4 GiB', header({ 28: 255, 29: 255, 30: 255, 31: 255 })],
    ['a second record cut short', new Uint8Array([...header(), 1])],
    ['type 0', header({ 0: 0 })],
    ['type 7', header({ 0: 7 })],
    ['type 255', header({ 0: 255 })],
    ['an unknown flag', header({ 1: 16 })],
    ['a seal without its 64 bytes', header({ 1: 8, 31: 63 }, 63)],
    ['all flags', header({ 1: 255 })],
    ['a frame without a track', header({ 3: 0 })],
    ['a decode offset without its flag', header({ 23: 1 })],
    ['a duration without its flag', header({ 27: 1 })],
    ['a timestamp beyond 2^53', header({ 12: 0x7f })],
    ['a timestamp below -2^53', header({ 12: 0x80 })],
    [
      'a decode time beyond 2^53',
      header({ 1: 2, 13: 0x1f, 14: 0xff, 15: 0xff, 16: 0xff, 17: 0xff, 18: 0xff, 19: 0xff, 20: 0xff, 21: 0xff, 22: 0xff, 23: 0xff }),
    ],
    ['a keep-alive with a flag', header({ 0: 5, 1: 1, 3: 0 })],
    ['a keep-alive with a track', header({ 0: 5 })],
    ['a keep-alive with a body', header({ 0: 5, 3: 0, 31: 1 }, 1)],
    ['a gap with a body', header({ 0: 3, 3: 0, 31: 1 }, 1)],
    ['a gap with a group', header({ 0: 3, 3: 0, 7: 1 })],
    ['a track with a timestamp', header({ 0: 2, 3: 0, 19: 1 })],
    ['a track record of 70,000 bytes', header({ 0: 2, 3: 0, 29: 1, 30: 0x11, 31: 0x70 }, 70_000)],
    ['too many records', new Uint8Array((maxRecords + 1) * headerSize).map((_, i) => (i % headerSize === 0 ? 5 : 0))],
    ['a frame over 8 MiB', header({ 28: 0, 29: 0x80, 31: 1 }, 8 * 1024 * 1024 + 1)],
  ])('refuse %s', (_, bytes) => {
    expect(() => decodeBatch(bytes)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })
})
