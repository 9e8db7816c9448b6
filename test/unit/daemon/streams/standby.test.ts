/** A pull with a second source. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub } from '../../../../src/daemon/streams/hub.js'
import { Pulls } from '../../../../src/daemon/streams/pulls.js'
import { Standby } from '../../../../src/daemon/streams/standby.js'
import { collect, frame, newHub, times, turn, video } from './media.js'
import { TestPuller } from './test-puller.js'

let hub: Hub
let pulls: Pulls
let puller: TestPuller

beforeEach(() => {
  vi.useFakeTimers()
  const made = newHub()
  hub = made.hub
  pulls = new Pulls({ hub, log: made.log })
  puller = new TestPuller()
  pulls.addFactory(puller, 'camera')
})

afterEach(async () => {
  const closed = pulls.close()
  await vi.advanceTimersByTimeAsync(1000)
  await closed
  hub.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const options = { owner: 'api', options: { standby: 'cam://second/live' } }

/** The host of the source that is tried now. */
const host = (): string => puller.last.job.url.host

describe('a pull with a standby', () => {
  it('goes on with it at once when the first fails, and keeps its readers', async () => {
    pulls.pull('cam://first/live', 'x', options)
    await turn()
    const got = collect(await hub.subscribe('x'))
    puller.last.publication?.write(frame(video, 0, true))
    await turn()
    puller.last.fail(new Error('gone'))
    await turn()
    await turn()
    expect(host()).toBe('second')
    expect(hub.info('x')?.source).toBe('cam://second/live')
    puller.last.publication?.write(frame(video, 1000, true))
    await turn()
    expect(times(got.frames)).toEqual([0, 1000])
    expect(got).toMatchObject({ ended: false, generations: [0, 1] })
  })

  it('returns to the first when the standby fails, and pauses when both do', async () => {
    pulls.pull('cam://first/live', 'x', options)
    await turn()
    puller.last.end()
    await turn()
    await turn()
    expect(host()).toBe('second')
    puller.works = false
    puller.last.fail(new Error('gone'))
    await turn()
    await turn()
    expect(host()).toBe('first')
    const { length } = puller.tries
    puller.last.fail(new Error('gone'))
    await turn()
    expect(puller.tries).toHaveLength(length)
    await vi.advanceTimersByTimeAsync(1000)
    expect(host()).toBe('second')
  })

  it('lets its readers wait for eight seconds, no longer', async () => {
    pulls.pull('cam://first/live', 'x', options)
    await turn()
    const got = collect(await hub.subscribe('x'))
    puller.works = false
    puller.last.fail(new Error('gone'))
    await vi.advanceTimersByTimeAsync(7000)
    expect(got.ended).toBe(false)
    await vi.advanceTimersByTimeAsync(1500)
    expect(got).toMatchObject({ ended: true, error: { code: 'ERR_SOURCE_FAILED' } })
    expect(hub.info('x')).toBeUndefined()
  })

  it('ends as a whole', async () => {
    const pull = pulls.pull('cam://first/live', 'x', options)
    await turn()
    const got = collect(await hub.subscribe('x'))
    puller.works = false
    puller.last.fail(new Error('gone'))
    await turn()
    await pull.close()
    await turn()
    expect(got.ended).toBe(true)
    expect(hub.list()).toEqual([])
  })

  it.each([
    ['nonsense', 'ERR_URL_INVALID'],
    ['other://x/y', 'ERR_SCHEME_UNKNOWN'],
    [7, 'ERR_URL_INVALID'],
  ])('is refused with the standby %s', (standby, code) => {
    expect(() => pulls.pull('cam://first/live', 'x', { owner: 'api', options: { standby } })).toThrow(expect.objectContaining({ code }))
  })
})

describe('Standby', () => {
  it('tries each source once without a pause', () => {
    const standby = new Standby('a', 'b')
    const seen = [0, 1, 2].map(() => {
      standby.failed()
      return [standby.present, standby.atOnce]
    })
    expect(seen).toEqual([
      ['b', true],
      ['a', false],
      ['b', false],
    ])
    standby.ran()
    standby.failed()
    expect([standby.present, standby.atOnce, standby.hasOther]).toEqual(['a', true, true])
    const single = new Standby('a')
    single.failed()
    expect([single.present, single.atOnce, single.hasOther]).toEqual(['a', false, false])
  })
})
