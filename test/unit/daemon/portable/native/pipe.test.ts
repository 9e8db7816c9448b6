import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { answerOf } from '../../../../../src/daemon/portable/native/codec.js'
import { maxMessage } from '../../../../../src/daemon/portable/native/limits.js'
import { MessagePipe } from '../../../../../src/daemon/portable/native/pipe.js'
import type { PortableMessage } from '../../../../../src/daemon/portable/native/portable.pb.js'
import { codeOf } from '../../../../../src/testing/test-api.js'
import { waitFor } from '../../../../wait-for.js'

/** A pipe and what happens on it. */
class Watched {
  readonly input = new PassThrough()
  readonly output = new PassThrough()
  readonly messages: PortableMessage[] = []
  readonly events: string[] = []
  floodedAt: number | undefined
  readonly pipe = new MessagePipe(this.input, this.output, {
    message: (message) => void this.messages.push(message),
    broken: ({ message }) => void this.events.push(`broken: ${message}`),
    ended: () => void this.events.push('ended'),
    flooded: () => {
      this.floodedAt ??= this.messages.length
    },
  })
}

/** Two pipes that talk to each other. */
function pair() {
  const [a, b] = [new Watched(), new Watched()]
  a.output.pipe(b.input)
  b.output.pipe(a.input)
  return { a, b }
}

describe('MessagePipe', () => {
  it('carries messages of every size in order', async () => {
    const { a, b } = pair()
    const sizes = [0, 1, 100, 4096, 70_000, 2_000_000, 3]
    for (const size of sizes) a.pipe.send({ id: size + 1, answer: answerOf({ body: new Uint8Array(size) }) })
    await waitFor('the messages', () => b.messages.length === sizes.length)
    expect(b.messages.map(({ answer }) => answer?.body.byteLength)).toEqual(sizes)
  })

  it('writes frames that the codec reads', async () => {
    const { a, b } = pair()
    a.pipe.sendFrames(2 ** 35, [Uint8Array.of(1, 2), new Uint8Array(300)], 0)
    a.pipe.sendFrames(1, [Uint8Array.of(9)], 4000)
    await waitFor('the messages', () => b.messages.length === 2)
    expect(b.messages).toEqual([
      { id: 2 ** 35, frames: { records: Uint8Array.from([1, 2, ...new Uint8Array(300)]), dropped: 0 } },
      { id: 1, frames: { records: Uint8Array.of(9), dropped: 4000 } },
    ])
  })

  it('refuses to write what is too large', async () => {
    const { a } = pair()
    expect(await codeOf(() => a.pipe.send({ id: 1, answer: answerOf({ body: new Uint8Array(maxMessage) }) }))).toBe('ERR_PAYLOAD_TOO_LARGE')
  })

  it('stops at the first message that breaks the rules', async () => {
    const watched = new Watched()
    watched.input.write(Buffer.from([2, 0x17, 0x17, 2, 34, 0]))
    await waitFor('the event', () => watched.events.length > 0)
    expect(watched.events[0]).toMatch(/^broken: A message is malformed/)
    expect(watched.messages).toEqual([])
    expect(watched.pipe.closed).toBe(true)
  })

  it('says once that it ended', async () => {
    const watched = new Watched()
    watched.input.end(Buffer.from([2, 34, 0]))
    await waitFor('the end', () => watched.events.length > 0)
    expect(watched.messages).toEqual([{ id: 0, cancel: {} }])
    watched.pipe.send({ id: 1, cancel: {} })
    expect(watched.events).toEqual(['ended'])
    expect(watched.output.readableLength).toBe(0)
  })

  it('reads no more while too much waits to be written, and goes on later', async () => {
    const watched = new Watched()
    for (let i = 0; i < 10; i++) watched.pipe.send({ id: 1, answer: answerOf({ body: new Uint8Array(1024 * 1024) }) })
    watched.input.write(Buffer.from([2, 34, 0]))
    await new Promise((resolve) => setImmediate(resolve))
    expect(watched.messages).toEqual([])
    watched.output.resume()
    await waitFor('the message', () => watched.messages.length === 1)
    await watched.pipe.drained()
    expect(watched.pipe.backlog).toBe(0)
  })

  it('slows a flood down', async () => {
    const watched = new Watched()
    const block = Buffer.from(Array.from({ length: 10_000 }, () => [2, 34, 0]).flat())
    for (let i = 0; i < 10; i++) watched.input.write(block)
    await waitFor('the flood to be noticed', () => watched.floodedAt)
    expect(watched.floodedAt).toBeLessThan(100_000)
    await waitFor('all of it', () => watched.messages.length === 100_000)
  })
})
