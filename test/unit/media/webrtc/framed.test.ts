import { describe, expect, it } from 'vitest'
import { FrameReader, framed, isBindingRequest } from '../../../../src/media/webrtc/framed.js'

describe('datagrams on a stream', () => {
  const datagrams = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(4096, 7), Buffer.from('end')]
  const bytes = Buffer.concat(datagrams.map(framed))

  it.each([1, 2, 3, 1000, bytes.length])('come whole from pieces of %i bytes', (size) => {
    const reader = new FrameReader()
    const read: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)).map((one) => Buffer.from(one)))
    expect(read.length).toBe(datagrams.length)
    expect(Buffer.concat(read)).toEqual(Buffer.concat(datagrams))
  })

  it('are of a sensible length', () => {
    expect(() => new FrameReader().push(framed(Buffer.alloc(4097)).subarray(0, 2))).toThrow(expect.objectContaining({ code: 'ERR_MEDIA_INVALID' }))
    expect(() => framed(Buffer.alloc(65_536))).toThrow(RangeError)
  })
})

it('a request to bind is known by its type and its cookie', () => {
  const request = Buffer.alloc(20)
  request.writeUInt16BE(1)
  request.writeUInt32BE(0x2112_a442, 4)
  expect(isBindingRequest(request)).toBe(true)
  for (const [at, value] of [
    [0, 1],
    [1, 2],
    [4, 0],
  ] as const) {
    const other = Buffer.from(request)
    other[at] = value
    expect(isBindingRequest(other)).toBe(false)
  }
  expect(isBindingRequest(request.subarray(0, 19))).toBe(false)
})
