/** Each service slot filled by a plugin, and really used by the daemon. */

import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definePlugin, type Plugin } from '../../src/plugin.js'
import type { Action, Credentials, LogLine, Principal, ServiceName, Services } from '../../src/services.js'
import { memoryStorage } from '../../src/testing/index.js'
import { RawClient } from '../unit/plugins/rtmp/raw-client.js'
import { waitFor } from '../wait-for.js'
import { Nodes, pullOf, type TestNode, Ticker, take } from './nodes.js'

/** A plugin that fills one slot. */
function filling<K extends ServiceName>(slot: K, service: Services[K], name = `my-${slot}`): Plugin {
  return definePlugin({ name, provides: [slot], start: (ctx) => ctx.provide(slot, service) })
}

const nodes = new Nodes()

afterAll(() => nodes.dispose())

describe('a node whose five slots are filled by plugins', () => {
  const lines: LogLine[] = []
  const spaces = new Set<string>()
  const storage = memoryStorage()
  const cached = new Map<string, Uint8Array>()
  const asked: Credentials[] = []
  const questions: [who: Principal, what: Action][] = []
  let refused: string | undefined
  let node: TestNode
  let peer: TestNode
  let ticker: Ticker
  let output: string

  const plugins = [
    filling('logger', { write: (line) => void lines.push(line) }),
    filling('storage', {
      open: (space) => {
        spaces.add(space)
        return storage.open(space)
      },
    }),
    filling('cache', {
      get: async (key) => cached.get(key),
      set: async (key, value) => void cached.set(key, value),
      delete: async (key) => void cached.delete(key),
      clear: async () => cached.clear(),
    }),
    filling('permission', {
      allows: (who, what) => {
        questions.push([who, what])
        return `${what.action} ${what.target}` === refused ? 'closed today' : true
      },
    }),
    filling('authentication', {
      authenticate: async (credentials) => {
        asked.push(credentials)
        const { user, password, token } = credentials
        if (user !== undefined) return user === 'ann' && password === 'right' && { kind: 'client', id: 'ann' }
        return token === 'ann-token' ? { kind: 'client', id: 'ann' } : null
      },
    }),
  ]

  const wasAsked = (action: string, target: string): Principal | undefined =>
    questions.findLast(([, what]) => what.action === action && what.target === target)?.[0]
  /** A default output that the test can read; the log closes it. */
  const spoken = () => ({ fd: openSync(output, 'a'), tty: false })
  const watch = async (query: string): Promise<number> => {
    const { port = 0 } = node.daemon.http ?? {}
    const stop = new AbortController()
    const response = await fetch(`http://127.0.0.1:${port}/live/film.flv${query}`, { signal: stop.signal })
    stop.abort()
    return response.status
  }

  beforeAll(async () => {
    output = join(nodes.folder, 'output.log')
    node = await nodes.start('node', { plugins, kinds: ['t.echo'], console: spoken() })
    peer = await nodes.start('peer')
    await nodes.join(node, peer)
    ticker = new Ticker(node, 'hall/cam')
    await node.client.call('pulls.create', { body: { url: 'file:///sample', path: 'live/film' } })
    await waitFor('the film', () => node.probe.ctx.streams.list().length === 2)
  })

  afterAll(() => ticker.stop())

  it('logger: the lines go to the plugin, and the default output is silent', () => {
    expect(lines.some(({ module, msg }) => module === 'daemon' && msg === 'ready')).toBe(true)
    node.probe.ctx.log.warn('from a plugin', { password: 'secret' })
    expect(lines.at(-1)).toMatchObject({ level: 'warn', module: 'plugin:probe', msg: 'from a plugin' })
    expect(JSON.stringify(lines.at(-1))).not.toContain('secret')
    expect(readFileSync(output, 'utf8')).toBe('')
  })

  it('storage: what plugins keep and the pulls of the daemon go to the plugin', async () => {
    await node.probe.ctx.store.set('note', new Uint8Array([1, 2]))
    expect(await storage.open('plugin/probe').get('note')).toEqual(new Uint8Array([1, 2]))
    const kept: string[] = []
    for await (const [key] of storage.open('daemon/pulls').entries()) kept.push(key)
    expect(kept).toMatchObject([expect.stringContaining('live/film')])
    expect([...spaces]).toEqual(expect.arrayContaining(['plugin/probe', 'daemon/pulls', 'daemon/pushes']))
  })

  it('authentication: a user and a password open RTMP, wrong ones do not', async () => {
    const { port } = (await (await get(node, '/rtmp/info')).json()) as { port: number }
    const right = await RawClient.publishing(port, 'cam?user=ann&pass=right')
    expect(asked.at(-1)).toMatchObject({ via: 'rtmp', user: 'ann', password: 'right', local: true })
    expect(wasAsked('stream.publish', 'live/cam')).toMatchObject({ kind: 'client', id: 'ann' })
    right.close()
    const wrong = await RawClient.ready(port)
    wrong.command(1, 'publish', 3, null, 'cam2?user=ann&pass=wrong', 'live')
    const status = await waitFor('a refusal', () => wrong.statuses.find(({ level }) => level === 'error') ?? (wrong.closed && { code: 'closed' }))
    expect(status.code).not.toContain('Start')
    expect(wasAsked('stream.publish', 'live/cam2')).toBeUndefined()
    wrong.close()
  })

  it('authentication: a token opens media over HTTP; cache: its verdict is kept there', async () => {
    cached.clear()
    const before = asked.length
    expect(await watch('?token=ann-token')).toBe(200)
    expect(wasAsked('stream.read', 'live/film')).toMatchObject({ kind: 'client', id: 'ann', local: true })
    expect([...cached.keys()]).toMatchObject([expect.stringMatching(/^authentication\//)])
    expect(await watch('?token=ann-token')).toBe(200)
    expect(asked.length).toBe(before + 1)
    cached.clear()
    expect(await watch('?token=ann-token')).toBe(200)
    expect(asked.length).toBe(before + 2)
    expect(await watch('?token=wrong')).toBe(401)
    // the default stands behind the plugin, so that nobody locks the owner out
    expect((await get(node, '/api/status', readFileSync(node.daemon.paths.token, 'utf8').trim())).status).toBe(200)
  })

  it('permission: asked for the API, media, pulls of peers and payloads, and obeyed', async () => {
    await node.client.call('peers.list')
    expect(wasAsked('api.call', 'peers.list')).toMatchObject({ kind: 'owner' })
    refused = 'api.call peers.list'
    await expect(node.client.call('peers.list')).rejects.toMatchObject({ code: 'ERR_FORBIDDEN', message: 'closed today' })
    refused = 'stream.read live/film'
    expect(await watch('?token=ann-token')).toBe(403)
    await peer.client.call('pulls.create', { body: { url: 'shoal://node/hall/cam' } })
    await take(await peer.probe.ctx.streams.subscribe('hall/cam', { wait: 10_000 }), 1)
    expect(wasAsked('stream.read', 'hall/cam')).toEqual({ kind: 'peer', id: peer.id })
    refused = 'stream.read hall/cam'
    await peer.client.call('pulls.create', { body: { url: 'shoal://node/hall/cam', path: 'again' } })
    expect(await waitFor('the refusal', async () => (await pullOf(peer, 'again'))?.error)).toMatchObject({ code: 'ERR_FORBIDDEN' })
    refused = undefined
    await waitFor('the peer to know the kind', () => peer.probe.ctx.peers.get('node')?.kinds.includes('t.echo'))
    await peer.probe.ctx.payloads.send(node.id, 't.echo', new Uint8Array())
    expect(wasAsked('payload.send', 't.echo')).toEqual({ kind: 'peer', id: peer.id })
    refused = 'payload.send t.echo'
    await expect(peer.probe.ctx.payloads.send(node.id, 't.echo', new Uint8Array())).rejects.toMatchObject({ code: 'ERR_PAYLOAD_REJECTED' })
    refused = undefined
  })

  it('what the storage plugin kept comes back with it after a restart', async () => {
    ticker.stop()
    await nodes.stop(node)
    // what is said after the plugin has stopped is not lost
    expect(readFileSync(output, 'utf8')).not.toContain('"msg":"ready"')
    node = await nodes.start('node', { home: node.home, plugins, console: spoken() })
    expect(await pullOf(node, 'live/film')).toMatchObject({ url: 'file:///sample' })
    expect(await node.probe.ctx.store.get('note')).toEqual(new Uint8Array([1, 2]))
    // without the plugin the daemon keeps its own list, which knows nothing of that
    await nodes.stop(node)
    node = await nodes.start('node', { home: node.home, console: spoken() })
    expect(await pullOf(node, 'live/film')).toBeUndefined()
    await waitFor('the default output to speak again', () => readFileSync(output, 'utf8').includes('"msg":"ready"'))
  })
})

/** GET over TCP. */
async function get(node: TestNode, path: string, token?: string): Promise<Response> {
  const bearer = token ?? readFileSync(node.daemon.paths.token, 'utf8').trim()
  return await fetch(`http://127.0.0.1:${node.daemon.http?.port}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
}

describe('two plugins for one slot', () => {
  const permission = { allows: () => true }

  it('are an error of the start that names both, and leaves nothing', async () => {
    const home = nodes.newHome()
    for (const slot of ['permission', 'storage', 'cache'] as const) {
      const service = { permission, storage: memoryStorage(), cache: undefined }[slot]
      const plugins = ['first', 'second'].map((name) =>
        definePlugin({ name, provides: [slot], start: (ctx) => ctx.provide(slot, service as Services[typeof slot]) }),
      )
      const { daemon } = await nodes.create('torn', { home, plugins })
      await expect(daemon.start()).rejects.toMatchObject({ code: 'ERR_SLOT_CONFLICT', message: expect.stringMatching(/first.*second/) })
    }
    const node = await nodes.start('whole', { home, plugins: [filling('permission', permission)] })
    expect((await node.client.call('status')).state).toBe('running')
    await nodes.stop(node)
  })

  it('are both used where the slot takes several', async () => {
    const [one, two]: [LogLine[], LogLine[]] = [[], []]
    const plugins = [filling('logger', { write: (line) => void one.push(line) }, 'one'), filling('logger', { write: (line) => void two.push(line) }, 'two')]
    const node = await nodes.start('several', { plugins })
    expect(one.some(({ msg }) => msg === 'ready')).toBe(true)
    expect(two.some(({ msg }) => msg === 'ready')).toBe(true)
    await nodes.stop(node)
  })
})

describe('a permission plugin that fails to start', () => {
  it('leaves the slot closed: the default does not open what it was to close', async () => {
    const broken = definePlugin({
      name: 'guard',
      provides: ['permission'],
      start: () => {
        throw new Error('no rules found')
      },
    })
    const node = await nodes.start('closed', { plugins: [broken] })
    // by default a client on this machine may read, and would be told that there is no such stream
    const answer = await fetch(`http://127.0.0.1:${node.daemon.http?.port}/live/x.flv`)
    expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('guard')])
    // the owner goes on, to repair it
    expect((await node.client.call('status')).problems).toMatchObject([{ what: 'plugin:guard' }])
    await nodes.stop(node)
  })
})

