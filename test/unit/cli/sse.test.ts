import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readEvents, type ServerEvent } from '../../../src/cli/sse.js'

async function read(chunks: Uint8Array[]): Promise<ServerEvent[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const events: ServerEvent[] = []
  for await (const event of readEvents(source())) events.push(event)
  return events
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('readEvents', () => {
  it('reads names, several data lines and comments', async () => {
    expect(await read([bytes(': hello\n\nevent: stream\ndata: {"a":1}\n\ndata: one\ndata: two\r\n\r\n')])).toEqual([
      { event: 'stream', data: '{"a":1}' },
      { event: 'message', data: 'one\ntwo' },
    ])
  })

  it('gives the same events however the bytes are cut', async () => {
    const text = bytes('event: é\ndata: ü\n\n: beat\n\ndata: x\n\n')
    const whole = await read([text])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 10 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length]
        expect(await read(at.slice(1).map((end, i) => text.slice(at[i], end)))).toEqual(whole)
      }),
    )
  })

  it('refuses an event without end', async () => {
    await expect(read([bytes(`data: ${'x'.repeat(5 * 1024 * 1024)}`)])).rejects.toThrow('too long')
  })
})
