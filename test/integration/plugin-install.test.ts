/** Plugins come from zips, change and go while the daemon runs. */

import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Input, Output } from '../../src/daemon/api/table.js'
import { packFolder } from '../../src/daemon/portable/install/pack.js'
import { lockFile } from '../../src/daemon/portable/install/plugin-lock.js'
import { buildGo, goBuildTimeout, pluginPrograms } from '../go-programs.js'
import { describeWith } from '../needs.js'
import { hostile } from '../unit/daemon/portable/install/hostile-archives.js'
import { slowness, waitFor } from '../wait-for.js'
import { Nodes, type TestNode } from './nodes.js'

type Body = Input<'plugins.install'>['body']

const sdk = join(import.meta.dirname, '../../sdk/python')
const folder = mkdtempSync(join(tmpdir(), 'shoal-install-'))
const nodes = new Nodes()
let node: TestNode
let files = 0

const plugins = (): string => join(node.home, 'plugins')
const here = (): string[] =>
  readdirSync(plugins())
    .filter((name) => name !== lockFile && !name.startsWith('.module-'))
    .sort()

/** Packs files; resolves with the path of the zip. */
const zip = async (content: Readonly<Record<string, string | object>>): Promise<string> => {
  const source = join(folder, `p${++files}`)
  for (const [name, text] of Object.entries(content)) {
    const path = join(source, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text), { mode: name.endsWith('.sh') ? 0o755 : 0o644 })
  }
  await packFolder(source, `${source}.zip`)
  return `${source}.zip`
}

/** A module of two files that answers payloads with its version. */
const greeter = (version: string, more: object = {}, start = ''): Promise<string> =>
  zip({
    'shoal-plugin.json': { name: 'greeter', version, module: 'index.js', ...more },
    'package.json': { type: 'module' },
    'index.js': `import { word } from './word.js'\nexport default { name: 'greeter', info: { version: '${version}' }, payloadKinds: ['greet'],
      start() { ${start} }, handlePayload: async () => new TextEncoder().encode(word) }`,
    'word.js': `export const word = 'hello of ${version}'\n`,
  })

const install = async (source: string, more: Omit<Body, 'source'> = {}, on = node): Promise<Output<'plugins.install'>[]> => {
  const events: Output<'plugins.install'>[] = []
  for await (const event of on.client.events('plugins.install', { body: { source, ...more } })) events.push(event)
  return events
}
const infoOf = async (name: string, on = node) => (await on.client.call('plugins.info', { params: { name } })).plugin
const ask = async (kind: string, on = node): Promise<string | undefined> =>
  (await on.client.call('send', { body: { peer: on.id, kind, body: 'Ada', wantReply: true } })).reply?.body

beforeAll(async () => {
  node = await nodes.start('a')
})

afterAll(async () => {
  await nodes.dispose()
  rmSync(folder, { recursive: true, force: true })
})

