import { describe, expect, it } from 'vitest'
import { CombinedAuthentication } from '../../../../src/daemon/host/combined-authentication.js'
import { MemoryCache } from '../../../../src/daemon/host/defaults/memory-cache.js'
import { ServiceTable } from '../../../../src/daemon/host/services.js'
import type { Authentication, Cache, Credentials, LogLine, Permission, Principal, Services } from '../../../../src/services.js'
import { memoryLog } from '../../../../src/testing/index.js'
import { forever } from './fixture.js'

const line: LogLine = { level: 'info', time: 0, module: 'x', msg: 'hello', fields: {} }
const ada: Principal = { kind: 'client', id: 'ada' }
const read = { action: 'stream.read', target: 'x' } as const
const who: Credentials = { via: 'http', user: 'ada', password: 'secret' }

function table(defaults: Partial<Services> = {}) {
  const log = memoryLog()
  return { log, services: new ServiceTable({ defaults: { cache: new MemoryCache(), ...defaults }, log, limit: 50 }) }
}

describe('single slots', () => {
  it('have their default until a plugin fills them, and again after that where nothing is at stake', async () => {
    const [own, other] = [new MemoryCache(), new MemoryCache()]
    const { services } = table({ cache: own })
    expect(services.use('cache')).toBe(own)
    const undo = services.provide('redis', 'cache', other)
    expect(services.use('cache')).toBe(other)
    expect(services.list().filter(({ slot }) => slot === 'cache')).toEqual([{ slot: 'cache', providers: ['redis'], usesDefault: false }])
    // a person sees the empty ones too
    expect(services.list().length).toBe(12)
    undo()
    expect(services.use('cache')).toBe(own)
  })

  it('take one plugin, and the error names both', () => {
    const { services } = table()
    const conflict = expect.objectContaining({
      code: 'ERR_SLOT_CONFLICT',
      message: expect.stringMatching(/one and two/),
      data: { slot: 'cache', plugins: ['one', 'two'] },
    })
    services.declare('one', ['cache', 'logger'])
    expect(() => services.declare('two', ['logger', 'cache'])).toThrow(conflict)
    services.provide('one', 'cache', new MemoryCache())
    expect(() => services.provide('two', 'cache', new MemoryCache())).toThrow(conflict)
  })

  it('refuse what is not such a service', () => {
    const { services } = table()
    const odd = (value: unknown) => () => services.provide('p', 'cache', value as Cache)
    for (const value of [undefined, null, 7, {}, { get: 1 }, { get: forever, set: forever, delete: forever }]) {
      expect(odd(value)).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_INVALID' }))
    }
  })

  it('without anything in them say so', () => {
    const { services } = table()
    expect(() => services.use('storage')).toThrow(expect.objectContaining({ code: 'ERR_SLOT_EMPTY', message: expect.stringContaining('storage') }))
    expect([services.filled('storage'), services.filled('cache')]).toEqual([false, true])
  })

  it('that hold data or rules stay closed when their plugin is gone', async () => {
    const { services } = table({ permission: { allows: () => true }, storage: { open: forever as never } })
    const undo = services.provide('strict', 'permission', { allows: () => false })
    services.lose('disk', ['storage'])
    undo()
    expect(() => services.use('storage')).toThrow(/disk/)
    expect(await services.permission.allows(ada, read)).toMatch(/strict/)
    expect(
      services
        .list()
        .filter(({ lost, usesDefault }) => lost !== undefined || usesDefault)
        .map(({ slot, lost, usesDefault }) => [slot, lost, usesDefault]),
    ).toEqual([
      ['cache', undefined, true],
      ['permission', 'strict', false],
      ['storage', 'disk', false],
    ])
    services.provide('strict', 'permission', { allows: () => true })
    expect(await services.permission.allows(ada, read)).toBe(true)
  })
})

