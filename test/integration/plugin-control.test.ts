/** Plugins that are switched while the daemon runs, and everything beside them that must not notice. */

import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definePlugin, type Plugin } from '../../src/plugin.js'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'
import { message, Nodes, type TestNode, textTrack } from './nodes.js'

const nodes = new Nodes()
afterAll(() => nodes.dispose())

const detail = async (node: TestNode, name: string) => (await node.client.call('plugins.info', { params: { name } })).plugin
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Has some of everything that a plugin can have. */
function busy(): Plugin {
  return definePlugin({
    name: 'busy',
    payloadKinds: ['busy.ask', 'busy.only'],
    async start(ctx) {
      ctx.http.route({ method: 'GET', path: '/x', handler: () => ({ ok: true }) })
      ctx.puller({ protocol: 'busy', pull: async (job) => void (await new Promise((done) => job.signal.addEventListener('abort', done))) })
      ctx.run('work', async ({ signal }) => void (await new Promise((done) => signal.addEventListener('abort', done))))
      ctx.streams.publish('busy/own', [textTrack]).write(message('x', 0))
    },
    handlePayload: () => new TextEncoder().encode('busy'),
  })
}

/** Has one of its kinds while it is off. */
const understudy = definePlugin({ name: 'understudy', payloadKinds: ['busy.ask'], handlePayload: () => new TextEncoder().encode('understudy') })

