/** `shoal bench` as a person runs it: figures of this machine, and nothing left behind. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, mainFile, run } from './cli.js'

interface Figures {
  readonly link: Readonly<Record<string, number>>
  readonly fanout: Readonly<Record<string, number>>
}

describe('shoal bench', () => {
  let folder: string
  const bench = (...args: string[]): Promise<Finished> =>
    run(process.execPath, [mainFile, 'bench', '--time', '0.6', '--readers', '3', ...args], {
      env: { TMPDIR: folder, SHOAL_HOME: join(folder, 'home'), NO_COLOR: '1' },
    }).ended

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-bench-test-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('measures a link and readers, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await bench('--json')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { link, fanout } = JSON.parse(stdout) as Figures
    for (const value of [...Object.values(link), ...Object.values(fanout)]) expect(value).toBeGreaterThan(0)
    expect(Object.keys(link).sort()).toEqual(['bitrate', 'cpuPerGiB', 'rttP50', 'rttP95'])
    expect(fanout['readers']).toBe(3)
    expect(readdirSync(folder)).toEqual([])
  })

  it('refuses figures that make no sense', async () => {
    for (const args of [
      ['--readers', '0'],
      ['--readers', 'many'],
      ['--time', '0'],
    ])
      expect((await bench(...args)).code, args.join(' ')).toBe(2)
  })
})
