/**
 * The SQLite database, used within its own thread. Its write-ahead log is kept in exclusive mode: the library's rollback
 * journals are not replayed after a kill, because it takes its own lock for that of another process; the log always is.
 */

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import sqlite, { type Database, type QueryResult, type Statement } from 'node-sqlite3-wasm'
import { beyond, type TableChange, type TableEntry, type TableRange } from '../../backends/table-storage.js'

/** Marks a file as ours: `SHOL`. */
const applicationId = 0x53484f4c
const schemaVersion = 1
/** Entries and bytes of a page. */
const maxPage = { entries: 256, bytes: 1 << 20 }
/** Beyond every key: no byte of UTF-8 is 0xFF. */
const end = Uint8Array.of(0xff)

/** Why a database cannot be used. */
export class DatabaseFault extends Error {
  readonly fault: 'newer' | 'damaged'

  constructor(fault: 'newer' | 'damaged', message: string) {
    super(message)
    this.fault = fault
  }
}

/** The entries of all name spaces in one file. */
export class EntriesDatabase {
  readonly #database: Database
  readonly #get: Statement
  readonly #lengths: Statement
  readonly #page: Statement
  readonly #set: Statement
  readonly #delete: Statement
  readonly #clear: Statement

  /** Opens the file, or makes it. The caller has it for itself. Throws {@link DatabaseFault}, or what SQLite says. */
  constructor(file: string) {
    // left by a process that was killed
    rmSync(`${file}.lock`, { recursive: true, force: true })
    if (!existsSync(file)) create(file)
    this.#database = open(file)
    try {
      check(this.#database)
      const range = 'from entries where space = ? and key >= ? and key > ? and key < ? order by key limit ?'
      this.#get = this.#database.prepare('select value from entries where space = ? and key = ?')
      this.#lengths = this.#database.prepare(`select length(value) as bytes ${range}`)
      this.#page = this.#database.prepare(`select key, value ${range}`)
      this.#set = this.#database.prepare('insert or replace into entries (space, key, value) values (?, ?, ?)')
      this.#delete = this.#database.prepare('delete from entries where space = ? and key = ?')
      this.#clear = this.#database.prepare('delete from entries where space = ?')
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  get(namespace: string, key: Uint8Array): Uint8Array | undefined {
    // all: only a statement that has come to its end holds no part of the log
    const row = this.#get.all([namespace, key])[0]
    return row && bytesOf(row, 'value')
  }

  page({ namespace, prefix, after = new Uint8Array() }: TableRange): TableEntry[] {
    const range = [namespace, prefix, after, beyond(prefix) ?? end]
    const lengths = this.#lengths.all([...range, maxPage.entries]).map((row) => Number(row['bytes']))
    let count = 0
    for (let bytes = 0; count < lengths.length && bytes < maxPage.bytes; count++) bytes += lengths[count] ?? 0
    return this.#page.all([...range, count]).map((row) => [bytesOf(row, 'key'), bytesOf(row, 'value')] as const)
  }

  /** All changes or none. On the disk when it returns. */
  write(changes: readonly TableChange[]): void {
    this.#database.exec('begin immediate')
    try {
      for (const change of changes) this.#change(change)
      this.#database.exec('commit')
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('rollback')
      throw error
    }
  }

  close(): void {
    for (const statement of [this.#get, this.#lengths, this.#page, this.#set, this.#delete, this.#clear]) statement.finalize()
    this.#database.close()
  }

  #change({ namespace, key, value }: TableChange): void {
    if (!key) this.#clear.run([namespace])
    else if (value) this.#set.run([namespace, key, value])
    else this.#delete.run([namespace, key])
  }
}

/** Made beside and renamed: a file under its own name is whole. */
function create(file: string): void {
  const made = `${file}.new`
  for (const left of [made, `${made}-wal`, `${made}.lock`, `${file}-wal`]) rmSync(left, { recursive: true, force: true })
  const database = open(made)
  database.exec(`pragma application_id = ${applicationId}; pragma user_version = ${schemaVersion}`)
  database.exec('create table entries (space text not null, key blob not null, value blob not null, primary key (space, key)) without rowid')
  database.close()
  renameSync(made, file)
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function open(file: string): Database {
  const database = new sqlite.Database(file)
  try {
    for (const pragma of ['locking_mode = exclusive', 'journal_mode = wal', 'synchronous = full']) database.all(`pragma ${pragma}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function check(database: Database): void {
  const value = (pragma: string): unknown => Object.values(database.get(`pragma ${pragma}`) ?? {})[0]
  if (value('application_id') !== applicationId) throw new DatabaseFault('damaged', 'it is not a database that Shoal made')
  if (Number(value('user_version')) > schemaVersion) throw new DatabaseFault('newer', `its schema is ${String(value('user_version'))}`)
  const verdict = value('quick_check')
  if (verdict !== 'ok') throw new DatabaseFault('damaged', String(verdict))
}

function bytesOf(row: QueryResult, column: string): Uint8Array {
  const value = row[column]
  return value instanceof Uint8Array ? value : new Uint8Array()
}