describe('a module', () => {
  it('is installed with progress, runs, and is in the lock', async () => {
    const source = await greeter('1.0.0')
    const events = await install(source)
    const sha256 = createHash('sha256').update(readFileSync(source)).digest('hex')
    expect(events.at(-1)).toEqual({ type: 'installed', plugin: 'greeter', version: '1.0.0', kind: 'module', sha256, state: 'running' })
    expect(new Set(events.map((event) => (event.type === 'progress' ? event.step : '')))).toEqual(new Set(['download', 'unpack', 'check', 'start', '']))
    expect(await ask('greet')).toBe('hello of 1.0.0')
    expect(await infoOf('greeter')).toMatchObject({ state: 'running', version: '1.0.0' })
    const { plugins: set } = await node.client.call('plugins.installed')
    expect(set).toMatchObject([{ name: 'greeter', version: '1.0.0', kind: 'module', source, sha256, files: 4 }])
    expect(here()).toEqual(['greeter'])
  })

  it('is replaced with --update only, also what it imports, and a version that does not start is taken back', async () => {
    await expect(install(await greeter('1.1.0'))).rejects.toMatchObject({ code: 'ERR_PLUGIN_EXISTS' })
    expect((await install(await greeter('1.1.0'), { update: true })).at(-1)).toMatchObject({ version: '1.1.0', replaced: '1.0.0' })
    expect(await ask('greet')).toBe('hello of 1.1.0')
    const broken = await greeter('1.2.0', {}, "throw new Error('not today')")
    await expect(install(broken, { update: true })).rejects.toMatchObject({ message: expect.stringMatching(/not today.* Version 1\.1\.0 runs again\./) })
    expect(await ask('greet')).toBe('hello of 1.1.0')
    expect((await node.client.call('plugins.installed')).plugins).toMatchObject([{ version: '1.1.0' }])
    expect(here()).toEqual(['greeter'])
  })

  it('whose file was changed is failed, by verify and at the next start; installed anew it runs', async () => {
    const word = join(plugins(), 'greeter', 'word.js')
    mkdirSync(join(plugins(), 'greeter', '__pycache__'))
    expect((await node.client.call('plugins.verify')).plugins).toEqual([{ plugin: 'greeter', version: '1.1.0', ok: true }])
    writeFileSync(word, "export const word = 'evil'\n")
    expect((await node.client.call('plugins.verify')).plugins).toEqual([{ plugin: 'greeter', version: '1.1.0', ok: false, file: 'word.js', how: 'changed' }])
    expect(await infoOf('greeter')).toMatchObject({ state: 'failed', error: expect.stringContaining('word.js') })
    await expect(ask('greet')).rejects.toMatchObject({ code: 'ERR_KIND_UNCLAIMED' })
    const { home } = node
    await nodes.stop(node)
    node = await nodes.start('a', { home })
    expect(await infoOf('greeter')).toMatchObject({ state: 'failed', error: expect.stringContaining('word.js') })
    await install(await greeter('1.1.0'), { update: true })
    expect(await ask('greet')).toBe('hello of 1.1.0')
  })

  it('is removed with its entry; its data go when asked', async () => {
    const data = join(node.home, 'data', 'greeter')
    mkdirSync(data, { recursive: true })
    await node.client.call('plugins.remove', { params: { name: 'greeter' } })
    expect(existsSync(data)).toBe(true)
    expect(here()).toEqual([])
    await expect(infoOf('greeter')).rejects.toMatchObject({ code: 'ERR_PLUGIN_UNKNOWN' })
    await install(await greeter('1.0.0'))
    await node.client.call('plugins.remove', { params: { name: 'greeter' }, query: { data: true } })
    expect(existsSync(data)).toBe(false)
    for (const name of ['greeter', '..', '.', 'rtmp']) await expect(node.client.call('plugins.remove', { params: { name } })).rejects.toThrow()
    expect(existsSync(join(node.home, 'identity.key'))).toBe(true)
  })
})

describe('a daemon that stops in the middle of an update', () => {
  it('has the version before at its next start', async () => {
    await install(await greeter('1.0.0'))
    const slow = await greeter('1.1.0', {}, 'return new Promise(() => {})')
    const { home } = node
    for await (const event of node.client.events('plugins.install', { body: { source: slow, update: true } }))
      if (event.type === 'progress' && event.step === 'start') break
    await nodes.stop(node)
    node = await nodes.start('a', { home })
    expect(await infoOf('greeter')).toMatchObject({ state: 'running', version: '1.0.0' })
    expect(await ask('greet')).toBe('hello of 1.0.0')
    expect((await node.client.call('plugins.verify')).plugins).toMatchObject([{ version: '1.0.0', ok: true }])
    expect(here()).toEqual(['greeter'])
    await node.client.call('plugins.remove', { params: { name: 'greeter' } })
  })
})

describe('what is in use', () => {
  it('is removed with --force only', async () => {
    const index = `export default { name: 'source', start(ctx) {
      ctx.puller({ protocol: 'noise', pull: (job) => new Promise((resolve) => job.signal.addEventListener('abort', resolve)) }) } }`
    await install(
      await zip({ 'shoal-plugin.json': { name: 'source', version: '1', module: 'index.js' }, 'package.json': { type: 'module' }, 'index.js': index }),
    )
    await node.client.call('pulls.create', { body: { url: 'noise://x', path: 'a/b' } })
    const remove = (query = {}) => node.client.call('plugins.remove', { params: { name: 'source' }, query })
    await expect(remove()).rejects.toMatchObject({ code: 'ERR_PLUGIN_IN_USE', message: expect.stringContaining('a/b') })
    expect(await infoOf('source')).toMatchObject({ state: 'running' })
    await remove({ force: true })
    expect(here()).toEqual([])
    await node.client.call('pulls.remove', { params: { path: 'a/b' } })
  })
})

