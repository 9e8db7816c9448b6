import { setImmediate as turn } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { LinkWriter } from '../../../../src/daemon/swarm/link-writer.js'
import { TurnEnd } from '../../../../src/daemon/swarm/turn-end.js'

const MiB = 1 << 20

/** A libp2p stream that takes what it is given while it has room. */
class TestStream {
  readonly sent: (Uint8Array | Uint8ArrayList)[] = []
  writableNeedsDrain = false
  writeBufferLength = 0

  send(data: Uint8Array | Uint8ArrayList): boolean {
    this.sent.push(data)
    return !this.writableNeedsDrain
  }

  get bytes(): Buffer {
    return Buffer.concat(this.sent.map((data) => data.subarray()))
  }
}

function make(turnEnd = new TurnEnd()): { stream: TestStream; writer: LinkWriter } {
  const stream = new TestStream()
  return { stream, writer: new LinkWriter(stream as unknown as Stream, MiB, turnEnd) }
}

describe('LinkWriter', () => {
  it('sends the frames of one turn in few units, whole and in order, whatever their parts', async () => {
    const { stream, writer } = make()
    const frames = [0, 1, 127, 128, 40_000, 65_504, 3, 200_000, 65_501].map((size, at) => new Uint8Array(size).fill(at + 1))
    for (const frame of frames) writer.send([frame.subarray(0, 2), frame.subarray(2)])
    await turn()
    expect(stream.bytes.equals(Buffer.concat([...encode(frames)]))).toBe(true)
    expect(stream.sent.map(({ byteLength }) => byteLength).slice(0, -1)).toEqual(new Array(stream.sent.length - 1).fill(65_504))
    expect(writer.buffered).toBe(0)
  })

  it('gives away views of large frames, not copies', async () => {
    const { stream, writer } = make()
    const frame = new Uint8Array(16_000)
    writer.send([frame])
    await turn()
    const [list] = stream.sent
    expect(list instanceof Uint8ArrayList && [...list].some(({ buffer }) => buffer === frame.buffer)).toBe(true)
  })

  it('streams that share the end of a turn send in the same moment, before what one of them left for its end', async () => {
    const shared = new TurnEnd()
    const [one, two] = [make(shared), make(shared)]
    const order: string[] = []
    for (const [name, { stream }] of Object.entries({ one, two })) {
      const send = stream.send.bind(stream)
      stream.send = (data) => {
        order.push(name)
        process.nextTick(() => order.push('written'))
        return send(data)
      }
    }
    one.writer.send([Uint8Array.of(1)])
    two.writer.send([Uint8Array.of(2)])
    await turn()
    expect(order).toEqual(['one', 'two', 'written', 'written'])
  })

  it('keeps what there is no room for, and a writer that failed sends nothing more', async () => {
    const { stream, writer } = make()
    stream.writableNeedsDrain = true
    expect(writer.send([new Uint8Array(300_000)])).toBe(false)
    await turn()
    expect(stream.sent).toEqual([])
    const drained = writer.drained()
    stream.writableNeedsDrain = false
    writer.schedule()
    await drained
    expect(stream.bytes).toHaveLength(300_003)
    writer.send([Uint8Array.of(1)])
    writer.fail(new Error('over'))
    await turn()
    expect(stream.bytes).toHaveLength(300_003)
  })
})
