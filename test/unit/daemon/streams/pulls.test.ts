import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Hub } from '../../../../src/daemon/streams/hub.js'
import { type HubPullJob, Pulls, type PullsOptions } from '../../../../src/daemon/streams/pulls.js'
import { ShoalError } from '../../../../src/errors.js'
import type { PullerFactory } from '../../../../src/plugin.js'
import type { MemoryLog } from '../../../../src/testing/memory-log.js'
import { collect, film, frame, newHub, publish, turn, video } from './media.js'
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

describe('pulling', () => {
  it('feeds the path of the URL', async () => {
    const puller = addPuller()
    const pull = pulls.pull(url, undefined, { ...owner, options: { timeoutMs: 5 } })
    expect(pull).toMatchObject({ path: 'live/cam', state: 'connecting', url: 'cam://***@host/live/cam' })
    await turn()
    expect(pull.state).toBe('running')
    expect(hub.info('live/cam')).toMatchObject({ publisher: 'camera', source: 'cam://***@host/live/cam', origin: 'node-1' })
    expect(puller.last.job).toMatchObject({ path: 'live/cam', options: { timeoutMs: 5 } })
    expect(puller.last.job.url.password).toBe(secret)
    const got = collect(await hub.subscribe('live/cam'))
    puller.last.publication?.write(frame(video, 0, true))
    await turn()
    expect(got.frames).toHaveLength(1)
    await pull.close()
    expect(pull.state).toBe('stopped')
    expect(hub.list()).toEqual([])
    expect(pulls.list()).toEqual([])
  })

  it('is one pull for the same URL and path, and refuses another URL', async () => {
    addPuller()
    const pull = pulls.pull(url, 'x', owner)
    expect(pulls.pull(url, '/x/', { owner: 'other' })).toBe(pull)
    expect(() => pulls.pull('cam://host/other', 'x', owner)).toThrow(expect.objectContaining({ code: 'ERR_STREAM_TAKEN' }))
    expect(pulls.pull(url, 'y', owner)).not.toBe(pull)
    expect(pulls.list().map((one) => one.path)).toEqual(['x', 'y'])
    await pulls.remove('x')
    expect(pulls.pull('cam://host/other', 'x', owner).path).toBe('x')
    await expect(pulls.remove('z')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
  })

  it('refuses unknown schemes, naming those it knows, and everything that is no URL or path', () => {
    expect(() => pulls.pull('rtsp://host/x', undefined, owner)).toThrow(expect.objectContaining({ code: 'ERR_SCHEME_UNKNOWN' }))
    addPuller()
    pulls.addFactory({ protocol: 'rtmp', pull: async () => {} }, 'rtmp')
    expect(() => pulls.pull('rtsp://host/x', undefined, owner)).toThrow(expect.objectContaining({ message: expect.stringContaining('cam, rtmp') }))
    expect(() => pulls.pull('cam://host/x\n', undefined, owner)).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
    expect(() => pulls.pull('cam://host', undefined, owner)).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
    expect(() => pulls.pull('cam://host/x', '..', owner)).toThrow(expect.objectContaining({ code: 'ERR_PATH_INVALID' }))
    expect(pulls.list()).toEqual([])
  })

  it('refuses one pull too many', () => {
    make({ maxPulls: 1 })
    addPuller()
    pulls.pull(url, 'x', owner)
    pulls.pull(url, 'x', owner)
    expect(() => pulls.pull(url, 'y', owner)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  })

  it('two readers are one pull', async () => {
    const puller = addPuller()
    pulls.pull(url, undefined, owner)
    await turn()
    const readers = [await hub.subscribe('live/cam'), await hub.subscribe('live/cam')].map(collect)
    await film(puller.last.publication as never, 5)
    expect(readers.map((reader) => reader.frames.length)).toEqual([5, 5])
    expect(puller.tries).toHaveLength(1)
  })

  it('passes on where the stream comes from', async () => {
    const factory: PullerFactory = {
      protocol: 'far',
      async pull(job: HubPullJob) {
        job.publish([video], { origin: 'node-9', hops: 2 })
        await aborted(job)
      },
    }
    pulls.addFactory(factory, 'shoal')
    pulls.pull('far://node-9/x', undefined, owner)
    await turn()
    expect(hub.info('x')).toMatchObject({ origin: 'node-9', hops: 2, publisher: 'shoal' })
  })
})

describe('choosing a factory', () => {
  const served: string[] = []
  const named = (name: string, more: Partial<PullerFactory>): void => {
    const pull = async (): Promise<void> => {
      served.push(name)
    }
    pulls.addFactory({ protocol: 'http', pull, ...more }, name)
  }

  it('the longest prefix wins, then the first that supports the URL', async () => {
    named('scheme', {})
    named('host', { prefix: 'http://host/' })
    named('app', { prefix: 'http://host/app/' })
    named('bare', { prefix: 'http://bare' })
    named('second', {})
    named('flv', { supports: ({ pathname }) => pathname.endsWith('.flv') })
    named('picky', { prefix: 'http://host/app/x', supports: () => false })
    named('broken', {
      prefix: 'http://other/',
      supports: () => {
        throw new Error('broken')
      },
    })
    const cases = ['http://host/app/x', 'http://host/application', 'http://u:p@host/app/y', 'http://other/x', 'http://bare.evil/x', 'http://bare/x']
    for (const [at, text] of cases.entries()) {
      pulls.pull(text, `p${at}`, { ...owner, options: { once: true } })
      await turn()
    }
    expect(served).toEqual(['app', 'host', 'app', 'scheme', 'scheme', 'bare'])
    expect(log.lines.filter((line) => line.fields['plugin'] === 'broken').length).toBeGreaterThan(0)
  })

  it('refuses what is no factory', () => {
    for (const protocol of ['', 'RTMP', 'rtmp:', 'a b', 5]) {
      expect(() => pulls.addFactory({ protocol: protocol as string, pull: async () => {} }, 'x')).toThrow(
        expect.objectContaining({ code: 'ERR_PLUGIN_INVALID' }),
      )
    }
    expect(() => pulls.addFactory({ protocol: 'a', prefix: 'nonsense', pull: async () => {} }, 'x')).toThrow(
      expect.objectContaining({ code: 'ERR_PLUGIN_INVALID' }),
    )
    expect(pulls.schemes()).toEqual([])
  })
})

describe('trying again', () => {
  it('waits for a returning source for ever, with growing pauses', async () => {
    const puller = addPuller()
    puller.works = false
    pulls.pull(url, undefined, owner)
    await turn()
    const at: number[] = []
    let seen = puller.tries.length
    puller.last.fail(new Error(`cannot connect to ${url}`))
    for (let ms = 0; ms < 120_000; ms += 50) {
      await vi.advanceTimersByTimeAsync(50)
      if (puller.tries.length === seen) continue
      seen = puller.tries.length
      at.push(ms)
      puller.last.fail(new Error(`cannot connect to ${url}`))
    }
    const pauses = at.slice(1).map((ms, index) => ms - (at[index] ?? 0))
    expect(at[0]).toBeLessThanOrEqual(550)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_050)
    expect(Math.min(...pauses.slice(5))).toBeGreaterThanOrEqual(4950)
    expect(pulls.get('live/cam')).toMatchObject({ state: 'waiting', tries: at.length + 1, lastError: { code: 'ERR_SOURCE_FAILED' } })
    expect(pulls.get('live/cam')?.lastError?.message).toBe('cannot connect to cam://***@host/live/cam')
    puller.works = true
    await vi.advanceTimersByTimeAsync(10_000)
    expect(pulls.get('live/cam')).toMatchObject({ state: 'running' })
    expect(pulls.get('live/cam')?.lastError).toBeUndefined()
    // one line in ten seconds at most
    expect(log.lines.filter((line) => line.msg.startsWith('job failed')).length).toBeLessThanOrEqual(14)
  })

  it('begins with short pauses again after a try that lasted', async () => {
    const puller = addPuller()
    puller.works = false
    pulls.pull(url, undefined, owner)
    for (let second = 0; second < 60; second++) {
      puller.tries.at(-1)?.fail(new Error('down'))
      await vi.advanceTimersByTimeAsync(1000)
    }
    puller.works = true
    await vi.advanceTimersByTimeAsync(10_000)
    puller.last.publication?.write(frame(video, 0, true))
    const { length } = puller.tries
    await vi.advanceTimersByTimeAsync(5000)
    puller.last.end()
    await vi.advanceTimersByTimeAsync(510)
    expect(puller.tries).toHaveLength(length + 1)
  })

  it('a source that ends is waited for too, and readers that wait stay', async () => {
    const puller = addPuller()
    pulls.pull(url, undefined, owner)
    await turn()
    const got = collect(await hub.subscribe('live/cam', { wait: 20_000 }))
    await film(puller.last.publication as never, 5)
    puller.last.end()
    await turn()
    expect(pulls.get('live/cam')).toMatchObject({ state: 'waiting' })
    expect(hub.list()).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(pulls.get('live/cam')).toMatchObject({ state: 'running', tries: 2 })
    await film(puller.last.publication as never, 5)
    expect(got.frames).toHaveLength(10)
    expect(got.ended).toBe(false)
  })

  it('once: the end of the source is the end of the pull', async () => {
    const puller = addPuller()
    const pull = pulls.pull(url, undefined, { ...owner, options: { once: true } })
    await turn()
    puller.last.fail(new Error('broken'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(puller.tries).toHaveLength(2)
    puller.last.end()
    await turn()
    expect(pull.state).toBe('stopped')
    expect(pulls.get('live/cam')).toBeUndefined()
    expect(pulls.pull(url, undefined, owner)).not.toBe(pull)
  })

  it('a failing try disposes of its stream, and the readers get the reason', async () => {
    const puller = addPuller()
    pulls.pull(url, undefined, owner)
    await turn()
    const got = collect(await hub.subscribe('live/cam'))
    puller.last.fail(new ShoalError('ERR_MEDIA_INVALID', 'not a stream'))
    await turn()
    expect(hub.list()).toEqual([])
    expect(got.error).toMatchObject({ code: 'ERR_MEDIA_INVALID' })
    expect(pulls.get('live/cam')?.lastError).toEqual({ code: 'ERR_MEDIA_INVALID', message: 'not a stream' })
  })

  it('contains a factory that throws at once, or throws nonsense', async () => {
    for (const [protocol, value] of [
      ['a', new Error('at once')],
      ['b', 'text'],
      ['c', undefined],
    ] as const) {
      pulls.addFactory(
        {
          protocol,
          pull() {
            throw value
          },
        },
        'x',
      )
      pulls.pull(`${protocol}://host/${protocol}`, undefined, owner)
    }
    await turn()
    expect(pulls.list().map((pull) => [pull.state, pull.lastError?.code])).toEqual([
      ['waiting', 'ERR_SOURCE_FAILED'],
      ['waiting', 'ERR_SOURCE_FAILED'],
      ['waiting', 'ERR_SOURCE_FAILED'],
    ])
  })

  it('tries again when another publishes the path, until it is free', async () => {
    const puller = addPuller()
    const present = publish(hub)
    pulls.pull(url, undefined, owner)
    await turn()
    expect(pulls.get('live/cam')).toMatchObject({ state: 'waiting', lastError: { code: 'ERR_STREAM_TAKEN' } })
    present.close()
    await vi.advanceTimersByTimeAsync(2000)
    expect(pulls.get('live/cam')?.state).toBe('running')
    expect(puller.last.publication?.signal.aborted).toBe(false)
  })

  it.each([
    ['times out', 'ERR_PUBLISH_TIMEOUT', () => vi.advanceTimersByTimeAsync(10_001)],
    ['is stopped', 'ERR_STREAM_STOPPED', async () => hub.stop('live/cam')],
    ['is taken over', 'ERR_TAKEN_OVER', async () => void publish(hub, 'live/cam', { takeover: true })],
  ])('a stream that %s ends the try, also when the puller does not look', async (_, code, end) => {
    const puller = addPuller()
    pulls.pull(url, undefined, owner)
    await turn()
    await end()
    await turn()
    expect(puller.last.job.signal.aborted).toBe(true)
    expect(pulls.get('live/cam')).toMatchObject({ state: 'waiting', lastError: { code } })
  })
})

describe('stopping', () => {
  it('during the start takes less than a second, even when the factory ignores it', async () => {
    const puller = addPuller()
    puller.obeys = false
    puller.works = false
    const pull = pulls.pull(url, undefined, owner)
    await turn()
    expect(pull.state).toBe('connecting')
    const closed = vi.fn()
    void pull.close().then(closed)
    expect(puller.last.job.signal.aborted).toBe(true)
    await vi.advanceTimersByTimeAsync(999)
    expect(closed).toHaveBeenCalled()
    expect(pulls.orphans).toBe(1)
    expect(log.lines.some((line) => line.level === 'warn' && line.fields['job'] === 'live/cam')).toBe(true)
    expect(() => puller.last.job.publish([video])).toThrow(expect.objectContaining({ code: 'ERR_ABORTED' }))
    puller.last.end()
    await turn()
    expect(pulls.orphans).toBe(0)
  })

  it('closes the stream at once, whatever the factory does', async () => {
    const puller = addPuller()
    puller.obeys = false
    const pull = pulls.pull(url, undefined, owner)
    await turn()
    void pull.close()
    expect(hub.list()).toEqual([])
    expect(puller.last.publication?.signal.aborted).toBe(true)
    puller.last.publication?.write(frame(video, 0, true))
    // the path is free for the next pull at once
    const next = pulls.pull('cam://other/live/cam', undefined, owner)
    await turn()
    expect(next.state).toBe('running')
    await vi.advanceTimersByTimeAsync(1000)
    expect(pulls.orphans).toBe(1)
  })

  it('ends the tasks of the job, and does not wait for one that hangs', async () => {
    const stopped = vi.fn()
    const factory: PullerFactory = {
      protocol: 'cam',
      async pull(job) {
        job.run('good', (scope) => aborted(scope).catch(stopped))
        job.run('hangs', () => new Promise(() => {}))
        await aborted(job)
      },
    }
    pulls.addFactory(factory, 'camera')
    const pull = pulls.pull(url, undefined, owner)
    await turn()
    expect(pulls.tree()).toEqual([
      expect.objectContaining({
        name: 'live/cam',
        state: 'running',
        children: [expect.objectContaining({ name: 'good' }), expect.objectContaining({ name: 'hangs' })],
      }),
    ])
    const closed = vi.fn()
    void pull.close().then(closed)
    await vi.advanceTimersByTimeAsync(999)
    expect(stopped).toHaveBeenCalledOnce()
    expect(closed).toHaveBeenCalled()
    expect(pulls.tree()).toEqual([])
  })

  it('closing all ends all and refuses more', async () => {
    const puller = addPuller()
    puller.obeys = false
    pulls.pull(url, 'a', owner)
    pulls.pull(url, 'b', owner)
    pulls.pull(url, 'c', { ...owner, onDemand: true })
    await turn()
    const closed = vi.fn()
    void pulls.close().then(closed)
    await vi.advanceTimersByTimeAsync(999)
    expect(closed).toHaveBeenCalled()
    expect(hub.list()).toEqual([])
    expect(() => pulls.pull(url, 'd', owner)).toThrow(expect.objectContaining({ code: 'ERR_STOPPING' }))
  })
})
