import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { claimFile } from '../../../src/backends/file-claim.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-claim-'))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a claim of a file', () => {
  it('keeps others out until it is given back', async () => {
    const path = join(folder, 'a.db.owner')
    const giveBack = await claimFile(path)
    await expect(claimFile(path)).rejects.toMatchObject({
      code: 'ERR_STORE_LOCKED',
      message: expect.stringContaining(`a.db is in use by process ${process.pid}`),
    })
    await giveBack()
    expect(existsSync(path)).toBe(false)
    await (await claimFile(path))()
  })

  it('of a dead process, or of nonsense, is taken over by one of many', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    for (const content of [JSON.stringify({ pid: dead, start: '1', boot: 'another' }), 'nonsense', '']) {
      const path = join(folder, 'b.db.owner')
      writeFileSync(path, content)
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => claimFile(path)))
      const won = tries.filter((one) => one.status === 'fulfilled')
      expect(won.length).toBe(1)
      await won[0]?.value()
      expect(readdirSync(folder)).toEqual([])
    }
  })
})
