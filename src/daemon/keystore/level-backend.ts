/** The little that the store needs of a database, and that little over Level. Tests put faults between the two. */

import { mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { errnoOf } from '../util/private-files.js'

/** One change; no value = delete. */
export interface BackendChange {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** Raw keys from `from` (or after it) up to but without `to`. */
export interface BackendRange {
  readonly from: Uint8Array
  readonly to: Uint8Array
  /** Leave out `from` itself. */
  readonly after?: boolean
}

/** An open database. Errors are its own; {@link faultOf} sorts them. */
export interface Backend {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** The first entries of a range in key order: at most 256, and no more once they weigh 1 MiB. Empty = there are none. */
  page(range: BackendRange): Promise<readonly (readonly [key: Uint8Array, value: Uint8Array])[]>
  /** All changes or none; on the disk when it resolves. */
  write(changes: readonly BackendChange[]): Promise<void>
  close(): Promise<void>
}

/** Where databases live. */
export interface Disk {
  /** `absent`: nothing of a database is there. `remains`: files, but not the one that names the others. */
  look(dir: string): Promise<'absent' | 'present' | 'remains'>
  open(dir: string, create: boolean): Promise<Backend>
  /** Rejects unless the disk takes a write of 256 KiB now. */
  probe(dir: string): Promise<void>
}

/** What sort of failure an error of a backend is. */
export type Fault = 'locked' | 'damaged' | 'disk' | 'closed' | 'other'

/** Sorts an error of a backend by its code, or that of its cause. */
export function faultOf(error: unknown): Fault {
  const codes = [errnoOf(error), errnoOf((error as { cause?: unknown } | undefined)?.cause)]
  if (codes.includes('LEVEL_LOCKED')) return 'locked'
  if (codes.includes('LEVEL_CORRUPTION')) return 'damaged'
  if (codes.includes('LEVEL_IO_ERROR') && /No such file/.test(textOf(error))) return 'damaged'
  if (codes.some((code) => code === 'LEVEL_IO_ERROR' || code === 'ENOSPC' || code === 'EIO' || code === 'EROFS' || code === 'EDQUOT')) return 'disk'
  if (codes.some((code) => code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN')) return 'closed'
  return 'other'
}

/** What an error says, with what its cause says: Level puts the system's words there. */
export function textOf(error: unknown): string {
  const { message = '', cause } = error as { message?: string; cause?: { message?: string } }
  return cause?.message === undefined ? message : `${message}: ${cause.message}`
}

const pageEntries = 256
const pageBytes = 1 << 20

class LevelBackend implements Backend {
  readonly #level: Level<Uint8Array, Uint8Array>

  constructor(level: Level<Uint8Array, Uint8Array>) {
    this.#level = level
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#level.get(key)
  }

  async page(range: BackendRange): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const start = range.after ? { gt: range.from } : { gte: range.from }
    const found: (readonly [Uint8Array, Uint8Array])[] = []
    let bytes = 0
    for await (const [key, value] of this.#level.iterator({ ...start, lt: range.to, limit: pageEntries, highWaterMarkBytes: pageBytes })) {
      found.push([key, value])
      bytes += value.length
      if (bytes >= pageBytes) break
    }
    return found
  }

  async write(changes: readonly BackendChange[]): Promise<void> {
    const batch = changes.map(({ key, value }) => (value ? { type: 'put' as const, key, value } : { type: 'del' as const, key }))
    await this.#level.batch(batch, { sync: true })
  }

  close(): Promise<void> {
    return this.#level.close()
  }
}

/** Databases of Level. One process at a time: its own lock can be lost (google/leveldb#126), so the daemon's lock is taken first. */
export const levelDisk: Disk = {
  async look(dir) {
    const names = await readdir(dir).catch((error: unknown): string[] => {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    })
    if (names.includes('CURRENT')) return 'present'
    return names.some((name) => /\.(ldb|sst|log)$/.test(name) || name === 'SEAL') ? 'remains' : 'absent'
  },

  async open(dir, create) {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const level = new Level<Uint8Array, Uint8Array>(dir, { keyEncoding: 'view', valueEncoding: 'view' })
    // Level opens a database empty when CURRENT is missing, unless it may not create one.
    await level.open({ createIfMissing: create })
    return new LevelBackend(level)
  },

  async probe(dir) {
    const path = join(dir, '.probe')
    const file = await open(path, 'w', 0o600)
    try {
      await file.writeFile(new Uint8Array(1 << 18))
      await file.sync()
    } finally {
      await file.close()
      await unlink(path)
    }
  },
}
