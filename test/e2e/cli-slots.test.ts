/** `shoal slots` as a person uses it: switch plugins on by configuration alone, and see who fills which slot. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { CliNode } from './cli.js'

describe('shoal slots', () => {
  const node = new CliNode('slots', { SHOAL_STORAGE_SQLITE__ENABLED: 'true', SHOAL_LOG_FILE__ENABLED: 'true', SHOAL_RULES__ENABLED: 'true' })

  beforeAll(() => node.start())
  afterAll(() => node.dispose())

  it('names who fills each slot, and the default where nobody else does', async () => {
    const { code, stdout } = await node.command('slots')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^storage +storage-sqlite$/m)
    expect(stdout).toMatch(/^logger +log-file$/m)
    expect(stdout).toMatch(/^cache +default$/m)
    // there is no rules file: what it was to close stays closed
    expect(stdout).toMatch(/^permission +closed: the plugin rules/m)
    const { slots } = (await node.json('slots')) as { slots: { slot: string }[] }
    for (const slot of ['authentication', 'cache', 'clusterNode', 'clusterRegistry', 'endpoint', 'locks', 'logger', 'monitoring', 'permission'])
      expect(slots.map((one) => one.slot)).toContain(slot)
  })

  it('what fills them works: the log goes to the file, also in the built program', async () => {
    const names = readdirSync(node.home, { recursive: true, encoding: 'utf8' })
    const file = join(node.home, names.find((name) => name.endsWith('shoal.log')) ?? 'no such file')
    await waitFor('the line', () => readFileSync(file, 'utf8').includes('"msg":"ready"'))
  })
})
