/** The {@link Table} of one node in a PostgreSQL database. */

import type { Pool } from 'pg'
import { failed, overloaded, unreachable } from '../../backends/backend-error.js'
import { beyond, type Table, type TableChange, type TableEntry, type TableRange } from '../../backends/table-storage.js'
import { ShoalError } from '../../errors.js'

const schemaVersion = 1
const remark = 'storage of Shoal, schema '
/** Entries and bytes of a page. */
const maxPage = { entries: 256, bytes: 1 << 20 }
/** Calls that may wait for a connection or an answer. */
const maxCalls = 1000

/** What it works with. */
export interface PostgresTableOptions {
  readonly pool: Pick<Pool, 'query' | 'connect'>
  /** A plain name: it becomes part of the statements. */
  readonly table: string
  /** Whose rows: the id of this node. */
  readonly owner: string
  /** How messages call the server: without credentials. */
  readonly server: string
}

type Query = (statement: string, text: string, values: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>

/** See the file. */
export class PostgresTable implements Table {
  readonly #options: PostgresTableOptions
  readonly #name: string
  #calls = 0

  constructor(options: PostgresTableOptions) {
    this.#options = options
    this.#name = options.table
  }

  /** Makes the table where it is absent. Rejects with `ERR_SCHEMA_NEWER`, `ERR_BACKEND_UNREACHABLE`, `ERR_BACKEND_FAILED`. */
  async prepare(): Promise<void> {
    await this.#transaction(async (query) => {
      // two nodes that make it at once would both find it absent
      await query('lock', 'select pg_advisory_xact_lock(hashtext($1))', [this.#name])
      const columns = 'owner text collate "C" not null, space text collate "C" not null, key bytea not null, value bytea not null'
      await query('make', `create table if not exists ${this.#name} (${columns}, primary key (owner, space, key))`, [])
      const [row] = await query('version', "select obj_description($1::regclass, 'pg_class') as remark", [this.#name])
      const found = /schema (\d+)$/.exec(String(row?.['remark'] ?? ''))?.[1]
      if (Number(found ?? 0) > schemaVersion) throw new ShoalError('ERR_SCHEMA_NEWER', `The table ${this.#name} was made by a newer Shoal: schema ${found}.`)
      if (found === undefined) await query('mark', `comment on table ${this.#name} is '${remark}${schemaVersion}'`, [])
    })
  }

  async get(namespace: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const text = `select value from ${this.#name} where owner = $1 and space = $2 and key = $3`
    const [row] = await this.#query('get', text, [this.#options.owner, namespace, Buffer.from(key)])
    return row && bytesOf(row['value'])
  }

  async page({ namespace, prefix, after }: TableRange): Promise<readonly TableEntry[]> {
    const end = beyond(prefix)
    const range = `owner = $1 and space = $2 and key >= $3 and ($4 or key > $5) and ($6::bytea is null or key < $6)`
    const rows = `select key, value from ${this.#name} where ${range} order by key limit ${maxPage.entries}`
    const sized = `select key, value, sum(octet_length(value)) over (order by key) - octet_length(value) as before from (${rows}) as rows`
    const text = `select key, value from (${sized}) as sized where before < ${maxPage.bytes} order by key`
    const values = [this.#options.owner, namespace, Buffer.from(prefix), after === undefined, Buffer.from(after ?? []), end ? Buffer.from(end) : null]
    return (await this.#query('page', text, values)).map((row) => [bytesOf(row['key']), bytesOf(row['value'])] as const)
  }

  async write(changes: readonly TableChange[]): Promise<void> {
    const steps = stepsOf(changes)
    const [only] = steps
    if (steps.length === 1 && only) await this.#apply(only, (...query) => this.#query(...query))
    else
      await this.#transaction(async (query) => {
        for (const step of steps) await this.#apply(step, query)
      })
  }

  /** The changes of a step are all of one sort and of different keys. */
  async #apply({ sort, changes }: Step, query: Query): Promise<void> {
    const { owner } = this.#options
    const spaces = changes.map(({ namespace }) => namespace)
    const keys = changes.map(({ key }) => Buffer.from(key ?? []))
    const rows = 'unnest($2::text[], $3::bytea[]'
    if (sort === 'clear') await query('clear', `delete from ${this.#name} where owner = $1 and space = any($2::text[])`, [owner, spaces])
    else if (sort === 'delete')
      await query('delete', `delete from ${this.#name} as t using ${rows}) as d(space, key) where t.owner = $1 and t.space = d.space and t.key = d.key`, [
        owner,
        spaces,
        keys,
      ])
    else {
      const text = `insert into ${this.#name} (owner, space, key, value) select $1, * from ${rows}, $4::bytea[])`
      const values = changes.map(({ value }) => Buffer.from(value ?? []))
      await query('set', `${text} on conflict (owner, space, key) do update set value = excluded.value`, [owner, spaces, keys, values])
    }
  }

  async #query(name: string, text: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return await this.#counted(async () => (await this.#options.pool.query({ name: this.#statement(name), text, values: [...values] })).rows)
  }

  async #transaction(body: (query: Query) => Promise<void>): Promise<void> {
    await this.#counted(async () => {
      const client = await this.#options.pool.connect()
      let broken = true
      try {
        await client.query('begin')
        await body(async (name, text, values) => (await client.query({ name: this.#statement(name), text, values: [...values] })).rows)
        await client.query('commit')
        broken = false
      } finally {
        // whatever went wrong within, the next transaction has a connection without a past
        client.release(broken)
      }
    })
  }

  /** Statements are prepared once a connection. */
  #statement(name: string): string {
    return `shoal_${name}`
  }

  async #counted<T>(call: () => Promise<T>): Promise<T> {
    const { server } = this.#options
    if (this.#calls >= maxCalls) throw overloaded(server)
    this.#calls++
    try {
      return await call()
    } catch (error) {
      throw typed(server, error)
    } finally {
      this.#calls--
    }
  }
}

/** Changes that one statement makes. */
interface Step {
  readonly sort: 'set' | 'delete' | 'clear'
  readonly changes: TableChange[]
}

/** In the order given; where a key is changed twice the last change counts. */
function stepsOf(changes: readonly TableChange[]): Step[] {
  const steps: { sort: Step['sort']; changes: Map<string, TableChange> }[] = []
  for (const change of changes) {
    const sort: Step['sort'] = change.key === undefined ? 'clear' : change.value === undefined ? 'delete' : 'set'
    const last = steps.at(-1)
    const step = last?.sort === sort ? last : { sort, changes: new Map<string, TableChange>() }
    if (step !== last) steps.push(step)
    step.changes.set(JSON.stringify([change.namespace, Buffer.from(change.key ?? []).toString('latin1')]), change)
  }
  return steps.map(({ sort, changes: last }) => ({ sort, changes: [...last.values()] }))
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? new Uint8Array(value) : new Uint8Array()
}

/** `08…`, `57P…` and `53300` of PostgreSQL: the connection, a server that stops, too many connections. */
function typed(server: string, error: unknown): ShoalError {
  if (error instanceof ShoalError) return error
  const { code, message, severity }: { code?: unknown; message?: unknown; severity?: unknown } = Object(error)
  if (code === '57014' || /timeout exceeded|read timeout/i.test(String(message))) return new ShoalError('ERR_TIMEOUT', `${server} did not answer in time.`)
  if (severity === undefined || /^(08|57P|53300)/.test(String(code))) return unreachable(server, error)
  return failed(server, error)
}
