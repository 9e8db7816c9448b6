import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { processUsage } from '../../../../../src/daemon/portable/process/usage.js'
import { waitFor } from '../../../../wait-for.js'

describe('processUsage', () => {
  it.skipIf(!existsSync('/proc/self/stat'))('reads this process', async () => {
    const usage = await processUsage(process.pid)
    expect(usage?.cpu).toBeGreaterThan(0)
    expect(usage?.memory).toBeGreaterThan(10_000_000)
  })

  it.skipIf(!existsSync('/proc/self/task'))('counts children, and theirs', async () => {
    const hungry = 'const held = Buffer.alloc(80e6, 1); setInterval(() => held.length, 1000)'
    const shell = spawn('/bin/sh', ['-c', '"$0" -e "$1"; true', process.execPath, hungry], { stdio: 'ignore', detached: true })
    try {
      await waitFor('the memory of the child', async () => ((await processUsage(shell.pid ?? 0))?.memory ?? 0) > 80_000_000)
    } finally {
      process.kill(-(shell.pid ?? 0), 'SIGKILL')
    }
  })

  it('knows nothing of a process that is not there', async () => {
    expect(await processUsage(2 ** 22 + 1)).toBeUndefined()
  })
})
