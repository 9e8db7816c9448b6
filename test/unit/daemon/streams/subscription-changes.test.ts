import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry, Hub, HubSubscription } from '../../../../src/daemon/streams/hub.js'
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

describe('waiting for a publisher', () => {
  it('fails at once without wait', async () => {
    const { hub } = make()
    await expect(hub.subscribe('live/cam')).rejects.toMatchObject({ code: 'ERR_STREAM_NOT_FOUND' })
    await expect(hub.subscribe('a/../b')).rejects.toMatchObject({ code: 'ERR_PATH_INVALID' })
    expect(hub.totals().subscribers).toBe(0)
  })

  it('fails exactly at the time given', async () => {
    const { hub } = make()
    const failed = vi.fn()
    hub.subscribe('live/cam', { wait: 1234 }).catch(failed)
    await vi.advanceTimersByTimeAsync(1233)
    expect(failed).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_STREAM_NOT_FOUND' }))
    expect(hub.isWanted('live/cam')).toBe(false)
  })

  it('gets the very first frame', async () => {
    const { hub } = make()
    const events = listen(hub)
    const demand = vi.fn()
    hub.onDemand(demand)
    const waiting = hub.subscribe('live/cam', { wait: 1000 })
    await turn()
    expect(events).toEqual([])
    const publication = publish(hub)
    publication.write(frame(video, 0, true))
    publication.write(frame(video, 40, false))
    publication.close()
    const got = collect(await waiting)
    await turn()
    expect(demand.mock.calls).toEqual([['live/cam', true]])
    expect(got.frames).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1000)
    expect(got.ended).toBe(true)
  })

  it('waits until the tracks are known', async () => {
    const { hub } = make()
    const publication = publish(hub, 'live/cam', {}, [])
    await expect(hub.subscribe('live/cam')).rejects.toMatchObject({ code: 'ERR_STREAM_NOT_FOUND' })
    const waiting = hub.subscribe('live/cam', { wait: 1000 })
    await vi.advanceTimersByTimeAsync(500)
    publication.update(video)
    expect((await waiting).tracks).toEqual([video])
    expect(() => publish(hub)).toThrow(expect.objectContaining({ code: 'ERR_STREAM_TAKEN' }))
  })

  it('is cancelled by its signal', async () => {
    const { hub } = make()
    const stop = new AbortController()
    const waiting = expect(hub.subscribe('live/cam', { wait: 1000, signal: stop.signal })).rejects.toThrow('enough')
    stop.abort(new Error('enough'))
    await waiting
    await expect(hub.subscribe('live/cam', { wait: 1000, signal: stop.signal })).rejects.toThrow('enough')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('waits longer than a timer can', async () => {
    const { hub } = make()
    const failed = vi.fn()
    hub.subscribe('a', { wait: Number.POSITIVE_INFINITY }).catch(failed)
    hub.subscribe('b', { wait: 2 ** 33 }).catch(failed)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(failed).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2 ** 33)
    expect(failed).toHaveBeenCalledOnce()
  })

  it('goes on when the publisher returns, with new tracks and a new generation', async () => {
    const { hub } = make()
    const first = publish(hub)
    const subscription = await hub.subscribe('live/cam', { wait: 5000 })
    const got = collect(subscription)
    await film(first, 5)
    first.close(new ShoalError('ERR_SOURCE_FAILED'))
    await vi.advanceTimersByTimeAsync(4999)
    expect(got.ended).toBe(false)
    const other = { ...video, codec: 'hvc1.1.6.L93.B0' }
    const second = publish(hub, 'live/cam', {}, [other])
    await film(second, 3)
    expect(times(got.frames)).toEqual([0, 40, 80, 120, 160, 0, 40, 80])
    expect(subscription.tracks).toEqual([other])
    expect(got.generations).toEqual([0, 0, 0, 0, 0, 1, 1, 1])
    second.close()
    await vi.advanceTimersByTimeAsync(4999)
    expect(got.ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(got).toMatchObject({ ended: true, error: undefined })
  })

  it('ends with the reason of the publisher that did not return', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const got = collect(await hub.subscribe('live/cam', { wait: 1000 }))
    publication.close(new ShoalError('ERR_ORIGIN_LOST'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(got.error).toMatchObject({ code: 'ERR_ORIGIN_LOST' })
  })

  it('keeps nothing of the old publication while it waits', async () => {
    const { hub } = make()
    const publication = publish(hub)
    collect(await hub.subscribe('live/cam', { wait: 60_000 }))
    await film(publication, 20)
    publication.close()
    await vi.advanceTimersByTimeAsync(1000)
    expect(hub.totals().bufferedBytes).toBe(0)
  })

  it('published() waits as a reader does', async () => {
    const { hub } = make()
    const demand = vi.fn()
    const undo = hub.onDemand(demand)
    const stop = new AbortController()
    const refused = expect(hub.published('a', stop.signal)).rejects.toThrow('enough')
    const waiting = hub.published('live/cam')
    expect(demand.mock.calls).toEqual([
      ['a', true],
      ['live/cam', true],
    ])
    stop.abort(new Error('enough'))
    await refused
    publish(hub)
    await waiting
    await hub.published('/live/cam')
    expect(demand.mock.calls.slice(2)).toEqual([
      ['a', false],
      ['live/cam', false],
    ])
    undo()
    await hub.subscribe('live/cam')
    expect(demand).toHaveBeenCalledTimes(4)
  })
})

describe('signals', () => {
  it('keep no listener once they are not needed', async () => {
    const { hub } = make()
    const { signal } = new AbortController()
    const listeners = (): number => getEventListeners(signal, 'abort').length
    const publication = publish(hub, 'live/cam', { signal })
    const waiting = hub.subscribe('other', { signal, wait: 1000 })
    const failed = expect(hub.subscribe('never', { signal, wait: 10 })).rejects.toMatchObject({ code: 'ERR_STREAM_NOT_FOUND' })
    const subscription = await hub.subscribe('live/cam', { signal })
    expect(listeners()).toBe(4)
    await vi.advanceTimersByTimeAsync(10)
    await failed
    publish(hub, 'other').close()
    await waiting
    expect(listeners()).toBe(3)
    subscription.close()
    publication.close()
    await vi.advanceTimersByTimeAsync(1000)
    expect(listeners()).toBe(0)
  })
})

describe('changes of tracks', () => {
  const changed = { ...video, codec: 'avc1.640028', description: new Uint8Array([1, 100, 0, 40]) }

  it('are seen before the first frame that needs them', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    publication.write(frame(video, 0, true))
    publication.write(frame(video, 40, false))
    publication.update(changed)
    publication.write(frame(video, 80, true))
    expect(times((await next(subscription)) as never)).toEqual([0, 40])
    expect(subscription).toMatchObject({ generation: 0, tracks: [video, audio] })
    expect(times((await next(subscription)) as never)).toEqual([80])
    expect(subscription).toMatchObject({ generation: 1, tracks: [changed, audio] })
    expect(publication.tracks).toEqual([changed, audio])
  })

  it('that change nothing are none', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const got = collect(await hub.subscribe('live/cam'))
    publication.write(frame(video, 0, true))
    publication.update({ ...video, description: new Uint8Array([1, 100, 0, 31]) })
    publication.write(frame(video, 40, false))
    await turn()
    expect(got.batches).toHaveLength(1)
    expect(() => publication.update({ ...video, kind: 'audio' })).toThrow(expect.objectContaining({ code: 'ERR_TRACKS_INVALID' }))
  })

  it('are seen across a skip, once', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    await film(publication, 50)
    publication.update({ ...video, width: 640 })
    await film(publication, 50, { from: 50 })
    publication.update(changed)
    await film(publication, 10, { from: 100 })
    await next(subscription)
    expect(subscription).toMatchObject({ generation: 1, tracks: [changed, audio], dropped: 100 })
  })

  it('in the middle of the ring are told in their place to one who joins before them', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 20)
    publication.update(changed)
    await film(publication, 20, { from: 20 })
    const early = await hub.subscribe('live/cam', { start: { buffered: 1e9 } })
    expect(early.tracks).toEqual([video, audio])
    expect(await next(early)).toHaveLength(20)
    expect(early.generation).toBe(0)
    expect(await next(early)).toHaveLength(20)
    expect(early).toMatchObject({ generation: 1, tracks: [changed, audio] })
    const late = await hub.subscribe('live/cam')
    expect(late).toMatchObject({ generation: 0, tracks: [changed, audio] })
  })

  it('of other kinds do not concern a reader', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam', { tracks: ['audio'] })
    const got = collect(subscription)
    publication.write(frame(video, 0, true))
    publication.write(frame(audio, 0))
    publication.update(changed)
    publication.update(text)
    publication.write(frame(video, 40, true))
    publication.write(frame(audio, 40))
    publication.write(frame(text, 40))
    await turn()
    expect(times(got.frames)).toEqual([0, 40])
    expect(subscription).toMatchObject({ generation: 0, tracks: [audio] })
  })
})

describe('entries', () => {
  it('are the frames with their places', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    const sent = [frame(video, 0, true), frame(audio, 0), frame(video, 40, true)]
    for (const one of sent) publication.write(one)
    const entries: Entry[] = []
    for await (const batch of subscription.entries()) {
      entries.push(...batch)
      break
    }
    expect(entries.map((entry) => [entry.frame, entry.group, entry.index])).toEqual([
      [sent[0], 0, 0],
      [sent[1], 0, 1],
      [sent[2], 1, 0],
    ])
    expect(entries.every((entry) => entry.arrived === performance.now())).toBe(true)
    expect(subscription.epoch).toBe(hub.epoch('live/cam'))
  })
})
