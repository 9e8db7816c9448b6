import { describe, expect, it } from 'vitest'
import { localPermission } from '../../src/daemon/host/defaults/local-permission.js'
import { MemoryCache } from '../../src/daemon/host/defaults/memory-cache.js'
import { tokenAuthentication } from '../../src/daemon/host/defaults/token-authentication.js'
import { ServiceTable } from '../../src/daemon/host/services.js'
import type { LogLine } from '../../src/services.js'
import {
  authenticationCompliance,
  cacheCompliance,
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
permissionCompliance(api, 'guarded permission', () => table().services.permission)
authenticationCompliance(api, 'token authentication', { factory: () => tokenAuthentication({ token: () => 'right' }), ...credentials })
authenticationCompliance(api, 'combined authentication', { factory: () => table().services.authentication, ...credentials })
loggerCompliance(api, 'combined logger', () => {
  const { services, lines } = table()
  return { sink: services.logger, written: async () => lines.map(({ msg }) => msg) }
})
