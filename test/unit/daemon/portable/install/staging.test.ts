import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkHop } from '../../../../../src/daemon/portable/install/download.js'
import { packFolder } from '../../../../../src/daemon/portable/install/pack.js'
import { checkPackage } from '../../../../../src/daemon/portable/install/package-check.js'
import { localPath, shownSource } from '../../../../../src/daemon/portable/install/package-source.js'
import { commandFile } from '../../../../../src/daemon/portable/install/plugin-folder.js'
import { type StageOptions, stagePackage } from '../../../../../src/daemon/portable/install/staging.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { type Piece, zipOf } from './hostile-zip.js'

let folder: string
let beside: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-stage-'))
  beside = join(folder, 'plugins')
  mkdirSync(beside)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const { signal } = new AbortController()
const stage = (pieces: readonly Piece[], more: Partial<StageOptions> = {}) => {
  const source = join(folder, 'p.zip')
  writeFileSync(source, zipOf(pieces))
  return stagePackage({ source, beside, log: memoryLog(), signal, ...more })
}
/** As a tool that knows no Unix modes writes it. */
const plain = (name: string, data: string | object): Piece => ({ name, data: typeof data === 'string' ? data : JSON.stringify(data), mode: 0 })
const mirror = { version: 'v1', language: 'go', executable: 'mirror', sources: ['random'] }

describe('a package of eKuiper', () => {
  it('without Unix modes gets its executable made runnable, whatever its manifest is called', async () => {
    const pieces = [plain('mirror.json', mirror), plain('mirror', '#!/bin/sh\n'), plain('sources/random.yaml', ''), plain('sources/random.json', {})]
    for (const more of [{}, { name: 'mirror' }]) {
      const { plugin, folder: unpacked, files, scratch } = await stage(pieces, more)
      expect(plugin).toMatchObject({ kind: 'ekuiper', name: 'mirror', version: 'v1', manifest: { language: 'go' } })
      expect(statSync(join(unpacked, 'mirror')).mode & 0o777).toBe(0o700)
      expect(files['mirror']).toMatch(/\+x$/)
      rmSync(scratch, { recursive: true })
    }
  })

  it.each([
    ['of another name', [plain('other.json', mirror)], { name: 'mirror' }, 'missing or invalid json file'],
    ['without executable', [plain('mirror.json', mirror), plain('sources/random.yaml', '')], {}, 'cannot find executable'],
    ['without the file of a source', [plain('mirror.json', mirror), plain('mirror', '')], {}, 'missing sources/random.yaml'],
    ['without language', [plain('mirror.json', { ...mirror, language: '' })], {}, 'missing language'],
    ['in a folder', [plain('mirror/mirror.json', mirror)], {}, 'lies in one folder, mirror/'],
  ])('%s is refused as eKuiper does, and leaves nothing', async (_, pieces, more, message) => {
    await expect(stage(pieces, more)).rejects.toMatchObject({ code: 'ERR_PLUGIN_INVALID', message: expect.stringContaining(message) })
    expect(readdirSync(beside)).toEqual([])
  })

  it('with install.sh wants leave to run it', async () => {
    const pieces = [plain('mirror.json', mirror), plain('mirror', ''), plain('sources/random.yaml', ''), plain('install.sh', 'echo "$1" > made')]
    await expect(stage(pieces)).rejects.toMatchObject({ code: 'ERR_PLUGIN_SCRIPTS', data: { args: ['install.sh'] } })
    const { folder: unpacked } = await stage(pieces, { scripts: 'run', scriptArgs: ['given'] })
    expect(readFileSync(join(unpacked, 'made'), 'utf8')).toBe('given\n')
  })
})