describe('switching plugins', () => {
  let a: TestNode
  let b: TestNode
  let ports: { readonly rtmp: number; readonly tcp: number }

  beforeAll(async () => {
    ports = { rtmp: await freePort(), tcp: await freePort() }
    const flags = { 'simple-tcp.enabled': true, 'simple-tcp.port': ports.tcp, 'rtmp.port': ports.rtmp }
    a = await nodes.start('a', { kinds: ['probe.count'], plugins: [busy(), understudy], flags })
    b = await nodes.start('b')
    await nodes.join(a, b)
  })

  const kindsAtB = (): readonly string[] => b.probe.ctx.peers.get(a.id)?.kinds ?? []
  const switchBusy = async (how: 'enable' | 'disable' | 'restart'): Promise<string> =>
    (await a.client.call(`plugins.${how}`, { params: { name: 'busy' }, ...(how === 'restart' ? {} : { query: { temporary: true } }) })).plugin.state

  it('loses nothing of another plugin: no frame, no payload, however often', async () => {
    const stream = a.probe.ctx.streams.publish('probe/count', [textTrack])
    await b.client.call('pulls.create', { body: { url: 'shoal://a/probe/count' } })
    await waitFor('the reader', () => stream.subscribers > 0)
    stream.write(message('0', 0))
    const reader = await b.probe.ctx.streams.subscribe('probe/count', { wait: 10_000 })
    const seen: number[] = []
    const reading = (async () => {
      for await (const batch of reader) seen.push(...batch.map(({ data }) => Number(text(data))))
    })()
    await waitFor('the first frame', () => seen.length > 0)
    let sent = 0
    let asked = 0
    let going = true
    const load = (async () => {
      for (; going; asked++) {
        stream.write(message(`${++sent}`, sent * 1000))
        const body = new TextEncoder().encode(`${asked}`)
        expect(text(await b.probe.ctx.payloads.request(a.id, 'probe.count', body))).toBe(`${asked}`)
      }
    })()
    const before = await detail(a, 'busy')
    for (let round = 0; round < 20; round++) {
      expect(await switchBusy('restart')).toBe('running')
      if (round % 5 === 0) expect([await switchBusy('disable'), await switchBusy('enable')]).toEqual(['disabled', 'running'])
    }
    going = false
    await load
    await waitFor('the last frame', () => seen.at(-1) === sent)
    reader.close()
    await reading
    expect(asked).toBeGreaterThan(1)
    expect(seen).toEqual(Array.from({ length: sent + 1 }, (_, at) => at))
    const { routes, pullers, kinds, tasks } = await detail(a, 'busy')
    expect({ routes, pullers, kinds, tasks: tasks.map(({ name }) => name) }).toEqual({
      ...{ routes: before.routes, pullers: before.pullers, kinds: before.kinds },
      tasks: before.tasks.map(({ name }) => name),
    })
    stream.close()
  })

  it('tells peers of the kinds, and another plugin has those that are claimed twice meanwhile', async () => {
    const ask = async (kind: string): Promise<string> => text(await b.probe.ctx.payloads.request(a.id, kind, new Uint8Array()))
    expect([(await detail(a, 'understudy')).shadowed, await ask('busy.ask')]).toEqual([[{ kind: 'busy.ask', by: 'busy' }], 'busy'])
    let going = true
    const answers = new Set<string>()
    const asking = (async () => {
      // what was under way at the plugin that stops is answered so; nothing is ever unclaimed
      while (going) answers.add(await ask('busy.ask').catch((error: { code: string }) => error.code))
    })()
    await switchBusy('disable')
    await waitFor('the news', () => !kindsAtB().includes('busy.only'))
    expect([kindsAtB().includes('busy.ask'), await ask('busy.ask'), (await detail(a, 'busy')).shadowed]).toEqual([true, 'understudy', []])
    await expect(ask('busy.only')).rejects.toThrow(expect.objectContaining({ code: 'ERR_KIND_UNCLAIMED' }))
    expect(a.probe.ctx.streams.list().some(({ path }) => path === 'busy/own')).toBe(false)
    await switchBusy('enable')
    await waitFor('the news', () => kindsAtB().includes('busy.only'))
    expect([await ask('busy.ask'), await ask('busy.only')]).toEqual(['busy', 'busy'])
    going = false
    await asking
    answers.delete('ERR_STOPPING')
    expect([...answers].filter((answer) => !['busy', 'understudy'].includes(answer))).toEqual([])
  })

  it('restarts each built-in plugin and leaves no socket behind', async () => {
    const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    const before = servers()
    expect(before).toBeGreaterThan(0)
    // clients that stay must not hold up the stop, nor the ports that are taken again
    const clients = [ports.rtmp, ports.tcp].map((port) => connect(port, '127.0.0.1').on('error', () => {}))
    await Promise.all(clients.map((client) => once(client, 'connect')))
    for (const name of ['rtmp', 'http-flv', 'file', 'monitor', 'messaging', 'simple-tcp']) {
      const first = await detail(a, name)
      for (let round = 0; round < 3; round++) await a.client.call('plugins.restart', { params: { name } })
      const { state, routes, pullers, pushers, kinds, tasks } = await detail(a, name)
      const names = (list: typeof tasks): string[] => list.map((task) => task.name.replace(/ .*/, '')).filter((task) => task !== 'client')
      expect({ name, state, routes, pullers, pushers, kinds, tasks: names(tasks) }).toEqual({
        ...{ name, state: 'running', routes: first.routes, pullers: first.pullers, pushers: first.pushers, kinds: first.kinds },
        tasks: names(first.tasks),
      })
    }
    await waitFor('the old servers to be closed', () => servers() === before)
    for (const client of clients) client.destroy()
  })

  it('names the keys that wait for a restart, and a restart makes them count', async () => {
    const change = await a.client.call('config.set', { params: { key: 'plugins.monitor.history' }, body: { value: 7 } })
    expect([change.restart, change.plugin, (await detail(a, 'monitor')).needsRestart]).toEqual([true, 'monitor', ['history']])
    await a.client.call('plugins.restart', { params: { name: 'monitor' } })
    expect([(await detail(a, 'monitor')).needsRestart, (await detail(a, 'monitor')).config['history']]).toEqual([[], 7])
    const other = await a.client.call('config.set', { params: { key: 'node.name' }, body: { value: 'a' } })
    expect(other.plugin).toBeUndefined()
    const off = await a.client.call('config.set', { params: { key: 'plugins.file.enabled' }, body: { value: false } })
    expect([off.plugin, (await a.client.call('plugins.restart', { params: { name: 'file' } })).plugin.state]).toEqual(['file', 'disabled'])
    expect((await a.client.call('plugins.enable', { params: { name: 'file' } })).plugin.state).toBe('running')
  })

  it('takes a plugin that the configuration names since the daemon runs', async () => {
    const file = join(nodes.folder, 'late.mjs')
    const write = (version: string): void => writeFileSync(file, `export default { name: 'late', info: { version: '${version}' } }`)
    write('1')
    expect(await a.client.call('config.set', { params: { key: 'plugins.late.use' }, body: { value: file } })).toMatchObject({ plugin: 'late' })
    expect((await a.client.call('plugins.enable', { params: { name: 'late' } })).plugin).toMatchObject({ state: 'running', version: '1' })
    write('2')
    expect((await a.client.call('plugins.restart', { params: { name: 'late' } })).plugin.version).toBe('2')
  })

  it('keeps no second plugin for a slot that takes one: the daemon would not start again', async () => {
    const enable = (name: string) => a.client.call('plugins.enable', { params: { name } })
    const enabled = async (name: string) => (await a.client.call('config.get', { params: { key: `plugins.${name}.enabled` } })).value
    expect((await enable('storage-sqlite')).plugin).toMatchObject({ state: 'disabled', error: expect.stringContaining('next start') })
    await expect(enable('storage-postgres')).rejects.toMatchObject({ code: 'ERR_SLOT_CONFLICT', message: expect.stringContaining('storage-sqlite') })
    expect([await enabled('storage-sqlite'), await enabled('storage-postgres')]).toEqual([true, false])
    await a.client.call('plugins.disable', { params: { name: 'storage-sqlite' } })
    expect((await enable('storage-postgres')).plugin).toMatchObject({ state: 'disabled', error: expect.stringContaining('next start') })
    await a.client.call('plugins.disable', { params: { name: 'storage-postgres' } })
  })

  it('says what goes wrong', async () => {
    await expect(a.client.call('plugins.restart', { params: { name: 'nobody' } })).rejects.toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_UNKNOWN' }))
  })
})

