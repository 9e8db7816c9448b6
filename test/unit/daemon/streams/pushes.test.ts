import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub } from '../../../../src/daemon/streams/hub.js'
import { Pulls } from '../../../../src/daemon/streams/pulls.js'
import { Pushes } from '../../../../src/daemon/streams/pushes.js'
import type { PusherFactory, PushJob } from '../../../../src/plugin.js'
import type { Frame } from '../../../../src/stream.js'
import type { MemoryLog } from '../../../../src/testing/memory-log.js'
import { film, newHub, publish, turn, video } from './media.js'

let hub: Hub
let log: MemoryLog
let pushes: Pushes
const secret = 'hunter2'
const url = `out://user:${secret}@host/app/key`
const owner = { owner: 'api' }

beforeEach(() => {
  vi.useFakeTimers()
  ;({ hub, log } = newHub())
  pushes = new Pushes({ hub, log })
})

afterEach(async () => {
  const shown = JSON.stringify([pushes.list(), hub.list(), hub.subscribers(), log.lines, pushes.tree()])
  const closed = pushes.close()
  await vi.advanceTimersByTimeAsync(1000)
  await closed
  hub.close()
  expect(vi.getTimerCount()).toBe(0)
  expect(shown).not.toContain(secret)
  vi.useRealTimers()
})

/** A target that counts what it gets, and can be down. */
class TestPusher implements PusherFactory {
  readonly protocol = 'out'
  readonly got: Frame[] = []
  readonly jobs: PushJob[] = []
  up = true

  async push(job: PushJob): Promise<void> {
    this.jobs.push(job)
    if (!this.up) throw new Error(`refused by ${job.url.href}`)
    for await (const batch of await job.subscribe()) {
      if (!this.up) throw new Error('reset')
      this.got.push(...batch)
    }
  }
}

function addPusher(): TestPusher {
  const pusher = new TestPusher()
  pushes.addFactory(pusher, 'sender')
  return pusher
}

describe('pushing', () => {
  it('waits for the stream, sends it, and waits for its return', async () => {
    const pusher = addPusher()
    const push = pushes.push('/live/cam', url, owner)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(push.state).toBe('idle')
    expect(pusher.jobs).toHaveLength(0)
    const publication = publish(hub)
    await turn()
    expect(push.state).toBe('running')
    expect(hub.subscribers('live/cam')).toEqual([expect.objectContaining({ reader: 'sender out://***@host/app/key' })])
    await film(publication, 5)
    publication.close()
    await turn()
    expect(push.state).toBe('idle')
    await film(publish(hub), 5)
    expect(pusher.got).toHaveLength(10)
    expect(pushes.get('live/cam')).toEqual([expect.objectContaining({ url: 'out://***@host/app/key', state: 'running', tries: 2, owner: 'api' })])
  })

  it('resumes when the target is back', async () => {
    const pusher = addPusher()
    pusher.up = false
    const publication = publish(hub, 'live/cam', { publishTimeout: 0 })
    const push = pushes.push('live/cam', url, owner)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(push.state).toBe('waiting')
    expect(pusher.jobs.length).toBeGreaterThan(3)
    expect(pushes.list()[0]?.lastError).toEqual({ code: 'ERR_SOURCE_FAILED', message: 'refused by out://***@host/app/key' })
    pusher.up = true
    await vi.advanceTimersByTimeAsync(10_000)
    expect(push.state).toBe('running')
    await film(publication, 5)
    pusher.up = false
    await film(publication, 1)
    expect(push.state).toBe('waiting')
    pusher.up = true
    await vi.advanceTimersByTimeAsync(10_000)
    expect(push.state).toBe('running')
    expect(hub.subscribers('live/cam')).toHaveLength(1)
  })

  it('is one push for the same path and URL; several URLs are several pushes', async () => {
    addPusher()
    const push = pushes.push('live/cam', url, owner)
    expect(pushes.push('live/cam/', url, owner)).toBe(push)
    pushes.push('live/cam', 'out://user:other@host/app/key', owner)
    pushes.push('live/cam', 'out://host/app/key', owner)
    pushes.push('live/other', url, owner)
    expect(pushes.list()).toHaveLength(4)
    expect(pushes.tree().map((task) => task.name)).toEqual([
      'live/cam > out://***@host/app/key',
      'live/cam > out://***@host/app/key #2',
      'live/cam > out://host/app/key',
      'live/other > out://***@host/app/key',
    ])
    await pushes.remove('live/cam', url)
    expect(push.state).toBe('stopped')
    await pushes.remove('live/cam', 'out://***@host/app/key')
    expect(pushes.get('live/cam')).toHaveLength(1)
    await pushes.remove('live/cam')
    expect(pushes.list()).toHaveLength(1)
    await expect(pushes.remove('live/cam')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    await expect(pushes.remove('live/other', 'out://nowhere')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  })

  it('refuses unknown schemes, wrong URLs and paths, and one too many', () => {
    pushes = new Pushes({ hub, log, maxPushes: 1 })
    expect(() => pushes.push('x', url, owner)).toThrow(expect.objectContaining({ code: 'ERR_SCHEME_UNKNOWN' }))
    addPusher()
    expect(() => pushes.push('x', 'out:x', owner)).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
    expect(() => pushes.push('..', url, owner)).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
    pushes.push('x', url, owner)
    expect(() => pushes.push('y', url, owner)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    expect(pushes.schemes()).toEqual(['out'])
  })

  it('makes an on-demand pull start', async () => {
    const pulls = new Pulls({ hub, log })
    pulls.addFactory(
      {
        protocol: 'cam',
        pull: (job) =>
          new Promise((_, reject) => {
            job.publish([video])
            job.signal.addEventListener('abort', () => reject(job.signal.reason))
          }),
      },
      'camera',
    )
    pulls.pull('cam://host/live/cam', undefined, { ...owner, onDemand: true })
    await turn()
    expect(pulls.list()[0]?.state).toBe('idle')
    addPusher()
    const push = pushes.push('live/cam', url, owner)
    await turn()
    expect(push.state).toBe('running')
    await pulls.close()
  })

  it('ends the readers of a pusher that ignores its signal, and does not wait for it', async () => {
    const hung: PusherFactory = {
      protocol: 'out',
      async push(job) {
        await job.subscribe()
        await new Promise(() => {})
      },
    }
    pushes.addFactory(hung, 'hung')
    publish(hub)
    const push = pushes.push('live/cam', url, owner)
    await turn()
    expect(hub.subscribers()).toHaveLength(1)
    const closed = vi.fn()
    void push.close().then(closed)
    expect(hub.subscribers()).toEqual([])
    await vi.advanceTimersByTimeAsync(999)
    expect(closed).toHaveBeenCalled()
    expect(pushes.orphans).toBe(1)
  })

  it('stops with its factory and resumes with another', async () => {
    const undo = pushes.addFactory(new TestPusher(), 'sender')
    publish(hub, 'live/cam', { publishTimeout: 0 })
    const push = pushes.push('live/cam', url, owner)
    await turn()
    undo()
    await turn()
    expect(pushes.list()[0]).toMatchObject({ state: 'waiting', lastError: { code: 'ERR_SCHEME_UNKNOWN' } })
    expect(hub.subscribers()).toEqual([])
    addPusher()
    await turn()
    expect(push.state).toBe('running')
  })

  it('once: ends when the pusher returns', async () => {
    addPusher()
    const publication = publish(hub)
    const push = pushes.push('live/cam', url, { ...owner, options: { once: true } })
    await turn()
    publication.close()
    await turn()
    expect(push.state).toBe('stopped')
    expect(pushes.list()).toEqual([])
  })
})