describe('the combined logger', () => {
  it('writes to all plugins instead of the default', () => {
    const got: string[] = []
    const sink = (name: string) => ({ write: () => void got.push(name) })
    const { services } = table({ logger: sink('default') })
    services.use('logger').write(line)
    const undo = services.provide('a', 'logger', sink('a'))
    services.provide('b', 'logger', sink('b'))
    services.use('logger').write(line)
    undo()
    services.logger.write(line)
    expect(got).toEqual(['default', 'a', 'b', 'b'])
  })

  it('leaves out a sink that throws, for that line, and counts it', async () => {
    const got: unknown[] = []
    let calls = 0
    const { services } = table()
    services.provide('bad', 'logger', {
      write() {
        if (calls++ === 0) throw new Error('disk full')
      },
      flush: forever,
    })
    const late: unknown = { write: () => Promise.reject(new Error('late')), flush: () => Promise.reject(new Error('no')) }
    services.provide('late', 'logger', late as { write(): void })
    services.provide('good', 'logger', { write: (one) => void got.push(one) })
    services.logger.write(line)
    services.logger.write(line)
    await new Promise((resolve) => setImmediate(resolve))
    expect(got).toEqual([line, line])
    expect(Object.fromEntries(services.logger.failures)).toEqual({ bad: 1, late: 2 })
  })

  it('flushes all, whatever one of them does', async () => {
    let flushed = 0
    const { services } = table()
    services.provide('bad', 'logger', { write: () => {}, flush: () => Promise.reject(new Error('no')) })
    services.provide('good', 'logger', { write: () => {}, flush: async () => void flushed++ })
    await services.logger.flush()
    expect(flushed).toBe(1)
    expect(services.logger.failures.get('bad')).toBe(1)
  })

  it('does not call itself for ever when a sink logs', () => {
    let calls = 0
    const { services } = table()
    services.provide('loop', 'logger', {
      write(one) {
        calls++
        services.logger.write(one)
      },
    })
    services.logger.write(line)
    expect(calls).toBe(1)
  })
})

describe('permission', () => {
  const odd = (value: unknown) => value as Permission['allows']
  const answers: [string, Permission['allows'], unknown][] = [
    ['true', () => true, true],
    ['false', () => false, false],
    ['a sentence', () => 'Not on Sundays.', 'Not on Sundays.'],
    ['true, later', async () => true, true],
    ['an empty sentence', () => '', false],
    ['1', odd(() => 1), false],
    ['an object', odd(() => ({})), false],
    ['null', odd(() => null), false],
    ['undefined', odd(() => undefined), false],
    ['an object, later', odd(async () => ({ allowed: true })), false],
    ['a throw', () => boom(), 'The plugin judge failed to decide.'],
    ['a rejection', async () => boom(), 'The plugin judge failed to decide.'],
    ['nothing for ever', forever, 'The plugin judge took too long to decide.'],
  ]
  for (const [how, allows, expected] of answers) {
    it(`of a provider that answers ${how}`, async () => {
      const { services } = table()
      services.provide('judge', 'permission', { allows })
      expect(await services.permission.allows(ada, read)).toBe(expected)
      expect(services.permission.failures).toBe(typeof expected === 'string' && expected.includes('judge') ? 1 : 0)
    })
  }

  it('without any provider lets only the owner go on', async () => {
    const { services } = table()
    expect(await services.permission.allows({ kind: 'owner', id: 'owner' }, read)).toBe(true)
    expect(await services.permission.allows(ada, read)).toBe('Nothing decides about permissions here.')
  })
})

