import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { levelDisk } from '../../../../src/daemon/keystore/level-backend.js'
import { openStore, type Store } from '../../../../src/daemon/keystore/store.js'
import { encodeRecord, markKey } from '../../../../src/daemon/keystore/store-record.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { faultyDisk } from './faulty-disk.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-store-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const freshDir = (): string => join(root, `store${count++}`)
const log = memoryLog()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const code = (expected: string) => expect.objectContaining({ code: expected })

async function all(store: Store, namespace: string, prefix?: string): Promise<[string, string][]> {
  const found: [string, string][] = []
  for await (const [key, value] of store.open(namespace).entries(prefix)) found.push([key, Buffer.from(value).toString()])
  return found
}

describe('a store', () => {
  it('keeps what was set, over a close', async () => {
    const dir = freshDir()
    const first = await openStore(dir, { create: true, log })
    await first.open('peers').set('a', bytes('one'))
    await first.open('peers').set('b', bytes('two'))
    await first.open('peers').delete('b')
    await first.open('peers').delete('never was')
    await first.close()
    const second = await openStore(dir, { create: false, log })
    expect(await all(second, 'peers')).toEqual([['a', 'one']])
    expect(await second.open('peers').get('a')).toEqual(bytes('one'))
    expect(await second.open('peers').get('b')).toBeUndefined()
    await second.close()
    expect(statSync(dir).mode & 0o7777).toBe(0o700)
  })

  it('hides name spaces from each other', async () => {
    const store = await openStore(freshDir(), { create: true, log })
    const names = ['a', 'a/b', 'a%2Fb', 'A', 'a ', 'm', 'n', '/', '.', '..', 'ä', '!', '\0', 'a\0b']
    for (const name of names) await store.open(name).set('key', bytes(name))
    await store.open('a').set('b/key', bytes('inside a'))
    for (const name of names) expect(await all(store, name, 'key')).toEqual([['key', name]])
    await store.open('a').clear()
    expect(await all(store, 'a')).toEqual([])
    for (const name of names.slice(1)) expect(await all(store, name)).toEqual([['key', name]])
    await store.close()
  })

  it('lists by prefix, in key order, over many pages', async () => {
    const store = await openStore(freshDir(), { create: true, log })
    const room = store.open('many')
    const keys = Array.from({ length: 600 }, (_, index) => `k${String(index).padStart(4, '0')}`)
    await Promise.all([...keys, 'j', 'l', 'k\u{10ffff}'].map((key) => room.set(key, bytes(key))))
    expect((await all(store, 'many', 'k0')).map(([key]) => key)).toEqual(keys)
    expect((await all(store, 'many')).map(([key]) => key)).toEqual(['j', ...keys, 'k\u{10ffff}', 'l'])
    await room.clear()
    expect(await all(store, 'many')).toEqual([])
    await store.close()
  })

  it('refuses keys, values and names outside the limits', async () => {
    const store = await openStore(freshDir(), { create: true, log })
    const room = store.open('limits')
    for (const key of ['', 'x'.repeat(513), 'ä'.repeat(257), '\ud800']) {
      await expect(room.set(key, bytes('v'))).rejects.toEqual(code('ERR_KEY_INVALID'))
      await expect(room.get(key)).rejects.toEqual(code('ERR_KEY_INVALID'))
      await expect(room.delete(key)).rejects.toEqual(code('ERR_KEY_INVALID'))
    }
    await expect(room.set('big', new Uint8Array((1 << 20) + 1))).rejects.toEqual(code('ERR_KEY_INVALID'))
    for (const name of ['', 'n'.repeat(129), '\udfff']) expect(() => store.open(name)).toThrow(code('ERR_KEY_INVALID'))
    await room.set('x'.repeat(512), new Uint8Array(1 << 20).fill(7))
    await room.set('empty', new Uint8Array())
    expect((await room.get('x'.repeat(512)))?.length).toBe(1 << 20)
    expect(await room.get('empty')).toEqual(new Uint8Array())
    await store.close()
  })

  it('copies values in and out', async () => {
    const store = await openStore(freshDir(), { create: true, log })
    const value = bytes('before')
    const setting = store.open('copy').set('k', value)
    value.fill(0)
    await setting
    const got = await store.open('copy').get('k')
    expect(got).toEqual(bytes('before'))
    expect(Object.getPrototypeOf(got)).toBe(Uint8Array.prototype)
    await store.close()
  })

  it('behaves like a map, also over reopening', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'ab', 'é')
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, value: fc.uint8Array({ maxLength: 20 }) }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constantFrom('clear' as const, 'reopen' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const dir = freshDir()
        const model = new Map<string, Uint8Array>()
        let store = await openStore(dir, { create: true, log })
        for (const action of steps) {
          if (action.do === 'reopen') {
            await store.close()
            store = await openStore(dir, { create: false, log })
          } else if (action.do === 'set') {
            model.set(action.key, action.value)
            await store.open('m').set(action.key, action.value)
          } else if (action.do === 'delete') {
            model.delete(action.key)
            await store.open('m').delete(action.key)
          } else {
            model.clear()
            await store.open('m').clear()
          }
        }
        const found = new Map<string, Uint8Array>()
        for await (const [name, value] of store.open('m').entries()) found.set(name, value)
        await store.close()
        expect(found).toEqual(model)
      }),
      { numRuns: 15 },
    )
  })
})

