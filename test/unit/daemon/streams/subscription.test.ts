import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub, HubSubscription } from '../../../../src/daemon/streams/hub.js'
import { ShoalError } from '../../../../src/errors.js'
import { audio, collect, film, frame, listen, newHub, publish, text, times, turn, video } from './media.js'

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
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** One batch, which has to be there. */
async function next(subscription: HubSubscription): Promise<readonly { timestamp: number }[]> {
  const result = await subscription[Symbol.asyncIterator]().next()
  if (result.done) throw new Error('the subscription is over')
  return result.value
}

describe('joining', () => {
  it('begins at the newest key frame that is kept, with everything since', async () => {
    const { hub } = make()
    await film(publish(hub), 25)
    const got = collect(await hub.subscribe('live/cam'))
    await turn()
    expect(times(got.frames)).toEqual([800, 840, 880, 920, 960])
    expect(got.frames[0]?.key).toBe(true)
    expect(got.batches).toHaveLength(1)
  })

  it('next-key waits for one', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 25)
    const got = collect(await hub.subscribe('live/cam', { start: 'next-key' }))
    await film(publication, 10, { from: 25 })
    expect(times(got.frames)).toEqual([1200, 1240, 1280, 1320, 1360])
  })

  it('buffered goes back to the key frame at least so far back, or to the oldest kept', async () => {
    const { hub } = make()
    await film(publish(hub), 100)
    const first = async (buffered: number): Promise<number | undefined> => times(collect(await hub.subscribe('live/cam', { start: { buffered } })).frames)[0]
    const firsts = []
    for (const buffered of [0, 100_000, 400_000, 2_000_000, 1e12]) {
      const got = collect(await hub.subscribe('live/cam', { start: { buffered } }))
      await turn()
      firsts.push(times(got.frames)[0])
    }
    expect(await first(0)).toBeUndefined()
    expect(firsts).toEqual([3600, 3600, 3200, 1600, 0])
  })

  it('is not late for what was there before it came', async () => {
    const { hub } = make()
    await film(publish(hub), 200)
    const got = collect(await hub.subscribe('live/cam', { start: { buffered: 1e12 }, maxLatency: 1000 }))
    await turn()
    expect(got.frames).toHaveLength(200)
  })

  it('gives only the kinds that were asked for, and audio joins at audio', async () => {
    const { hub } = make()
    const publication = publish(hub)
    for (let at = 0; at < 100; at++) {
      publication.write(frame(video, at * 40, at === 0))
      publication.write(frame(audio, at * 40))
      await vi.advanceTimersByTimeAsync(40)
    }
    const subscription = await hub.subscribe('live/cam', { tracks: ['audio'] })
    expect(subscription.tracks).toEqual([audio])
    const got = collect(subscription)
    const live = collect(await hub.subscribe('live/cam', { tracks: ['audio'], start: 'next-key' }))
    await turn()
    expect(new Set(got.frames.map((one) => one.track))).toEqual(new Set([audio.id]))
    expect(times(got.frames)[0]).toBe(2960)
    expect(live.frames).toEqual([])
    publication.write(frame(video, 4000, false))
    publication.write(frame(audio, 4000))
    await turn()
    expect(times(live.frames)).toEqual([4000])
  })

  it('a stream without video is joined at the frames of the last second', async () => {
    const { hub } = make()
    const publication = publish(hub, 'live/radio', {}, [audio, text])
    for (let at = 0; at < 500; at++) {
      publication.write(frame(at % 10 === 0 ? text : audio, at * 20, false))
      await vi.advanceTimersByTimeAsync(20)
    }
    const got = collect(await hub.subscribe('live/radio'))
    await turn()
    expect(times(got.frames)[0]).toBeGreaterThanOrEqual(8960)
    expect(times(got.frames).at(-1)).toBe(9980)
  })

  it('goes on after a given frame of the same publication, and otherwise starts as asked', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 25)
    const entries = (await (await hub.subscribe('live/cam', { start: { buffered: 1e12 } })).entries()[Symbol.asyncIterator]().next()).value
    const at = entries?.[7]
    expect(at).toMatchObject({ group: 0, index: 7 })
    const resume = { epoch: hub.epoch('live/cam'), group: 0, index: 7 }
    const got = collect(await hub.subscribe('live/cam', { resume }))
    const other = collect(await hub.subscribe('live/cam', { resume: { ...resume, epoch: resume.epoch + 1 } }))
    const gone = collect(await hub.subscribe('live/cam', { resume: { ...resume, index: 99 } }))
    const end = collect(await hub.subscribe('live/cam', { resume: { ...resume, group: 2, index: 4 } }))
    await turn()
    expect(times(got.frames)[0]).toBe(320)
    expect(times(other.frames)[0]).toBe(800)
    expect(times(gone.frames)[0]).toBe(400)
    expect(end.frames).toEqual([])
    await film(publication, 1, { from: 25 })
    expect(times(end.frames)).toEqual([1000])
  })
})

