import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type PluginEntry, resolvePlugin } from '../../../../src/daemon/host/resolve.js'

const dir = mkdtempSync(join(tmpdir(), 'shoal-resolve-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function write(path: string, text: string): string {
  const file = join(dir, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const builtIn = { name: 'monitor' }
const esm = (name: string) => `export default { name: '${name}' }`
const resolveOne = (entry: PluginEntry, limit = 200) =>
  resolvePlugin(entry, { builtIns: [builtIn], configDir: join(dir, 'etc'), packageDirs: [join(dir, 'home/plugins')], limit })
const named = async (from: string) => {
  const { plugin, error } = await resolveOne({ name: 'x', use: from }, from.includes('hangs') ? 200 : 30_000)
  return plugin ? plugin.name : `${error?.code}: ${error?.message}`
}

mkdirSync(join(dir, 'etc'))
write('etc/default.mjs', esm('from-default'))
write('etc/named.mjs', `export const plugin = { name: 'from-named' }`)
write('etc/factory.mjs', `export default async () => ({ name: 'from-factory' })`)
write('etc/module.cjs', `module.exports = { name: 'from-cjs' }`)
write('etc/compiled.cjs', `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = { name: 'from-compiled' }`)
write('etc/folder/index.mjs', esm('from-folder'))
write('etc/empty.mjs', 'export const other = 1')
write('etc/syntax.mjs', 'export default {')
write('etc/throws.mjs', `throw new Error('no license')`)
write('etc/throws-null.mjs', 'throw null')
write('etc/hangs.mjs', 'await new Promise(() => {})')
write('etc/factory-throws.mjs', `export default () => { throw new Error('no license') }`)
write('etc/factory-hangs.mjs', 'export default () => new Promise(() => {})')
write('etc/missing-import.mjs', `import 'no-such-package-at-all'`)

const pack = (path: string, manifest: object, files: Record<string, string>) => {
  write(`${path}/package.json`, JSON.stringify(manifest))
  for (const [file, text] of Object.entries(files)) write(`${path}/${file}`, text)
}
pack('etc/node_modules/plain', { main: 'lib/main.js', type: 'module' }, { 'lib/main.js': esm('plain') })
pack('etc/node_modules/no-main', { type: 'module' }, { 'index.js': esm('no-main') })
pack('etc/node_modules/extless', { main: 'lib' }, { 'lib/index.js': `module.exports = { name: 'extless' }` })
pack(
  'node_modules/@scope/above',
  { type: 'module', exports: { '.': { types: './x.d.ts', require: './no.cjs', import: './yes.js' } } },
  { 'yes.js': esm('above') },
)
pack('home/plugins/node_modules/in-home', { type: 'module', exports: './main.js' }, { 'main.js': esm('in-home') })
pack('etc/node_modules/only-require', { exports: { require: './a.cjs' } }, { 'a.cjs': '' })
pack('etc/node_modules/escapes', { exports: './../../../secret.mjs' }, {})
pack('etc/node_modules/broken', {}, {})
write('etc/node_modules/broken/package.json', '{')

describe('resolvePlugin', () => {
  it('takes a built-in by its name or by `use`, and keeps the settings', async () => {
    expect(await resolveOne({ name: 'monitor', config: { history: 1 }, required: true, enabled: false })).toEqual({
      name: 'monitor',
      source: 'built-in',
      plugin: builtIn,
      config: { history: 1 },
      required: true,
      enabled: false,
    })
    expect(await resolveOne({ name: 'second', use: 'monitor' })).toEqual({ name: 'second', source: 'built-in', plugin: builtIn })
  })

  const good: [string, string][] = [
    ['./default.mjs', 'from-default'],
    ['../etc/default.mjs', 'from-default'],
    [join(dir, 'etc/default.mjs'), 'from-default'],
    [pathToFileURL(join(dir, 'etc/default.mjs')).href, 'from-default'],
    ['./named.mjs', 'from-named'],
    ['./factory.mjs', 'from-factory'],
    ['./module.cjs', 'from-cjs'],
    ['./compiled.cjs', 'from-compiled'],
    ['./folder', 'from-folder'],
    ['plain', 'plain'],
    ['no-main', 'no-main'],
    ['extless', 'extless'],
    ['@scope/above', 'above'],
    ['in-home', 'in-home'],
  ]
  for (const [from, name] of good) {
    it(`imports ${from.replace(dir, 'DIR')}`, async () => expect(await named(from)).toBe(name))
  }

  const bad: [string, RegExp][] = [
    ['./none.mjs', /^ERR_PLUGIN_UNKNOWN: .*built-in \(monitor\).*none\.mjs.*index\.js/],
    ['no-such-package-at-all', /^ERR_PLUGIN_UNKNOWN: .*built-in \(monitor\).*home\/plugins\/node_modules\/no-such.*etc\/node_modules\/no-such/],
    ['node:fs', /^ERR_PLUGIN_UNKNOWN/],
    ['https://example.org/x.js', /^ERR_PLUGIN_UNKNOWN/],
    ['data:text/javascript,export default 1', /^ERR_PLUGIN_UNKNOWN/],
    ['Upper', /^ERR_PLUGIN_UNKNOWN/],
    ['a/b/c', /^ERR_PLUGIN_UNKNOWN/],
    ['', /^ERR_PLUGIN_UNKNOWN/],
    ['./empty.mjs', /^ERR_PLUGIN_INVALID: .*default/],
    ['./syntax.mjs', /^ERR_PLUGIN_FAILED: .*syntax\.mjs/],
    ['./throws.mjs', /^ERR_PLUGIN_FAILED: .*no license/],
    ['./throws-null.mjs', /^ERR_PLUGIN_FAILED: .*null/],
    ['./hangs.mjs', /^ERR_TIMEOUT: .*hangs/],
    ['./factory-throws.mjs', /^ERR_PLUGIN_FAILED: .*no license/],
    ['./factory-hangs.mjs', /^ERR_TIMEOUT/],
    ['./missing-import.mjs', /^ERR_PLUGIN_FAILED: .*no-such-package-at-all/],
    ['only-require', /^ERR_PLUGIN_FAILED: .*exports nothing/],
    ['escapes', /^ERR_PLUGIN_FAILED: .*exports nothing/],
    ['broken', /^ERR_PLUGIN_FAILED/],
  ]
  for (const [from, reason] of bad) {
    it(`says what is wrong with ${JSON.stringify(from)}`, async () => expect(await named(from)).toMatch(reason))
  }

  it('does not import what is disabled', async () => {
    expect(await resolveOne({ name: 'x', use: './throws.mjs', enabled: false })).toEqual({ name: 'x', source: './throws.mjs', enabled: false })
  })

  it('lists what it tried as data, too', async () => {
    const { error } = await resolveOne({ name: './gone.mjs' })
    expect(error?.data?.['tried']).toContain(join(dir, 'etc/gone.mjs'))
  })
})
