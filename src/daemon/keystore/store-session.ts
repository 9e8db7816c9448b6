/** One opening of the database, from the check of every record to the close; the store makes a new one after a disk error. */

import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../errors.js'
import { errnoOf, shellQuoted, syncFolder, writeTemporary } from '../util/private-files.js'
import { type Backend, type BackendChange, type BackendRange, type Disk, faultOf, textOf } from './level-backend.js'
import { checkRecord, checksumOf, decodeMark, encodeMark, encodeRecord, markKey, recordRange, type StoreMark, storeSchema } from './store-record.js'

/** One change of a record: raw key, and the new value; none = delete. */
export interface Change {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** An open database whose records were all found sound. */
export class Session {
  readonly #dir: string
  readonly #backend: Backend
  #mark: StoreMark

  private constructor(dir: string, backend: Backend, mark: StoreMark) {
    this.#dir = dir
    this.#backend = backend
    this.#mark = mark
  }

  /**
   * Opens and checks the database.
   * @param atLeast batches that are known to have been written; fewer in the database mean that it lost some
   * @throws `ERR_STORE_DAMAGED`, `ERR_STORE_LOCKED`, `ERR_STORE_READ_ONLY` (disk error), `ERR_SCHEMA_NEWER`
   */
  static async open(disk: Disk, dir: string, create: boolean, atLeast = 0): Promise<Session> {
    const there = await look(disk, dir)
    if (there === 'remains') throw damaged(dir, 'its file CURRENT is missing')
    if (there === 'absent' && !create) throw damaged(dir, 'it is missing')
    const backend = await disk.open(dir, there === 'absent').catch((error: unknown) => {
      throw openFailed(dir, error)
    })
    try {
      const mark = await verify(dir, backend, create)
      const known = Math.max(atLeast, await readSeal(dir))
      if (mark.sequence < known) throw damaged(dir, `it holds ${mark.sequence} of ${known} batches written`)
      return new Session(dir, backend, mark)
    } catch (error) {
      await backend.close().catch(() => {})
      throw error
    }
  }

  /** Batches written so far. */
  get sequence(): number {
    return this.#mark.sequence
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#backend.get(key)
  }

  page(range: BackendRange): ReturnType<Backend['page']> {
    return this.#backend.page(range)
  }

  /** Writes the changes, in order, with the new mark as one batch. One at a time. */
  async commit(changes: readonly Change[]): Promise<void> {
    const last = new Map(changes.map((change) => [Buffer.from(change.key).toString('latin1'), change]))
    let { count, digest } = this.#mark
    const batch: BackendChange[] = []
    for (const { key, value } of last.values()) {
      const old = await this.#backend.get(key)
      if (old) {
        checkRecord(key, old)
        count--
        digest ^= checksumOf(old)
      }
      if (value) {
        const record = encodeRecord(key, value)
        count++
        digest ^= checksumOf(record)
        batch.push({ key, value: record })
      } else if (old) batch.push({ key })
    }
    if (batch.length > 0) await this.#write(batch, { ...this.#mark, count, digest: digest >>> 0 })
  }

  /** Writes the mark alone: proof that the disk takes writes. */
  async touch(): Promise<void> {
    await this.#write([], this.#mark)
  }

  async #write(batch: readonly BackendChange[], mark: StoreMark): Promise<void> {
    const next = { ...mark, sequence: mark.sequence + 1 }
    await this.#backend.write([...batch, { key: markKey, value: encodeMark(next) }])
    this.#mark = next
  }

  /** Notes in a file beside the database how many batches it holds, so that a log cut short is noticed. */
  async seal(): Promise<void> {
    const path = join(this.#dir, 'SEAL')
    await rename(await writeTemporary(path, Buffer.from(`shoal keystore ${this.#mark.sequence}\n`)), path)
    await syncFolder(this.#dir)
  }

  close(): Promise<void> {
    return this.#backend.close()
  }
}

/** `ERR_STORE_DAMAGED` of a store, with what to do. */
export function damaged(dir: string, why: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_STORE_DAMAGED', `The keystore ${dir} is damaged: ${why}.`, {
    cause,
    hint: `Stop the daemon, keep a copy (cp -a ${shellQuoted(dir)} ${shellQuoted(`${dir}.damaged`)}), then restore the folder from a backup.`,
    data: { path: dir },
  })
}

function openFailed(dir: string, error: unknown): ShoalError {
  const text = textOf(error)
  const fault = faultOf(error)
  if (fault === 'locked') return new ShoalError('ERR_STORE_LOCKED', `The keystore ${dir} is open elsewhere: ${text}`, { cause: error })
  if (fault === 'disk') return new ShoalError('ERR_STORE_READ_ONLY', `The disk refuses the keystore ${dir}: ${text}`, { cause: error })
  return damaged(dir, text, error)
}

async function look(disk: Disk, dir: string): Promise<'absent' | 'present' | 'remains'> {
  try {
    return await disk.look(dir)
  } catch (error) {
    throw openFailed(dir, error)
  }
}

/** Reads every record; gives a new, empty database its mark. */
async function verify(dir: string, backend: Backend, create: boolean): Promise<StoreMark> {
  try {
    const { count, digest } = await scan(backend)
    const record = await backend.get(markKey)
    if (record) {
      const mark = decodeMark(record)
      if (mark.count === count && mark.digest === digest) return mark
      throw damaged(dir, `it holds ${count} records, and not the ${mark.count} that were written`)
    }
    if (count > 0 || !create) throw damaged(dir, count > 0 ? 'its mark is missing' : 'it is empty, in place of one that was lost')
  } catch (error) {
    // A record's error says which record; here it also gets the path and the hint.
    if (error instanceof ShoalError && (error.code !== 'ERR_STORE_DAMAGED' || error.data?.['path'] !== undefined)) throw error
    throw damaged(dir, textOf(error), error)
  }
  const mark = { schema: storeSchema, sequence: 1, count: 0, digest: 0 }
  await backend.write([{ key: markKey, value: encodeMark(mark) }]).catch((error: unknown) => {
    throw openFailed(dir, error)
  })
  return mark
}

async function scan(backend: Backend): Promise<{ count: number; digest: number }> {
  let count = 0
  let digest = 0
  let range: BackendRange = recordRange
  for (;;) {
    const page = await backend.page(range)
    const last = page.at(-1)
    if (!last) return { count, digest: digest >>> 0 }
    for (const [key, record] of page) {
      checkRecord(key, record)
      count++
      digest ^= checksumOf(record)
    }
    range = { ...recordRange, from: last[0], after: true }
  }
}

/** Batches the seal speaks of; 0 where there is none. */
async function readSeal(dir: string): Promise<number> {
  const text = await readFile(join(dir, 'SEAL'), 'latin1').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return 'shoal keystore 0\n'
    throw damaged(dir, `its file SEAL cannot be read: ${(error as Error).message}`, error)
  })
  const sequence = /^shoal keystore (\d{1,15})\n$/.exec(text)?.[1]
  if (sequence === undefined) throw damaged(dir, 'its file SEAL is malformed')
  return Number(sequence)
}