describe('plugins in folders of the home', () => {
  const module = (version: string): string =>
    `export default { name: 'folder', info: { version: '${version}' }, config: ${schema}, payloadKinds: ['folder.ask'], handlePayload() {} }\n`
  const schema = JSON.stringify({ type: 'object', properties: { word: { type: 'string', default: 'hi' } } })

  function fill(home: string): string {
    const put = (name: string, files: Record<string, string>): void => {
      mkdirSync(join(home, 'plugins', name), { recursive: true })
      for (const [file, content] of Object.entries(files)) writeFileSync(join(home, 'plugins', name, file), content)
    }
    put('folder', { 'shoal-plugin.json': JSON.stringify({ name: 'folder', version: '1.0.0', module: './index.mjs' }), 'index.mjs': module('1.0.0') })
    put('broken', { 'shoal-plugin.json': '{' })
    put('.hidden', { 'shoal-plugin.json': '{' })
    put('node_modules', { 'shoal-plugin.json': '{' })
    put('empty', {})
    return home
  }

  it('are there without any configuration; a broken one is named and holds up nobody', async () => {
    const home = fill(nodes.newHome())
    const node = await nodes.start('c', { home })
    const all = (await node.client.call('plugins.list')).plugins
    expect(all.find(({ name }) => name === 'folder')).toMatchObject({ state: 'running', kinds: ['folder.ask'], version: '1.0.0' })
    expect(all.find(({ name }) => name === 'broken')).toMatchObject({ state: 'failed', error: expect.stringMatching(/shoal-plugin\.json/) })
    expect(all.some(({ name }) => ['.hidden', 'node_modules', 'empty'].includes(name))).toBe(false)
    // what it takes is known now
    await expect(node.client.call('config.set', { params: { key: 'plugins.folder.word' }, body: { value: 5 } })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
    )
    expect((await node.client.call('config.set', { params: { key: 'plugins.folder.word' }, body: { value: 'ho' } })).plugin).toBe('folder')
    writeFileSync(join(home, 'plugins', 'folder', 'index.mjs'), module('2.0.0'))
    const manifest = join(home, 'plugins', 'folder', 'shoal-plugin.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('1.0.0', '2.0.0'))
    expect((await node.client.call('plugins.restart', { params: { name: 'folder' } })).plugin.version).toBe('2.0.0')
    expect((await detail(node, 'folder')).config).toMatchObject({ word: 'ho' })
    await node.client.call('plugins.disable', { params: { name: 'folder' } })
    await nodes.stop(node)
    const again = await nodes.start('c', { home })
    expect((await detail(again, 'folder')).state).toBe('disabled')
    expect((await again.client.call('plugins.enable', { params: { name: 'folder' } })).plugin.state).toBe('running')
    await nodes.stop(again)
    const third = await nodes.start('c', { home })
    expect((await detail(third, 'folder')).state).toBe('running')
  })

  it('are disabled by the environment, and by the configuration without "use"', async () => {
    const byEnv = await nodes.start('d', { home: fill(nodes.newHome()), env: { SHOAL_PLUGINS__FOLDER__ENABLED: 'false' } })
    const byFile = await nodes.start('e', { home: fill(nodes.newHome('plugins:\n  folder:\n    enabled: false\n  broken:\n    enabled: false\n')) })
    for (const node of [byEnv, byFile]) expect(await detail(node, 'folder')).toMatchObject({ state: 'disabled' })
    expect((await detail(byFile, 'broken')).state).toBe('disabled')
  })

  it('with a wrong section are disabled and say which key', async () => {
    const node = await nodes.start('f', { home: fill(nodes.newHome('plugins:\n  folder:\n    word: [1]\n')) })
    expect(await detail(node, 'folder')).toMatchObject({ state: 'disabled', error: expect.stringMatching(/word/) })
    await node.client.call('config.set', { params: { key: 'log.level' }, body: { value: 'info' } })
    await node.client.call('config.set', { params: { key: 'plugins.folder.word' }, body: { value: 'fine' } })
    expect((await node.client.call('plugins.enable', { params: { name: 'folder' } })).plugin.state).toBe('running')
  })
})