describe('a stream', () => {
  /** Publishes its version again and again. */
  const ticker = (version: string): Promise<string> =>
    zip({
      'shoal-plugin.json': { name: 'ticker', version, module: 'index.js' },
      'package.json': { type: 'module' },
      'index.js': `export default { name: 'ticker', info: { version: '${version}' }, start: (ctx) => ctx.puller({ protocol: 'tick', pull }) }
        async function pull(job) {
          const publication = job.publish([{ id: 1, kind: 'data', codec: 'text/plain' }])
          for (let time = 0; !job.signal.aborted; time += 20_000) {
            publication.write({ track: 1, timestamp: time, key: true, data: new TextEncoder().encode('${version}') })
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        }`,
    })

  it('that a plugin pulls goes on for its readers with the new version', async () => {
    await install(await ticker('1.0.0'))
    await node.client.call('pulls.create', { body: { url: 'tick://x', path: 'tick' } })
    const subscription = await node.probe.ctx.streams.subscribe('tick', { wait: 20_000 })
    const words = (async function* () {
      for await (const batch of subscription) for (const { data } of batch) yield Buffer.from(data).toString()
    })()
    expect((await words.next()).value).toBe('1.0.0')
    const updating = install(await ticker('1.1.0'), { update: true })
    // one subscription, from the old version to the new one: it neither ends nor fails
    let last = ''
    for await (const word of words) {
      last = word
      if (word === '1.1.0') break
    }
    expect(last).toBe('1.1.0')
    expect((await updating).at(-1)).toMatchObject({ version: '1.1.0', state: 'running' })
    await node.client.call('pulls.remove', { params: { path: 'tick' } })
    await node.client.call('plugins.remove', { params: { name: 'ticker' } })
  })
})

describe('what is refused leaves nothing', () => {
  const refused = async (source: string, error: object, more: Omit<Body, 'source'> = {}): Promise<void> => {
    await expect(install(source, more)).rejects.toMatchObject(error)
    expect(readdirSync(plugins()).filter((name) => !name.startsWith('.module-') && name !== lockFile)).toEqual([])
    expect((await node.client.call('plugins.installed')).plugins).toEqual([])
  }

  it(`${hostile.length} hostile archives`, async () => {
    const source = join(folder, 'hostile.zip')
    for (const [what, make, code] of hostile) {
      writeFileSync(source, make())
      await refused(source, { code: `ERR_ARCHIVE_${code}` }).catch((error) => {
        throw new Error(`${what}: ${error}`)
      })
    }
  })

  it('a package without manifest, in a folder, of another platform, with a wrong hash, a taken name, a program that is not there', async () => {
    await refused(await zip({ 'a.txt': 'x' }), { code: 'ERR_PLUGIN_INVALID', message: expect.stringContaining('no manifest') })
    await refused(await zip({ 'top/shoal-plugin.json': {} }), { code: 'ERR_PLUGIN_INVALID', message: expect.stringContaining('top/') })
    await refused(await greeter('1.0.0', { platforms: ['plan9-mips'] }), { message: expect.stringContaining('plan9-mips') })
    await refused(await greeter('1.0.0', { name: 'rtmp' }), { code: 'ERR_PLUGIN_EXISTS' })
    await refused(await greeter('1.0.0'), { code: 'ERR_PLUGIN_HASH' }, { sha256: 'a'.repeat(64) })
    await refused(await greeter('1.0.0'), { code: 'ERR_PLUGIN_INVALID' }, { name: 'other' })
    await refused(await greeter('1.0.0', {}, "throw new Error('not today')"), { message: expect.stringContaining('Nothing was installed') })
    await refused(await zip({ 'shoal-plugin.json': { name: 'x', version: '1', command: './gone' } }), { message: expect.stringContaining('no file gone') })
    await refused(await zip({ 'shoal-plugin.json': { name: 'x', version: '1', command: 'true' } }), { code: 'ERR_PLUGIN_FAILED' })
    await refused(join(folder, 'nothing.zip'), { code: 'ERR_SOURCE_FAILED' })
    await refused('ftp://example.org/x.zip', { code: 'ERR_URL_INVALID' })
  })

  it('a package with a script, until scripts are allowed; one whose script fails or takes too long', async () => {
    const scripted = (text: string): Promise<string> =>
      zip({
        'shoal-plugin.json': { name: 'scripted', version: '1', module: 'made.js', install: { command: './prepare.sh', args: ['now'] } },
        'prepare.sh': `#!/bin/sh\n${text}\n`,
      })
    const good = await scripted(`echo "export default { name: 'scripted', start() {} }" > made.js; test "$1 $2 $SHOAL_SECRET" = "now more "`)
    await refused(good, { code: 'ERR_PLUGIN_SCRIPTS', message: expect.stringContaining('prepare.sh now') })
    const failing = await scripted('echo the reason; exit 3')
    await refused(failing, { code: 'ERR_PLUGIN_SCRIPT_FAILED', message: expect.stringMatching(/code 3[\s\S]*the reason/) }, { allowScripts: true })
    await refused(await scripted('sleep 60'), { code: 'ERR_TIMEOUT' }, { allowScripts: true, scriptTimeout: 200 })
    expect((await install(good, { allowScripts: true, scriptArgs: ['more'] })).at(-1)).toMatchObject({ plugin: 'scripted' })
    expect((await node.client.call('plugins.verify')).plugins).toMatchObject([{ ok: true }])
    await node.client.call('plugins.remove', { params: { name: 'scripted' } })
  })
})

