/** Services of a program that does not do what it has to. The suites of test/compliance run over one that does. */

import { describe, expect, it } from 'vitest'
import { answerOf } from '../../../../../src/daemon/portable/native/codec.js'
import { portableTimes } from '../../../../../src/daemon/portable/native/limits.js'
import type { Answer, ServiceNotice } from '../../../../../src/daemon/portable/native/portable.pb.js'
import { ProvidedServices } from '../../../../../src/daemon/portable/native/provided-services.js'
import { ServiceCaller, type ServiceSession } from '../../../../../src/daemon/portable/native/service-caller.js'
import { toServiceJson } from '../../../../../src/daemon/portable/native/service-json.js'
import { ShoalError } from '../../../../../src/errors.js'
import type { ServiceName } from '../../../../../src/services.js'
import { type FakeContext, fakeContext } from '../../../../../src/testing/fake-context.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

const slots: readonly ServiceName[] = ['authentication', 'permission', 'cache', 'storage', 'locks', 'logger', 'monitoring']

/** A process that answers everything with one answer. */
class Program implements ServiceSession {
  answer: Partial<Answer> | ShoalError = {}
  readonly notices: ServiceNotice[] = []
  readonly queues = { calls: 0, requests: 0, backlog: 0 }
  readonly timeouts: (number | undefined)[] = []
  async call(_: unknown, options: { readonly timeout?: number }): Promise<Answer> {
    this.timeouts.push(options.timeout)
    if (this.answer instanceof ShoalError) throw this.answer
    return answerOf(this.answer)
  }
  notice(_: number, notice: ServiceNotice): void {
    this.notices.push(notice)
  }
}

function value(given: unknown): Partial<Answer> {
  const { json, blobs } = toServiceJson(given)
  return { body: json, blobs }
}

async function running(body: (program: Program, fake: FakeContext, away: { is: boolean }, services: ProvidedServices) => Promise<void>): Promise<void> {
  const program = new Program()
  const away = { is: false }
  const gone = async (): Promise<ServiceSession> => {
    throw new ShoalError('ERR_PLUGIN_FAILED')
  }
  const parts = { plugin: 'p', times: portableTimes, live: gone, now: () => (away.is ? undefined : program) }
  const found: ProvidedServices[] = []
  const plugin = {
    name: 'p',
    provides: slots,
    start: (ctx: FakeContext['ctx']) => {
      const services = new ProvidedServices(new ServiceCaller(parts), ctx.log)
      services.provide(ctx, slots)
      found.push(services)
    },
  }
  const fake = await fakeContext(plugin).start()
  const [services] = found
  if (services) await body(program, fake, away, services)
  await fake.stop()
}

const who = { kind: 'client', id: 'ada' } as const
const what = { action: 'stream.read', target: 'live' } as const

describe('services of a program', () => {
  it('that answers nonsense refuse, and never open', () =>
    running(async (program, fake) => {
      for (const [at, nonsense] of [{}, 'yes', { kind: 'king', id: 'x' }, { kind: 'owner' }, { kind: 'owner', id: '' }, [1], 7, true].entries()) {
        program.answer = value(nonsense)
        expect(await fake.services.authentication.authenticate({ via: 'http', user: `u${at}` })).toBe(false)
      }
      for (const nonsense of [{}, 7, null, [true], '']) {
        program.answer = value(nonsense)
        expect(await fake.services.permission.allows(who, what)).toBe(false)
      }
      program.answer = { body: Buffer.from('{') }
      expect(await fake.services.permission.allows(who, what)).toBe('The plugin p failed to decide.')
      // nobody waits at the door for longer
      expect(program.timeouts.at(-1)).toBe(5000)
    }))

  it('that is away: a cache misses, storage and locks reject, permission refuses', () =>
    running(async (program, fake, away) => {
      away.is = true
      const { services } = fake
      expect(await services.use('cache').get('k')).toBeUndefined()
      await services.use('cache').set('k', new Uint8Array(), 1000)
      expect(await codeOf(() => services.use('cache').delete('k'))).toBe('ERR_PLUGIN_FAILED')
      expect(await codeOf(() => services.use('storage').open('a').get('k'))).toBe('ERR_PLUGIN_FAILED')
      expect(await codeOf(() => services.use('locks').get('a'))).toBe('ERR_PLUGIN_FAILED')
      expect(await services.permission.allows(who, what)).toBe('The plugin p failed to decide.')
      expect(program.timeouts).toEqual([])
    }))

  it('whose pages do not go on are not read for ever', () =>
    running(async (program, fake) => {
      const list = async (): Promise<void> => {
        for await (const _ of fake.services.use('storage').open('a').entries());
      }
      for (const entries of [[], [{ key: 'a', value: new Uint8Array() }]]) {
        program.answer = { entries, flag: true }
        expect(await codeOf(list)).toBe('ERR_PLUGIN_FAILED')
      }
    }))

  it('that grants nothing that is a lock, or too late', () =>
    running(async (program, fake) => {
      const locks = fake.services.use('locks')
      for (const nonsense of [7, {}, { token: '' }]) {
        program.answer = value(nonsense)
        expect(await codeOf(() => locks.get('a'))).toBe('ERR_PLUGIN_FAILED')
      }
      program.answer = new ShoalError('ERR_TIMEOUT')
      expect(await locks.get('a', { timeout: 10 })).toBeUndefined()
    }))

  it('whose process ends loses its locks and may decide in another way', () =>
    running(async (program, fake, _, services) => {
      program.answer = value({ token: '1' })
      const lock = await fake.services.use('locks').get('a')
      const stop = new AbortController()
      const change = fake.services.permission.changes(stop.signal)[Symbol.asyncIterator]().next()
      services.notice('of', 'tomorrow', [])
      services.notice('locks', 'lost', ['a', 'another'])
      expect(lock?.signal.aborted).toBe(false)
      services.gone()
      expect([lock?.signal.aborted, (await change).done]).toEqual([true, false])
      stop.abort()
    }))

  it('gets lines that fit, none of its own, and none while it does not read', () =>
    running(async (program, fake) => {
      const line = { level: 'info', time: 1, module: 'test', msg: 'm', fields: { big: 'x'.repeat(1_000_000), $blob: 0 } } as const
      fake.services.logger.write({ ...line, module: 'plugin:p' })
      fake.services.logger.write(line)
      expect(program.notices.length).toBe(1)
      expect(program.notices[0]).toMatchObject({ slot: 'logger', method: 'write', blobs: [] })
      expect(program.notices[0]?.arguments.byteLength).toBeLessThan(20_000)
      program.queues.backlog = 2 * 1024 * 1024
      fake.services.logger.write(line)
      expect(program.notices.length).toBe(1)
      expect(fake.log.lines.some(({ msg }) => msg.includes('does not take lines'))).toBe(true)
    }))
})
