import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub, HubSubscription } from '../../../../src/daemon/streams/hub.js'
import { ShoalError } from '../../../../src/errors.js'
import type { Frame } from '../../../../src/stream.js'
import { audio, collect, film, frame, newHub, publish, times, turn, video } from './media.js'

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

/** What was delivered, while it goes on. */
interface Delivered {
  readonly frames: Frame[]
  readonly batches: (readonly Frame[])[]
  outcome: unknown
}

/** Takes what is delivered; `busy` says how long each batch takes. */
function take(subscription: HubSubscription, busy: () => Promise<number | void> | undefined = () => undefined): Delivered {
  const got: Delivered = { frames: [], batches: [], outcome: 'open' }
  const delivered = subscription.deliver((frames) => {
    got.frames.push(...frames)
    got.batches.push(frames)
    return busy()
  })
  delivered.then(
    () => {
      got.outcome = 'ended'
    },
    (error: unknown) => {
      got.outcome = error
    },
  )
  return got
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('deliver', () => {
  it('hands out what an iteration gives, the same batch to all who are up to date', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 15)
    const first = take(await hub.subscribe('live/cam'))
    const second = take(await hub.subscribe('live/cam'))
    const iterated = collect(await hub.subscribe('live/cam'))
    await film(publication, 20, { from: 15 })
    expect(times(first.frames)).toEqual(Array.from({ length: 25 }, (_, i) => 400 + i * 40))
    expect(first.frames).toEqual(iterated.frames)
    expect(first.batches).toHaveLength(21)
    for (const [at, batch] of first.batches.entries()) expect(second.batches[at]).toBe(batch)
    expect(hub.subscribers('live/cam').map(({ bytesOut }) => bytesOut)).toEqual([2500, 2500, 2500])
  })

  it.each([
    ['the next one, where the newest is too old', 100, 1200, 29],
    ['the newest one', 300, 800, 19],
    ['none, where nothing is too old', 2000, 40, 0],
  ])('skips to a group that is as fresh as its taker asks: %s', async (_, freshness, next, dropped) => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 1)
    const subscription = await hub.subscribe('live/cam')
    let isFirst = true
    const got = take(subscription, () => {
      const wait = isFirst ? later(1000).then(() => freshness) : undefined
      isFirst = false
      return wait
    })
    await film(publication, 40, { from: 1 })
    expect(times(got.frames)).toEqual([0, ...Array.from({ length: (1600 - next) / 40 + 1 }, (_each, at) => next + at * 40)])
    expect(subscription.dropped).toBe(dropped)
  })

  it('ends for a taker that waits for a fresh group when the stream ends', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 1)
    const got = take(await hub.subscribe('live/cam'), () => later(1000).then(() => 100))
    await film(publication, 27, { from: 1 })
    publication.close()
    await turn()
    expect(times(got.frames)).toEqual([0])
    expect(got.outcome).toBe('ended')
  })

  it('shares batches among many who stand at several places', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 5)
    const plain = [take(await hub.subscribe('live/cam')), take(await hub.subscribe('live/cam'))]
    const heard = [take(await hub.subscribe('live/cam', { tracks: ['audio'] })), take(await hub.subscribe('live/cam', { tracks: ['audio'] }))]
    for (let at = 0; at < 20; at++) {
      publication.write(frame(video, 200 + at * 40, at % 10 === 5))
      publication.write(frame(audio, 200 + at * 40))
      await turn()
    }
    for (const [one, other] of [plain, heard]) for (const [at, batch] of one?.batches.entries() ?? []) expect(other?.batches[at]).toBe(batch)
    expect(heard[0]?.frames).toHaveLength(20)
    expect(plain[0]?.frames).toHaveLength(45)
  })

  it('gives the next batch when the promise for the last one is fulfilled, and skips whole groups meanwhile', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const subscription = await hub.subscribe('live/cam')
    const good = take(await hub.subscribe('live/cam'))
    let resolve: (() => void) | undefined
    const slow = take(subscription, () =>
      slow.batches.length === 3
        ? new Promise<void>((done) => {
            resolve = done
          })
        : undefined,
    )
    await film(publication, 120)
    expect(times(slow.frames)).toEqual([0, 40, 80])
    resolve?.()
    await turn()
    expect(times(slow.frames).slice(3)).toEqual(Array.from({ length: 10 }, (_, i) => 4400 + i * 40))
    expect(slow.frames[3]?.key).toBe(true)
    expect(subscription.dropped).toBe(107)
    await film(publication, 3, { from: 120 })
    expect(slow.batches.slice(-3)).toEqual(good.batches.slice(-3))
    expect(good.frames).toHaveLength(123)
  })

  it('cuts who takes nothing for 10 s, and nobody else', async () => {
    const { hub } = make()
    const publication = publish(hub)
    let give: (() => void) | undefined
    const stuck = take(
      await hub.subscribe('live/cam'),
      () =>
        new Promise((resolve) => {
          give = resolve
        }),
    )
    const good = take(await hub.subscribe('live/cam'))
    await film(publication, 300)
    expect(hub.totals()).toMatchObject({ subscribers: 1, readersCut: 1 })
    give?.()
    await turn()
    expect(stuck.outcome).toMatchObject({ code: 'ERR_SLOW_CONSUMER' })
    expect(stuck.batches).toHaveLength(1)
    expect(good.frames).toHaveLength(300)
  })

  it('ends with the stream, after what is left', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 3)
    const busy = take(await hub.subscribe('live/cam'), () => later(30))
    const kept = take(await hub.subscribe('live/cam', { batch: 500 }))
    publication.write(frame(video, 120))
    publication.close()
    await turn()
    expect(times(kept.frames)).toEqual([0, 40, 80, 120])
    expect(kept.outcome).toBe('ended')
    expect(busy.outcome).toBe('open')
    await vi.advanceTimersByTimeAsync(100)
    expect(times(busy.frames)).toEqual([0, 40, 80, 120])
    expect(busy.outcome).toBe('ended')
  })

  it('rejects with what ended the stream, and with what the reader throws', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 3)
    const stopped = take(await hub.subscribe('live/cam'))
    const thrower = take(await hub.subscribe('live/cam'), () => {
      throw new ShoalError('ERR_INTERNAL', 'no')
    })
    const rejecter = take(await hub.subscribe('live/cam'), () => Promise.reject(new ShoalError('ERR_INTERNAL', 'never')))
    await turn()
    expect([thrower.outcome, rejecter.outcome]).toMatchObject([{ message: 'no' }, { message: 'never' }])
    expect(publication.subscribers).toBe(1)
    hub.stop('live/cam')
    await turn()
    expect(stopped.outcome).toMatchObject({ code: 'ERR_STREAM_STOPPED' })
  })

  it('ends when it is closed: between batches, while one is taken, while the reader is busy, before it begins', async () => {
    const { hub } = make()
    const publication = publish(hub)
    await film(publication, 3)
    const idle = await hub.subscribe('live/cam')
    const inside = await hub.subscribe('live/cam')
    const busy = await hub.subscribe('live/cam')
    const early = await hub.subscribe('live/cam')
    early.close()
    const got = [take(idle), take(inside, () => void inside.close()), take(busy, () => later(50)), take(early)]
    idle.close()
    busy.close()
    await film(publication, 3, { from: 3 })
    expect(got.map(({ outcome }) => outcome)).toEqual(['ended', 'ended', 'ended', 'ended'])
    expect(got.map(({ batches }) => batches.length)).toEqual([1, 1, 1, 0])
    expect(publication.subscribers).toBe(0)
  })

  it('keeps order and whole groups for readers of any speed', async () => {
    const { hub } = make({ maxLatency: 500 })
    const publication = publish(hub)
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const readers: Delivered[] = []
    for (let at = 0; at < 12; at++) {
      const batch = [undefined, 0, 33, 100][at % 4]
      const subscription = await hub.subscribe('live/cam', { ...(batch !== undefined && { batch }) })
      readers.push(take(subscription, () => (random(3) === 0 ? later(random(at * 60 + 1)) : undefined)))
    }
    const written: Frame[] = []
    for (let at = 0; at < 600; at++) {
      const one = at % 3 === 2 ? frame(video, at * 15, at % 30 === 2) : frame(audio, at * 15)
      publication.write(one)
      written.push(one)
      await vi.advanceTimersByTimeAsync(random(30))
    }
    publication.close()
    await vi.advanceTimersByTimeAsync(3000)
    const place = new Map(written.map((one, at) => [one, at]))
    for (const { frames, outcome } of readers) {
      expect(outcome).toBe('ended')
      expect(frames.length).toBeGreaterThan(30)
      for (const [at, one] of frames.entries()) {
        const step = (place.get(one) ?? 0) - (at === 0 ? 1 : (place.get(frames[at - 1] as Frame) ?? 0))
        expect(step).toBeGreaterThan(0)
        if (step > 1) expect(one).toMatchObject({ track: video.id, key: true })
      }
    }
  })
})

