/** What every `storage` has to do right. */

import type { KeyValue, Storage } from '../services.js'
import { codeOf, type TestApi } from './test-api.js'

/** A storage to test, empty; `close` frees it. */
export interface StorageSubject {
  readonly storage: Storage
  close?(): Promise<void>
}

type Factory = () => StorageSubject | Promise<StorageSubject>

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)

/** Runs the suite under `name`. */
export function storageCompliance(api: TestApi, name: string, factory: Factory): void {
  api.describe(`${name} as storage`, () => {
    valueTests(api, factory)
    entryTests(api, factory)
    limitTests(api, factory)
  })
}

function valueTests({ it, expect }: TestApi, factory: Factory): void {
  it('gives back what was set, and nothing for a missing key', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      await store.set('key', bytes(1, 2, 3))
      expect([...((await store.get('key')) ?? [])]).toEqual([1, 2, 3])
      expect(await store.get('other')).toBeUndefined()
      await store.set('empty', bytes())
      expect((await store.get('empty'))?.length).toBe(0)
    }))

  it('overwrites, deletes, and deletes what is not there', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      await store.set('key', bytes(1))
      await store.set('key', bytes(2))
      expect((await store.get('key'))?.[0]).toBe(2)
      await store.delete('key')
      await store.delete('key')
      expect(await store.get('key')).toBeUndefined()
    }))

  it('keeps its own copy of a value', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      const value = bytes(1)
      await store.set('key', value)
      value[0] = 9
      const first = await store.get('key')
      first?.fill(7)
      expect((await store.get('key'))?.[0]).toBe(1)
    }))

  it('keeps name spaces apart, also those whose names begin alike', () =>
    using(factory, async ({ open }) => {
      const spaces = ['plugin/a', 'plugin/a:b', 'plugin/ab', 'plugin'].map(open)
      for (const [at, space] of spaces.entries()) await space.set('key', bytes(at))
      for (const [at, space] of spaces.entries()) {
        expect((await space.get('key'))?.[0]).toBe(at)
        expect(await keys(space)).toEqual(['key'])
      }
      await spaces[0]?.clear()
      expect(await Promise.all(spaces.map(async (space) => (await keys(space)).length))).toEqual([0, 1, 1, 1])
    }))
}

function entryTests({ it, expect }: TestApi, factory: Factory): void {
  it('lists entries in the order of their UTF-8 bytes, by prefix', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      const all = ['', '0', 'a', 'a/1', 'a/2', 'a0', 'b', 'ä', '\uffee', '\u{1f980}'].slice(1)
      for (const key of [...all].reverse()) await store.set(key, bytes(1))
      expect(await keys(store)).toEqual(all)
      expect(await keys(store, 'a')).toEqual(['a', 'a/1', 'a/2', 'a0'])
      expect(await keys(store, 'a/')).toEqual(['a/1', 'a/2'])
      expect(await keys(store, 'none')).toEqual([])
    }))

  it('lets a listing be left early and changed meanwhile', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      for (const key of ['a', 'b', 'c']) await store.set(key, bytes(1))
      for await (const [key] of store.entries()) if (key === 'a') break
      for await (const [key] of store.entries()) await store.delete(key)
      expect(await keys(store)).toEqual([])
    }))
}

function limitTests({ it, expect }: TestApi, factory: Factory): void {
  it('takes keys of 1 to 512 bytes and no others', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      const longest = `${'ä'.repeat(255)}xy`
      await store.set(longest, bytes(1))
      expect((await store.get(longest))?.[0]).toBe(1)
      for (const key of ['', `${longest}z`]) {
        expect(await codeOf(() => store.set(key, bytes(1)))).toBe('ERR_KEY_INVALID')
        expect(await codeOf(() => store.get(key))).toBe('ERR_KEY_INVALID')
      }
    }))

  it('takes values up to 1 MiB and no larger', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      await store.set('key', new Uint8Array(1024 * 1024))
      expect((await store.get('key'))?.length).toBe(1024 * 1024)
      expect(await codeOf(() => store.set('key', new Uint8Array(1024 * 1024 + 1)))).toBe('ERR_KEY_INVALID')
    }))

  it('bears many calls at once', () =>
    using(factory, async ({ open }) => {
      const store = open('a')
      await Promise.all(Array.from({ length: 200 }, (_, at) => store.set(`key-${at}`, bytes(at % 256))))
      expect((await keys(store)).length).toBe(200)
    }))
}

async function using(factory: Factory, body: (subject: { open: (name: string) => KeyValue }) => Promise<void>): Promise<void> {
  const subject = await factory()
  try {
    await body({ open: (name) => subject.storage.open(name) })
  } finally {
    await subject.close?.()
  }
}

async function keys(store: KeyValue, prefix?: string): Promise<string[]> {
  const found: string[] = []
  for await (const [key] of store.entries(prefix)) found.push(key)
  return found
}
