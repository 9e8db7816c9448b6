/** Observations of the keys of plugins that fill slots with servers, databases and files. The servers are fakes that write down what they are asked. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { FakePostgres } from '../../servers/fake-postgres.js'
import { FakeRedis } from '../../servers/fake-redis.js'
import { waitFor } from '../../wait-for.js'
import type { TestNode } from '../nodes.js'
import { type Bench, type Observation, read } from './bench.js'

/** Key → its observation. */
export function slotKeys(bench: Bench): Record<string, Observation> {
  return { ...redisKeys(bench), ...postgresKeys(bench), ...sqliteKeys(bench), ...logFileKeys(bench) }
}

const redisPlugins = ['cache-redis', 'cluster-redis', 'locks-redis'] as const

interface WithRedis {
  readonly node: TestNode
  readonly servers: Readonly<Record<string, FakeRedis>>
}

/** A file of mode 0600. */
function secretFile(bench: Bench, name: string): string {
  const file = join(bench.nodes.folder, name)
  writeFileSync(file, `${name} from a file\nnot this\n`, { mode: 0o600 })
  return file
}

function redisKeys(bench: Bench): Record<string, Observation> {
  const made = new Map<string, Promise<WithRedis>>()
  const make = async (name: string, settings: (plugin: string) => Record<string, unknown>): Promise<WithRedis> => {
    const servers = Object.fromEntries(await Promise.all(redisPlugins.map(async (plugin) => [plugin, await FakeRedis.start()] as const)))
    const flags: Record<string, unknown> = { 'log.level': 'debug' }
    for (const plugin of redisPlugins) {
      const own = { enabled: true, url: servers[plugin]?.url, ...settings(plugin) }
      for (const [key, value] of Object.entries(own)) flags[`${plugin}.${key}`] = value
    }
    return { node: await bench.node(name, { flags: { ...flags, 'locks-redis.ttl': 4321 } }), servers }
  }
  const once = (name: string, settings: (plugin: string) => Record<string, unknown>): Promise<WithRedis> => {
    const known = made.get(name) ?? make(name, settings)
    made.set(name, known)
    return known
  }
  const open = (): Promise<WithRedis> => once('redis-open', (plugin) => ({ password: `the word of ${plugin}`, prefix: `own-${plugin}:` }))
  const filed = (): Promise<WithRedis> => once('redis-filed', (plugin) => ({ passwordFile: secretFile(bench, `word-${plugin}`), timeout: 60 }))
  const uses: Record<string, (node: TestNode) => Promise<unknown>> = {
    'cache-redis': ({ probe }) => probe.ctx.use('cache').get('k'),
    'cluster-redis': ({ probe }) => probe.ctx.use('clusterNode').send('t', new Uint8Array([1])),
    'locks-redis': ({ probe }) => probe.ctx.use('locks').get('l'),
  }
  const observations = (plugin: string): Record<string, Observation> => ({
    [`${plugin}.url`]: async () => {
      expect((await open()).servers[plugin]?.commands.length).toBeGreaterThan(0)
    },
    [`${plugin}.password`]: async () => {
      expect((await open()).servers[plugin]?.of('AUTH')[0]).toContain(`the word of ${plugin}`)
    },
    [`${plugin}.passwordFile`]: async () => {
      expect((await filed()).servers[plugin]?.of('AUTH')[0]).toContain(`word-${plugin} from a file`)
    },
    [`${plugin}.prefix`]: async () => {
      const { node, servers } = await open()
      await uses[plugin]?.(node)
      const words = servers[plugin]?.commands.flat() ?? []
      expect(words.some((word) => word.startsWith(`own-${plugin}:`))).toBe(true)
    },
    [`${plugin}.timeout`]: async () => {
      const { node, servers } = await filed()
      const server = servers[plugin]
      if (server) server.silent = true
      const outcome = await uses[plugin]?.(node).catch((error: { code: string }) => error.code)
      expect([undefined, 'ERR_TIMEOUT']).toContain(outcome)
      const told = (): boolean => JSON.stringify(node.daemon.log.tail({ lines: 2000, module: `plugin:${plugin}` })).includes('did not answer within 60 ms')
      if (outcome === undefined) await waitFor('the line', told)
      if (server) server.silent = false
    },
  })
  const locks: Record<string, Observation> = {
    'locks-redis.ttl': async () => {
      const { node, servers } = await open()
      await uses['locks-redis']?.(node)
      expect(servers['locks-redis']?.of('EVAL').some((words) => words.includes('4321'))).toBe(true)
    },
  }
  return Object.assign({}, ...redisPlugins.map(observations), locks)
}