describe('late readers', () => {
  it('skip whole groups to the newest key frame, and every loss is counted', async () => {
    const { hub, log } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    expect(times((await film(publication, 1)).slice())).toEqual([0])
    expect(await next(subscription)).toHaveLength(1)
    await film(publication, 99, { from: 1 })
    expect(times((await next(subscription)) as never)).toEqual([3600, 3640, 3680, 3720, 3760, 3800, 3840, 3880, 3920, 3960])
    expect(subscription.dropped).toBe(89)
    expect(hub.info('live/cam')?.framesDropped).toBe(89)
    expect(hub.totals().framesDropped).toBe(89)
    expect(log.lines.filter((line) => line.level === 'warn')).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ path: 'live/cam', frames: 89 }) }),
    ])
  })

  it('do not skip below maxLatency, or when there is no newer key frame', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    await film(publication, 70)
    expect(await next(subscription)).toHaveLength(70)
    await film(publication, 200, { from: 70, gop: 1000 })
    expect(await next(subscription)).toHaveLength(200)
    expect(subscription.dropped).toBe(0)
  })

  it('are late also where they waited for a key frame', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 5)
    const subscription = await hub.subscribe('live/cam', { start: 'next-key' })
    await film(publication, 95, { from: 5 })
    expect(times((await next(subscription)) as never)[0]).toBe(3600)
    expect(subscription.dropped).toBe(80)
  })

  it('skip when the ring has dropped what they had not read', async () => {
    const { hub } = make({ bufferBytes: 100_000 })
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam', { maxLatency: Number.POSITIVE_INFINITY })
    await film(publication, 100, { step: 1, size: 5000 })
    const batch = await next(subscription)
    expect(times(batch as never)[0]).toBe(90)
    expect(subscription.dropped).toBe(90)
    expect(hub.totals().bufferedBytes).toBeLessThanOrEqual(100_000)
  })

  it('do not change what others get, nor when', async () => {
    const { hub } = make()
    const publication = publish(hub)
    for (let at = 0; at < 20; at++) await hub.subscribe('live/cam', { reader: `stuck ${at}` })
    const got = collect(await hub.subscribe('live/cam'))
    const sent = await film(publication, 400)
    expect(got.frames).toEqual(sent)
    expect(got.batches.every((batch) => batch.length === 1)).toBe(true)
  })

  it('are cut after ten seconds without progress, and only then', async () => {
    const { hub, log } = make()
    const events = listen(hub)
    const publication = publish(hub)
    const stuck = await hub.subscribe('live/cam', { reader: 'stuck' })
    const slow = await hub.subscribe('live/cam', { reader: 'slow' })
    const got = collect(await hub.subscribe('live/cam', { reader: 'quick' }))
    const gone = vi.fn()
    stuck.signal.addEventListener('abort', gone)
    await film(publication, 200)
    await next(slow)
    await film(publication, 45, { from: 200 })
    expect(stuck.signal.aborted).toBe(false)
    await film(publication, 35, { from: 245 })
    expect(gone).toHaveBeenCalledOnce()
    expect(stuck.signal.reason).toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
    await expect(next(stuck)).rejects.toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
    expect((await stuck[Symbol.asyncIterator]().next()).done).toBe(true)
    expect(events.filter((event) => event.type === 'unsubscribed')).toEqual([expect.objectContaining({ reader: 'stuck', reason: 'ERR_SLOW_CONSUMER' })])
    expect(hub.totals()).toMatchObject({ readersCut: 1, subscribers: 2 })
    expect(got.frames).toHaveLength(280)
    expect(log.lines.some((line) => line.msg.startsWith('reader cut'))).toBe(true)
    await film(publication, 250, { from: 280 })
    expect(hub.subscribers().map((reader) => reader.reader)).toEqual(['quick'])
  })

  it('are cut even where the ring is so short that its oldest frame is always young', async () => {
    const { hub } = make({ bufferBytes: 20_000 })
    const publication = publish(hub)
    const stuck = await hub.subscribe('live/cam')
    await film(publication, 280, { size: 1000 })
    expect(stuck.signal.reason).toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
  })

  it('are not cut while nothing waits for them', async () => {
    const { hub } = make()
    const publication = publish(hub, 'live/cam', { publishTimeout: 0 })
    await film(publication, 5)
    const subscription = await hub.subscribe('live/cam')
    await next(subscription)
    const silent = await hub.subscribe('live/cam', { tracks: ['audio'] })
    await vi.advanceTimersByTimeAsync(60_000)
    for (let at = 0; at < 30; at++) {
      await film(publication, 25, { from: at * 25 })
      await next(subscription)
    }
    expect(subscription.signal.aborted).toBe(false)
    expect(silent.signal.aborted).toBe(false)
  })
})

