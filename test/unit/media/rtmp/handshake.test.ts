import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isShoalError } from '../../../../src/errors.js'
import { ClientHandshake, handshakeRandomSize, ServerHandshake } from '../../../../src/media/rtmp/handshake.js'

const random = (seed: number): Uint8Array => Uint8Array.from({ length: handshakeRandomSize }, (_, i) => (i * seed) & 255)

describe('handshake', () => {
  it('client and server agree, and what follows is handed on', () => {
    const client = new ClientHandshake(random(3))
    const server = new ServerHandshake(random(5))
    const answer = server.push(client.hello)
    expect(answer.send?.length).toBe(3073)
    const echoed = client.push(answer.send ?? new Uint8Array())
    expect(echoed.send?.length).toBe(1536)
    expect(echoed.rest?.length).toBe(0)
    const last = server.push(Uint8Array.of(...(echoed.send ?? []), 1, 2, 3))
    expect(last).toEqual({ rest: Uint8Array.of(1, 2, 3) })
  })

  it('echoes exactly: S2 is C1 and C2 is S1', () => {
    const client = new ClientHandshake(random(3))
    const { send } = new ServerHandshake(random(5)).push(client.hello)
    expect(send?.subarray(1537)).toEqual(client.hello.subarray(1))
    expect(client.push(send ?? new Uint8Array()).send).toEqual(send?.subarray(1, 1537))
  })

  it('takes C0 C1 C2 sent at once, and the digest form of C1', () => {
    const hello = new ClientHandshake(random(7)).hello.slice()
    hello.set([9, 0, 124, 2], 5)
    const { send, rest } = new ServerHandshake(random(5)).push(Uint8Array.of(...hello, ...new Uint8Array(1536), 9))
    expect(send?.subarray(1537)).toEqual(hello.subarray(1))
    expect(rest).toEqual(Uint8Array.of(9))
  })

  it('gives the same whatever way the bytes are cut', () => {
    const bytes = Uint8Array.of(...new ClientHandshake(random(7)).hello, ...new Uint8Array(1536), 1, 2, 3, 4)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const server = new ServerHandshake(random(5))
        const sent: number[] = []
        let rest: number[] | undefined
        for (const piece of pieces(bytes, cuts)) {
          if (rest) {
            rest.push(...piece)
            continue
          }
          const step = server.push(piece)
          sent.push(...(step.send ?? []))
          if (step.rest) rest = [...step.rest]
        }
        expect(sent.length).toBe(3073)
        expect(rest).toEqual([1, 2, 3, 4])
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    ['GET / HTTP/1.1', 'HTTP'],
    ['POST /open/1', 'HTTP'],
    ['HTTP/1.1 400', 'HTTP'],
    ['\x16\x03\x01', 'TLS'],
    ['\x06', 'RTMPE'],
    ['\x00', 'version 0'],
    ['\xff\xff', 'version 255'],
  ])('refuses %j at its first byte', (text, said) => {
    for (const side of [new ServerHandshake(random(1)), new ClientHandshake(random(1))]) {
      const error = caught(() => side.push(Uint8Array.from(text, (letter) => letter.charCodeAt(0))))
      expect(isShoalError(error, 'ERR_PROTOCOL')).toBe(true)
      expect(String(error)).toContain(said)
    }
  })
})

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const sorted = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}
