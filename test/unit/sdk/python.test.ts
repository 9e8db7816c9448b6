/** The tests of the Python SDK, which are written in Python. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { itWith } from '../../needs.js'

const folder = join(import.meta.dirname, '../../../sdk/python')

itWith(
  ['python3'],
  'sdk/python passes its own tests',
  () => {
    const args = ['-B', '-W', 'ignore', '-m', 'unittest', 'discover', '-s', 'tests', '-t', '.']
    const run = spawnSync('python3', args, { cwd: folder, encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' })
    expect(run.stderr).toMatch(/Ran \d+ tests[\s\S]*OK\s*$/)
    expect(run.status).toBe(0)
  },
  60_000,
)
