import type { Logger } from '@libp2p/interface'
import { AbstractStream, type SendResult } from '@libp2p/utils'
import fc from 'fast-check'
import type { Uint8ArrayList } from 'uint8arraylist'
import { describe, expect, it } from 'vitest'
import { TunnelPipe } from '../../../../src/daemon/swarm/tunnel-pipe.js'

const silent: Logger = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => silent })

/** A stream whose far end is the test. */
class TestStream extends AbstractStream {
  readonly sent: Uint8Array[] = []
  /** Bytes that the far end takes before it says stop. */
  room = Number.POSITIVE_INFINITY
  paused = false
  ended = false
  reset = false

  constructor() {
    super({ id: '1', log: silent, direction: 'inbound', maxWriteBufferLength: 1 << 20, maxReadBufferLength: 4 << 20 })
  }

  get total(): number {
    return this.sent.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = Math.min(this.room, data.byteLength)
    this.sent.push(data.subarray(0, sentBytes))
    this.room -= sentBytes
    return { sentBytes, canSendMore: this.room > 0 }
  }

  /** The far end takes more. */
  grant(bytes: number): void {
    this.room += bytes
    this.safeDispatchEvent('drain')
  }

  sendPause(): void {
    this.paused = true
  }

  sendResume(): void {
    this.paused = false
  }

  sendReset(): void {
    this.reset = true
  }

  async sendCloseWrite(): Promise<void> {
    this.ended = true
  }

  async sendCloseRead(): Promise<void> {}
}

async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

function pipe(): { a: TestStream; b: TestStream; made: TunnelPipe } {
  const [a, b] = [new TestStream(), new TestStream()]
  return { a, b, made: new TunnelPipe(a, b) }
}

describe('TunnelPipe', () => {
  it('holds the sender back at the pace of a slow reader, and keeps little', async () => {
    const { a, b } = pipe()
    b.room = 100_000
    const chunk = new Uint8Array(65_536).fill(3)
    let fed = 0
    while (!a.paused && fed < 100) {
      a.onData(chunk)
      fed++
    }
    expect(fed * chunk.byteLength).toBeLessThan(700_000)
    expect(b.total).toBe(100_000)
    for (let i = 0; i < 100 && b.total < fed * chunk.byteLength; i++) {
      b.grant(50_000)
      await turns(2)
    }
    expect(b.total).toBe(fed * chunk.byteLength)
    expect(a.paused).toBe(false)
    expect([a.status, b.status]).toEqual(['open', 'open'])
  })

  it('delivers every byte in order, whatever the sizes and the pace, and then the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(200_000), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 10 }),
        async (sizes, grants) => {
          const { a, b, made } = pipe()
          b.room = 1000
          let value = 0
          const all = sizes.map((size) => Uint8Array.from({ length: size }, () => value++ & 0xff))
          for (const [index, part] of all.entries()) {
            a.onData(part)
            b.grant(grants[index % Math.max(1, grants.length)] ?? 1)
            await turns(1)
          }
          a.onRemoteCloseWrite()
          for (let i = 0; i < 50 && !b.ended; i++) {
            b.grant(1_000_000)
            await turns(2)
          }
          expect(Buffer.compare(Buffer.concat(b.sent), Buffer.concat(all))).toBe(0)
          expect(b.ended).toBe(true)
          expect(made.bytes).toBe(Buffer.concat(all).byteLength)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('passes on a half close, goes on the other way, and is over when both are closed', async () => {
    const { a, b, made } = pipe()
    a.onRemoteCloseWrite()
    await turns()
    expect(b.ended).toBe(true)
    b.onData(Uint8Array.of(1, 2, 3))
    await turns()
    expect(a.total).toBe(3)
    b.onRemoteCloseWrite()
    await made.done
    expect([a.ended, a.reset, b.reset]).toEqual([true, false, false])
  })

  it('one end that is reset, or lost with its link, resets the other', async () => {
    const reset = pipe()
    reset.a.onRemoteReset()
    await reset.made.done
    expect(reset.b.reset).toBe(true)
    const lost = pipe()
    lost.b.onTransportClosed()
    await lost.made.done
    expect(lost.a.reset).toBe(true)
    const late = new TestStream()
    late.onRemoteReset()
    const other = new TestStream()
    await new TunnelPipe(other, late).done
    expect(other.reset).toBe(true)
  })

  it('what came and ended before it was made is passed on', async () => {
    const [a, b] = [new TestStream(), new TestStream()]
    a.onData(Uint8Array.of(9))
    a.onRemoteCloseWrite()
    new TunnelPipe(a, b)
    await turns()
    expect([b.total, b.ended]).toEqual([1, true])
  })

  it('can be cut, and sees what passes', async () => {
    const [a, b] = [new TestStream(), new TestStream()]
    const made = new TunnelPipe(a, b, (bytes) => bytes.map((byte) => byte + 1))
    a.onData(Uint8Array.of(1))
    expect(b.sent).toEqual([Uint8Array.of(2)])
    made.abort(new Error('cut'))
    await made.done
    expect([a.reset, b.reset]).toEqual([true, true])
  })
})
