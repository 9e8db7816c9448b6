import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataFrame, encodeHeader, windowUpdate, YamuxDecoder, type YamuxHeader } from '../../../../src/daemon/swarm/yamux-frames.js'

const data = (streamID: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([encodeHeader({ type: dataFrame, flag: 0, streamID, length: bytes.byteLength }), bytes])

describe('YamuxDecoder', () => {
  it('gives every frame whole and in order, under every split', () => {
    const word = fc.integer({ min: 0, max: 0xffff_ffff })
    const header = fc.record({ type: fc.constantFrom(windowUpdate, 2, 3), flag: fc.integer({ min: 0, max: 0xffff }), streamID: word, length: word })
    const frames = fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 100 })), { maxLength: 8 })
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
        const wire = Buffer.concat(sent.map((one, at) => (one instanceof Uint8Array ? data(at, one) : encodeHeader(one))))
        const got: (YamuxHeader | number[])[] = []
        const decoder = new YamuxDecoder(100, (head, parts) => got.push(head.type === dataFrame ? [head.streamID, ...Buffer.concat(parts)] : head))
        for (let at = 0, cut = 0; at < wire.length; cut++) {
          const size = cuts[cut % cuts.length] ?? 1
          decoder.push(wire.subarray(at, at + size))
          at += size
        }
        expect(got).toEqual(sent.map((one, at) => (one instanceof Uint8Array ? [at, ...one] : one)))
      }),
    )
  })

  it('gives views of what came, not copies', () => {
    const wire = data(1, Uint8Array.of(1, 2, 3))
    let parts: Uint8Array[] = []
    new YamuxDecoder(10, (_, given) => {
      parts = given
    }).push(wire)
    wire[12] = 9
    expect(parts.map((part) => [...part])).toEqual([[9, 2, 3]])
  })

  it('refuses data over the limit by its header, and what is not yamux, as a fault of the protocol', () => {
    const decoder = (): YamuxDecoder => new YamuxDecoder(10, () => {})
    decoder().push(data(1, new Uint8Array(10)))
    const fault = expect.objectContaining({ reason: 1 })
    expect(() => decoder().push(encodeHeader({ type: dataFrame, flag: 0, streamID: 1, length: 11 }))).toThrow(fault)
    expect(() => decoder().push(Uint8Array.of(1, ...new Uint8Array(11)))).toThrow(fault)
    // what is no data may say any number
    decoder().push(encodeHeader({ type: windowUpdate, flag: 0, streamID: 1, length: 0xffff_ffff }))
  })
})