describe('a start and a stop', () => {
  it('go by stages: logger, services, plugins, and endpoints last; the stop is the reverse', async () => {
    const calls: string[] = []
    const told = <K extends ServiceName>(name: string, slot?: K, service?: Services[K]): Plugin =>
      definePlugin({
        name,
        ...(slot && { provides: [slot] }),
        start: async (ctx) => {
          // a stage waits for the one before, however long that takes
          await new Promise((resolve) => setTimeout(resolve, 20))
          calls.push(`start ${name}`)
          if (slot && service) ctx.provide(slot, service)
        },
        shutdown: () => void calls.push(`stop ${name}`),
      })
    const door: Services['endpoint'] = {
      name: 'door',
      open: async () => {
        calls.push('open the door')
        return { address: 'here' }
      },
      close: async () => void calls.push('close the door'),
    }
    const plugins = [told('plain'), told('doors', 'endpoint', door), told('keeper', 'storage', memoryStorage()), told('scribe', 'logger', { write: () => {} })]
    const node = await nodes.start('stages', { plugins })
    await nodes.stop(node)
    const at = (call: string): number => calls.indexOf(call)
    expect([...calls].sort()).toEqual([...new Set(calls)].sort())
    for (const [before, after] of [
      ['start keeper', 'start plain'],
      ['start scribe', 'start plain'],
      ['start plain', 'open the door'],
      ['start doors', 'open the door'],
      ['close the door', 'stop plain'],
      ['stop plain', 'stop keeper'],
      ['stop plain', 'stop scribe'],
    ] as const)
      expect([before, after, at(before) >= 0 && at(before) < at(after)]).toEqual([before, after, true])
  })

  it('go on around plugins that throw in every callback, which are named with their reason', async () => {
    const fail = (what: string) => () => {
      throw new Error(`${what} went wrong`)
    }
    const rude = definePlugin({
      name: 'rude',
      payloadKinds: ['t.rude'],
      start: () => {},
      handlePayload: fail('handlePayload'),
      onPeerForgotten: fail('onPeerForgotten'),
      shutdown: fail('shutdown'),
    })
    const unable = definePlugin({ name: 'unable', start: fail('start') })
    const rejecting = definePlugin({ name: 'rejecting', start: () => Promise.reject(new Error('not today')) })
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const seen: string[] = []
    const calm = definePlugin({
      name: 'calm',
      payloadKinds: ['t.calm'],
      handlePayload: (src) => void seen.push(src),
      onPeerForgotten: (peer) => void seen.push(`forgotten ${peer}`),
      shutdown: () => void seen.push('shutdown'),
    })
    const node = await nodes.start('rude', { plugins: [rude, unable, rejecting, calm] })
    const peer = await nodes.start('guest')
    await nodes.join(node, peer)
    for (const [name, reason] of [
      ['unable', 'start went wrong'],
      ['rejecting', 'not today'],
    ] as const)
      expect(await node.client.call('plugins.info', { params: { name } })).toMatchObject({
        plugin: { state: 'failed', error: expect.stringContaining(reason) },
      })
    await waitFor('the kinds', () => peer.probe.ctx.peers.get(node.id)?.kinds.includes('t.calm'))
    await expect(peer.probe.ctx.payloads.send(node.id, 't.rude', new Uint8Array())).rejects.toMatchObject({ code: 'ERR_PAYLOAD_REJECTED' })
    await peer.probe.ctx.payloads.send(node.id, 't.calm', new Uint8Array())
    await node.client.call('peers.forget', { params: { peer: peer.id } })
    await waitFor('the peer to be forgotten', () => seen.includes(`forgotten ${peer.id}`))
    await nodes.stop(node)
    await nodes.stop(peer)
    process.off('unhandledRejection', note)
    expect(seen).toEqual([peer.id, `forgotten ${peer.id}`, 'shutdown'])
    expect(unhandled).toEqual([])
  })
})
