import { expect, it } from 'vitest'
import { FlvTags } from '../../../../src/plugins/http-flv/tags.js'
import type { Frame, Track } from '../../../../src/stream.js'

const tracks: readonly Track[] = [
  { id: 1, kind: 'video', codec: 'avc1.64001f', description: Uint8Array.of(1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68), width: 16, height: 16 },
  { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: Uint8Array.of(0x11, 0x90), sampleRate: 48_000, channels: 2 },
]

const frame = (track: number, at: number, key = track === 2): Frame => ({ track, timestamp: at * 1000, key, data: new Uint8Array(50).fill(at) })

const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts)

it('makes a batch once: one buffer for all who get it', () => {
  const format = new FlvTags().of(tracks)
  const batch = [frame(1, 0, true), frame(2, 5), frame(1, 33)]
  const made = format.batch(batch, 0)
  expect(format.batch(batch, 0)).toBe(made)
  expect(made.pieces).toHaveLength(1)
  expect(made).toMatchObject({ frames: 3, bytes: made.pieces[0]?.length })
  expect(format.batch(batch, 7)).not.toBe(made)
  expect(format.batch(batch, 7)).toBe(format.batch(batch, 7))
})

it('gives the same format for the same tracks', () => {
  const tags = new FlvTags()
  expect(tags.of(tracks)).toBe(tags.of(tracks))
  expect(tags.of([...tracks])).not.toBe(tags.of(tracks))
})

it('gives who joins the newest group without making or copying it again, the same bytes as to all others', () => {
  const format = new FlvTags().of(tracks)
  const frames = [frame(2, 0), frame(1, 10, true), frame(2, 20), frame(1, 43), frame(1, 76)]
  const live = [format.batch(frames.slice(0, 2), 0), format.batch(frames.slice(2, 4), 0), format.batch(frames.slice(4), 0)]
  const all = joined(live.flatMap(({ pieces }) => pieces))
  const join = format.batch(frames.slice(1), 0)
  const skipped = joined(format.batch([frame(2, 0)], 0).pieces).length
  expect(joined(join.pieces)).toEqual(all.subarray(skipped))
  expect(join.pieces.map(({ buffer }) => buffer)).toEqual(live.map(({ pieces }) => pieces[0]?.buffer))
  expect(join).toMatchObject({ frames: 4, bytes: all.length - skipped })
})

it('makes older groups again, for viewers who are late', () => {
  const format = new FlvTags().of(tracks)
  const old = [frame(1, 0, true), frame(1, 33)]
  const first = joined(format.batch([...old], 0).pieces)
  const newest = format.batch([frame(1, 66, true)], 0)
  const again = format.batch([...old], 0)
  expect(joined(again.pieces)).toEqual(first)
  expect(format.batch([...old], 0).pieces[0]?.buffer).not.toBe(newest.pieces[0]?.buffer)
})

it('leaves out what FLV cannot carry', () => {
  const format = new FlvTags().of(tracks)
  expect(format.batch([{ ...frame(2, 0), track: 9 }], 0)).toMatchObject({ frames: 0, bytes: 0, pieces: [] })
  expect(new FlvTags().of([{ id: 9, kind: 'data', codec: 'text' }]).choice).toEqual({ carried: [], left: [] })
  const vp8 = { id: 9, kind: 'video', codec: 'vp8' } as const
  expect(new FlvTags().of([vp8, ...tracks.filter(({ kind }) => kind === 'audio')]).choice).toEqual({ carried: [{ kind: 'audio' }], left: [vp8] })
})
