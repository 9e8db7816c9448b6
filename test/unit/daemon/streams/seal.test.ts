import { describe, expect, it } from 'vitest'
import { decodeBatch, type FrameRecord, RecordBatch } from '../../../../src/daemon/streams/frame-header.js'
import { Seals } from '../../../../src/daemon/streams/seal.js'
import { TrackSet } from '../../../../src/daemon/streams/tracks.js'
import type { Frame } from '../../../../src/stream.js'
import { avTracks, sealKeys, videoFrame } from '../stream-nodes.js'

const { id, keys } = sealKeys()
const publication = { origin: id, path: 'live/cam', epoch: 7 }
const tracks = new TrackSet(avTracks, 7).digest
const record: FrameRecord = { type: 'frame', group: 3, index: 2, frame: videoFrame(9, true) }
const seal = new Seals(publication, keys).seal(record, tracks)
const sealed: FrameRecord = { ...record, seal }

/** Checks as another node does. */
const check = (one: FrameRecord, of = publication, digest = tracks): void => new Seals(of, sealKeys().keys).check(one, digest)
const invalid = expect.objectContaining({ code: 'ERR_SEAL_INVALID' })

describe('seals', () => {
  it('have 64 bytes, are the same each time, and hold on the wire', () => {
    expect(seal).toHaveLength(64)
    expect(new Seals(publication, keys).seal(record, tracks)).toEqual(seal)
    const batch = new RecordBatch()
    batch.add(sealed)
    batch.add({ ...sealed, frame: { ...record.frame, data: new Uint8Array(10_000) } })
    const [first, second] = decodeBatch(new Uint8Array(Buffer.concat(batch.take())))
    expect(first).toEqual({ ...record, seal })
    check(first as FrameRecord)
    expect((second as FrameRecord).frame.data).toHaveLength(10_000)
    expect(() => check(second as FrameRecord)).toThrow(invalid)
  })

  const changed = (change: Partial<Frame>): FrameRecord => ({ ...sealed, frame: { ...record.frame, ...change } })

  it.each<[string, FrameRecord]>([
    ['group', { ...sealed, group: 4 }],
    ['index', { ...sealed, index: 3 }],
    ['track', changed({ track: 2 })],
    ['timestamp', changed({ timestamp: 1 })],
    ['decode time', changed({ decodeTime: 1 })],
    ['duration', changed({ duration: 1 })],
    ['key flag', changed({ key: false })],
    ['data', changed({ data: Uint8Array.of(1) })],
    ['seal', { ...sealed, seal: seal.map((byte) => byte ^ 1) }],
    ['seal, cut', { ...sealed, seal: seal.subarray(1) }],
    ['missing seal', record],
  ])('do not fit another %s', (_, one) => {
    expect(() => check(one)).toThrow(invalid)
  })

  it.each([
    ['origin', { ...publication, origin: sealKeys().id }],
    ['no origin at all', { ...publication, origin: 'nobody' }],
    ['path', { ...publication, path: 'live/cam2' }],
    ['epoch', { ...publication, epoch: 8 }],
  ])('do not fit another publication: %s', (_, of) => {
    expect(() => check(sealed, of)).toThrow(invalid)
  })

  it('do not fit other tracks, whatever their order', () => {
    const [video, audio] = avTracks as [(typeof avTracks)[number], (typeof avTracks)[number]]
    const digest = (...list: (typeof avTracks)[number][]): Uint8Array => new TrackSet(list, 7).digest
    expect(digest(audio, video)).toEqual(tracks)
    for (const other of [
      digest(video),
      digest({ ...video, width: 1 }, audio),
      digest({ ...video, description: Uint8Array.of(1) }, audio),
      digest({ ...video, codec: 'a' }, audio),
    ])
      expect(() => check(sealed, publication, other)).toThrow(invalid)
  })
})
