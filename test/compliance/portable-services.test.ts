/** The suites of service slots, over a program that fills them. */

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describePortable, type PortablePlugin, portablePlugin } from '../../src/daemon/portable/native/portable-plugin.js'
import type { PortableProgram } from '../../src/daemon/portable/native/session.js'
import { type FakeContext, fakeContext, fakeNodeId } from '../../src/testing/fake-context.js'
import { memoryLog } from '../../src/testing/memory-log.js'
import { authenticationCompliance, cacheCompliance, loggerCompliance, permissionCompliance } from '../../src/testing/service-compliance.js'
import { storageCompliance } from '../../src/testing/storage-compliance.js'
import { codeOf } from '../../src/testing/test-api.js'
import { buildGo, goBuildTimeout, pluginPrograms } from '../go-programs.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'

const root = join(import.meta.dirname, '../..')
const env = { PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }
const python = { name: 'services', command: 'python3', args: ['services.py'], folder: join(root, 'test/fixtures/portable'), env }
const api = { describe, it, expect }

describeWith(['python3'], 'services of a program in Python', () => providedServiceTests('py-services', async () => python))

describeWith(['go'], 'services of a program in Go', () =>
  providedServiceTests('go-services', async () => ({ name: 'services', command: './services', folder: await buildGo(pluginPrograms) })),
)

function providedServiceTests(name: string, programOf: () => Promise<PortableProgram>): void {
  let fake: FakeContext
  let plugin: PortablePlugin
  const ask = async (what: string): Promise<unknown> => {
    const reply = await plugin.handlePayload?.(fakeNodeId, `${name}.do`, Buffer.from(what))
    return reply && reply.byteLength > 0 ? JSON.parse(Buffer.from(reply).toString()) : undefined
  }
  const empty = async (): Promise<FakeContext> => {
    await ask('reset')
    return fake
  }

  beforeAll(async () => {
    const program = await programOf()
    plugin = portablePlugin({ program, description: await describePortable(program, { log: memoryLog() }) })
    fake = await fakeContext(plugin).start()
  }, goBuildTimeout)
  afterAll(() => fake.stop())

  cacheCompliance(api, name, async () => (await empty()).services.use('cache'))
  storageCompliance(api, name, async () => ({ storage: (await empty()).services.use('storage') }))
  permissionCompliance(api, name, () => fake.services.permission)
  authenticationCompliance(api, name, {
    factory: () => fake.services.authentication,
    right: { via: 'http', user: 'ada', password: 'right' },
    wrong: [{ via: 'http', user: 'ada', password: 'wrong' }],
    foreign: [{ via: 'http', user: 'bob', password: 'right' }],
  })
  loggerCompliance(api, name, () => ({
    sink: { write: (line) => fake.services.logger.write(line), flush: () => fake.services.logger.flush() },
    written: async () => {
      const lines = await ask('lines')
      return Array.isArray(lines) ? lines.map(String) : []
    },
    close: async () => void (await ask('reset')),
  }))

  it('pages a long listing', async () => {
    const store = (await empty()).services.use('storage').open('long')
    const names = Array.from({ length: 900 }, (_, at) => String(at).padStart(5, '0'))
    await Promise.all(names.map((name) => store.set(name, Buffer.from(name))))
    const found: string[] = []
    for await (const [name] of store.entries()) found.push(name)
    expect(found).toEqual(names)
  })

  it('grants locks, gives them back, and says when one is lost', async () => {
    const locks = fake.services.use('locks')
    const first = await locks.get('a')
    expect([await locks.get('a'), await ask('held')]).toEqual([undefined, ['a']])
    await first?.release()
    await first?.release()
    const second = await locks.get('a')
    expect((second?.token ?? '') > (first?.token ?? '')).toBe(true)
    await ask('lose')
    await waitFor('the loss', () => second?.signal.aborted)
    expect(await codeOf(() => locks.get(''))).toBe('ERR_USAGE')
    expect(await codeOf(() => locks.get('b', { signal: AbortSignal.abort(new Error('no')) }))).toBe('other: no')
  })

  it('tells of changed permissions, and watches', async () => {
    const who = { kind: 'client', id: 'far' } as const
    const what = { action: 'stream.read', target: 'live' } as const
    expect(await fake.services.permission.allows(who, what)).toBe('Only the owner may.')
    const stop = new AbortController()
    const changes = fake.services.permission.changes(stop.signal)[Symbol.asyncIterator]()
    const change = changes.next()
    await ask('open')
    expect((await change).done).toBe(false)
    expect(await fake.services.permission.allows(who, what)).toBe(true)
    stop.abort()
    await waitFor('the logins', async () => {
      const logins = await ask('logins')
      return Array.isArray(logins) && logins.length > 0
    })
  })

  it('fails closed while its process is away, and works again with the next one', async () => {
    const lock = await fake.services.use('locks').get('kept')
    const who = { kind: 'client', id: 'far', local: true } as const
    const what = { action: 'stream.read', target: 'live' } as const
    const store = fake.services.use('storage').open('a')
    await codeOf(() => ask('die'))
    await waitFor('the loss of the lock', () => lock?.signal.aborted)
    const early = await fake.services.permission.allows(who, what)
    expect([true, `The plugin ${name} failed to decide.`]).toContain(early)
    await waitFor('the next process', () => plugin.status().state === 'running')
    expect(await fake.services.permission.allows(who, what)).toBe(true)
    expect(await store.get('key')).toBeUndefined()
    expect(plugin.status()).toMatchObject({ restarts: 1, lastEnd: expect.stringContaining('exited with code 3') })
  })
}
