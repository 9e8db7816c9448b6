import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/daemon/keystore/store.js'
import { memoryLog, storageCompliance } from '../../src/testing/index.js'

storageCompliance({ describe, expect, it }, 'the keystore', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'shoal-store-'))
  const store = await openStore(join(dir, 'keystore'), { create: true, log: memoryLog() })
  return {
    storage: store,
    async close() {
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
})
