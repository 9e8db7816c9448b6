import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FlvDemuxer } from '../../../../src/media/flv/demuxer.js'
import { flvHeader, flvTag } from '../../../../src/media/flv/muxer.js'
import type { TagEvent } from '../../../../src/media/flv/tag-body.js'
import { avcConfigs, codeOf, hex } from '../configs.js'

const sample = new Uint8Array(readFileSync(new URL('../../../../examples/sample.flv', import.meta.url)))
const start = sample.subarray(0, 16_000)
const head = '464c5601050000000900000000'

function readInPieces(bytes: Uint8Array, sizes: Iterable<number>): TagEvent[] {
  const demuxer = new FlvDemuxer()
  const events: TagEvent[] = []
  let at = 0
  for (const size of sizes) {
    events.push(...demuxer.push(bytes.subarray(at, at + size)))
    at += size
    if (at >= bytes.length) break
  }
  if (at < bytes.length) events.push(...demuxer.push(bytes.subarray(at)))
  return events
}

describe('FlvDemuxer', () => {
  it('reads the sample clip', () => {
    const demuxer = new FlvDemuxer()
    const events = demuxer.push(sample)
    expect(demuxer.announced).toEqual({ audio: true, video: true })
    expect(demuxer.tracks).toMatchObject([
      { id: 1, codec: 'avc1.4d401f', width: 640, height: 360 },
      { id: 2, codec: 'mp4a.40.2', sampleRate: 44_100, channels: 2 },
    ])
    const frames = events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []))
    expect([1, 2].map((track) => frames.filter((frame) => frame.track === track).length)).toEqual([250, 431])
    expect(frames.filter((frame) => frame.track === 1 && frame.key)).toHaveLength(10)
  })

  it('gives the same events for pieces of one byte', () => {
    const whole = new FlvDemuxer().push(start)
    expect(whole.length).toBeGreaterThan(15)
    expect(
      readInPieces(
        start,
        Array.from({ length: start.length }, () => 1),
      ),
    ).toEqual(whole)
  })

  it('gives the same events for pieces of any size', () => {
    const whole = new FlvDemuxer().push(start)
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 9000 })), { maxLength: 60 }), (sizes) => {
        expect(readInPieces(start, sizes)).toEqual(whole)
      }),
      { numRuns: 25 },
    )
  })

  it('reads 32-bit times, longer headers and empty tags', () => {
    const config = [hex(`1700000000${avcConfigs[0]?.hex}`)]
    const frame = [hex('2701000000'), hex('0000000141')]
    const tags = [flvTag('video', 0, config), flvTag('audio', 0, []), flvTag('video', 0xfedcba98, frame)].flat()
    const events = new FlvDemuxer().push(Buffer.concat([hex('464c56010100000010 00000000000000 00000000'), ...tags]))
    expect(events.map((event) => event.type)).toEqual(['track', 'frame'])
    expect(events[1]).toMatchObject({ frame: { timestamp: 0xfedcba98 * 1000 } })
  })

  it.each([
    ['MP4', '00000020667479706973 6f6d'],
    ['a web page', Buffer.from('<!DOCTYPE html>').toString('hex')],
    ['version 2', '464c5602050000000900000000'],
    ['a header of 8 bytes', '464c5601050000000800000000'],
    ['a header of 1 MiB', '464c5601050010000000000000'],
    ['tag type 0', `${head} 00000001000000000000000000000000`],
    ['tag type 15', `${head} 0f000001000000000000000000000000`],
    ['an encrypted tag', `${head} 29000001000000000000000000000000`],
    ['a tag over 8 MiB', `${head} 09800001000000000000 00`],
    ['a broken tag', `${head} 0900000200000000000000 1700 0000000d`],
  ])('refuses %s, and every call after it', (_, bytes) => {
    const demuxer = new FlvDemuxer()
    expect(codeOf(() => demuxer.push(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
    expect(codeOf(() => demuxer.push(sample))).toBe('ERR_MEDIA_INVALID')
  })

  it('refuses codecs that are not carried', () => {
    expect(codeOf(() => new FlvDemuxer().push(hex(`${head} 0900000200000000000000 1200 0000000d`)))).toBe('ERR_CODEC_UNSUPPORTED')
  })

  it('takes a tag of exactly 8 MiB', () => {
    expect(new FlvDemuxer().push(hex(`${head} 0980000000000000000000`))).toEqual([])
  })
})

describe('FLV muxer', () => {
  it('writes header and tags as FLV 10.1 has them', () => {
    expect(flvHeader({ audio: true, video: false })).toEqual(hex('464c5601040000000900000000'))
    expect(Buffer.concat(flvTag('video', 0x89abcdef, [hex('27'), hex('01'), hex('aabb')])).toString('hex')).toBe('09000004abcdef890000002701aabb0000000f')
  })

  it('does not copy the last part', () => {
    const data = hex('aabb')
    expect(flvTag('audio', 0, [hex('af01'), data])[1]).toBe(data)
  })

  it('refuses a frame over 16 MiB', () => {
    expect(codeOf(() => flvTag('video', 0, [new Uint8Array(1 << 24)]))).toBe('ERR_FRAME_INVALID')
  })
})
