import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ensureFolders, maxSocketPath, resolvePaths } from '../../../src/daemon/paths.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-paths-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const freshHome = (): string => join(root, `home${count++}`)
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('paths', () => {
  const all = {
    home: '/h',
    configDir: '/h',
    config: '/h/shoal.yaml',
    configParts: '/h/shoal.d',
    identity: '/h/identity.key',
    token: '/h/api.token',
    keystore: '/h/keystore',
    data: '/h/data',
    plugins: '/h/plugins',
    recordings: '/h/recordings',
    logs: '/h/logs',
    runDir: '/h/run',
    socket: '/h/run/ctl.sock',
    lock: '/h/run/lock',
  }

  it('are all under one home when there is one', () => {
    const env = { HOME: '/home/u', XDG_CONFIG_HOME: '/c', XDG_RUNTIME_DIR: '/r' }
    expect(resolvePaths({ home: '/h', env })).toEqual(all)
    expect(resolvePaths({ env: { ...env, SHOAL_HOME: '/h/' } })).toEqual(all)
    expect(resolvePaths({ home: '/h', env: { SHOAL_HOME: '/other' } })).toEqual(all)
    expect(resolvePaths({ home: 'rel/x', env }).identity).toBe(join(process.cwd(), 'rel/x/identity.key'))
  })

  it('are refused where no socket can be, to the byte', () => {
    const fits = `/${'h'.repeat(maxSocketPath - '/'.length - '/run/ctl.sock'.length)}`
    expect(resolvePaths({ home: fits, env: {} }).socket).toHaveLength(maxSocketPath)
    expect(() => resolvePaths({ home: `${fits}h`, env: {} })).toThrow(code('ERR_SOCKET_PATH_TOO_LONG'))
    expect(() => resolvePaths({ env: { HOME: '/home/u', XDG_RUNTIME_DIR: fits } })).toThrow(code('ERR_SOCKET_PATH_TOO_LONG'))
  })

  it('are in the XDG folders otherwise', () => {
    const env = { HOME: '/home/u', XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d', XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r', SHOAL_HOME: '' }
    expect(resolvePaths({ env, home: '' })).toEqual({
      home: '/d/shoal',
      configDir: '/c/shoal',
      config: '/c/shoal/shoal.yaml',
      configParts: '/c/shoal/shoal.d',
      identity: '/d/shoal/identity.key',
      token: '/d/shoal/api.token',
      keystore: '/d/shoal/keystore',
      data: '/d/shoal/data',
      plugins: '/d/shoal/plugins',
      recordings: '/d/shoal/recordings',
      logs: '/s/shoal',
      runDir: '/r/shoal',
      socket: '/r/shoal/ctl.sock',
      lock: '/d/shoal/run/lock',
    })
  })

  it('fall back to the folders of the standard, also for relative ones', () => {
    for (const env of [{ HOME: '/home/u' }, { HOME: '/home/u', XDG_CONFIG_HOME: 'c', XDG_DATA_HOME: './d', XDG_STATE_HOME: '', XDG_RUNTIME_DIR: 'r' }]) {
      expect(resolvePaths({ env })).toMatchObject({
        config: '/home/u/.config/shoal/shoal.yaml',
        identity: '/home/u/.local/share/shoal/identity.key',
        logs: '/home/u/.local/state/shoal',
        socket: '/home/u/.local/share/shoal/run/ctl.sock',
      })
    }
  })

  it('need a home', () => {
    for (const env of [{}, { HOME: '' }, { HOME: 'relative' }]) expect(() => resolvePaths({ env })).toThrow(code('ERR_USAGE'))
    const xdg = { XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d', XDG_STATE_HOME: '/s' }
    expect(resolvePaths({ env: xdg }).home).toBe('/d/shoal')
  })
})

describe('folders', () => {
  it('are made 0700, twice is fine, and the keystore is left alone', async () => {
    const paths = resolvePaths({ home: freshHome(), env: {} })
    const before = process.umask(0)
    try {
      await ensureFolders(paths)
    } finally {
      process.umask(before)
    }
    await ensureFolders(paths)
    for (const folder of [paths.home, paths.configParts, paths.data, paths.plugins, paths.recordings, paths.logs, paths.runDir]) {
      expect(statSync(folder).mode & 0o777, folder).toBe(0o700)
    }
    expect(existsSync(paths.keystore)).toBe(false)
  })

  it.each([
    ['home', '770'],
    ['home', '757'],
    ['plugins', '722'],
    ['run', '755'],
    ['run', '710'],
    ['data', '750'],
    ['logs', '704'],
  ])('%s of mode %s stops the start with the command that helps', async (name, mode) => {
    const paths = resolvePaths({ home: freshHome(), env: {} })
    await ensureFolders(paths)
    const folder = name === 'home' ? paths.home : join(paths.home, name)
    chmodSync(folder, Number.parseInt(mode, 8))
    await expect(ensureFolders(paths)).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: expect.stringMatching(`^Run: chmod 7[0-7][0-7] ${folder}$`) })
    chmodSync(folder, 0o700)
    await ensureFolders(paths)
  })

  it('that people may read or keep elsewhere are fine', async () => {
    const paths = resolvePaths({ home: freshHome(), env: {} })
    const elsewhere = freshHome()
    mkdirSync(elsewhere, { mode: 0o755 })
    mkdirSync(paths.home, { mode: 0o755 })
    symlinkSync(elsewhere, paths.recordings)
    await ensureFolders(paths)
  })

  it('of the running daemon may be no link, and none may be a file', async () => {
    const paths = resolvePaths({ home: freshHome(), env: {} })
    const elsewhere = freshHome()
    mkdirSync(elsewhere, { mode: 0o700 })
    mkdirSync(paths.home, { mode: 0o700 })
    symlinkSync(elsewhere, paths.runDir)
    await expect(ensureFolders(paths)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
    rmSync(paths.runDir)
    writeFileSync(paths.runDir, '')
    await expect(ensureFolders(paths)).rejects.toEqual(code('ERR_MODE_UNSAFE'))
  })
})
