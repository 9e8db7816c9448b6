import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub } from '../../../../src/daemon/streams/hub.js'
import { ShoalError } from '../../../../src/errors.js'
import type { Frame } from '../../../../src/stream.js'
import { audio, collect, film, frame, listen, newHub, publish, text, turn, video } from './media.js'

const hubs: Hub[] = []
const make: typeof newHub = (options) => {
  const made = newHub(options)
  hubs.push(made.hub)
  return made
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  for (const hub of hubs.splice(0)) hub.close()
  // nothing is left: no timer, no interval, no immediate
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('publishing', () => {
  it('hands over equal frames, in order', async () => {
    const { hub } = make()
    const publication = publish(hub, '/live//cam/')
    expect(publication.path).toBe('live/cam')
    const got = collect(await hub.subscribe('live/cam'))
    const sent = [frame(video, 0, true), frame(audio, 5), frame(video, 80, false), frame(video, 40, false)]
    for (const one of sent) publication.write(one)
    await turn()
    expect(got.frames).toEqual(sent)
    expect(got.batches).toHaveLength(1)
  })

  it('lets the first publisher of a path win and names it to the others', () => {
    const { hub } = make()
    publish(hub, 'live/cam', { publisher: 'rtmp' })
    for (const path of ['live/cam', '/live/cam/']) {
      expect(() => publish(hub, path)).toThrow(expect.objectContaining({ code: 'ERR_STREAM_TAKEN', message: expect.stringContaining('rtmp') }))
    }
    expect(hub.list().map((stream) => stream.publisher)).toEqual(['rtmp'])
  })

  it('refuses wrong paths and tracks', () => {
    const { hub } = make()
    expect(() => publish(hub, '../x')).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
    const wrong = [
      [video, video],
      [{ ...video, id: 0 }],
      [{ ...video, id: 1.5 }],
      [{ ...video, id: 65_536 }],
      [{ ...video, kind: 'smell' }],
      [{ ...video, codec: '' }],
      [{ ...video, codec: 'a b' }],
      [{ ...video, codec: 'x'.repeat(65) }],
      [{ ...video, description: 'text' }],
      [{ ...video, description: new Uint8Array(65_537) }],
      [{ ...video, width: -1 }],
      [null],
      Array.from({ length: 17 }, (_, at) => ({ ...audio, id: at + 1 })),
    ]
    for (const tracks of wrong)
      expect(() => hub.publish('x', tracks as never, { publisher: 'test' })).toThrow(expect.objectContaining({ code: 'ERR_TRACKS_INVALID' }))
    expect(hub.list()).toEqual([])
  })

  it('refuses wrong frames and goes on', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const good = frame(video, 0, true)
    const wrong: unknown[] = [
      null,
      'frame',
      { ...good, timestamp: Number.NaN },
      { ...good, timestamp: 0.5 },
      { ...good, timestamp: Number.POSITIVE_INFINITY },
      { ...good, timestamp: 2 ** 60 },
      { ...good, timestamp: '0' },
      { ...good, decodeTime: 0.5 },
      { ...good, duration: -1 },
      { ...good, track: 7 },
      { ...good, track: '1' },
      { ...good, key: 1 },
      { ...good, data: [1, 2] },
      { ...good, data: 'text' },
      { ...good, data: new ArrayBuffer(3) },
      { ...good, data: new Uint8Array(8 * 1024 * 1024 + 1) },
    ]
    for (const one of wrong) expect(() => publication.write(one as Frame)).toThrow(expect.objectContaining({ code: 'ERR_FRAME_INVALID' }))
    const got = collect(await hub.subscribe('live/cam'))
    publication.write({ ...good, data: new Uint8Array(8 * 1024 * 1024) })
    await turn()
    expect(got.frames).toHaveLength(1)
    expect(hub.info('live/cam')).toMatchObject({ framesIn: 1, bytesIn: 8 * 1024 * 1024 })
  })

  it('is a no-op after the end', async () => {
    const { hub } = make()
    const publication = publish(hub)
    publication.close()
    publication.close(new Error('again'))
    publication.write({ wrong: true } as never)
    publication.update({ wrong: true } as never)
    expect(publication.signal.aborted).toBe(false)
    expect(hub.list()).toEqual([])
    await publish(hub)[Symbol.asyncDispose]()
    expect(hub.list()).toEqual([])
  })

  it('is ended by its signal, and not begun with an aborted one', () => {
    const { hub } = make()
    const stop = new AbortController()
    const publication = publish(hub, 'live/cam', { signal: stop.signal })
    stop.abort(new ShoalError('ERR_ORIGIN_LOST'))
    expect(publication.signal.reason).toMatchObject({ code: 'ERR_ORIGIN_LOST' })
    expect(hub.list()).toEqual([])
    expect(() => publish(hub, 'live/cam', { signal: stop.signal })).toThrow(expect.objectContaining({ code: 'ERR_ORIGIN_LOST' }))
  })

  it('gives each publication an epoch of its own', () => {
    const { hub } = make()
    const first = publish(hub)
    const epoch = hub.epoch('live/cam')
    expect(epoch).toBe(first.epoch)
    first.close()
    expect(() => hub.epoch('live/cam')).toThrow(expect.objectContaining({ code: 'ERR_STREAM_NOT_FOUND' }))
    publish(hub)
    expect(hub.epoch('live/cam')).not.toBe(epoch)
  })

  it('keeps the ring within its bounds with no reader at all', async () => {
    const { hub } = make({ bufferBytes: 1_000_000, totalBytes: 1_500_000 })
    const publications = [publish(hub, 'a'), publish(hub, 'b')]
    for (let at = 0; at < 3000; at++) {
      for (const publication of publications) publication.write(frame(video, at, at % 100 === 0, 5000))
      expect(hub.totals().bufferedBytes).toBeLessThanOrEqual(1_500_000)
    }
    expect(hub.totals().bufferedBytes).toBeGreaterThan(700_000)
    for (const publication of publications) publication.close()
    expect(hub.totals()).toMatchObject({ bufferedBytes: 0, publishers: 0, framesIn: 6000, bytesIn: 3e7 })
  })
})

