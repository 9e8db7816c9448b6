/** Packages of plugins by the command line: packed, checked, installed, looked at, carried to another set, removed. */

import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../wait-for.js'
import { CliNode, stackTrace } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-packages-'))
const node = new CliNode('store')
const source = join(folder, 'greeter')
const zip = join(folder, 'greeter.zip')

const write = (version: string, more: object = {}): void => {
  mkdirSync(join(source, 'node_modules'), { recursive: true })
  writeFileSync(join(source, 'shoal-plugin.json'), JSON.stringify({ name: 'greeter', version, module: 'index.mjs', ...more }, undefined, 2))
  writeFileSync(join(source, 'index.mjs'), `export default { name: 'greeter', info: { version: '${version}' }, start() {} }\n`)
  writeFileSync(join(source, 'node_modules', 'left-out.js'), '')
  writeFileSync(join(source, '.hidden'), '')
  writeFileSync(join(source, 'prepare.sh'), '#!/bin/sh\nexit 0\n')
  chmodSync(join(source, 'prepare.sh'), 0o755)
}

afterAll(async () => {
  await node.dispose()
  rmSync(folder, { recursive: true, force: true })
})

describe('without a daemon', () => {
  it('a folder is packed to the same bytes each time, and checked', async () => {
    write('1.0.0')
    const first = await node.json<{ sha256: string; files: number; plugin: string }>('plugins', 'pack', source, '-o', zip)
    expect(first).toMatchObject({ plugin: 'greeter', files: 3, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const bytes = readFileSync(zip)
    utimesSync(join(source, 'index.mjs'), 1, 1)
    const again = await node.command('plugins', 'pack', source, '-o', zip)
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining(first.sha256) })
    expect(readFileSync(zip)).toEqual(bytes)
    expect(await node.json('plugins', 'validate', zip)).toMatchObject({ name: 'greeter', version: '1.0.0', kind: 'module', files: 3, sha256: first.sha256 })
    expect(await node.command('plugins', 'validate', source)).toMatchObject({ code: 0, stdout: expect.stringContaining('greeter 1.0.0 is a valid plugin') })
  })

  it('what is wrong is said with its place', async () => {
    write('1.0.0', { verion: 1, platforms: ['linux'] })
    const { code, stderr } = await node.command('plugins', 'validate', source)
    expect(code).toBe(1)
    expect(stderr).toMatch(/shoal-plugin\.json:5:3: \/verion: .*version/)
    expect(stderr).toContain('/platforms/0')
    expect(stderr).not.toMatch(stackTrace)
    expect(await node.command('plugins', 'install', zip)).toMatchObject({ code: 4 })
    expect(await node.command('plugins', 'install', zip, '--sha256', 'zz')).toMatchObject({ code: 2, stderr: expect.stringContaining('64 hexadecimal digits') })
    expect(await node.command('plugins', 'pack', join(folder, 'nowhere'))).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_SOURCE_FAILED') })
  })
})

describe('with a daemon', () => {
  beforeAll(() => node.start())

  it('a plugin is installed, updated, verified, exported, removed and imported', async () => {
    const relative = await node.command('plugins', 'install', zip)
    expect(relative).toMatchObject({ code: 0, stdout: 'greeter 1.0.0 is installed and runs\n' })
    expect((await node.command('plugins')).stdout).toMatch(/greeter +1\.0\.0 +running/)
    expect(await node.command('plugins', 'install', zip)).toMatchObject({ code: 1, stderr: expect.stringContaining('--update') })
    write('1.1.0', { install: { command: './prepare.sh' } })
    await node.json('plugins', 'pack', source, '-o', zip)
    expect(await node.command('plugins', 'install', zip, '--update')).toMatchObject({ code: 5, stderr: expect.stringContaining('prepare.sh') })
    expect(await node.json('plugins', 'install', zip, '--update', '--allow-scripts')).toMatchObject({ version: '1.1.0', replaced: '1.0.0', state: 'running' })
    expect(await node.json('plugins', 'verify')).toMatchObject({ plugins: [{ plugin: 'greeter', ok: true }] })

    const set = join(folder, 'set.json')
    writeFileSync(set, (await node.command('plugins', 'export')).stdout)
    expect(await node.command('plugins', 'remove', 'greeter')).toMatchObject({ code: 0, stdout: 'removed greeter\n' })
    const refused = await node.command('plugins', 'import', set)
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('ERR_PLUGIN_SCRIPTS') })
    expect(await node.json('plugins', 'import', set, '--allow-scripts')).toMatchObject({ plugins: [{ plugin: 'greeter', outcome: 'installed' }] })
    expect(await node.json('plugins', 'import', set)).toMatchObject({ plugins: [{ outcome: 'unchanged' }] })

    appendFileSync(join(node.home, 'plugins', 'greeter', 'index.mjs'), '// evil\n')
    expect(await node.command('plugins', 'verify')).toMatchObject({ code: 1, stdout: expect.stringContaining('changed: index.mjs') })
    expect((await node.command('plugins')).stdout).toMatch(/greeter .*failed/)
  })

  it('a daemon that is killed in the middle of an update has the version before at its next start', async () => {
    await node.json('plugins', 'remove', 'greeter')
    write('1.0.0')
    await node.json('plugins', 'pack', source, '-o', zip)
    await node.json('plugins', 'install', zip)
    write('1.1.0')
    writeFileSync(join(source, 'index.mjs'), "export default { name: 'greeter', start: () => new Promise(() => {}) }\n")
    await node.json('plugins', 'pack', source, '-o', zip)
    const updating = node.spawn('plugins', 'install', zip, '--update')
    const here = (): string[] => readdirSync(join(node.home, 'plugins'))
    await waitFor('the old version to stand aside', () => here().some((name) => name.startsWith('.old-greeter-')))
    await node.kill('SIGKILL')
    expect((await updating.ended).code).not.toBe(0)
    await node.start()
    expect((await node.command('plugins')).stdout).toMatch(/greeter +1\.0\.0 +running/)
    expect(await node.json('plugins', 'verify')).toMatchObject({ plugins: [{ version: '1.0.0', ok: true }] })
    expect(
      here()
        .filter((name) => !name.startsWith('.module-'))
        .sort(),
    ).toEqual(['greeter', 'shoal-plugins.lock'])
  })
})