describe('writes', () => {
  it('that wait together share a batch, in order', async () => {
    const disk = faultyDisk()
    const store = await openStore(freshDir(), { create: true, log, disk })
    const before = disk.writes
    const room = store.open('group')
    await Promise.all([room.set('k', bytes('1')), room.set('k', bytes('2')), room.delete('k'), room.set('k', bytes('3')), room.set('l', bytes('4'))])
    expect(disk.writes - before).toBe(1)
    expect(await all(store, 'group')).toEqual([
      ['k', '3'],
      ['l', '4'],
    ])
    await store.close()
  })

  it('beyond the limit are refused and counted', async () => {
    const store = await openStore(freshDir(), { create: true, log })
    const value = new Uint8Array(1 << 20)
    const results = await Promise.allSettled(Array.from({ length: 40 }, (_, index) => store.open('flood').set(`${index}`, value)))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused) expect(reason).toEqual(code('ERR_OVERLOADED'))
    expect(store.refused).toBe(refused.length)
    await store.open('flood').set('after', bytes('fits'))
    await store.close()
  })
})

describe('closing', () => {
  it('writes what was accepted, once, whoever asks, and refuses the rest', async () => {
    const dir = freshDir()
    const store = await openStore(dir, { create: true, log })
    const setting = store.open('c').set('k', bytes('v'))
    const closing = [store.close(), store.close()]
    await expect(store.open('c').set('late', bytes('v'))).rejects.toEqual(code('ERR_STOPPING'))
    await Promise.all([setting, ...closing])
    expect(store.state).toBe('closed')
    await expect(store.open('c').get('k')).rejects.toEqual(code('ERR_STOPPING'))
    await expect(all(store, 'c')).rejects.toEqual(code('ERR_STOPPING'))
    const again = await openStore(dir, { create: false, log })
    expect(await all(again, 'c')).toEqual([['k', 'v']])
    await again.close()
  })

  it('ends a reader between its pages', async () => {
    const store = await openStore(freshDir(), { create: true, log })
    await Promise.all(Array.from({ length: 300 }, (_, index) => store.open('r').set(`${index}`, bytes('v'))))
    const reader = store.open('r').entries()[Symbol.asyncIterator]()
    await reader.next()
    await store.close()
    const rest = async (): Promise<void> => {
      while (!(await reader.next()).done);
    }
    await expect(rest()).rejects.toEqual(code('ERR_STOPPING'))
  })

  it('lets the next one open at once', async () => {
    const dir = freshDir()
    for (let round = 0; round < 5; round++) {
      const store = await openStore(dir, { create: round === 0, log })
      await store.open('x').set('round', bytes(`${round}`))
      await store.close()
    }
  })
})