describe('taking over', () => {
  it('ends the old publisher, keeps the readers, and goes on at a key frame with a new generation', async () => {
    const { hub } = make()
    const events = listen(hub)
    const old = publish(hub, 'live/cam', { publisher: 'old' })
    const subscription = await hub.subscribe('live/cam')
    const got = collect(subscription)
    await film(old, 5)
    const epoch = subscription.epoch
    const next = publish(hub, 'live/cam', { publisher: 'next', takeover: true })
    expect(old.signal.reason).toMatchObject({ code: 'ERR_TAKEN_OVER' })
    old.write(frame(video, 1000, true))
    next.write(frame(video, 20, false))
    next.write(frame(video, 40, true))
    await turn()
    expect(got.ended).toBe(false)
    expect(got.frames.map((one) => one.timestamp / 1000)).toEqual([0, 40, 80, 120, 160, 40])
    expect(got.frames[5]?.key).toBe(true)
    expect(got.generations.at(-1)).toBe(1)
    expect(subscription.epoch).not.toBe(epoch)
    expect(subscription.epoch).toBe(next.epoch)
    expect(events.map((event) => [event.type, 'reason' in event ? event.reason : undefined])).toEqual([
      ['published', undefined],
      ['subscribed', undefined],
      ['unpublished', 'ERR_TAKEN_OVER'],
      ['published', undefined],
    ])
    expect(hub.info('live/cam')).toMatchObject({ publisher: 'next', subscribers: 1 })
  })

  it('does not let newcomers join what the old publisher left', async () => {
    const { hub } = make()
    await film(publish(hub), 5)
    const next = publish(hub, 'live/cam', { takeover: true })
    const got = collect(await hub.subscribe('live/cam'))
    await turn()
    expect(got.frames).toEqual([])
    next.write(frame(video, 0, true))
    await turn()
    expect(got.frames).toHaveLength(1)
  })

  it('works from within the abort listener of the one taken over', () => {
    const { hub } = make()
    const old = publish(hub, 'live/cam', { publisher: 'old' })
    let error: unknown
    old.signal.addEventListener('abort', () => {
      try {
        publish(hub, 'live/cam', { publisher: 'old' })
      } catch (thrown) {
        error = thrown
      }
    })
    publish(hub, 'live/cam', { publisher: 'next', takeover: true })
    expect(error).toMatchObject({ code: 'ERR_STREAM_TAKEN' })
    expect(hub.totals().publishers).toBe(1)
  })
})

