/** Stop and start again: what stays, what comes back, and what a failed start leaves. */

import { existsSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definePlugin, type Plugin } from '../../src/plugin.js'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode, Ticker, take } from './nodes.js'

const nodes = new Nodes()

afterAll(() => nodes.dispose())

/** Does anybody listen there? */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.unref().on('connect', () => socket.destroy())
  })
}

/** Listens on a port, as another program would. */
function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

describe('a node that stops and starts again', () => {
  const text = (data?: Uint8Array): string => new TextDecoder().decode(data)
  let a: TestNode
  let b: TestNode
  let id: string
  let tickers: Ticker[]

  beforeAll(async () => {
    a = await nodes.start('a')
    b = await nodes.start('b', { yaml: 'pulls:\n  - { url: "shoal://a/one", path: from/config }\n' })
    id = b.id
    await nodes.join(a, b)
    tickers = ['one', 'two', 'three'].map((path) => new Ticker(a, path))
    await b.client.call('pulls.create', { body: { url: 'shoal://a/two', path: 'from/api' } })
    await b.client.call('pulls.create', { body: { url: 'shoal://a/three', path: 'on/demand', onDemand: true, idleDelay: 60_000 } })
    await b.client.call('pulls.create', { body: { url: 'shoal://a/three', path: 'removed' } })
    await b.client.call('pushes.create', { body: { path: 'from/api', url: 'rtmp://127.0.0.1:1/live/x' } })
    await b.client.call('pulls.remove', { params: { path: 'removed' } })
    await b.probe.ctx.store.set('note', new TextEncoder().encode('kept'))
    await waitFor('both pulls to run', () => b.probe.ctx.streams.list().length === 2)
    await nodes.stop(b)
    b = await nodes.start('b', { home: b.home })
  })

  afterAll(() => {
    for (const ticker of tickers) ticker.stop()
  })

  it('is the same node with the same peers', async () => {
    expect(b.id).toBe(id)
    expect(b.daemon.created).toBe(false)
    expect((await b.client.call('peers.list')).peers.map((peer) => [peer.id, peer.name])).toEqual([[a.id, 'a']])
    await waitFor('the link to come back', () => b.probe.ctx.peers.get('a')?.connected)
  })

  it('resumes the pulls and pushes of the API with their options, and starts those of the configuration', async () => {
    const { pulls } = await b.client.call('pulls.list')
    expect(pulls.map(({ path, url, onDemand }) => [path, url, onDemand]).sort()).toEqual([
      ['from/api', 'shoal://a/two', false],
      ['from/config', 'shoal://a/one', false],
      ['on/demand', 'shoal://a/three', true],
    ])
    expect((await b.client.call('pushes.list')).pushes).toMatchObject([{ path: 'from/api', url: 'rtmp://127.0.0.1:1/live/x' }])
    for (const path of ['from/api', 'from/config', 'on/demand']) {
      expect(await take(await b.probe.ctx.streams.subscribe(path, { wait: 20_000 }), 2)).toHaveLength(2)
    }
  })

  it('keeps what a plugin stored', async () => {
    expect(text(await b.probe.ctx.store.get('note'))).toBe('kept')
  })

  it('a pull that is removed stays removed', async () => {
    await b.client.call('pulls.remove', { params: { path: 'from/api' } })
    const [push] = (await b.client.call('pushes.list')).pushes
    await b.client.call('pushes.remove', { params: { id: push?.id ?? '' } })
    await nodes.stop(b)
    b = await nodes.start('b', { home: b.home })
    expect((await b.client.call('pulls.list')).pulls.map(({ path }) => path).sort()).toEqual(['from/config', 'on/demand'])
    expect((await b.client.call('pushes.list')).pushes).toEqual([])
  })
})