describe('from the web', () => {
  let server: Server
  let base: string
  const answers = new Map<string, (respond: { redirect(to: string): void; send(bytes: Uint8Array, length?: number): void; wait(): void }) => void>()

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = answers.get(request.url ?? '')
      if (!answer) return void response.writeHead(404).end()
      answer({
        redirect: (to) => void response.writeHead(302, { location: to }).end(),
        send: (bytes, length) => void response.writeHead(200, { ...(length && { 'content-length': length }) }).end(bytes),
        wait: () => void response.writeHead(200).write('PK'),
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('a zip is fetched over redirects; too many of them, http elsewhere, too much and nothing are refused', async () => {
    const bytes = readFileSync(await greeter('2.0.0'))
    answers.set('/g.zip?key=secret', ({ send }) => send(bytes, bytes.length))
    answers.set('/r', ({ redirect }) => redirect('/g.zip?key=secret'))
    answers.set('/round', ({ redirect }) => redirect('/round'))
    answers.set('/out', ({ redirect }) => redirect('http://192.0.2.1/x.zip'))
    answers.set('/large', ({ send }) => send(new Uint8Array(10), 200 * 1024 * 1024))
    await expect(install(`${base}/round`)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('more than 5 times') })
    await expect(install(`${base}/out`)).rejects.toMatchObject({ code: 'ERR_URL_INVALID' })
    await expect(install(`${base}/large`)).rejects.toMatchObject({ code: 'ERR_ARCHIVE_TOO_LARGE' })
    await expect(install(`${base}/none`)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('404') })
    await expect(install('http://192.0.2.1/x.zip')).rejects.toMatchObject({ code: 'ERR_URL_INVALID' })
    expect((await install(`${base}/g.zip?key=secret`)).at(-1)).toMatchObject({ version: '2.0.0' })
    const [entry] = (await node.client.call('plugins.installed')).plugins
    expect(entry?.source).toBe(`${base}/g.zip?…`)
    expect((await install(`${base}/r`, { update: true, sha256: entry?.sha256 ?? '' })).at(-1)).toMatchObject({ replaced: '2.0.0' })
    await node.client.call('plugins.remove', { params: { name: 'greeter' } })
  })

  it('a download whose client goes is given up, and holds up nobody', async () => {
    answers.set('/slow', ({ wait }) => wait())
    const controller = new AbortController()
    const slow = (async () => {
      for await (const event of node.client.events('plugins.install', { body: { source: `${base}/slow` } }, controller.signal))
        if (event.type === 'progress') controller.abort()
    })()
    await expect(slow).rejects.toThrow()
    await install(await greeter('3.0.0'))
    expect(here()).toEqual(['greeter'])
    await node.client.call('plugins.remove', { params: { name: 'greeter' } })
  })
})

describe('side by side', () => {
  it('installs of one plugin are made one after the other', async () => {
    const versions = ['1.0.0', '1.1.0', '1.2.0']
    const sources = await Promise.all(versions.map((version) => greeter(version)))
    const outcomes = await Promise.all(sources.map((source) => install(source, { update: true })))
    expect(outcomes.map((events) => events.at(-1)?.type)).toEqual(['installed', 'installed', 'installed'])
    const [entry] = (await node.client.call('plugins.installed')).plugins
    expect(await ask('greet')).toBe(`hello of ${entry?.version}`)
    await node.client.call('plugins.remove', { params: { name: 'greeter' } })
  })
})