describe('a native package', () => {
  const manifest = { name: 'x', version: '1', command: './run' }

  it('without Unix modes gets its command made runnable; a look at it runs nothing', async () => {
    const { folder: unpacked } = await stage([plain('shoal-plugin.json', manifest), plain('run', '')])
    expect(statSync(join(unpacked, 'run')).mode & 0o777).toBe(0o700)
    const scripted = { ...manifest, install: { command: './run', args: ['-x'] } }
    writeFileSync(join(folder, 'p.zip'), zipOf([plain('shoal-plugin.json', scripted), plain('run', 'exit 1')]))
    expect(await checkPackage(join(folder, 'p.zip'), signal)).toMatchObject({ name: 'x', kind: 'program', files: 2, script: 'run -x' })
  })

  it.each([
    ['../run', 'must lie in the folder'],
    ['lib//run', 'must lie in the folder'],
    ['./gone', 'there is no file gone'],
    ['run', 'the file of the folder is "./run"'],
    ['/nowhere/python3', 'there is no program /nowhere/python3'],
  ])('with the command %s is refused', async (command, message) => {
    const pieces = [plain('shoal-plugin.json', { ...manifest, command }), plain('run', '')]
    await expect(stage(pieces)).rejects.toMatchObject({ message: expect.stringContaining(message) })
  })

  it('with a script that removes what it needs is refused', async () => {
    const scripted = { ...manifest, install: { command: 'rm', args: ['run'] } }
    await expect(stage([plain('shoal-plugin.json', scripted), plain('run', '')], { scripts: 'run' })).rejects.toMatchObject({ code: 'ERR_PLUGIN_INVALID' })
    expect(readdirSync(beside)).toEqual([])
  })
})

describe('where packages come from', () => {
  it('is a path, a file, https, or http of this machine', () => {
    expect(localPath('/a/b.zip')).toBe('/a/b.zip')
    expect(localPath('file:///a/b%20c.zip')).toBe('/a/b c.zip')
    expect(localPath('https://example.org/x.zip')).toBeUndefined()
    for (const source of ['b.zip', './b.zip', 'ftp://x/y', 'file://host/x', 'data:,x']) expect(() => localPath(source)).toThrow('not from')
  })

  it('is shown without what may be secret', () => {
    expect(shownSource('https://me:word@example.org/x.zip?token=1#y')).toBe('https://example.org/x.zip?…')
    expect(shownSource('/a/b?c.zip')).toBe('/a/b?c.zip')
  })

  it.each([
    [undefined, 'https://example.org/', {}, true],
    [undefined, 'http://example.org/', {}, false],
    [undefined, 'http://example.org/', { allowHttp: true }, true],
    [undefined, 'http://127.1.2.3:80/', {}, true],
    [undefined, 'http://[::1]/', {}, true],
    [undefined, 'http://localhost/', {}, true],
    [undefined, 'http://127.0.0.1.example.org/', {}, false],
    ['https://example.org/', 'http://127.0.0.1/', { allowHttp: true }, false],
    ['http://127.0.0.1/', 'http://example.org/', {}, false],
    ['https://example.org/', 'https://example.com/', {}, true],
    ['https://example.org/', 'file:///etc/passwd', {}, false],
  ])('from %s to %s with %j: %s', (from, to, limits, allowed) => {
    const hop = (): void => checkHop(from === undefined ? undefined : new URL(from), new URL(to), limits)
    if (allowed) hop()
    else expect(hop).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  })
})

describe('packing', () => {
  it('refuses links, and does not pack its own output', async () => {
    writeFileSync(join(folder, 'a'), 'x')
    const target = join(folder, 'out.zip')
    const first = await packFolder(folder, target)
    expect(await packFolder(folder, target)).toEqual(first)
    symlinkSync('/etc/passwd', join(folder, 'link'))
    await expect(packFolder(folder, target)).rejects.toMatchObject({ code: 'ERR_ARCHIVE_UNSAFE' })
  })
})

it('a command is a file of the folder only with a slash', () => {
  expect(['./a', 'b/c', 'python3', '/usr/bin/env', '../a'].map(commandFile)).toEqual(['a', 'b/c', undefined, undefined, undefined])
})
