import { describe, expect, it } from 'vitest'
import { isShoalError } from '../../../../src/errors.js'
import { peerBandwidth, readControl, readUserControl, splitAggregate, uint32, userControl } from '../../../../src/media/rtmp/message.js'
import { u24, u32 } from './chunks.js'

const tag = (type: number, timestamp: number, body: readonly number[], length = body.length): number[] => [
  type,
  ...u24(length),
  ...u24(timestamp & 0xff_ffff),
  (timestamp >>> 24) & 255,
  ...u24(0),
  ...body,
  ...u32(11 + body.length),
]
const aggregate = (...bytes: number[]) => ({ type: 22, stream: 1, timestamp: 5000, body: Uint8Array.from(bytes) })

describe('messages', () => {
  it('reads and writes control bodies', () => {
    expect(readControl({ type: 3, stream: 0, timestamp: 0, body: uint32(0xfedc_ba98) })).toBe(0xfedc_ba98)
    expect(readUserControl(userControl(6, 0xffff_ffff))).toEqual({ type: 6, value: 0xffff_ffff })
    expect([...peerBandwidth(2_500_000)]).toEqual([...u32(2_500_000), 2])
  })

  it('refuses control bodies that are cut short', () => {
    expect(() => readControl({ type: 3, stream: 0, timestamp: 0, body: Uint8Array.of(1, 2, 3) })).toThrow(/3 bytes/)
    expect(() => readUserControl(Uint8Array.of(0, 6, 0, 0, 0))).toThrow(/5 bytes/)
  })
})

describe('aggregates', () => {
  it('are split, with times moved to that of the aggregate', () => {
    const messages = [...splitAggregate(aggregate(...tag(8, 100, [1]), ...tag(9, 0x0100_0064, [2, 3])))]
    expect(messages.map(({ type, stream, timestamp, body }) => [type, stream, timestamp, [...body]])).toEqual([
      [8, 1, 5000, [1]],
      [9, 1, 5000 + 0x0100_0000, [2, 3]],
    ])
  })

  it('may lack the last back pointer, and may be empty', () => {
    expect([...splitAggregate(aggregate(...tag(8, 0, [1]).slice(0, -4)))]).toHaveLength(1)
    expect([...splitAggregate(aggregate())]).toEqual([])
  })

  it.each([
    ['a header cut short', tag(8, 0, [1]).slice(0, 7)],
    ['a body cut short', tag(8, 0, [1, 2], 200)],
    ['an aggregate inside', tag(22, 0, [])],
    ['a command inside', tag(20, 0, [])],
  ])('are refused with %s', (_, bytes) => {
    let error: unknown
    try {
      expect([...splitAggregate(aggregate(...bytes))]).toEqual([])
    } catch (caught) {
      error = caught
    }
    expect(isShoalError(error, 'ERR_PROTOCOL')).toBe(true)
  })
})
