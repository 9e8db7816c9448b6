/** The portable protocol against bytes that mean nothing, and bytes that nearly mean something. */

import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { answerOf, decodePortable, encodePortable, trackToWire } from '../../src/daemon/portable/native/codec.js'
import { MessagePipe } from '../../src/daemon/portable/native/pipe.js'
import type { PortableMessage } from '../../src/daemon/portable/native/portable.pb.js'
import { serviceArguments, toServiceJson } from '../../src/daemon/portable/native/service-json.js'
import { ShoalError } from '../../src/errors.js'
import { decode, encode } from '../fixtures/portable/wire.mjs'

const rounds = 100_000

/** The same numbers in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const json = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const track = trackToWire({ id: 1, kind: 'video', codec: 'avc1.64001f', description: Uint8Array.of(1, 2, 3), width: 640, height: 360 })
const plugin = {
  ...{ name: 'fuzz', version: '1', description: 'd', author: 'a', kinds: ['a', 'b'], configSchema: Uint8Array.of(123, 125) },
  ...{ pullers: [{ protocol: 'x', prefix: '' }], pushers: [], routes: [], provides: ['cache'], events: ['peers'], uses: ['locks'] },
}
const samples: readonly PortableMessage[] = [
  { id: 0, hello: { version: 1, minVersion: 1, agent: 'fuzz/1', plugin } },
  { id: 1, answer: answerOf({ code: 'ERR_LIMIT', message: 'no', entries: [{ key: 'k', value: Uint8Array.of(1) }], tracks: [track] }) },
  { id: 2, publish: { path: 'a/b', tracks: [track], takeover: true, publishTimeout: 5, idleTimeout: 6, job: 7 } },
  { id: 3, subscribe: { path: 'a/b', start: 2, buffered: 1_000_000, kinds: ['video'], maxLatency: 9, wait: 10, job: 0 } },
  { id: 4, frames: { records: new Uint8Array(64), dropped: 3 } },
  { id: 5, store: { op: 4, key: 'k', value: new Uint8Array(), after: 'a' } },
  { id: 7, service: { slot: 'cache', method: 'set', arguments: json('["k",{"$blob":0},5]'), blobs: [Uint8Array.of(1, 2)] } },
  { id: 8, notice: { slot: 'locks', method: 'lost', arguments: json('["a","1"]'), blobs: [] } },
  { id: 9, answer: answerOf({ body: Uint8Array.of(1, 2, 3) }) },
  { id: 0, task: { name: 'copy', state: 'running', text: 'half', done: 5, total: 10 } },
  { id: 6, log: { level: 'info', message: 'm', fields: Uint8Array.of(123, 125) } },
]

/** Decodes; true when it was refused with `ERR_PROTOCOL`. Anything else that is thrown fails the test. */
function refused(bytes: Uint8Array): boolean {
  try {
    decodePortable(bytes)
    return false
  } catch (error) {
    if (error instanceof ShoalError && error.code === 'ERR_PROTOCOL') return true
    throw error
  }
}

describe('the decoder of portable messages', () => {
  it(`survives ${rounds} random messages`, () => {
    const random = generator(1)
    let count = 0
    for (let i = 0; i < rounds; i++) if (refused(Uint8Array.from({ length: random(60) }, () => random(256)))) count++
    expect(count).toBeGreaterThan(rounds / 2)
  })

  it(`survives ${rounds} messages with a fault`, () => {
    const random = generator(2)
    const encoded = samples.map(encodePortable)
    let count = 0
    for (let i = 0; i < rounds; i++) {
      const bytes = (encoded[random(encoded.length)] ?? new Uint8Array()).slice(random(20) === 0 ? random(10) : 0)
      for (let fault = 0; fault <= random(4); fault++) bytes[random(bytes.length)] = random(256)
      if (refused(random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes)) count++
    }
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(rounds)
  })

  it('agrees with a codec that was written by hand', () => {
    for (const sample of samples) {
      const bytes = encodePortable(sample)
      expect(decodePortable(new Uint8Array(encode(decode(Buffer.from(bytes)))))?.message).toEqual(sample)
    }
  })
})

describe('arguments of services', () => {
  it(`survive ${rounds / 4} faults`, () => {
    const random = generator(4)
    const whole = toServiceJson(['key', Uint8Array.of(1), { deep: [Uint8Array.of(2), null, 7] }])
    let count = 0
    for (let i = 0; i < rounds / 4; i++) {
      const bytes = whole.json.slice(0, random(10) === 0 ? random(whole.json.length) : undefined)
      for (let fault = 0; fault <= random(3) && bytes.length > 0; fault++) bytes[random(bytes.length)] = random(128)
      try {
        serviceArguments({ arguments: bytes, blobs: whole.blobs.slice(0, random(3)) }, 'it')
      } catch (error) {
        if (!(error instanceof ShoalError) || error.code !== 'ERR_PROTOCOL') throw error
        count++
      }
    }
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(rounds / 4)
  })
})

describe('the pipe', () => {
  it('cuts the same messages wherever the chunks end, and stops at garbage', async () => {
    const random = generator(3)
    for (let round = 0; round < 2000; round++) {
      const chosen = Array.from({ length: 1 + random(5) }, () => samples[random(samples.length)] ?? { id: 0 })
      const whole = Buffer.concat(
        chosen.map(encodePortable).flatMap((body) => [Buffer.from(body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7]), body]),
      )
      const garbage = round % 2 === 0 ? Buffer.alloc(0) : Buffer.from([6, 255, 255, 255, 255, 255, 255])
      const input = new PassThrough()
      const got: PortableMessage[] = []
      const end = new Promise<string>((resolve) => {
        new MessagePipe(input, new PassThrough(), {
          message: (message) => void got.push(message),
          broken: () => resolve('broken'),
          ended: () => resolve('ended'),
          flooded: () => {},
        })
      })
      const all = Buffer.concat([whole, garbage])
      for (let at = 0; at < all.length; ) {
        const next = at + 1 + random(200)
        input.write(all.subarray(at, next))
        at = next
      }
      input.end()
      expect(await end).toBe(garbage.length > 0 ? 'broken' : 'ended')
      expect(got).toEqual(chosen)
    }
  })
})
