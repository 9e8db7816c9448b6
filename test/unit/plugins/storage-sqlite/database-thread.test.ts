import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import { afterAll, describe, expect, it } from 'vitest'
import { TableStorage } from '../../../../src/backends/table-storage.js'
import { DatabaseThread } from '../../../../src/plugins/storage-sqlite/database-thread.js'
import { storageSqlite } from '../../../../src/plugins/storage-sqlite/index.js'
import { fakeContext, memoryLog } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const folder = mkdtempSync(join(tmpdir(), 'shoal-sqlite-'))
let made = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function newFile(): string {
  return join(folder, `${++made}.db`)
}

async function opened(file: string): Promise<DatabaseThread> {
  const thread = new DatabaseThread(file, memoryLog())
  await thread.open()
  return thread
}

/** Runs the writer until it has said a few numbers, and kills it. Returns the last number that it said to be on the disk. */
async function killedWriter(file: string, from: number, lines: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.mjs'), file, String(from)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let wrong = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  child.stderr.on('data', (data) => {
    wrong += data
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await waitFor(`numbers of the writer ${wrong}`, () => said.split('\n').length > lines || child.exitCode !== null)
  child.kill('SIGKILL')
  await ended
  expect(wrong).toBe('')
  return Number(said.split('\n').at(-2))
}

describe('the database in its thread', () => {
  it('has everything it said to have written after each of five kills', async () => {
    const file = newFile()
    let last = -1
    for (let round = 0; round < 5; round++) {
      last = await killedWriter(file, last + 1, 3 + round * 7)
      // what a killed process leaves does not keep the next one out
      expect(existsSync(`${file}.lock`)).toBe(true)
    }
    const thread = await opened(file)
    const keys: number[] = []
    for await (const [key, value] of new TableStorage(thread).open('numbers').entries()) {
      expect(value.every((byte) => byte === Number(key) % 256)).toBe(true)
      keys.push(Number(key))
    }
    await thread.close()
    expect(keys.slice(0, last + 1)).toEqual(Array.from({ length: last + 1 }, (_, at) => at))
    // whole groups: what was not acknowledged is there as a whole or not at all
    expect(keys.length % 5).toBe(0)
  })

  it('writes many calls of one turn as few groups, and pages through entries of any size', async () => {
    const thread = await opened(newFile())
    const store = new TableStorage(thread).open('a')
    const large = new Uint8Array(700_000)
    await Promise.all([...Array.from({ length: 600 }, (_, at) => store.set(`k${at}`, new Uint8Array([1]))), store.set('x1', large), store.set('x2', large)])
    let count = 0
    for await (const _ of store.entries()) count++
    expect(count).toBe(602)
    await thread.close()
    await expect(store.get('k1')).rejects.toMatchObject({ code: 'ERR_STOPPING' })
  })

  it('a thread that dies rejects what waits with a code, and the next one finds what was written', async () => {
    const thread = await opened(newFile())
    const store = new TableStorage(thread).open('a')
    await store.set('before', new Uint8Array([1]))
    const waiting = store.set('during', new Uint8Array([2])).then(
      () => 'written',
      (error: { code: string }) => error.code,
    )
    await Promise.resolve()
    await thread.crash()
    expect(['written', 'ERR_BACKEND_FAILED']).toContain(await waiting)
    const value = await waitFor('the new thread', () => store.get('before'))
    expect([...value]).toEqual([1])
    expect(thread.crashes).toBe(1)
    await thread.close()
  })

  it('refuses files that are none of ours, and those of a newer Shoal; keeps others out of its own', async () => {
    const junk = newFile()
    writeFileSync(junk, 'this is a text and no database, '.repeat(100))
    await expect(opened(junk)).rejects.toMatchObject({ code: 'ERR_STORE_DAMAGED' })
    const foreign = newFile()
    const database = new sqlite.Database(foreign)
    database.exec('create table things (name text)')
    database.close()
    await expect(opened(foreign)).rejects.toMatchObject({ code: 'ERR_STORE_DAMAGED' })
    const newer = newFile()
    await (await opened(newer)).close()
    const changed = new sqlite.Database(newer)
    changed.all('pragma locking_mode = exclusive')
    changed.exec('pragma user_version = 99')
    changed.close()
    await expect(opened(newer)).rejects.toMatchObject({ code: 'ERR_SCHEMA_NEWER' })
    mkdirSync(join(folder, 'a-folder.db'))
    await expect(opened(join(folder, 'a-folder.db'))).rejects.toMatchObject({ name: 'ShoalError' })
    expect(statSync(newer).mode & 0o077).toBe(0)
  })
})

describe('storage-sqlite', () => {
  it('that is stopped while it starts leaves neither a thread nor its mark', async () => {
    const file = newFile()
    const context = fakeContext(storageSqlite(), { config: { file } })
    const starting = context.start().then(
      () => 'started',
      () => 'failed',
    )
    await waitFor('the mark', () => existsSync(`${file}.owner`))
    await context.stop()
    expect(await starting).toBe('failed')
    // this process lives, so its mark would keep everybody out
    expect(existsSync(`${file}.owner`)).toBe(false)
    await (await opened(file)).close()
  })

  it('ends a thread that is still opening the file', async () => {
    const thread = new DatabaseThread(newFile(), memoryLog())
    const opening = thread.open()
    await thread.close()
    await expect(opening).rejects.toMatchObject({ code: 'ERR_BACKEND_FAILED' })
  })
})
