import { describe, expect, it } from 'vitest'
import { Publications } from '../../../../../src/daemon/portable/native/publications.js'
import { RecordBatch } from '../../../../../src/daemon/streams/frame-header.js'
import { ShoalError } from '../../../../../src/errors.js'
import type { Frame } from '../../../../../src/stream.js'
import { FakeStreams } from '../../../../../src/testing/fake-streams.js'
import { codeOf } from '../../../../../src/testing/test-api.js'
import { waitFor } from '../../../../wait-for.js'
import { recordedPipe } from './recorded-pipe.js'

function frame(timestamp: number, size = 4, track = 1): Frame {
  return { track, timestamp, key: true, data: new Uint8Array(size) }
}

function recordsOf(frames: readonly Frame[], group = 0): { records: Uint8Array; dropped: number } {
  const batch = new RecordBatch()
  for (const one of frames) batch.add({ type: 'frame', group, index: 0, frame: one })
  return { records: Buffer.concat(batch.take()), dropped: 0 }
}

function make() {
  const { pipe, sent } = recordedPipe()
  const streams = new FakeStreams()
  const publications = new Publications(pipe)
  const publication = streams.publish('a', [{ id: 1, kind: 'data', codec: 'text' }])
  publications.add(5, publication)
  return { publications, publication, sent }
}

describe('Publications', () => {
  it('hands frames over, and gives credit for what was taken', async () => {
    const { publications, publication, sent } = make()
    for (let i = 0; i < 100; i++) publications.frames(5, recordsOf([frame(i, 100_000), frame(i)]))
    expect(publication.frames.length).toBe(200)
    await waitFor('the credit', () => sent.length >= 4)
    const told = sent.reduce((sum, { credit }) => sum + (credit?.bytes ?? 0), 0)
    expect(told).toBeGreaterThan(100 * 100_068 - 2 * 1024 * 1024)
    expect(told).toBeLessThanOrEqual(100 * 100_068)
  })

  it('tells the plugin that a reader wants a key frame, while there is the stream', async () => {
    const { publications, sent } = make()
    publications.wantKey(5)
    publications.wantKey(6)
    publications.close(5, undefined)
    publications.wantKey(5)
    await waitFor('the wish', () => sent.length > 0)
    expect(sent.filter(({ keyWanted }) => keyWanted).map(({ id }) => id)).toEqual([5])
  })

  it('ends one stream for a frame that breaks the rules', async () => {
    const { publications, publication, sent } = make()
    publications.frames(5, recordsOf([frame(0), frame(1, 4, 9), frame(2)]))
    expect(publication.frames.length).toBe(1)
    expect(publication.closed).toBe(true)
    await waitFor('the end', () => sent.some(({ id, close }) => id === 5 && close?.code === 'ERR_FRAME_INVALID'))
    // what was under way is nobody's
    publications.frames(5, recordsOf([frame(3)]))
    publications.tracks(5, { tracks: [] })
    expect(publications.size).toBe(0)
  })

  it('refuses batches that are none', async () => {
    const { publications } = make()
    expect(await codeOf(() => publications.frames(5, { records: new Uint8Array(), dropped: 0 }))).toBe('ERR_PROTOCOL')
    expect(await codeOf(() => publications.frames(5, recordsOf([frame(0)], 1)))).toBe('ERR_PROTOCOL')
  })

  it('tells of a stream that is stopped, and closes all of them at the end', async () => {
    const { publications, publication, sent } = make()
    publication.stop()
    await waitFor('the end', () => sent.some(({ close }) => close?.code === 'ERR_STREAM_STOPPED'))
    const other = new FakeStreams().publish('b', [])
    publications.add(6, other)
    publications.end(new ShoalError('ERR_PLUGIN_FAILED'))
    expect(other.closed).toBe(true)
    expect(publications.size).toBe(0)
  })
})