describe('timeouts and limits', () => {
  it('ends a silent publisher with its own reason', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const got = collect(await hub.subscribe('live/cam'))
    await film(publication, 10, { step: 3000, gop: 1 })
    await vi.advanceTimersByTimeAsync(6999)
    expect(publication.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(2)
    expect(publication.signal.reason).toMatchObject({ code: 'ERR_PUBLISH_TIMEOUT' })
    await turn()
    expect(got.error).toMatchObject({ code: 'ERR_PUBLISH_TIMEOUT' })
    expect(got.frames).toHaveLength(10)
  })

  it('takes a publish timeout of its own; 0 is never', async () => {
    const { hub } = make()
    const quick = publish(hub, 'quick', { publishTimeout: 100 })
    const patient = publish(hub, 'patient', { publishTimeout: 0 })
    await vi.advanceTimersByTimeAsync(101)
    expect(quick.signal.reason).toMatchObject({ code: 'ERR_PUBLISH_TIMEOUT' })
    await vi.advanceTimersByTimeAsync(1e9)
    expect(patient.signal.aborted).toBe(false)
  })

  it('ends a stream that nobody reads for idleTimeout', async () => {
    const { hub } = make()
    const publication = publish(hub, 'live/cam', { idleTimeout: 1000, publishTimeout: 0 })
    await vi.advanceTimersByTimeAsync(900)
    const subscription = await hub.subscribe('live/cam')
    await vi.advanceTimersByTimeAsync(5000)
    subscription.close()
    await vi.advanceTimersByTimeAsync(990)
    expect(publication.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1010)
    expect(publication.signal.reason).toMatchObject({ code: 'ERR_IDLE' })
  })

  it('refuses one publisher too many, but not one that takes over', () => {
    const { hub } = make({ maxPublishers: 2 })
    publish(hub, 'a')
    publish(hub, 'b').close()
    publish(hub, 'b')
    expect(() => publish(hub, 'c')).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    publish(hub, 'a', { takeover: true })
    expect(hub.totals().publishers).toBe(2)
  })

  it('refuses one reader too many, of a stream and in all, those who wait included', async () => {
    const { hub } = make({ maxSubscribers: 3, maxSubscribersPerStream: 2 })
    publish(hub, 'a')
    publish(hub, 'b')
    const first = await hub.subscribe('a')
    await hub.subscribe('a')
    await expect(hub.subscribe('a')).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    const waiting = hub.subscribe('c', { wait: 1000 })
    await expect(hub.subscribe('b')).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    first.close()
    await hub.subscribe('b')
    await expect(hub.subscribe('c', { wait: 1000 })).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    const failed = expect(waiting).rejects.toMatchObject({ code: 'ERR_STREAM_NOT_FOUND' })
    await vi.advanceTimersByTimeAsync(1000)
    await failed
    await hub.subscribe('b')
    expect(hub.totals().subscribers).toBe(3)
  })
})

describe('stopping and closing', () => {
  it('stop ends the publisher; reason and code reach everybody', async () => {
    const { hub } = make()
    const events = listen(hub)
    const publication = publish(hub)
    const got = collect(await hub.subscribe('live/cam'))
    publication.write(frame(video, 0, true))
    hub.stop('/live/cam')
    await turn()
    expect(publication.signal.reason).toMatchObject({ code: 'ERR_STREAM_STOPPED' })
    expect(got.frames).toHaveLength(1)
    expect(got.error).toMatchObject({ code: 'ERR_STREAM_STOPPED' })
    expect(events.filter((event) => event.type.startsWith('un'))).toEqual([
      expect.objectContaining({ type: 'unpublished', reason: 'ERR_STREAM_STOPPED' }),
      expect.objectContaining({ type: 'unsubscribed', reason: 'ERR_STREAM_STOPPED' }),
    ])
    expect(() => hub.stop('live/cam')).toThrow(expect.objectContaining({ code: 'ERR_STREAM_NOT_FOUND' }))
  })

  it('close ends writers, readers and those who wait', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const got = collect(await hub.subscribe('live/cam'))
    const waiting = hub.subscribe('other', { wait: 60_000 })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    publication.write(frame(video, 0, true))
    hub.close()
    hub.close()
    await refused
    await turn()
    expect(publication.signal.reason).toMatchObject({ code: 'ERR_STOPPING' })
    expect(got.error).toMatchObject({ code: 'ERR_STOPPING' })
    expect(() => publish(hub)).toThrow(expect.objectContaining({ code: 'ERR_STOPPING' }))
    await expect(hub.subscribe('live/cam')).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    expect(hub.totals()).toMatchObject({ publishers: 0, subscribers: 0, bufferedBytes: 0 })
  })
})