describeWith(['python3'], 'a program', () => {
  const python = (version: string, more: object = {}): Promise<string> => {
    const source = join(folder, `py${++files}`)
    cpSync(join(sdk, 'shoal_plugin'), join(source, 'shoal_plugin'), { recursive: true })
    cpSync(join(sdk, 'examples/hello.py'), join(source, 'hello.py'))
    writeFileSync(
      join(source, 'shoal-plugin.json'),
      JSON.stringify({ name: 'py-hello', version, command: 'python3', args: ['hello.py'], env: { PYTHONPATH: '.' }, ...more }),
    )
    return packFolder(source, `${source}.zip`).then(() => `${source}.zip`)
  }

  it('is installed, updated, taken back when the new one does not start, found again at the next start, and removed', async () => {
    await install(await python('1.0.0'))
    expect(await ask('py-hello.greet')).toContain('Ada')
    const broken = await python('1.2.0', { args: ['gone.py'] })
    await expect(install(broken, { update: true })).rejects.toMatchObject({ message: expect.stringContaining('Version 1.0.0 was not touched.') })
    expect(await ask('py-hello.greet')).toContain('Ada')
    const before = (await infoOf('py-hello')).process?.pid
    const events = await install(await python('1.1.0', { description: 'newer' }), { update: true })
    expect(events.at(-1)).toMatchObject({ type: 'installed', version: '1.1.0', replaced: '1.0.0', state: 'running' })
    expect(await ask('py-hello.greet')).toContain('Ada')
    const after = (await infoOf('py-hello')).process?.pid
    expect([after === before, after]).toEqual([false, expect.any(Number)])
    expect(() => process.kill(before ?? 0, 0)).toThrow('ESRCH')
    expect((await node.client.call('plugins.verify')).plugins).toEqual([{ plugin: 'py-hello', version: '1.1.0', ok: true }])
    const { home } = node
    await nodes.stop(node)
    node = await nodes.start('a', { home })
    // the program itself says 1.0.0: what was installed counts
    expect(await infoOf('py-hello')).toMatchObject({ state: 'running', version: '1.1.0', description: 'newer' })
    await node.client.call('plugins.remove', { params: { name: 'py-hello' } })
    expect(here()).toEqual([])
  })
})

it('a program that says nothing is given up when its client goes, and holds up nobody', async () => {
  const mute = await zip({ 'shoal-plugin.json': { name: 'mute', version: '1', command: './mute.sh' }, 'mute.sh': '#!/bin/sh\nexec sleep 600\n' })
  const controller = new AbortController()
  const slow = (async () => {
    for await (const event of node.client.events('plugins.install', { body: { source: mute } }, controller.signal))
      if (event.type === 'progress' && event.step === 'try') controller.abort()
  })()
  await expect(slow).rejects.toThrow()
  const gone = performance.now()
  await install(await greeter('3.0.0'))
  // its handshake would have had ten
  expect(performance.now() - gone).toBeLessThan(9000 * slowness)
  expect(here()).toEqual(['greeter'])
  await node.client.call('plugins.remove', { params: { name: 'greeter' } })
})

describeWith(['go'], 'a program in Go', () => {
  it(
    'is installed without its mode, runs in the daemon, is killed, and runs again',
    async () => {
      const source = join(folder, 'go-program')
      mkdirSync(source)
      cpSync(join(await buildGo(pluginPrograms), 'hello'), join(source, 'hello'))
      chmodSync(join(source, 'hello'), 0o600)
      writeFileSync(join(source, 'shoal-plugin.json'), JSON.stringify({ name: 'go-hello', version: '1.0.0', command: './hello' }))
      await packFolder(source, `${source}.zip`)
      expect((await install(`${source}.zip`)).at(-1)).toMatchObject({ plugin: 'go-hello', kind: 'program', state: 'running' })
      expect(await ask('go-hello.greet')).toContain('Ada')
      const { pid } = (await infoOf('go-hello')).process ?? {}
      process.kill(pid ?? 0, 'SIGKILL')
      await waitFor('the next process', async () => {
        const { state, restarts } = (await infoOf('go-hello')).process ?? {}
        return state === 'running' && restarts === 1
      })
      expect(await ask('go-hello.greet')).toContain('Ada')
      await node.client.call('plugins.remove', { params: { name: 'go-hello' } })
    },
    goBuildTimeout,
  )
})
