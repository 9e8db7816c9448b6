import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub } from '../../../../src/daemon/streams/hub.js'
import { type PullInfo, Pulls, type PullsOptions } from '../../../../src/daemon/streams/pulls.js'
import type { MemoryLog } from '../../../../src/testing/memory-log.js'
import { collect, frame, newHub, turn, video } from './media.js'
import { aborted, TestPuller } from './test-puller.js'

let hub: Hub
let log: MemoryLog
let pulls: Pulls
/** URLs ever given to a factory hold this word as their password: it must not be seen anywhere. */
const secret = 'hunter2'
const url = `cam://user:${secret}@host/live/cam`

function make(options: Partial<PullsOptions> = {}): void {
  pulls = new Pulls({ hub, log, ...options })
}

beforeEach(() => {
  vi.useFakeTimers()
  ;({ hub, log } = newHub())
  make()
})

afterEach(async () => {
  const shown = JSON.stringify([pulls.list(), hub.list(), log.lines, pulls.tree()])
  const closed = pulls.close()
  await vi.advanceTimersByTimeAsync(1000)
  await closed
  hub.close()
  expect(vi.getTimerCount()).toBe(0)
  expect(shown).not.toContain(secret)
  vi.useRealTimers()
})

function addPuller(): TestPuller {
  const puller = new TestPuller()
  pulls.addFactory(puller, 'camera')
  return puller
}

const owner = { owner: 'api' }

describe('on demand', () => {
  it('starts with the first reader, who is served, and stops idleDelay after the last', async () => {
    const puller = addPuller()
    const pull = pulls.pull(url, undefined, { ...owner, onDemand: true, idleDelay: 3000 })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(pull.state).toBe('idle')
    expect(puller.tries).toHaveLength(0)
    const waiting = hub.subscribe('live/cam', { wait: 1000 })
    await turn()
    expect(pull.state).toBe('running')
    const subscription = await waiting
    const got = collect(subscription)
    puller.last.publication?.write(frame(video, 0, true))
    await turn()
    expect(got.frames).toHaveLength(1)
    subscription.close()
    await vi.advanceTimersByTimeAsync(2000)
    const second = await hub.subscribe('live/cam')
    await vi.advanceTimersByTimeAsync(5000)
    puller.last.publication?.write(frame(video, 40, true))
    expect(pull.state).toBe('running')
    second.close()
    await vi.advanceTimersByTimeAsync(2999)
    expect(pull.state).toBe('running')
    await vi.advanceTimersByTimeAsync(1)
    expect(pull.state).toBe('idle')
    expect(hub.list()).toEqual([])
    expect(puller.tries).toHaveLength(1)
    expect(pulls.get('live/cam')).toMatchObject({ onDemand: true })
    expect(pulls.get('live/cam')?.lastError).toBeUndefined()
    collect(await hub.subscribe('live/cam', { wait: 1000 }))
    expect(puller.tries).toHaveLength(2)
  })

  it('starts for readers that were there first, and tries on as long as they wait', async () => {
    const puller = addPuller()
    puller.works = false
    const failed = expect(hub.subscribe('live/cam', { wait: 30_000 })).rejects.toMatchObject({ code: 'ERR_STREAM_NOT_FOUND' })
    pulls.pull(url, undefined, { ...owner, onDemand: true, idleDelay: 0 })
    for (let second = 0; second < 30; second++) {
      puller.tries.at(-1)?.fail(new Error('down'))
      await vi.advanceTimersByTimeAsync(1000)
    }
    await failed
    expect(puller.tries.length).toBeGreaterThan(4)
    puller.last.fail(new Error('down'))
    await vi.advanceTimersByTimeAsync(10)
    expect(pulls.get('live/cam')).toMatchObject({ state: 'idle', lastError: { code: 'ERR_SOURCE_FAILED' } })
    const tries = puller.tries.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(puller.tries).toHaveLength(tries)
  })

  it('a pause ends when nobody wants the stream any more', async () => {
    const puller = addPuller()
    puller.works = false
    pulls.pull(url, undefined, { ...owner, onDemand: true, idleDelay: 10 })
    const stop = new AbortController()
    const reader = hub.subscribe('live/cam', { wait: 60_000, signal: stop.signal }).catch(() => {})
    await turn()
    puller.last.fail(new Error('down'))
    await turn()
    expect(pulls.get('live/cam')?.state).toBe('waiting')
    stop.abort()
    await reader
    await vi.advanceTimersByTimeAsync(10)
    expect(pulls.get('live/cam')?.state).toBe('idle')
  })
})

describe('factories that come and go', () => {
  it('a job whose factory goes stops, waits, and resumes with another one', async () => {
    const first = new TestPuller()
    const undo = pulls.addFactory(first, 'camera')
    const pull = pulls.pull(url, undefined, owner)
    await turn()
    undo()
    undo()
    await turn()
    expect(first.last.job.signal.aborted).toBe(true)
    expect(hub.list()).toEqual([])
    expect(pulls.get('live/cam')).toMatchObject({ state: 'waiting', lastError: { code: 'ERR_SCHEME_UNKNOWN' } })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(pulls.get('live/cam')).toMatchObject({ state: 'waiting', lastError: { code: 'ERR_SCHEME_UNKNOWN' } })
    const second = addPuller()
    await turn()
    expect(pull.state).toBe('running')
    expect(second.tries).toHaveLength(1)
  })

  it('jobs of other factories go on', async () => {
    const puller = addPuller()
    const undo = pulls.addFactory({ protocol: 'other', pull: (job) => aborted(job) }, 'other')
    pulls.pull(url, undefined, owner)
    await turn()
    undo()
    await turn()
    expect(puller.last.job.signal.aborted).toBe(false)
    expect(puller.tries).toHaveLength(1)
  })
})

describe('watching', () => {
  it('tells the state now and every change, until the end', async () => {
    const puller = addPuller()
    puller.works = false
    pulls.pull(url, undefined, owner)
    pulls.pull(url, 'other', owner)
    const states: PullInfo[] = []
    const watched = (async () => {
      for await (const info of pulls.watch('/live/cam')) states.push(info)
    })()
    await turn()
    puller.works = true
    puller.tries[0]?.fail(new Error('down'))
    await vi.advanceTimersByTimeAsync(1000)
    await pulls.remove('live/cam')
    await watched
    expect(states.map((info) => info.state)).toEqual(['connecting', 'waiting', 'connecting', 'running', 'stopped'])
    expect(states[1]?.lastError).toEqual({ code: 'ERR_SOURCE_FAILED', message: 'down' })
    expect(new Set(states.map((info) => info.path))).toEqual(new Set(['live/cam']))
  })

  it('ends with its signal, and refuses unknown paths', async () => {
    addPuller()
    pulls.pull(url, undefined, owner)
    const stop = new AbortController()
    const watching = pulls.watch('live/cam', stop.signal)
    await watching.next()
    stop.abort()
    while (!(await watching.next()).done) {}
    expect((await pulls.watch('live/cam', stop.signal).next()).value).toMatchObject({ path: 'live/cam' })
    expect(() => pulls.watch('nothing')).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND' }))
  })
})