describe('events and figures', () => {
  it('tells every event exactly once', async () => {
    const { hub } = make()
    const events = listen(hub)
    for (let round = 0; round < 5; round++) {
      const publication = publish(hub)
      const readers = [await hub.subscribe('live/cam', { reader: 'a' }), await hub.subscribe('live/cam', { reader: 'b' })]
      readers[0]?.close()
      readers[0]?.close()
      publication.close()
      readers[1]?.close()
    }
    await turn()
    const counts = Object.fromEntries(
      ['published', 'unpublished', 'subscribed', 'unsubscribed'].map((type) => [type, events.filter((one) => one.type === type).length]),
    )
    expect(counts).toEqual({ published: 5, unpublished: 5, subscribed: 10, unsubscribed: 10 })
  })

  it('tells a listener that fell behind how much it missed, and goes on', async () => {
    const { hub } = make()
    const slow = hub.events()
    for (let round = 0; round < 600; round++) publish(hub).close()
    const events = []
    for (let at = 0; at < 1025; at++) events.push((await slow.next()).value)
    expect(events.filter((event) => event.type === 'lagged')).toEqual([expect.objectContaining({ missed: 1200 - 1024 })])
    publish(hub)
    expect((await slow.next()).value).toMatchObject({ type: 'published' })
    await slow.return?.()
  })

  it('lists streams with origin, source, counts and bit rate', async () => {
    const { hub } = make()
    publish(hub, 'b', { origin: 'node-2', hops: 1, source: 'shoal://node-2/b' })
    const publication = publish(hub, 'a', {}, [video])
    await film(publication, 125, { size: 1000 })
    expect(hub.list().map((stream) => stream.path)).toEqual(['b', 'a'])
    expect(hub.info('b')).toMatchObject({ origin: 'node-2', hops: 1, source: 'shoal://node-2/b', framesIn: 0, bitrate: 0, framesDropped: 0 })
    const info = hub.info('a')
    expect(info).toMatchObject({ origin: 'node-1', hops: 0, publisher: 'test', tracks: [video], framesIn: 125, bytesIn: 125_000, subscribers: 0 })
    expect(info?.bitrate).toBe(25 * 1000 * 8)
    expect(info && 'source' in info).toBe(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect(hub.info('a')?.bitrate).toBe(0)
    expect(hub.info('c')).toBeUndefined()
  })

  it('lists readers with how far they are behind', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await hub.subscribe('live/cam', { reader: 'stuck' })
    collect(await hub.subscribe('live/cam', { reader: 'quick' }))
    await film(publication, 50, { size: 10 })
    expect(hub.subscribers('live/cam')).toEqual([
      expect.objectContaining({ path: 'live/cam', reader: 'stuck', behind: 2000, dropped: 0, bytesOut: 0 }),
      expect.objectContaining({ path: 'live/cam', reader: 'quick', behind: 0, dropped: 0, bytesOut: 500 }),
    ])
    expect(hub.subscribers()).toHaveLength(2)
    expect(hub.subscribers('nothing')).toEqual([])
  })

  it('a stuck event listener and a stuck reader cost the writer nothing', async () => {
    const { hub } = make()
    hub.events()
    const publication = publish(hub, 'live/cam', {}, [video, text])
    await hub.subscribe('live/cam')
    const got = collect(await hub.subscribe('live/cam'))
    const sent = await film(publication, 500)
    expect(got.frames).toEqual(sent)
    expect(got.batches).toHaveLength(500)
  })
})

describe('what is told of a source', () => {
  it('stands in the info while the publisher tells it', () => {
    const { hub } = make()
    const told = vi.fn(() => ({ lost: 3, rtt: 1.5 }))
    const publication = publish(hub, 'live/cam', { sourceStats: told })
    expect(hub.info('live/cam')?.sourceStats).toEqual({ lost: 3, rtt: 1.5 })
    expect(hub.list()[0]?.sourceStats).toEqual({ lost: 3, rtt: 1.5 })
    expect(told).toHaveBeenCalledTimes(1)
    publication.close()
    publish(hub, 'live/cam')
    expect(hub.info('live/cam')).not.toHaveProperty('sourceStats')
  })
})

describe('a wish for a key frame', () => {
  it('reaches the publisher, every 500 ms at most, whoever asks', async () => {
    const { hub } = make()
    const keyWanted = vi.fn(() => {
      throw new Error('not now')
    })
    const publication = publish(hub, 'live/cam', { keyWanted })
    publication.write(frame(video, 0, true))
    const readers = [await hub.subscribe('live/cam'), await hub.subscribe('live/cam')]
    for (const reader of readers) reader.wantKey()
    expect(keyWanted).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(499)
    readers[0]?.wantKey()
    expect(keyWanted).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    readers[1]?.close()
    readers[1]?.wantKey()
    expect(keyWanted).toHaveBeenCalledTimes(1)
    readers[0]?.wantKey()
    expect(keyWanted).toHaveBeenCalledTimes(2)
    publication.close()
    readers[0]?.wantKey()
    expect(keyWanted).toHaveBeenCalledTimes(2)
  })

  it('is that of a reader who comes when no key frame is kept, not of one who comes before the first frame', async () => {
    const { hub } = make()
    const keyWanted = vi.fn()
    const publication = publish(hub, 'live/cam', { keyWanted })
    await hub.subscribe('live/cam')
    expect(keyWanted).not.toHaveBeenCalled()
    publication.write(frame(video, 0, false))
    await hub.subscribe('live/cam', { tracks: ['audio'] })
    expect(keyWanted).not.toHaveBeenCalled()
    await hub.subscribe('live/cam')
    expect(keyWanted).toHaveBeenCalledTimes(1)
  })
})