function postgresKeys(bench: Bench): Record<string, Observation> {
  const made = new Map<string, Promise<{ readonly node: TestNode; readonly server: FakePostgres }>>()
  const once = (name: string, settings: Record<string, unknown>) => {
    const make = async () => {
      const server = await FakePostgres.start()
      const own = Object.entries({ enabled: true, url: server.url, ...settings }).map(([key, value]) => [`storage-postgres.${key}`, value] as const)
      return { node: await bench.node(name, { flags: Object.fromEntries(own) }), server }
    }
    const known = made.get(name) ?? make()
    made.set(name, known)
    return known
  }
  const open = () => once('pg-open', { password: 'the word', table: 'own_table', connections: 2, timeout: 2345 })
  const filed = () => once('pg-filed', { passwordFile: secretFile(bench, 'word-postgres') })
  return {
    'storage-postgres.url': async () => {
      expect((await open()).server.startups[0]).toMatchObject({ user: 'ann', database: 'db' })
    },
    'storage-postgres.password': async () => {
      expect((await open()).server.passwords[0]).toBe('the word')
    },
    'storage-postgres.passwordFile': async () => {
      expect((await filed()).server.passwords[0]).toBe('word-postgres from a file')
    },
    'storage-postgres.table': async () => {
      expect((await open()).server.statements.some((text) => text.startsWith('create table if not exists own_table '))).toBe(true)
    },
    'storage-postgres.connections': async () => {
      const [few, more] = await Promise.all([open(), filed()])
      for (const { node } of [few, more]) await Promise.all(Array.from({ length: 20 }, (_, at) => node.probe.ctx.store.get(`k${at}`)))
      expect([few.server.connections, more.server.connections]).toEqual([2, 4])
    },
    'storage-postgres.timeout': async () => {
      const [short, usual] = await Promise.all([open(), filed()])
      const limits = [short, usual].map(({ server }) => server.startups[0]?.['statement_timeout'] ?? server.startups[0]?.['options'])
      expect(limits).toEqual([expect.stringContaining('2345'), expect.stringContaining('10000')])
    },
  }
}

function sqliteKeys(bench: Bench): Record<string, Observation> {
  return {
    'storage-sqlite.file': async () => {
      const file = join(bench.nodes.folder, 'elsewhere', 'own.db')
      const node = await bench.node('sqlite', { flags: { 'storage-sqlite.enabled': true, 'storage-sqlite.file': file } })
      await node.probe.ctx.store.set('k', new Uint8Array([1]))
      expect(existsSync(file)).toBe(true)
    },
  }
}

function logFileKeys(bench: Bench): Record<string, Observation> {
  const own = (): string => join(bench.nodes.folder, 'rolling', 'own.log')
  const small = (): Promise<TestNode> =>
    bench.node('small-logs', {
      flags: { 'log-file.enabled': true, 'log-file.file': own(), 'log-file.maxSize': 0.002, 'log-file.maxFiles': 2, 'log-file.compress': true },
    })
  const old = (): Promise<TestNode> => bench.node('short-logs', { flags: { 'log-file.enabled': true, 'log-file.interval': '1s' } })
  const rotations = async (node: TestNode): Promise<number> => (await read<{ rotations: number }>(node, '/log-file/status')).rotations
  const aside = (): string[] => readdirSync(dirname(own())).filter((name) => name.endsWith('.log') === false || name !== 'own.log')
  const speak = async (node: TestNode, least: number): Promise<void> => {
    await waitFor('the file to be put aside', async () => {
      node.probe.ctx.log.warn('x'.repeat(500))
      return (await rotations(node)) >= least
    })
  }
  return {
    'log-file.file': async () => {
      await small()
      await waitFor('the file', () => existsSync(own()))
    },
    'log-file.maxSize': async () => {
      await speak(await small(), 1)
      // the other has written as much at its start, and its file is still whole
      expect(await rotations(await bench.node('usual-logs', { flags: { 'log-file.enabled': true } }))).toBe(0)
    },
    'log-file.interval': async () => {
      const node = await old()
      await waitFor('the file to be put aside', async () => (await rotations(node)) > 0)
    },
    'log-file.maxFiles': async () => {
      const node = await small()
      await speak(node, 5)
      // each time it rolls it looks anew at what there is
      await waitFor('two to be left', () => {
        node.probe.ctx.log.warn('x'.repeat(500))
        return aside().filter((name) => !name.endsWith('.txt')).length === 2
      })
    },
    'log-file.compress': async () => {
      await speak(await small(), 1)
      const name = await waitFor('a file put aside', () => aside().find((one) => !one.endsWith('.txt')))
      expect(gunzipSync(readFileSync(join(dirname(own()), name))).toString()).toContain('"module"')
    },
  }
}
