import { describe, expect, it } from 'vitest'
import { changeOf, readHello } from '../../../../../src/daemon/portable/native/description.js'
import type { Description } from '../../../../../src/daemon/portable/native/portable.pb.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

const plain: Description = {
  ...{ name: 'a-plugin', version: '1', description: '', author: '', kinds: [], configSchema: new Uint8Array() },
  ...{ pullers: [], pushers: [], routes: [], provides: [], events: [], uses: [] },
}

function read(change: Partial<Description>, versions: { version: number; minVersion: number } = { version: 1, minVersion: 1 }) {
  return readHello({ ...versions, agent: 'test', plugin: { ...plain, ...change } }, 'program')
}

describe('readHello', () => {
  it('reads a description', () => {
    const schema = { type: 'object' }
    const given = { kinds: ['a.b'], configSchema: Buffer.from(JSON.stringify(schema)), pullers: [{ protocol: 'x', prefix: 'x://h/' }], author: 'A\nB' }
    expect(read(given)).toEqual({
      ...{ name: 'a-plugin', info: { version: '1', author: 'A B' }, payloadKinds: ['a.b'], config: schema },
      ...{ pullers: [{ protocol: 'x', prefix: 'x://h/' }], pushers: [], routes: [], events: [], provides: [], uses: [] },
    })
  })

  it('understands every range of versions with 1 in it', async () => {
    expect(read({}, { version: 5, minVersion: 1 }).name).toBe('a-plugin')
    for (const versions of [
      { version: 3, minVersion: 2 },
      { version: 0, minVersion: 0 },
      { version: 1, minVersion: 2 },
    ])
      expect(await codeOf(() => read({}, versions))).toBe('ERR_VERSION_MISMATCH')
  })

  it('refuses what breaks the contract', async () => {
    const bad: Partial<Description>[] = [
      { name: '' },
      { name: 'A' },
      { name: 'a'.repeat(41) },
      { kinds: ['ä'] },
      { kinds: ['a', 'a'] },
      { kinds: [''] },
      { configSchema: Buffer.from('[]') },
      { configSchema: Buffer.from(JSON.stringify({ x: 'y'.repeat(300_000) })) },
      { pullers: [{ protocol: 'x:', prefix: '' }] },
      { pushers: [{ protocol: '', prefix: '' }] },
      { routes: [{ method: 'get', path: '/', summary: '', public: false }] },
      { routes: [{ method: 'GET', path: 'x', summary: '', public: false }] },
      { events: ['weather'] },
      { provides: ['endpoint'] },
      { provides: ['cache', 'cache'] },
      { uses: ['storage'] },
    ]
    for (const change of bad) expect([change, await codeOf(() => read(change))]).toEqual([change, 'ERR_PLUGIN_INVALID'])
    expect(await codeOf(() => read({ configSchema: Buffer.from('{') }))).toBe('ERR_PROTOCOL')
    expect(await codeOf(() => readHello({ version: 1, minVersion: 1, agent: '' }, 'program'))).toBe('ERR_PLUGIN_INVALID')
  })
})

describe('changeOf', () => {
  it('names what the host made plans by', () => {
    expect(changeOf(read({}), read({ version: '2', description: 'new' }))).toBeUndefined()
    expect(changeOf(read({}), read({ kinds: ['x'] }))).toBe('payloadKinds')
    expect(changeOf(read({}), read({ name: 'b' }))).toBe('name')
  })
})
