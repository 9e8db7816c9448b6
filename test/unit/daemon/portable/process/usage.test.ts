import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { processUsage } from '../../../../../src/daemon/portable/process/usage.js'

describe('processUsage', () => {
  it.skipIf(!existsSync('/proc/self/stat'))('reads this process', async () => {
    const usage = await processUsage(process.pid)
    expect(usage?.cpu).toBeGreaterThan(0)
    expect(usage?.memory).toBeGreaterThan(10_000_000)
  })

  it('knows nothing of a process that is not there', async () => {
    expect(await processUsage(2 ** 22 + 1)).toBeUndefined()
  })
})