describe('the end', () => {
  it('comes after what is buffered', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    await film(publication, 5)
    publication.close()
    expect(hub.totals().bufferedBytes).toBeGreaterThan(0)
    const got = collect(subscription)
    await turn()
    expect(got).toMatchObject({ ended: true, error: undefined })
    expect(got.frames).toHaveLength(5)
    expect(hub.totals()).toMatchObject({ bufferedBytes: 0, subscribers: 0 })
  })

  it('is an error where a reason was given', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const got = collect(await hub.subscribe('live/cam'))
    publication.write(frame(video, 0, true))
    publication.close(new ShoalError('ERR_SOURCE_FAILED', 'camera unplugged'))
    await turn()
    expect(got.frames).toHaveLength(1)
    expect(got.error).toMatchObject({ code: 'ERR_SOURCE_FAILED', message: 'camera unplugged' })
  })

  it('an ended reader does not go on with the next publisher', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    await film(publication, 5)
    publication.close()
    await film(publish(hub), 5)
    const got = collect(subscription)
    await turn()
    expect(got).toMatchObject({ ended: true, error: undefined })
    expect(got.frames).toHaveLength(5)
  })

  it.each([
    ['close', (subscription: HubSubscription) => subscription.close()],
    ['disposal', (subscription: HubSubscription) => subscription[Symbol.asyncDispose]()],
    ['its signal', (_: HubSubscription, stop: AbortController) => stop.abort()],
  ])('by %s ends a pending iteration and releases everything', async (_, end) => {
    const { hub } = make()
    publish(hub, 'live/cam', { publishTimeout: 0 })
    const stop = new AbortController()
    const subscription = await hub.subscribe('live/cam', { signal: stop.signal })
    const got = collect(subscription)
    await turn()
    await end(subscription, stop)
    await turn()
    expect(got).toMatchObject({ ended: true, error: undefined })
    expect(hub.totals().subscribers).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
    expect(subscription.signal.aborted).toBe(true)
    subscription.close()
  })

  it('by break releases everything', async () => {
    const { hub } = make()
    const publication = publish(hub, 'live/cam', { publishTimeout: 0 })
    publication.write(frame(video, 0, true))
    for await (const batch of await hub.subscribe('live/cam')) {
      expect(batch).toHaveLength(1)
      break
    }
    expect(hub.totals().subscribers).toBe(0)
    expect(publication.subscribers).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('two iterations at a time share the frames', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    const iterator = subscription[Symbol.asyncIterator]()
    const both = [iterator.next(), iterator.next(), iterator.next()]
    publication.write(frame(video, 0, true))
    await turn()
    publication.write(frame(video, 40, false))
    await turn()
    subscription.close()
    const results = await Promise.all(both)
    expect(results.map((result) => result.done)).toEqual([false, false, true])
  })
})