describe('opening', () => {
  it('refuses a store that is open', async () => {
    const dir = freshDir()
    const store = await openStore(dir, { create: true, log })
    await expect(openStore(dir, { create: false, log })).rejects.toEqual(code('ERR_STORE_LOCKED'))
    await store.close()
  })

  it('refuses a store that is not there, and makes nothing', async () => {
    const dir = freshDir()
    await expect(openStore(dir, { create: false, log })).rejects.toMatchObject({ code: 'ERR_STORE_DAMAGED', message: expect.stringContaining(dir) })
    expect(existsSync(dir)).toBe(false)
    mkdirSync(dir, { mode: 0o700 })
    await expect(openStore(dir, { create: false, log })).rejects.toEqual(code('ERR_STORE_DAMAGED'))
    expect(readdirSync(dir)).toEqual([])
  })

  it('refuses an empty store in place of a lost one; a new home may finish it', async () => {
    const dir = freshDir()
    mkdirSync(dir, { mode: 0o700 })
    await (await levelDisk.open(dir, true)).close()
    await expect(openStore(dir, { create: false, log })).rejects.toEqual(code('ERR_STORE_DAMAGED'))
    await (await openStore(dir, { create: true, log })).close()
    await (await openStore(dir, { create: false, log })).close()
  })

  it('refuses records without a mark', async () => {
    const dir = freshDir()
    await (await openStore(dir, { create: true, log })).close()
    const backend = await levelDisk.open(dir, false)
    await backend.write([{ key: bytes('n/x/k'), value: encodeRecord(bytes('n/x/k'), bytes('v')) }, { key: markKey }])
    await backend.close()
    for (const create of [true, false]) await expect(openStore(dir, { create, log })).rejects.toEqual(code('ERR_STORE_DAMAGED'))
  })

  it('refuses a later layout', async () => {
    const dir = freshDir()
    await (await openStore(dir, { create: true, log })).close()
    const backend = await levelDisk.open(dir, false)
    await backend.write([{ key: markKey, value: encodeRecord(markKey, Uint8Array.of(0, 0, 0, 2, 9, 9)) }])
    await backend.close()
    await expect(openStore(dir, { create: false, log })).rejects.toEqual(code('ERR_SCHEMA_NEWER'))
  })

  it.each(['755', '770', '707'])('refuses a folder of mode %s', async (mode) => {
    const dir = freshDir()
    await (await openStore(dir, { create: true, log })).close()
    chmodSync(dir, Number.parseInt(mode, 8))
    await expect(openStore(dir, { create: false, log })).rejects.toMatchObject({ code: 'ERR_MODE_UNSAFE', hint: `Run: chmod 700 ${dir}` })
  })

  it('refuses a link in place of the folder', async () => {
    const dir = freshDir()
    await (await openStore(dir, { create: true, log })).close()
    symlinkSync(dir, `${dir}.link`)
    await expect(openStore(`${dir}.link`, { create: false, log })).rejects.toEqual(code('ERR_MODE_UNSAFE'))
  })

  it('that the disk refuses says so', async () => {
    const disk = faultyDisk()
    disk.closed = true
    await expect(openStore(freshDir(), { create: true, log, disk })).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
  })
})

describe('a damaged record', () => {
  const tampered = async (change: (record: Uint8Array) => Uint8Array) => {
    const disk = faultyDisk()
    const store = await openStore(freshDir(), { create: true, log, disk })
    await store.open('peers').set('who', bytes('value'))
    disk.tamper = (_key, value) => value && change(new Uint8Array(value))
    return store
  }
  const flip = (at: number) => (record: Uint8Array) => {
    record[at] = (record[at] as number) ^ 4
    return record
  }

  it.each([
    ['in its version', flip(0)],
    ['in its checksum', flip(2)],
    ['in its value', flip(6)],
    ['cut', (record: Uint8Array) => record.subarray(0, 7)],
    ['cut to nothing', () => new Uint8Array()],
  ])('%s is an error with name space and key, not a missing one', async (_name, change) => {
    const store = await tampered(change)
    const expected = { code: 'ERR_STORE_DAMAGED', message: expect.stringContaining('"who" in "peers"'), data: { namespace: 'peers', key: 'who' } }
    await expect(store.open('peers').get('who')).rejects.toMatchObject(expected)
    await expect(store.open('peers').set('who', bytes('new'))).rejects.toMatchObject(expected)
    await store.close()
  })

  it('under another key is seen', async () => {
    const disk = faultyDisk()
    const store = await openStore(freshDir(), { create: true, log, disk })
    await store.open('p').set('friend', bytes('trusted'))
    const stolen = encodeRecord(bytes('n/p/friend'), bytes('trusted'))
    disk.tamper = () => stolen
    expect(await store.open('p').get('friend')).toEqual(bytes('trusted'))
    await expect(store.open('p').get('stranger')).rejects.toEqual(code('ERR_STORE_DAMAGED'))
    await store.close()
  })
})

