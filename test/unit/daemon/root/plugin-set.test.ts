import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../../../src/daemon/config/config.js'
import { resolvePaths } from '../../../../src/daemon/paths.js'
import { PluginSet } from '../../../../src/daemon/root/plugin-set.js'
import { memoryLog } from '../../../../src/testing/index.js'

function home() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-set-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const paths = resolvePaths({ home: folder, env: {} })
  const put = (name: string, file: string, content: string): void => {
    mkdirSync(join(paths.plugins, name), { recursive: true })
    writeFileSync(join(paths.plugins, name, file), content)
  }
  return { paths, put }
}

describe('scan', () => {
  it('finds folders with a manifest of ours or of eKuiper, and nothing else', async () => {
    const { paths, put } = home()
    put('ours', 'shoal-plugin.json', '{}')
    put('theirs', 'theirs.json', '{}')
    put('My_Plugin.v2', 'My_Plugin.v2.json', '{}')
    put('other', 'theirs.json', '{}')
    put('.hidden', 'shoal-plugin.json', '{}')
    put('node_modules', 'shoal-plugin.json', '{}')
    writeFileSync(join(paths.plugins, 'file'), '')
    symlinkSync(join(paths.plugins, 'ours'), join(paths.plugins, 'linked'))
    symlinkSync(join(paths.plugins, 'loop'), join(paths.plugins, 'loop'))
    const set = new PluginSet()
    const builtIn = Object.keys(set.known.pluginSchemas)
    await set.scan(paths.plugins)
    expect(Object.keys(set.known.pluginSchemas).filter((name) => !builtIn.includes(name))).toEqual(['my-plugin-v2', 'linked', 'ours', 'theirs'])
    expect([set.sectionOf('My_Plugin.v2'), set.sectionOf('ours'), set.isBuiltIn('rtmp'), set.isBuiltIn('ours')]).toEqual(['my-plugin-v2', 'ours', true, false])
  })

  it('knows none where there is no folder, and those of the lock where a folder is missing', async () => {
    const { paths } = home()
    const set = new PluginSet()
    await set.scan(paths.plugins)
    mkdirSync(paths.plugins, { recursive: true })
    const hash = '0'.repeat(64)
    const entry = { version: '1', source: 'x', kind: 'module', archive: hash, tree: hash, files: {}, installedAt: 1 }
    writeFileSync(join(paths.plugins, 'shoal-plugins.lock'), JSON.stringify({ schema: 1, plugins: { away: entry } }))
    await set.scan(paths.plugins)
    expect(Object.hasOwn(set.known.pluginSchemas, 'away')).toBe(true)
  })
})

describe('loading', () => {
  it('gives each plugin or its reason, and one anew with the configuration of then', async () => {
    const { paths, put } = home()
    put('ours', 'shoal-plugin.json', '{"name": "ours", "version": "1.0.0", "module": "./index.mjs"}')
    put('ours', 'index.mjs', `export default { name: 'ours', info: { version: '1' } }`)
    put('broken', 'shoal-plugin.json', '{')
    put('off', 'shoal-plugin.json', '{')
    const set = new PluginSet()
    await set.scan(paths.plugins)
    const config = await loadConfig({ folder: paths.configParts, flags: { 'plugins.off.enabled': false }, ...set.known })
    const places = { config: config.config, paths, log: memoryLog() }
    const all = await set.load(places)
    const byName = new Map(all.map((entry) => [entry.name, entry]))
    expect(byName.get('ours')).toMatchObject({ source: 'folder', enabled: true, plugin: { name: 'ours' } })
    expect(byName.get('broken')?.error?.code).toBe('ERR_PLUGIN_INVALID')
    expect(byName.get('off')).toEqual({ name: 'off', source: 'folder', enabled: false, required: false, config: {} })
    put('ours', 'index.mjs', `export default { name: 'ours', info: { version: '2' } }`)
    expect((await set.reload('ours', places)).plugin?.info?.version).toBe('2')
    expect((await set.reload('off', places, true)).error?.code).toBe('ERR_PLUGIN_INVALID')
    rmSync(join(paths.plugins, 'ours'), { recursive: true })
    expect((await set.reload('ours', places)).error).toMatchObject({ code: 'ERR_PLUGIN_UNKNOWN', message: expect.stringMatching(/plugins\/ours/) })
    expect((await set.reload('nobody', places)).error?.code).toBe('ERR_PLUGIN_UNKNOWN')
  })
})
