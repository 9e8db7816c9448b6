/** The suites are tests of tests: each has to find the fault it is there for. */

import { describe, expect, it } from 'vitest'
import type { Plugin, PullerFactory } from '../../../src/plugin.js'
import type { Cache, LogSink, Permission, Storage } from '../../../src/services.js'
import {
  authenticationCompliance,
  cacheCompliance,
  loggerCompliance,
  memoryStorage,
  permissionCompliance,
  pluginCompliance,
  pullerCompliance,
  storageCompliance,
  type TestApi,
} from '../../../src/testing/index.js'

/** Runs a suite and gives the names of the tests that failed. */
async function failures(suite: (api: TestApi) => void): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = []
  suite({ describe: (_, body) => body(), it: (name, body) => void tests.push([name, body]), expect })
  expect(tests.length).toBeGreaterThan(1)
  const failed: string[] = []
  for (const [name, body] of tests) {
    try {
      await body()
    } catch {
      failed.push(name)
    }
  }
  return failed
}

const open = { type: 'object' }
const strict = { type: 'object', additionalProperties: false, properties: { a: { type: 'number', default: 1 } } }
const needy = { ...strict, required: ['b'] }
const never = (): Promise<void> => new Promise(() => {})

describe('pluginCompliance', () => {
  const of = (plugin: Plugin) => failures((api) => pluginCompliance(api, plugin.name, { factory: () => plugin, limits: { tasks: 20, shutdown: 20 } }))
  const timers: NodeJS.Timeout[] = []
  const starts = { count: 0 }

  it('finds nothing wrong with a good plugin', async () => {
    expect(await of({ name: 'good', config: strict, start: (ctx) => void ctx.run('x', () => {}), shutdown: () => {} })).toEqual([])
  })

  const bad: [string, Plugin, RegExp][] = [
    ['a bad name', { name: 'Bad' }, /contract/],
    ['a config that takes anything', { name: 'p', config: open }, /garbage/],
    ['a config without defaults', { name: 'p', config: needy }, /nothing is set/],
    ['a task that does not end', { name: 'p', start: (ctx) => void ctx.run('x', never) }, /leaves nothing/],
    ['a timer that stays', { name: 'p', start: () => void timers.push(setInterval(() => {}, 1000)) }, /leaves nothing/],
    ['a start that works once', { name: 'p', start: () => void (starts.count++ > 0 && fail()) }, /twice/],
    ['a shutdown that needs a start', { name: 'p', shutdown: () => fail() }, /before it was started/],
    ['a shutdown that hangs', { name: 'p', shutdown: never }, /before it was started/],
    ['a forgotten peer that breaks it', { name: 'p', onPeerForgotten: () => fail() }, /forgotten/],
    ['a slot it does not fill', { name: 'p', provides: ['cache'] }, /leaves nothing/],
  ]
  for (const [what, plugin, name] of bad) {
    it(`finds ${what}`, async () => {
      const failed = await of(plugin)
      for (const timer of timers.splice(0)) clearInterval(timer)
      expect(failed.join('\n')).toMatch(name)
    })
  }

  it('finds a reply that is not bytes', async () => {
    const reply: unknown = () => 'text'
    const plugin: Plugin = { name: 'p', payloadKinds: ['k'], handlePayload: reply as () => undefined }
    expect(await failures((api) => pluginCompliance(api, 'p', { factory: () => plugin, payloads: { k: new Uint8Array() } }))).toEqual([
      expect.stringContaining('bytes or nothing'),
    ])
  })
})

describe('pullerCompliance', () => {
  const track = { id: 1, kind: 'data', codec: 'text' } as const
  const source = async () => ({ url: 'x://host/a', close: async () => {} })
  const of = (pull: PullerFactory['pull'], extra: Partial<PullerFactory> = {}) =>
    failures((api) => pullerCompliance(api, 'p', { factory: () => ({ protocol: 'x', pull, ...extra }), source, deadUrl: 'x://dead/a' }))
  const good: PullerFactory['pull'] = async (job) => {
    if (job.url.host === 'dead') throw new Error('nobody there')
    job.signal.throwIfAborted()
    const publication = job.publish([track])
    for (let at = 0; !job.signal.aborted; at++) {
      publication.write({ track: 1, timestamp: at, key: true, data: new Uint8Array() })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  it('finds nothing wrong with a good puller', async () => expect(await of(good)).toEqual([]))

  it('finds one that takes any URL, calls a dead source alive, or publishes twice', async () => {
    expect(await of(good, { supports: () => true })).toEqual([expect.stringContaining('its scheme')])
    expect(await of(async (job) => (job.url.host === 'dead' ? undefined : good(job)))).toEqual([expect.stringContaining('no source')])
    const twice: PullerFactory['pull'] = async (job) => {
      if (job.url.host === 'dead' || job.signal.aborted) throw new Error('no')
      job.publish([{ ...track, id: 2 }]).close()
      await good(job)
    }
    expect(await of(twice)).toContain('publishes one stream with valid tracks and frames that belong to them')
  })
})

describe('the suites of services', () => {
  it('find a storage without limits, copies, or walls', async () => {
    const inner = memoryStorage()
    const loose: Storage = { open: () => inner.open('one') }
    const failed = await failures((api) => storageCompliance(api, 's', () => ({ storage: loose })))
    expect(failed.join()).toMatch(/name spaces apart/)
    const kept = new Map<string, Uint8Array>()
    const map: Storage = {
      open: () => ({
        get: async (key) => kept.get(key),
        set: async (key, value) => void kept.set(key, value),
        delete: async (key) => void kept.delete(key),
        clear: async () => kept.clear(),
        async *entries(prefix = '') {
          for (const entry of kept) if (entry[0].startsWith(prefix)) yield entry
        },
      }),
    }
    expect((await failures((api) => storageCompliance(api, 's', () => ({ storage: map })))).join()).toMatch(/own copy.*UTF-8.*512 bytes.*1 MiB/)
  })

  it('find a cache that keeps references and forgets nothing', async () => {
    const kept = new Map<string, Uint8Array>()
    const cache: Cache = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
      delete: async () => {},
      clear: async () => {},
    }
    expect(await failures((api) => cacheCompliance(api, 'c', () => cache))).toHaveLength(3)
  })

  it('find a permission that lets everybody do everything, and one that answers nonsense', async () => {
    const all: Permission = { allows: () => true }
    expect((await failures((api) => permissionCompliance(api, 'p', () => all))).join()).toMatch(/call the API.*does not know/)
    const odd: unknown = { allows: () => undefined }
    expect(await failures((api) => permissionCompliance(api, 'p', () => odd as Permission))).toEqual([expect.stringContaining('boolean or a sentence')])
  })

  it('find an authentication that knows everybody', async () => {
    const everybody = { authenticate: async () => ({ kind: 'owner', id: 'x' }) as const }
    const credentials = { right: { via: 'http', token: 'a' }, wrong: [{ via: 'http', token: 'b' }], foreign: [] }
    expect(await failures((api) => authenticationCompliance(api, 'a', { factory: () => everybody, ...credentials }))).toHaveLength(2)
  })

  it('find a logger that loses lines or throws', async () => {
    const messages: string[] = []
    const sink: LogSink = {
      write(line) {
        messages.unshift(line.msg)
        JSON.stringify(line.fields)
      },
    }
    expect(await failures((api) => loggerCompliance(api, 'l', () => ({ sink, written: async () => messages })))).toHaveLength(2)
  })
})

function fail(): never {
  throw new Error('boom')
}