describe('after a disk error', () => {
  const quick = { min: 1, max: 5 }

  it('is read-only, reopens when the disk is well, and keeps all it acknowledged', async () => {
    const dir = freshDir()
    const disk = faultyDisk()
    disk.lying = true
    const store = await openStore(dir, { create: true, log, disk, backoff: quick })
    const room = store.open('r')
    await room.set('before', bytes('1'))
    disk.full = true
    const failed = await Promise.allSettled([room.set('x', bytes('x')), room.set('y', bytes('y'))])
    for (const result of failed) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_READ_ONLY' } })
    expect(store.state).toBe('read-only')
    expect(store.fault).toEqual(code('ERR_STORE_READ_ONLY'))
    await expect(room.set('z', bytes('z'))).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    expect(await room.get('before')).toEqual(bytes('1'))
    const probes = disk.probed
    await vi.waitFor(() => expect(disk.probed).toBeGreaterThan(probes + 2))
    expect(disk.opened).toBe(1)
    disk.full = false
    await vi.waitFor(() => expect(store.state).toBe('ok'))
    expect(store.fault).toBeUndefined()
    await Promise.all(Array.from({ length: 50 }, (_, index) => room.set(`after${index}`, bytes('1'))))
    await store.close()
    const again = await openStore(dir, { create: false, log })
    expect(await all(again, 'r')).toHaveLength(51)
    await again.close()
  })

  it('reads wait for the reopening, and fail with a reason while it fails', async () => {
    const disk = faultyDisk()
    const store = await openStore(freshDir(), { create: true, log, disk, backoff: quick })
    const room = store.open('r')
    await room.set('k', bytes('1'))
    disk.full = true
    await expect(room.set('k', bytes('2'))).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    disk.closed = true
    disk.full = false
    await vi.waitFor(() => expect(room.get('k')).rejects.toEqual(code('ERR_STORE_READ_ONLY')))
    disk.closed = false
    await vi.waitFor(() => expect(store.state).toBe('ok'))
    expect(await room.get('k')).toEqual(bytes('1'))
    await store.close()
  })

  it('can be closed at once, and leaves no timer', async () => {
    const disk = faultyDisk()
    const store = await openStore(freshDir(), { create: true, log, disk, backoff: { min: 60_000, max: 60_000 } })
    disk.full = true
    await expect(store.open('r').set('k', bytes('2'))).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    await store.close()
    expect(store.state).toBe('closed')
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length).toBeLessThan(3)
  })

  it('stays read-only for good when the disk lost what was acknowledged', async () => {
    const dir = freshDir()
    const disk = faultyDisk()
    const store = await openStore(dir, { create: true, log, disk, backoff: quick })
    await store.open('r').set('k', bytes('1'))
    const open = disk.open
    disk.open = async (path, create) => {
      const backend = await open(path, create)
      const page = backend.page
      return { ...backend, page: async (range) => (await page(range)).slice(1) }
    }
    disk.full = true
    await expect(store.open('r').set('k', bytes('2'))).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    disk.full = false
    await vi.waitFor(() => expect(store.fault).toEqual(code('ERR_STORE_DAMAGED')))
    expect(store.state).toBe('read-only')
    await expect(store.open('r').set('k', bytes('3'))).rejects.toEqual(code('ERR_STORE_DAMAGED'))
    await store.close()
  })
})
