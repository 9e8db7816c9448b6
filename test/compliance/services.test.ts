import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { localPermission } from '../../src/daemon/host/defaults/local-permission.js'
import { MemoryCache } from '../../src/daemon/host/defaults/memory-cache.js'
import { tokenAuthentication } from '../../src/daemon/host/defaults/token-authentication.js'
import { ServiceTable } from '../../src/daemon/host/services.js'
import type { Plugin } from '../../src/plugin.js'
import { rules } from '../../src/plugins/rules/rules.js'
import type { LogLine } from '../../src/services.js'
import {
  authenticationCompliance,
  cacheCompliance,
  type FakeContext,
  fakeContext,
  loggerCompliance,
  memoryLog,
  memoryStorage,
  permissionCompliance,
  storageCompliance,
} from '../../src/testing/index.js'

const api = { describe, expect, it }
const table = () => {
  const lines: LogLine[] = []
  const services = new ServiceTable({
    log: memoryLog(),
    defaults: {
      cache: new MemoryCache(),
      permission: localPermission(),
      authentication: tokenAuthentication({ token: () => 'right' }),
      logger: { write: (line) => lines.push(line) },
    },
  })
  return { services, lines }
}
const credentials = { right: { via: 'http', token: 'right' }, wrong: [{ via: 'http', token: 'wrong' }], foreign: [{ via: 'rtmp', user: 'a', password: 'b' }] }

storageCompliance(api, 'memory storage', () => ({ storage: memoryStorage() }))
cacheCompliance(api, 'memory cache', () => new MemoryCache())
permissionCompliance(api, 'local permission', () => localPermission())
permissionCompliance(api, 'open local permission', () => localPermission({ read: 'anyone', publish: 'anyone' }))
const ruled: FakeContext[] = []
afterAll(() => Promise.all(ruled.map((context) => context.stop())))
permissionCompliance(api, 'rules', async () => {
  const plugin = rules() as Plugin
  const context = await fakeContext(plugin, { config: { file: join(import.meta.dirname, '..', 'fixtures', 'rules.yaml') } }).start()
  ruled.push(context)
  return context.services.permission
})
permissionCompliance(api, 'guarded permission', () => table().services.permission)
authenticationCompliance(api, 'token authentication', { factory: () => tokenAuthentication({ token: () => 'right' }), ...credentials })
authenticationCompliance(api, 'combined authentication', { factory: () => table().services.authentication, ...credentials })
loggerCompliance(api, 'combined logger', () => {
  const { services, lines } = table()
  return { sink: services.logger, written: async () => lines.map(({ msg }) => msg) }
})
