/** Unpacks a plugin's zip: everything is checked first, written beside the target, and moved there in one step. */

import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Entry, ZipFile } from 'yauzl'
import { ShoalError } from '../../../errors.js'
import { crc32 } from '../../util/crc32.js'
import { type ArchiveEntry, type ArchiveLimits, archiveLimits, checkEntries, type UnsafeReason } from './archive-entry.js'

/** How an archive is unpacked. */
export interface UnpackOptions {
  /** The zip file. */
  readonly archive: string
  /** Folder that is made; it must not exist. */
  readonly target: string
  readonly limits?: ArchiveLimits
  readonly signal?: AbortSignal
  /** Bytes written so far, of so many. */
  onProgress?(written: number, total: number): void
  /** The last look at what was unpacked, in a folder beside the target; a throw takes all of it back. */
  check?(folder: string): Promise<void>
}

/**
 * Unpacks; resolves with the entries. Rejects with `ERR_ARCHIVE_INVALID`, `ERR_ARCHIVE_UNSAFE`, `ERR_ARCHIVE_TOO_LARGE`, or as
 * `check` and the signal say, and then nothing is left of it.
 */
export async function unpack(options: UnpackOptions): Promise<readonly ArchiveEntry[]> {
  const { archive, target, check } = options
  const zip = await openZip(archive)
  // hidden, so that a start that looks for plugins meanwhile does not take it for one
  const folder = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`)
  try {
    const raw = await readDirectory(zip, options.limits ?? archiveLimits)
    const entries = checkEntries(raw, options.limits)
    await mkdir(folder, { mode: 0o700 })
    await writeAll({ zip, raw, entries, folder }, options)
    await check?.(folder)
    options.signal?.throwIfAborted()
    await rename(folder, target)
    await syncFolder(dirname(target))
    return entries
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    options.signal?.throwIfAborted()
    throw error instanceof ShoalError ? error : new ShoalError('ERR_ARCHIVE_INVALID', messageOf(error), { cause: error })
  } finally {
    zip.close()
  }
}

async function openZip(archive: string): Promise<ZipFile> {
  try {
    const { default: yauzl } = await import('yauzl')
    return await yauzl.openPromise(archive, { autoClose: false, lazyEntries: true, strictFileNames: true, validateEntrySizes: true })
  } catch (cause) {
    throw new ShoalError('ERR_ARCHIVE_INVALID', messageOf(cause), { cause })
  }
}

/** All entries. More than the limit are not read at all. */
async function readDirectory(zip: ZipFile, limits: ArchiveLimits): Promise<Entry[]> {
  if (zip.entryCount > limits.entries)
    throw new ShoalError('ERR_ARCHIVE_TOO_LARGE', `The archive has ${zip.entryCount} entries; ${limits.entries} are the most.`)
  const entries: Entry[] = []
  return await new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      entries.push(entry)
      zip.readEntry()
    })
    zip.on('error', (error) => reject(refusal(error)))
    zip.on('end', () => resolve(entries))
    zip.readEntry()
  })
}

/** Names that yauzl refuses by itself, and the reason that {@link checkEntries} would give. */
const refusals: readonly (readonly [RegExp, UnsafeReason])[] = [
  [/absolute path/, 'absolute'],
  [/invalid relative path/, 'parent'],
  [/invalid characters/, 'backslash'],
]

function refusal(error: unknown): ShoalError {
  const message = messageOf(error)
  const [, reason] = refusals.find(([pattern]) => pattern.test(message)) ?? []
  return new ShoalError(reason ? 'ERR_ARCHIVE_UNSAFE' : 'ERR_ARCHIVE_INVALID', message, { cause: error, ...(reason && { data: { reason } }) })
}

interface Unpacking {
  readonly zip: ZipFile
  readonly raw: readonly Entry[]
  readonly entries: readonly ArchiveEntry[]
  readonly folder: string
}

async function writeAll({ zip, raw, entries, folder }: Unpacking, { signal, onProgress }: UnpackOptions): Promise<void> {
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  let written = 0
  for (const [index, entry] of entries.entries()) {
    signal?.throwIfAborted()
    const path = join(folder, ...entry.segments)
    await mkdir(entry.folder ? path : dirname(path), { recursive: true, mode: 0o700 })
    if (entry.folder) continue
    const source = await zip.openReadStreamPromise(raw[index] as Entry)
    const file = createWriteStream(path, { flags: 'wx', mode: entry.executable ? 0o700 : 0o600, flush: true })
    let checksum = 0
    const watched = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        checksum = crc32(chunk, checksum)
        written += chunk.length
        onProgress?.(written, total)
        done(null, chunk)
      },
    })
    await pipeline(source, watched, file, signal ? { signal } : {})
    if (checksum !== raw[index]?.crc32) throw new ShoalError('ERR_ARCHIVE_INVALID', `The archive is damaged: ${entry.segments.join('/')} has another checksum.`)
  }
}

/** Makes the move last through a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function messageOf(error: unknown): string {
  return `The archive cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`
}
