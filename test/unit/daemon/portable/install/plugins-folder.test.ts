import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LockEntry, lockFile, readLock, writeLock } from '../../../../../src/daemon/portable/install/plugin-lock.js'
import { PluginsFolder } from '../../../../../src/daemon/portable/install/plugins-folder.js'
import { changedFile, hashFiles, treeHash } from '../../../../../src/daemon/portable/install/tree-hash.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'

let onStep: () => void
let path: string
let plugins: PluginsFolder

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'shoal-plugins-'))
  onStep = () => {}
  plugins = new PluginsFolder(path, () => onStep())
})

afterEach(() => rmSync(path, { recursive: true, force: true }))

const fill = (name: string, version: string): string => {
  mkdirSync(join(path, name, 'lib'), { recursive: true })
  writeFileSync(join(path, name, 'version'), version)
  writeFileSync(join(path, name, 'lib', 'code'), `code of ${version}`)
  return join(path, name)
}
const entryOf = async (folder: string, version: string): Promise<LockEntry> => {
  const files = await hashFiles(folder, ['version', 'lib/code'])
  return { version, source: '/x.zip', kind: 'program', archive: '0'.repeat(64), tree: treeHash(files), files, installedAt: 1 }
}
const versionOf = (name: string): string | undefined => (existsSync(join(path, name)) ? readFileSync(join(path, name, 'version'), 'utf8') : undefined)

/** Is the folder as its lock says, and is there nothing else? */
const isWhole = async (): Promise<string | undefined> => {
  const entry = await plugins.entry('p')
  expect(readdirSync(path).filter((name) => name !== lockFile)).toEqual(entry ? ['p'] : [])
  if (!entry) return undefined
  expect(entry.previous).toBeUndefined()
  expect(await changedFile(join(path, 'p'), entry.files)).toBeUndefined()
  expect(versionOf('p')).toBe(entry.version)
  return entry.version
}

describe('the folder of plugins', () => {
  it('takes one in, exchanges it, takes the exchange back, and lets it go', async () => {
    const one = fill('.install-000000000001', '1')
    await plugins.place(one, 'p', await entryOf(one, '1'))
    expect(await isWhole()).toBe('1')
    const two = fill('.install-000000000002', '2')
    const exchange = await plugins.exchange(two, 'p', await entryOf(two, '2'))
    expect(versionOf('p')).toBe('2')
    await exchange.undo()
    expect(await isWhole()).toBe('1')
    const three = fill('.install-000000000003', '3')
    await (await plugins.exchange(three, 'p', await entryOf(three, '3'))).keep()
    expect(await isWhole()).toBe('3')
    await plugins.remove('p')
    expect(await isWhole()).toBeUndefined()
  })

  it('is as before when a folder cannot be moved', async () => {
    const one = fill('.install-000000000001', '1')
    const entry = await entryOf(one, '1')
    await plugins.place(one, 'p', entry)
    await expect(plugins.exchange(join(path, 'nothing'), 'p', entry)).rejects.toThrow()
    expect(await isWhole()).toBe('1')
    await expect(plugins.place(join(path, 'nothing'), 'q', entry)).rejects.toThrow()
    expect(await isWhole()).toBe('1')
  })

  /** The folder before and after each change that some work makes, as a power cut would leave it. */
  const states = async (work: () => Promise<unknown>): Promise<string[]> => {
    const copies: string[] = []
    onStep = () => {
      const copy = mkdtempSync(join(tmpdir(), 'shoal-state-'))
      cpSync(path, copy, { recursive: true })
      copies.push(copy)
    }
    await work().finally(() => {
      onStep = () => {}
    })
    return copies
  }

  it.each(['place', 'exchange and keep', 'exchange and undo', 'remove'])('%s that is cut short anywhere leaves the old one or the new one', async (what) => {
    const one = fill('.install-000000000001', '1')
    if (what !== 'place') await plugins.place(one, 'p', await entryOf(one, '1'))
    const two = fill('.install-000000000002', '2')
    const entry = await entryOf(two, '2')
    const copies = await states(async () => {
      if (what === 'place') return await plugins.place(two, 'p', entry)
      if (what === 'remove') return await plugins.remove('p')
      const exchange = await plugins.exchange(two, 'p', entry)
      return what === 'exchange and keep' ? await exchange.keep() : await exchange.undo()
    })
    expect(copies.length).toBeGreaterThan(3)
    const outcomes = new Set<string | undefined>()
    for (const copy of copies) {
      path = copy
      plugins = new PluginsFolder(copy)
      await plugins.recover(memoryLog())
      outcomes.add(await isWhole())
      rmSync(copy, { recursive: true, force: true })
    }
    expect([...outcomes].every((version) => version === undefined || version === '1' || version === '2')).toBe(true)
    expect(outcomes.has(undefined)).toBe(what === 'place' || what === 'remove')
  })

  it('keeps its hands off everything else when it tidies up', async () => {
    for (const name of ['mine', '.hidden', 'node_modules', '.install-mine', '.old-p-xyz']) fill(name, '1')
    await plugins.recover(memoryLog())
    expect(readdirSync(path).sort()).toEqual(['.hidden', '.install-mine', '.old-p-xyz', 'mine', 'node_modules'])
    writeFileSync(join(path, lockFile), '{"schema": 2}')
    await plugins.recover(memoryLog())
    await expect(plugins.entries()).rejects.toMatchObject({ code: 'ERR_PLUGIN_LOCK' })
    rmSync(join(path, lockFile))
    await new PluginsFolder(join(path, 'nowhere')).recover(memoryLog())
  })
})

describe('the lock', () => {
  it('is written whole and read again; names of objects are no entries', async () => {
    const entry = await entryOf(fill('p', '1'), '1')
    await writeLock(path, { p: entry })
    expect(await readLock(path)).toEqual({ p: entry })
    expect(await plugins.entry('constructor')).toBeUndefined()
    expect(readdirSync(path).sort()).toEqual(['p', lockFile])
    expect(await readLock(join(path, 'p'))).toEqual({})
  })
})

describe('hashes of files', () => {
  it('find what was changed or is missing, and nothing that came later', async () => {
    const folder = fill('p', '1')
    const files = await hashFiles(folder, ['version', 'lib/code', 'absent'])
    expect(Object.keys(files)).toEqual(['lib/code', 'version'])
    mkdirSync(join(folder, '__pycache__'))
    writeFileSync(join(folder, '__pycache__', 'x.pyc'), 'x')
    expect(await changedFile(folder, files)).toBeUndefined()
    writeFileSync(join(folder, 'lib', 'code'), 'other')
    expect(await changedFile(folder, files)).toEqual({ path: 'lib/code', how: 'changed' })
    rmSync(join(folder, 'lib'), { recursive: true })
    expect(await changedFile(folder, files)).toEqual({ path: 'lib/code', how: 'missing' })
    expect(treeHash(files)).toMatch(/^[0-9a-f]{64}$/)
    expect(treeHash({ ...files, a: 'x' })).not.toBe(treeHash(files))
  })
})
