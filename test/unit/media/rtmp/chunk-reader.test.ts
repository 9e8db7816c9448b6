import { describe, expect, it } from 'vitest'
import { isShoalError } from '../../../../src/errors.js'
import { ChunkReader } from '../../../../src/media/rtmp/chunk-reader.js'
import { chunk0, control, readAll, u24, u32, zeros } from './chunks.js'

const brief = (bytes: readonly number[]) => readAll(bytes).map(({ type, stream, timestamp, body }) => [type, stream, timestamp, body.length])

describe('chunk reader: headers', () => {
  it('reads a message of type 0', () => {
    expect(readAll(chunk0(3, 1000, 8, 0x01020304, [1, 2]))).toEqual([{ type: 8, stream: 0x01020304, timestamp: 1000, body: Uint8Array.of(1, 2) }])
  })

  it('reads types 1, 2 and 3 against the header before', () => {
    const bytes = [...chunk0(3, 1000, 8, 1, [1]), 0x43, ...u24(20), ...u24(2), 9, 5, 6, 0x83, ...u24(30), 7, 8, 0xc3, 9, 9]
    expect(brief(bytes)).toEqual([
      [8, 1, 1000, 1],
      [9, 1, 1020, 2],
      [9, 1, 1050, 2],
      [9, 1, 1080, 2],
    ])
  })

  it('takes the time of type 0 as the step of a type 3 that follows (5.3.1.2.4)', () => {
    expect(brief([...chunk0(3, 40, 8, 1, [1]), 0xc3, 2])).toEqual([
      [8, 1, 40, 1],
      [8, 1, 80, 1],
    ])
  })

  it('reads chunk stream ids of one, two and three bytes', () => {
    const rest = chunk0(0, 5, 8, 1, [1]).slice(1)
    const bytes = [63, ...rest, 0, 0, ...rest, 0, 255, ...rest, 1, 0, 0, ...rest, 1, 255, 255, ...rest]
    expect(brief(bytes)).toHaveLength(5)
    // 64 in the long form is 64 in the short form: type 3 may follow
    expect(brief([0, 0, ...rest, 0xc1, 0, 0, 7])).toHaveLength(2)
  })

  it('accepts type 1 as the first header of a chunk stream', () => {
    expect(brief([0x42, ...u24(0), ...u24(4), 3, ...u32(7)])).toEqual([[3, 0, 0, 4]])
  })

  it('wraps its clock at 32 bits', () => {
    expect(brief([...chunk0(3, 0xffff_fffe, 8, 1, [1]), 0x83, ...u24(5), 2])).toEqual([
      [8, 1, 0xffff_fffe, 1],
      [8, 1, 3, 1],
    ])
  })

  it('hands out empty messages', () => {
    expect(brief([...chunk0(3, 1, 8, 1, []), ...chunk0(4, 2, 9, 1, [])])).toEqual([
      [8, 1, 1, 0],
      [9, 1, 2, 0],
    ])
  })
})

describe('chunk reader: chunks', () => {
  it('puts a message together from chunks, and interleaved ones too', () => {
    const first = chunk0(4, 0, 9, 1, zeros(128, 1), 300)
    const other = chunk0(5, 0, 8, 1, zeros(128, 9), 130)
    const bytes = [...first, ...other, 0xc4, ...zeros(128, 2), 0xc5, 9, 9, 0xc4, ...zeros(44, 3)]
    const messages = readAll(bytes)
    expect(messages.map(({ type, body }) => [type, body.length])).toEqual([
      [8, 130],
      [9, 300],
    ])
    expect([...(messages[1]?.body ?? [])]).toEqual([...zeros(128, 1), ...zeros(128, 2), ...zeros(44, 3)])
  })

  it('obeys Set Chunk Size at once, also in the middle of a message', () => {
    const bytes = [...chunk0(4, 0, 9, 1, zeros(128, 1), 300), ...control(1, 1000), 0xc4, ...zeros(172, 2)]
    expect(brief(bytes)).toEqual([[9, 1, 0, 300]])
  })

  it('treats chunk sizes beyond the largest message alike', () => {
    const reader = new ChunkReader()
    expect([...reader.read(Uint8Array.from(control(1, 0x7fff_ffff)))]).toEqual([])
    expect(reader.chunkSize).toBe(0xff_ffff)
  })

  it('obeys Abort: what was begun is dropped, what follows is read', () => {
    const reader = new ChunkReader()
    const bytes = [...chunk0(4, 0, 9, 1, zeros(128), 300), ...control(2, 4), ...chunk0(4, 7, 9, 1, [5])]
    expect([...reader.read(Uint8Array.from(bytes))].map((message) => message.timestamp)).toEqual([7])
    expect(reader.partial).toBe(0)
  })

  it('ignores Abort of an unknown chunk stream', () => {
    expect(brief([...control(2, 9999), ...chunk0(3, 1, 8, 1, [1])])).toHaveLength(1)
  })
})

