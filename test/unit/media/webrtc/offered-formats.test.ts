import { expect, it } from 'vitest'
import { formatFor, readerFor } from '../../../../src/media/webrtc/codec-match.js'
import { formatsFor, readable } from '../../../../src/media/webrtc/offered-formats.js'
import type { Track } from '../../../../src/stream.js'

it('offers only what is read, each under a number of its own', () => {
  const formats = [...readable.video, ...readable.audio]
  expect(formats.every((format) => readerFor(format, 1) !== undefined)).toBe(true)
  expect(new Set(formats.map(({ payloadType }) => payloadType)).size).toBe(formats.length)
})

it.each<[Track['kind'], Track['codec'], number]>([
  ['video', 'avc1.640028', 5],
  ['video', 'avc1.42e01f', 4],
  ['video', 'hvc1.1.6.L93.B0', 1],
  ['video', 'av01.0.04M.08', 1],
  ['video', 'vp09.02.10.10', 1],
  ['video', 'vp8', 1],
  ['audio', 'opus', 1],
  ['audio', 'alaw', 1],
  ['audio', 'mp4a.40.2', 0],
])('offers %s %s so that it is found again', (kind, codec, count) => {
  const track: Track = { id: 1, kind, codec }
  const formats = formatsFor(track, 96)
  expect(formats.length).toBe(count)
  expect(formatFor(track, { kind, formats })).toBe(formats[0])
})