describe('a start', () => {
  const broken = (name = 'broken'): Plugin =>
    definePlugin({
      name,
      start: () => {
        throw new Error('no camera found')
      },
    })

  /** Nothing of a failed start may be left: then the same home starts, on the same ports. */
  const startsAfter = async (home: string, flags: Record<string, unknown>): Promise<void> => {
    expect(existsSync(join(home, 'run', 'ctl.sock'))).toBe(false)
    for (const [key, port] of Object.entries(flags)) if (key.endsWith('.port')) expect(await isOpen(Number(port)), key).toBe(false)
    const again = await nodes.start('again', { home, flags })
    expect((await again.client.call('status')).ready).toBe(true)
    await nodes.stop(again)
  }

  it('reports its steps; so does a stop', async () => {
    const { daemon } = await nodes.create('plain')
    expect(daemon.state).toBe('created')
    const started = await daemon.start()
    expect(started.ok).toBe(true)
    expect(started.steps.map(({ name, outcome }) => [name, outcome])).toEqual(
      ['lock', 'keystore', 'services', 'api', 'links', 'streams', 'payloads', 'plugins', 'router', 'swarm', 'http', 'jobs', 'endpoints', 'ready'].map(
        (name) => [name, 'ok'],
      ),
    )
    const stopped = await daemon.stop()
    expect(stopped.ok).toBe(true)
    expect(stopped.steps[0]?.name).toBe('ready')
    expect(stopped.steps.at(-1)?.name).toBe('lock')
    expect(await daemon.stopped).toBe(stopped)
  })

  it('goes on without a plugin that fails, and says so', async () => {
    const node = await nodes.start('half', { plugins: [broken()] })
    const { plugin } = await node.client.call('plugins.info', { params: { name: 'broken' } })
    expect(plugin).toMatchObject({ state: 'failed', error: expect.stringContaining('no camera found') })
    const status = await node.client.call('status')
    expect(status).toMatchObject({ ready: true, state: 'degraded', plugins: { failed: 1 } })
    expect(status.problems).toMatchObject([{ what: 'plugin:broken', message: expect.stringContaining('no camera found') }])
    await nodes.stop(node)
  })

  it('fails without a plugin that is required, after the others were shut down, and leaves nothing', async () => {
    const calls: string[] = []
    const other = definePlugin({ name: 'other', start: () => void calls.push('start'), shutdown: () => void calls.push('shutdown') })
    const home = nodes.newHome()
    const flags = { 'http.port': await freePort(), 'rtmp.port': await freePort() }
    const { daemon } = await nodes.create('strict', { home, plugins: [other, broken()], flags: { ...flags, 'plugins.broken.required': true } })
    await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringMatching(/broken.*no camera found/) })
    expect(daemon.state).toBe('stopped')
    expect(calls).toEqual(['start', 'shutdown'])
    await startsAfter(home, flags)
  })

  it('fails when the HTTP port is taken, names port and key, and leaves nothing', async () => {
    const home = nodes.newHome()
    const port = await freePort()
    const flags = { 'http.port': port, 'rtmp.port': await freePort() }
    const server = await occupy(port)
    const { daemon } = await nodes.create('late', { home, flags })
    await expect(daemon.start()).rejects.toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: expect.stringContaining(`${port}`),
      hint: expect.stringContaining('http.port'),
    })
    await new Promise((resolve) => server.close(resolve))
    await startsAfter(home, flags)
  })

  it('fails when the port for peers is taken, names it, and leaves nothing', async () => {
    const home = nodes.newHome()
    const port = await freePort()
    const flags = { 'swarm.listen': [`/ip4/127.0.0.1/tcp/${port}`], 'rtmp.port': await freePort() }
    const server = await occupy(port)
    const { daemon } = await nodes.create('late', { home, flags })
    await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE', message: expect.stringContaining(`${port}`) })
    await new Promise((resolve) => server.close(resolve))
    await startsAfter(home, flags)
  })

  it('goes on when the RTMP port is taken: rtmp has failed, and says why', async () => {
    const port = await freePort()
    const server = await occupy(port)
    const node = await nodes.start('no-rtmp', { flags: { 'rtmp.port': port } })
    const { plugin } = await node.client.call('plugins.info', { params: { name: 'rtmp' } })
    expect(plugin).toMatchObject({ state: 'failed', error: expect.stringContaining(`${port}`), pullers: [] })
    expect((await node.client.call('status')).state).toBe('degraded')
    await nodes.stop(node)
    const { daemon } = await nodes.create('rtmp-first', { flags: { 'rtmp.port': port, 'rtmp.required': true } })
    await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringMatching(/rtmp.*in use/) })
    await new Promise((resolve) => server.close(resolve))
  })

  it('is refused in a home where a daemon runs, which goes on', async () => {
    const node = await nodes.start('first')
    const { daemon } = await nodes.create('second', { home: node.home })
    await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_ALREADY_RUNNING', message: expect.stringContaining(node.home) })
    expect((await node.client.call('status')).ready).toBe(true)
    await nodes.stop(node)
  })
})