describe('chunk reader: memory', () => {
  const bytes = [
    ...chunk0(4, 0, 9, 1, zeros(128, 1), 300),
    ...chunk0(3, 1, 8, 1, zeros(20, 2)),
    0xc4,
    ...zeros(128, 3),
    0xc4,
    ...zeros(44, 4),
    ...chunk0(3, 2, 8, 1, [5]),
  ]
  const bodies = (messages: Iterable<{ readonly body: Uint8Array }>) => Array.from(messages, ({ body }) => [...body])

  it('keeps nothing of the bytes it was given', () => {
    const expected = bodies(readAll(bytes))
    for (const cut of [1, 100, 160, 250, bytes.length - 1]) {
      const reader = new ChunkReader()
      const messages = [bytes.slice(0, cut), bytes.slice(cut)].flatMap((part) => {
        const memory = Uint8Array.from(part)
        const found = [...reader.read(memory)]
        memory.fill(0xee)
        return found
      })
      expect(bodies(messages)).toEqual(expected)
    }
  })

  it('reads on from memory of its own where the bytes are used again before the end', () => {
    const reader = new ChunkReader()
    const memory = Uint8Array.from(bytes)
    const messages = []
    for (const message of reader.read(memory)) {
      messages.push(message)
      reader.own()
      memory.fill(0xee)
    }
    expect(bodies(messages)).toEqual(bodies(readAll(bytes)))
  })
})

describe('chunk reader: extended timestamps', () => {
  const time = 0x0123_4567

  it('reads them, and their repetition in type 3', () => {
    const bytes = [...chunk0(4, time, 9, 1, zeros(128, 1), 200), 0xc4, ...u32(time), ...zeros(72, 2)]
    expect(brief(bytes)).toEqual([[9, 1, time, 200]])
  })

  it('understands senders that do not repeat them', () => {
    const bytes = [...chunk0(4, time, 9, 1, zeros(128, 1), 200), 0xc4, ...zeros(72, 2), ...chunk0(4, time + 1, 9, 1, zeros(128, 1), 130), 0xc4, 2, 2]
    expect(brief(bytes)).toEqual([
      [9, 1, time, 200],
      [9, 1, time + 1, 130],
    ])
  })

  it('understands senders that repeat the absolute time behind a difference', () => {
    const bytes = [
      ...chunk0(4, 100, 9, 1, [1]),
      0x44,
      ...u24(0xff_ffff),
      ...u24(200),
      9,
      ...u32(time),
      ...zeros(128, 1),
      0xc4,
      ...u32(time + 100),
      ...zeros(72, 2),
    ]
    expect(brief(bytes)).toEqual([
      [9, 1, 100, 1],
      [9, 1, time + 100, 200],
    ])
  })

  it('reads them in a type 3 that begins a message', () => {
    const bytes = [...chunk0(4, time, 9, 1, [1]), 0xc4, ...u32(time), 2]
    expect(brief(bytes)).toEqual([
      [9, 1, time, 1],
      [9, 1, time * 2, 1],
    ])
  })
})

