import { afterEach, describe, expect, it } from 'vitest'
import { GuardedPermission } from '../../../../src/daemon/host/guarded-permission.js'
import { Grants } from '../../../../src/daemon/root/grants.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'
import type { Permission, Principal } from '../../../../src/services.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { waitFor } from '../../../wait-for.js'

const kitchen: Principal = { kind: 'peer', id: 'kitchen' }
const read = (target: string) => ({ action: 'stream.read', target }) as const

let grants: Grants | undefined
afterEach(() => grants?.close())

/** A slot whose provider says yes to what `open` holds. */
function slot(open: Set<string>) {
  const changes = new Broadcast<unknown>(() => true)
  const service: Permission = {
    allows: (_, { target }) => open.has(target) || `no more ${target}`,
    changes: (signal) => changes.listen(signal),
  }
  let provider: { plugin: string; service: Permission } | undefined = { plugin: 'p', service }
  const permission = new GuardedPermission({ provider: () => provider, lost: () => 'p', log: memoryLog(), limit: 1000 })
  permission.providerChanged()
  grants = new Grants({ permission, log: memoryLog() })
  grants.start()
  return {
    grants,
    changes,
    replace: (next?: Permission) => {
      provider = next && { plugin: 'q', service: next }
      permission.providerChanged()
    },
  }
}

describe('what is held', () => {
  it('is revoked once, with the reason, when a change refuses it; the rest goes on', async () => {
    const open = new Set(['a', 'b'])
    const { grants, changes } = slot(open)
    const revoked: string[] = []
    for (const target of open) grants.hold(kitchen, read(target), (reason) => revoked.push(reason))
    open.delete('a')
    changes.emit(true)
    await waitFor('the revocation', () => revoked.length > 0)
    open.delete('b')
    changes.emit(true)
    await waitFor('the other', () => revoked.length > 1)
    expect(revoked).toEqual(['no more a', 'no more b'])
  })

  it('is left alone once it is over', async () => {
    const open = new Set(['a', 'b'])
    const { grants, changes } = slot(open)
    const revoked: string[] = []
    const over = grants.hold(kitchen, read('a'), () => revoked.push('a'))
    grants.hold(kitchen, read('b'), () => revoked.push('b'))
    over()
    open.clear()
    changes.emit(true)
    await waitFor('the revocation', () => revoked.length > 0)
    expect(revoked).toEqual(['b'])
  })

  it('is revoked when the provider goes, and asked for anew when there is another', async () => {
    const { grants, replace } = slot(new Set(['a']))
    const revoked: string[] = []
    grants.hold(kitchen, read('a'), (reason) => revoked.push(reason))
    replace({ allows: () => true })
    const kept = grants.hold(kitchen, read('b'), (reason) => revoked.push(reason))
    replace({ allows: (_, { target }) => target === 'b' })
    await waitFor('the revocation', () => revoked.length > 0)
    expect(revoked).toEqual(['stream.read of a is not permitted any more.'])
    kept()
    grants.hold(kitchen, read('c'), (reason) => revoked.push(reason))
    replace(undefined)
    await waitFor('the other', () => revoked.length > 1)
    expect(revoked[1]).toContain('does not run')
  })

  it('a provider whose changes fail or make no sense harms nobody', async () => {
    const { grants, replace } = slot(new Set(['a']))
    const revoked: string[] = []
    grants.hold(kitchen, read('a'), (reason) => revoked.push(reason))
    replace({
      allows: () => true,
      changes: () => {
        throw new Error('not today')
      },
    })
    replace({ allows: () => false })
    await waitFor('the revocation', () => revoked.length > 0)
  })
})
