/** Each of the twelve slots filled by something else than its default, by configuration alone, and seen to work. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/plugins/auth-file/password.js'
import { describeWith } from '../needs.js'
import { type PostgresServer, startPostgres } from '../servers/postgres.js'
import { type RedisServer, startRedis } from '../servers/redis.js'
import { RawClient } from '../unit/plugins/rtmp/raw-client.js'
import { waitFor } from '../wait-for.js'
import { read } from './keys/bench.js'
import { Nodes, pullOf, type TestNode } from './nodes.js'

const nodes = new Nodes()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value)
const sections = ['stream.publish', 'payload.send', 'api.call'].map((name) => `${name}: {"*": true}\n`).join('')

/** Every file below a folder. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
}

const fillerOf = async (node: TestNode, slot: string): Promise<unknown> => (await node.client.call('slots')).slots.find((one) => one.slot === slot)?.providers

afterAll(() => nodes.dispose())

describe('on one node, by configuration alone', () => {
  let node: TestNode

  beforeAll(async () => {
    const home = nodes.newHome()
    writeFileSync(join(home, 'rules.yaml'), `stream.read: {"*": true, "secret/*": [owner]}\n${sections}`)
    writeFileSync(join(home, 'users.yaml'), `users:\n  ann: ${await hashPassword('right', { ln: 4, r: 8, p: 1 })}\n`, { mode: 0o600 })
    const flags = {
      'http-flv.wait': 0,
      'auth-file.enabled': true,
      'rules.enabled': true,
      'storage-sqlite.enabled': true,
      'log-file.enabled': true,
      'endpoint-websocket.enabled': true,
      'endpoint-websocket.port': 0,
      'monitoring-http.enabled': true,
      'plugins.registries.use': join(import.meta.dirname, '..', 'fixtures', 'registries.mjs'),
    }
    node = await nodes.start('other', { home, flags })
  })

  it('authentication: auth-file knows a user, and refuses one with a wrong password', async () => {
    expect(await fillerOf(node, 'authentication')).toEqual(['auth-file'])
    const { port } = await read<{ port: number }>(node, '/rtmp/info')
    const right = await RawClient.publishing(port, 'cam?user=ann&pass=right')
    right.close()
    const wrong = await RawClient.ready(port)
    wrong.command(1, 'publish', 3, null, 'cam2?user=ann&pass=wrong', 'live')
    await waitFor('the refusal', () => wrong.closed || wrong.statuses.some(({ level }) => level === 'error'))
    wrong.close()
  })

  it('permission: rules refuse what the default allows', async () => {
    expect(await fillerOf(node, 'permission')).toEqual(['rules'])
    const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${node.daemon.http?.port}/${path}`)).status
    expect([await status('secret/cam.flv'), await status('open/cam.flv')]).toEqual([401, 404])
  })

  it('logger: log-file has the lines', async () => {
    expect(await fillerOf(node, 'logger')).toEqual(['log-file'])
    const { file } = await read<{ file: string }>(node, '/log-file/status')
    node.probe.ctx.log.warn('for the file')
    await waitFor('the line', () => readFileSync(file, 'utf8').includes('"msg":"for the file"'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line)).slice(0, 3))).toEqual(lines.map(() => ['level', 'time', 'module']))
  })

  it('endpoint: clients come in by WebSocket', async () => {
    expect(await fillerOf(node, 'endpoint')).toEqual(['endpoint-websocket'])
    const { address } = await read<{ address: string }>(node, '/endpoint-websocket/status')
    const { hostname, port } = new URL(address.includes('//') ? address : `ws://${address}`)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname).once('error', reject)
      const key = 'dGhlIHNhbXBsZSBub25jZQ=='
      const head = [
        `Host: ${hostname}:${port}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Protocol: shoal-1',
        `Sec-WebSocket-Key: ${key}`,
      ]
      socket.write(`GET / HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
      socket.once('data', (data) => socket.destroy() && resolve(data.toString()))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 101 /)
  })

  it('monitoring: monitoring-http counts the logins of before', async () => {
    expect(await fillerOf(node, 'monitoring')).toEqual(['monitoring-http'])
    // observers are told a moment later
    await waitFor('both', async () => {
      const { logins } = await read<{ logins: { allowed: number; refused: number } }>(node, '/monitoring-http/summary')
      return logins.allowed > 0 && logins.refused > 0
    })
  })

  it('clusterRegistry, stateRegistry, subscriptionRegistry: those of an outside author answer', async () => {
    for (const slot of ['clusterRegistry', 'stateRegistry', 'subscriptionRegistry']) expect(await fillerOf(node, slot)).toEqual(['registries'])
    const { ctx } = node.probe
    expect([ctx.use('clusterRegistry').leader(), ctx.use('clusterRegistry').members()]).toEqual(['somebody', [node.id, 'somebody']])
    const state = ctx.use('stateRegistry').getRegistry('t')
    state.add('x')
    expect([state.getAll(), state.ownersOf('x')]).toEqual([['kept by the fixture', 'x'], ['the fixture']])
    const heard: string[] = []
    const registry = ctx.use('subscriptionRegistry').getRegistry('t')
    registry.subscribe('news', ({ name, body }) => heard.push(`${name}: ${text(body)}`))
    await registry.publish('news', bytes('hello'))
    expect(heard).toEqual(['news, by the fixture: hello'])
  })

  it('storage: what plugins keep is in the SQLite file, survives a restart, and is not in the keystore', async () => {
    expect(await fillerOf(node, 'storage')).toEqual(['storage-sqlite'])
    await node.probe.ctx.store.set('note', bytes('kept in a file of SQLite'))
    // the plugin alone starts anew: others, and the daemon, go on with it
    await node.client.call('plugins.restart', { params: { name: 'storage-sqlite' } })
    expect(text(await node.probe.ctx.store.get('note'))).toBe('kept in a file of SQLite')
    await node.client.call('pulls.create', { body: { url: 'file:///sample', path: 'kept/film', onDemand: true } })
    await nodes.stop(node)
    const holders = filesOf(node.home).filter((file) => readFileSync(file).includes('kept in a file of SQLite'))
    expect(holders).toEqual([expect.stringMatching(/storage-sqlite\/storage\.db$/)])
    node = await nodes.start('other', { home: node.home, flags: { 'storage-sqlite.enabled': true } })
    expect((await pullOf(node, 'kept/film'))?.url).toBe('file:///sample')
    expect(text(await node.probe.ctx.store.get('note'))).toBe('kept in a file of SQLite')
    await nodes.stop(node)
    // the default keeps data of its own
    node = await nodes.start('other', { home: node.home })
    expect(await node.probe.ctx.store.get('note')).toBeUndefined()
    await nodes.stop(node)
  })
})

describeWith(['redis-server'], 'with Redis, by configuration alone', () => {
  let server: RedisServer
  let redis: Redis
  let one: TestNode
  let two: TestNode

  beforeAll(async () => {
    server = await startRedis()
    redis = new Redis(server.url)
    redis.on('error', () => {})
    const slots = ['cache-redis', 'cluster-redis', 'locks-redis']
    const flags = Object.fromEntries(
      slots.flatMap((name) => [
        [`${name}.enabled`, true],
        [`${name}.url`, server.url],
      ]),
    )
    ;[one, two] = await Promise.all([nodes.start('one', { flags }), nodes.start('two', { flags })])
    await nodes.join(one, two)
  })
  afterAll(async () => {
    redis?.disconnect()
    await server?.stop()
  })

  it('cache: the verdict on a token is kept in Redis', async () => {
    expect(await fillerOf(one, 'cache')).toEqual(['cache-redis'])
    const token = readFileSync(one.daemon.paths.token, 'utf8').trim()
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`http://127.0.0.1:${one.daemon.http?.port}/api/status`, { headers })).status).toBe(200)
    const kept = await redis.keys('shoal:cache:authentication/*')
    expect(kept.length).toBeGreaterThan(0)
    // neither the token nor anything it can be told from
    for (const key of kept) expect(`${key} ${await redis.get(key)}`).not.toContain(token)
  })

  it('locks: a lock is a key in Redis, and the other node does not get it', async () => {
    expect(await fillerOf(one, 'locks')).toEqual(['locks-redis'])
    const lock = await one.probe.ctx.use('locks').get('front-door')
    expect(await redis.exists('shoal:locks:held:front-door')).toBe(1)
    expect(await two.probe.ctx.use('locks').get('front-door')).toBeUndefined()
    await lock?.release()
    expect(await redis.exists('shoal:locks:held:front-door')).toBe(0)
    await (await two.probe.ctx.use('locks').get('front-door'))?.release()
  })

  it('clusterNode: messages go over Redis, and do not when it is gone; the nodes go on', async () => {
    expect(await fillerOf(one, 'clusterNode')).toEqual(['cluster-redis'])
    const stop = new AbortController()
    const heard: string[] = []
    const listening = (async () => {
      for await (const message of two.probe.ctx.use('clusterNode').subscribe('news', { signal: stop.signal }))
        heard.push(message.type === 'message' ? `${message.peer === one.id ? 'one' : 'somebody'}: ${text(message.body)}` : 'lagged')
    })()
    const send = (): Promise<void> => one.probe.ctx.use('clusterNode').sendDirect(two.id, 'news', bytes('hello'))
    await send()
    await waitFor('the message', () => heard.length > 0)
    expect(heard).toEqual(['one: hello'])
    await server.kill()
    await waitFor('the loss', async () =>
      send().then(
        () => false,
        ({ code }) => code === 'ERR_PEER_UNREACHABLE',
      ),
    )
    // the cache is gone too: credentials are simply looked at each time
    const headers = { authorization: `Bearer ${readFileSync(one.daemon.paths.token, 'utf8').trim()}` }
    expect((await fetch(`http://127.0.0.1:${one.daemon.http?.port}/api/status`, { headers })).status).toBe(200)
    expect(one.probe.ctx.peers.get(two.id)?.connected).toBe(true)
    await server.start()
    await waitFor('the way back', () =>
      send().then(
        () => true,
        () => false,
      ),
    )
    await waitFor('a message of after', () => heard.length > 1)
    stop.abort()
    await listening
  })
})

describeWith(['postgres'], 'with PostgreSQL, by configuration alone', () => {
  let server: PostgresServer

  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server?.stop())

  it('storage: what plugins keep is in the database, survives its end and the daemon, and the password is nowhere to be seen', async () => {
    const secret = join(nodes.newHome(), 'postgres.password')
    writeFileSync(secret, `${server.password}\n`, { mode: 0o600 })
    const flags = { 'storage-postgres.enabled': true, 'storage-postgres.url': server.bareUrl, 'storage-postgres.passwordFile': secret }
    let node = await nodes.start('pg', { flags })
    expect(await fillerOf(node, 'storage')).toEqual(['storage-postgres'])
    await node.probe.ctx.store.set('note', bytes('kept in a table'))
    await server.kill()
    await expect(node.probe.ctx.store.get('note')).rejects.toMatchObject({ code: 'ERR_BACKEND_UNREACHABLE' })
    await server.start()
    expect(await waitFor('the way back', async () => text(await node.probe.ctx.store.get('note')))).toBe('kept in a table')
    expect(JSON.stringify(node.daemon.log.tail({ lines: 2000 }))).not.toContain(server.password)
    await nodes.stop(node)
    node = await nodes.start('pg', { home: node.home, flags })
    expect(text(await node.probe.ctx.store.get('note'))).toBe('kept in a table')
    await nodes.stop(node)
    // another node with the same table sees nothing of it
    const other = await nodes.start('pg2', { flags })
    expect(await other.probe.ctx.store.get('note')).toBeUndefined()
    await nodes.stop(other)
  })
})