describe('chunk reader: limits', () => {
  const bad: [name: string, bytes: number[]][] = [
    ['type 3 without a header before', [0xc3, 1]],
    ['type 2 without a header before', [0x83, ...u24(1), 1]],
    ['type 3 on another chunk stream', [...chunk0(3, 0, 8, 1, [1]), 0xc4, 1]],
    ['a command over 64 KiB', chunk0(3, 0, 20, 0, [], 65_537)],
    ['metadata over 64 KiB', chunk0(3, 0, 18, 0, [], 65_537)],
    ['an unknown type over 64 KiB', chunk0(3, 0, 99, 0, [], 65_537)],
    ['a video message over 8 MiB', chunk0(3, 0, 9, 1, [], 8 * 1024 * 1024 + 1)],
    ['the longest length there is', chunk0(3, 0, 9, 1, [], 0xff_ffff)],
    ['Set Chunk Size 0', control(1, 0)],
    ['Set Chunk Size with the high bit', control(1, 0x8000_0001)],
    ['Set Chunk Size of 3 bytes', chunk0(2, 0, 1, 0, [0, 0, 1])],
    ['Set Chunk Size without a body', chunk0(2, 0, 1, 0, [])],
    ['Abort of 2 bytes', chunk0(2, 0, 2, 0, [0, 0])],
    ['a header in the middle of a message', [...chunk0(4, 0, 9, 1, zeros(128), 300), ...chunk0(4, 0, 9, 1, [1])]],
    ['a short header in the middle of a message', [...chunk0(4, 0, 9, 1, zeros(128), 300), 0x84, ...u24(1)]],
    ['a message that grows by type 1', [...chunk0(3, 0, 20, 0, [1]), 0x43, ...u24(0), ...u24(70_000), 20]],
    ['a type 3 that repeats a length too long for its type', [...chunk0(3, 0, 9, 1, []), 0x43, ...u24(0), ...u24(0xff_ffff), 9]],
    ['more than 128 chunk streams', Array.from({ length: 129 }, (_, i) => [0, i, ...chunk0(0, 0, 8, 1, [1]).slice(1)]).flat()],
  ]

  it.each(bad)('refuses %s with ERR_PROTOCOL', (_, bytes) => {
    let error: unknown
    try {
      readAll(bytes)
    } catch (caught) {
      error = caught
    }
    expect(isShoalError(error, 'ERR_PROTOCOL')).toBe(true)
  })

  it('bounds what unfinished messages hold together', () => {
    const begun = (id: number): number[] => chunk0(id, 0, 9, 1, zeros(128), 600)
    expect(() => readAll([...begun(4), ...begun(5)], { maxPartial: 1000 })).toThrow(/unfinished/)
    expect(readAll([...begun(4), ...control(2, 4), ...begun(5)], { maxPartial: 1000 })).toEqual([])
  })

  it('gives room only as bytes arrive', () => {
    const reader = new ChunkReader()
    for (const id of [4, 5, 6, 7]) for (const _ of reader.read(Uint8Array.from(chunk0(id, 0, 9, 1, zeros(128), 8 * 1024 * 1024)))) expect.unreachable()
    expect(reader.partial).toBe(4 * 64 * 1024)
  })

  it('reads a message of exactly 8 MiB', () => {
    const reader = new ChunkReader()
    const head = Uint8Array.from([...control(1, 0xff_ffff), ...chunk0(4, 0, 9, 1, [], 8 * 1024 * 1024)])
    expect([...reader.read(head)]).toEqual([])
    const body = new Uint8Array(1024 * 1024).fill(7)
    const messages = Array.from({ length: 8 }, () => [...reader.read(body)]).flat()
    expect(messages.map((message) => message.body.length)).toEqual([8 * 1024 * 1024])
    expect(messages[0]?.body.every((byte) => byte === 7)).toBe(true)
    expect(reader.partial).toBe(0)
  })

  it('hands out what came before the fault', () => {
    const seen: number[] = []
    expect(() => {
      for (const message of new ChunkReader().read(Uint8Array.from([...chunk0(3, 5, 8, 1, [1]), 0xc9]))) seen.push(message.timestamp)
    }).toThrow()
    expect(seen).toEqual([5])
  })
})
