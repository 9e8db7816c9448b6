import { describe, expect, it } from 'vitest'
import { MemoryCache } from '../../../../src/daemon/host/defaults/memory-cache.js'
import { ServiceTable } from '../../../../src/daemon/host/services.js'
import type { Authentication, Credentials, LoginCount } from '../../../../src/services.js'
import { memoryLog } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const ann: Credentials = { via: 'rtmp', user: 'ann', password: 'x' }
type Answer = Awaited<ReturnType<Authentication['authenticate']>>

function chain(...answers: readonly (() => Answer | Promise<Answer>)[]) {
  const services = new ServiceTable({ defaults: { cache: new MemoryCache() }, log: memoryLog(), limit: 50 })
  const asked: number[] = []
  for (const [at, answer] of answers.entries()) {
    services.provide(`p${at}`, 'authentication', {
      authenticate: async () => {
        asked.push(at)
        return answer()
      },
    })
  }
  return { services, asked }
}

const nobody = (): null => null
const client = (id: string) => (): Answer => ({ kind: 'client', id })

describe('three authenticators', () => {
  it.each<[string, (() => Answer | Promise<Answer>)[], Answer, number[]]>([
    ['the first that is not null wins', [nobody, client('two'), client('three')], { kind: 'client', id: 'two' }, [0, 1]],
    ['a refusal is not null', [nobody, () => false, client('three')], false, [0, 1]],
    ['all null is nobody', [nobody, nobody, nobody], null, [0, 1, 2]],
    ['a rejection refuses', [nobody, () => Promise.reject(new Error('no')), client('three')], false, [0, 1]],
    ['one that hangs refuses', [() => new Promise(() => {}), client('two')], false, [0]],
  ])('%s', async (_, answers, verdict, order) => {
    const { services, asked } = chain(...answers)
    expect(await services.authentication.authenticate(ann)).toEqual(verdict)
    expect(asked).toEqual(order)
  })

  it('tell the observers of each login, and of none that showed nothing', async () => {
    const { services } = chain(nobody, client('ann'))
    const logins: LoginCount[] = []
    services.provide('eye', 'monitoring', { onLogin: (login) => void logins.push(login) })
    await services.authentication.authenticate(ann)
    await services.authentication.authenticate(ann)
    const other = chain(nobody)
    other.services.provide('eye', 'monitoring', { onLogin: (login) => void logins.push(login) })
    await other.services.authentication.authenticate(ann)
    await other.services.authentication.authenticate({ via: 'http' })
    for (const table of [services, other.services]) table.monitoring.flush()
    expect(logins).toEqual([
      { allowed: true, via: 'rtmp', kind: 'client', count: 2 },
      { allowed: false, via: 'rtmp', count: 1 },
    ])
  })
})

describe('an authenticator that tells of changes', () => {
  it('makes kept verdicts void, until it is gone', async () => {
    const services = new ServiceTable({ defaults: { cache: new MemoryCache() }, log: memoryLog() })
    let right = true
    let change: (() => void) | undefined
    const ended: boolean[] = []
    const undo = services.provide('file', 'authentication', {
      authenticate: async () => right && { kind: 'client', id: 'ann' },
      async *changes(signal) {
        while (!signal.aborted) {
          await new Promise<void>((resolve) => {
            change = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
          if (!signal.aborted) yield
        }
        ended.push(true)
      },
    })
    expect(await services.authentication.authenticate(ann)).toBeTruthy()
    right = false
    expect(await services.authentication.authenticate(ann)).toBeTruthy()
    change?.()
    await waitFor('the verdict to fall', async () => (await services.authentication.authenticate(ann)) === false)
    undo()
    await waitFor('its end', () => ended.length === 1)
  })
})

describe('wrong logins', () => {
  const far: Credentials = { via: 'http', user: 'ann', password: 'x', address: '192.0.2.7', local: false }
  const many = async (services: ServiceTable, credentials: Credentials, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await services.authentication.authenticate({ ...credentials, password: `x${i}` })
  }

  it('of one user from one address are slowed down, and nobody is asked', async () => {
    const { services, asked } = chain(() => false)
    await many(services, far, 5)
    await expect(services.authentication.authenticate(far)).rejects.toMatchObject({ code: 'ERR_LIMIT', data: { retryAfter: 1 } })
    expect(asked).toHaveLength(5)
    expect(await services.authentication.authenticate({ ...far, user: 'bob' })).toBe(false)
    // who is in already is asked about all the same
    expect(await services.authentication.confirm(far)).toBe(false)
  })

  it('that nobody could judge do not count', async () => {
    const { services } = chain(() => Promise.reject(new Error('away')))
    await many(services, far, 20)
    expect(await services.authentication.authenticate(far)).toBe(false)
  })

  it('are told to the observers, those that had to wait too', async () => {
    const { services } = chain(() => false)
    const logins: LoginCount[] = []
    services.provide('eye', 'monitoring', { onLogin: (login) => void logins.push(login) })
    await many(services, far, 5)
    await services.authentication.authenticate(far).catch(() => {})
    services.monitoring.flush()
    expect(logins).toEqual([{ allowed: false, via: 'http', count: 6 }])
  })
})

describe('a cache that hangs', () => {
  it('is left alone for a while: only the first login waits for it', async () => {
    let calls = 0
    const hang = (): Promise<never> => {
      calls++
      return new Promise(() => {})
    }
    const services = new ServiceTable({ defaults: { cache: { get: hang, set: hang, delete: hang, clear: hang } }, log: memoryLog(), limit: 50 })
    services.provide('p', 'authentication', { authenticate: async () => ({ kind: 'client', id: 'ann' }) })
    for (let i = 0; i < 50; i++) expect(await services.authentication.authenticate(ann)).toEqual({ kind: 'client', id: 'ann' })
    expect(calls).toBe(1)
  })
})