describe('the combined authentication', () => {
  /** Answers as told, and counts. */
  function judge(answer: Awaited<ReturnType<Authentication['authenticate']>> | (() => Promise<never>)) {
    const one = {
      asked: 0,
      async authenticate() {
        one.asked++
        return typeof answer === 'function' ? answer() : answer
      },
    }
    return one
  }

  it('asks in order; the first that is not null decides; the default comes last', async () => {
    const [none, yes, never, fallback] = [judge(null), judge(ada), judge(false), judge({ kind: 'owner', id: 'owner' })]
    const { services } = table({ authentication: fallback })
    expect(await services.authentication.authenticate(who)).toMatchObject({ kind: 'owner' })
    services.provide('none', 'authentication', none)
    services.provide('yes', 'authentication', yes)
    services.provide('never', 'authentication', never)
    expect(await services.authentication.authenticate(who)).toEqual(ada)
    expect([none.asked, yes.asked, never.asked, fallback.asked]).toEqual([1, 1, 0, 1])
  })

  it('answers null when nobody knows the credentials, and false when someone refuses them', async () => {
    const { services } = table({ authentication: judge(null) })
    services.provide('a', 'authentication', judge(null))
    expect(await services.authentication.authenticate(who)).toBe(null)
    services.provide('b', 'authentication', judge(false))
    expect(await services.authentication.authenticate(who)).toBe(false)
  })

  const bad: [string, unknown][] = [
    ['throws', () => boom()],
    ['rejects', async () => boom()],
    ['hangs', forever],
    ['answers true', async () => true],
    ['answers undefined', async () => undefined],
    ['answers a principal of no kind', async () => ({ id: 'root' })],
    ['answers a principal without a name', async () => ({ kind: 'owner', id: '' })],
  ]
  for (const [how, authenticate] of bad) {
    it(`refuses when a provider ${how}, and does not keep that`, async () => {
      const { services } = table({ authentication: judge(ada) })
      let broken = true
      services.provide('moody', 'authentication', {
        authenticate: (given) => (broken ? (authenticate as Authentication['authenticate'])(given) : Promise.resolve(null)),
      })
      expect(await services.authentication.authenticate(who)).toBe(false)
      expect(services.authentication.failures).toBe(1)
      broken = false
      expect(await services.authentication.authenticate(who)).toEqual(ada)
    })
  }

  it('keeps a verdict for these very credentials, until it is told to forget', async () => {
    const yes = judge(ada)
    const { services } = table({ authentication: yes })
    for (let at = 0; at < 3; at++) await services.authentication.authenticate(who)
    expect(yes.asked).toBe(1)
    const others: Credentials[] = [
      { ...who, password: 'x' },
      { ...who, user: 'x' },
      { ...who, via: 'rtmp' },
      { ...who, address: 'x' },
      { ...who, local: true },
      { ...who, token: '' },
    ]
    for (const other of others) await services.authentication.authenticate(other)
    expect(yes.asked).toBe(7)
    services.invalidate()
    await services.authentication.authenticate(who)
    expect(yes.asked).toBe(8)
  })

  it('keeps no refusal that took longer than 2 s, and nothing for longer than 10 s', async () => {
    let now = 0
    const cache = new MemoryCache({ now: () => 0 })
    const make = (verdict: Principal | false, takes: number) => {
      const one = judge(verdict)
      const service: Authentication = {
        authenticate() {
          now += takes
          return one.authenticate()
        },
      }
      const log = memoryLog()
      return { one, all: new CombinedAuthentication({ providers: () => [{ plugin: 'p', service }], cache: () => cache, log, limit: 50, now: () => now }) }
    }
    const asked: number[] = []
    for (const [verdict, takes] of [[false, 1999] as const, [false, 2000] as const, [ada, 2000] as const]) {
      const { one, all } = make(verdict, takes)
      for (let at = 0; at < 2; at++) await all.authenticate(who)
      asked.push(one.asked)
    }
    expect(asked).toEqual([1, 2, 1])
    const { one, all } = make(ada, 0)
    await all.authenticate(who)
    now += 9_999
    await all.authenticate(who)
    expect(one.asked).toBe(1)
    now += 1
    await all.authenticate(who)
    expect(one.asked).toBe(2)
  })

  it('forgets when a provider comes or goes', async () => {
    const { services } = table({ authentication: judge(null) })
    expect(await services.authentication.authenticate(who)).toBe(null)
    const undo = services.provide('a', 'authentication', judge(ada))
    expect(await services.authentication.authenticate(who)).toEqual(ada)
    undo()
    expect(await services.authentication.authenticate(who)).toBe(null)
  })

  it('does not keep a verdict that was on its way when it was told to forget', async () => {
    let answer: (principal: Principal) => void = () => {}
    let asked = 0
    const slow: Authentication = { authenticate: () => (asked++ === 0 ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(false)) }
    const { services } = table({ authentication: slow })
    const first = services.authentication.authenticate(who)
    while (asked === 0) await new Promise((resolve) => setImmediate(resolve))
    services.invalidate()
    answer(ada)
    expect(await first).toEqual(ada)
    expect(await services.authentication.authenticate(who)).toBe(false)
  })

  it('shows the cache neither credentials nor anything it could forge', async () => {
    const kept = new Map<string, Uint8Array>()
    const spy: Cache = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
      delete: async () => {},
      clear: async () => {},
    }
    const no = judge(false)
    const { services } = table({ cache: spy, authentication: no })
    await services.authentication.authenticate(who)
    const [[key = '', value = new Uint8Array()] = []] = [...kept]
    expect(key + Buffer.from(value).toString('latin1')).not.toMatch(/secret|ada/)
    const forged = Buffer.from(Buffer.from(value).toString('latin1').replace('"verdict":false', '"verdict":{"kind":"owner","id":"owner"}'), 'latin1')
    for (const odd of [forged, new Uint8Array(), new Uint8Array(32), Buffer.from('{"verdict":{"kind":"owner","id":"x"}}'), value.subarray(0, 40)]) {
      kept.set(key, odd)
      expect(await services.authentication.authenticate(who)).toBe(false)
    }
    expect(no.asked).toBe(6)
  })

  it('works with a cache that throws, hangs, or is not there', async () => {
    const broken: Cache[] = [
      { get: () => boom(), set: () => boom(), delete: forever, clear: forever },
      { get: forever, set: async () => {}, delete: forever, clear: forever },
    ]
    for (const cache of broken) expect(await table({ cache, authentication: judge(ada) }).services.authentication.authenticate(who)).toEqual(ada)
    const { services } = table({ authentication: judge(ada) })
    services.provide('gone', 'cache', broken[0] as Cache)
    expect(await services.authentication.authenticate(who)).toEqual(ada)
  })
})

function boom(): never {
  throw new Error('boom')
}
