/** A daemon that is told to stop while it starts: it ends cleanly at whatever step it is, and leaves its home to the next one. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Nodes } from './nodes.js'

describe('stop during start', () => {
  const nodes = new Nodes()
  afterAll(() => nodes.dispose())

  it('ends without an error at every step, also with a log file, and the home starts again', async () => {
    const home = nodes.newHome()
    const flags = { 'log.file': join(nodes.folder, 'stop.log') }
    for (const turns of [0, 1, 5, 20, 60]) {
      const { daemon } = await nodes.create('a', { home, flags })
      const starting = daemon.start().then(
        () => 'started',
        (error: { code?: string }) => error.code,
      )
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      const [report] = await Promise.all([daemon.stop('test'), daemon.stop('test again'), daemon.stopped])
      expect(report.ok).toBe(true)
      expect(['started', 'ERR_ABORTED', 'ERR_STOPPING']).toContain(await starting)
      expect(existsSync(daemon.paths.lock), `lock after ${turns} turns`).toBe(false)
    }
    const node = await nodes.start('a', { home, flags })
    expect((await node.client.call('status')).state).toBe('running')
  })
})