describe('batch', () => {
  /** Fake ms at which each batch came, and what was in it. */
  async function timeline(options: { batch?: number; tracks?: ('video' | 'audio')[] }, tracks = [video, audio]): Promise<[number, number[]][]> {
    const { hub } = make()
    const publication = publish(hub, 'live/cam', {}, tracks)
    const begun = Date.now()
    const got: [number, number[]][] = []
    const reading = (await hub.subscribe('live/cam', options)).deliver((frames) => void got.push([Date.now() - begun, times(frames)]))
    const hasVideo = tracks.includes(video)
    for (let at = 0; at < 200; at++) {
      if (hasVideo && (at === 0 || at === 33 || at === 66 || at === 147)) publication.write(frame(video, at, at === 0))
      if (at % 20 === 10) publication.write(frame(audio, at))
      await vi.advanceTimersByTimeAsync(1)
    }
    publication.close()
    await reading
    return got
  }

  it('0: a picture goes at once and takes sound along, which waits 40 ms at most', async () => {
    const got = await timeline({ batch: 0 })
    const [first, ...rest] = got
    expect(first?.[1]).toEqual([0])
    expect(rest.map(([, what]) => what)).toEqual([[10, 30, 33], [50, 66], [70, 90], [110, 130, 147], [150, 170], [190]])
    for (const [at, what] of rest.slice(0, -1)) expect(at - (what[0] ?? 0)).toBeLessThanOrEqual(42)
    expect(rest[0]?.[0]).toBeLessThanOrEqual(35)
  })

  it('0: sound alone does not wait', async () => {
    for (const got of [await timeline({ batch: 0, tracks: ['audio'] }), await timeline({ batch: 0 }, [audio])]) {
      expect(got.map(([, what]) => what)).toEqual(Array.from({ length: 10 }, (_, i) => [10 + i * 20]))
      for (const [at, what] of got) expect(at - (what[0] ?? 0)).toBeLessThanOrEqual(2)
    }
  })

  it('n: what came within so many ms goes out together', async () => {
    const got = await timeline({ batch: 100 })
    expect(got.map(([, what]) => what)).toEqual([
      [0, 10, 30, 33, 50, 66, 70, 90],
      [110, 130, 147, 150, 170, 190],
    ])
    expect(got[0]?.[0]).toBeGreaterThanOrEqual(100)
    expect(got[0]?.[0]).toBeLessThanOrEqual(103)
  })

  it('33: two pictures at 30 a second go out together, with the sound before them', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const begun = Date.now()
    const got: [number, number[]][] = []
    const reading = (await hub.subscribe('live/cam', { batch: 33 })).deliver((frames) => void got.push([Date.now() - begun, times(frames)]))
    const pictures = [0, 34, 67, 100, 134, 167]
    for (let at = 0; at < 200; at++) {
      if (pictures.includes(at)) publication.write(frame(video, at, at === 0))
      if (at === 40 || at === 120) publication.write(frame(audio, at))
      await vi.advanceTimersByTimeAsync(1)
    }
    publication.close()
    await reading
    expect(got.map(([, what]) => what)).toEqual([
      [0, 34],
      [40, 67, 100],
      [120, 134, 167],
    ])
    for (const [at, what] of got) expect(at - (what.find((one) => pictures.includes(one)) ?? 0)).toBeLessThanOrEqual(36)
  })

  it('absent: nothing waits, beside readers that let frames wait', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const plain = take(await hub.subscribe('live/cam'))
    const patient = take(await hub.subscribe('live/cam', { batch: 200 }))
    publication.write(frame(video, 0, true))
    await turn()
    publication.write(frame(audio, 10))
    await turn()
    expect([plain.batches.length, patient.batches.length]).toEqual([2, 0])
    await vi.advanceTimersByTimeAsync(204)
    expect(patient.frames).toEqual(plain.frames)
    expect(patient.batches).toHaveLength(1)
  })

  it('does not wait longer than 1 s, whatever is asked for', async () => {
    const { hub } = make()
    const publication = publish(hub)
    const got = take(await hub.subscribe('live/cam', { batch: 1e9 }))
    publication.write(frame(video, 0, true))
    await vi.advanceTimersByTimeAsync(999)
    expect(got.batches).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(3)
    expect(got.batches).toHaveLength(1)
  })
})
