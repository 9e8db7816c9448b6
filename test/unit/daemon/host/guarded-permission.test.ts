import { describe, expect, it } from 'vitest'
import { GuardedPermission } from '../../../../src/daemon/host/guarded-permission.js'
import type { Permission, Principal } from '../../../../src/services.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

const eva: Principal = { kind: 'client', id: 'eva' }

describe('GuardedPermission', () => {
  const guarded = (allows: Permission['allows']): GuardedPermission =>
    new GuardedPermission({ provider: () => ({ plugin: 'rules', service: { allows } }), lost: () => undefined, log: memoryLog(), limit: 1000 })
  const mayRead = (permission: GuardedPermission, target: string) => permission.allows(eva, { action: 'stream.read', target })

  it.each([
    ['at once', (answer: boolean | string) => answer],
    ['later', async (answer: boolean | string) => answer],
  ])('refuses what is made of a stream that may not be read, answered %s', async (_, answered) => {
    const asked: string[] = []
    const permission = guarded((_who, { target }) => {
      asked.push(target)
      return answered(target.startsWith('secret/') && !target.includes('~') ? 'It is secret.' : true)
    })
    expect(await mayRead(permission, 'secret/cam~opus')).toBe('It is secret.')
    expect(await mayRead(permission, 'live/cam~360p')).toBe(true)
    expect(asked).toEqual(['secret/cam', 'live/cam', 'live/cam~360p'])
  })
})
