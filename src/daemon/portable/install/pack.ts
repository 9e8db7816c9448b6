/** Packs a folder as a plugin's zip: the same bytes for the same files, whenever and wherever it is packed. */

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { ShoalError } from '../../../errors.js'
import { archiveLimits } from './archive-entry.js'

/** What was packed. */
export interface Packed {
  readonly files: number
  /** Bytes of the zip. */
  readonly size: number
  /** Hex. */
  readonly sha256: string
}

/** Folders that are made anew wherever they are needed. */
const leftOut = new Set(['node_modules', '__pycache__'])

/** The first moment that a zip can say. Local time, as a zip has no zone. */
const fixedTime = new Date(1980, 0, 1)

/** One file of a package. */
export interface Piece {
  /** Relative, with `/`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
}

/** Packs `folder` into `target`, which appears whole. Hidden files are left out. Rejects with `ERR_ARCHIVE_UNSAFE` for links, `ERR_ARCHIVE_TOO_LARGE`. */
export async function packFolder(folder: string, target: string): Promise<Packed> {
  const pieces = (await listFiles(folder)).filter(({ path }) => join(folder, path) !== target)
  const bytes = pieces.reduce((sum, { size }) => sum + size, 0)
  if (pieces.length > archiveLimits.entries || bytes > archiveLimits.bytes)
    throw new ShoalError(
      'ERR_ARCHIVE_TOO_LARGE',
      `${pieces.length} files with ${bytes} bytes; ${archiveLimits.entries} and ${archiveLimits.bytes} are the most.`,
    )
  const zip = new ZipFile()
  for (const { path, executable } of pieces)
    zip.addFile(join(folder, path), path, { mtime: fixedTime, mode: executable ? 0o100755 : 0o100644, compress: true, forceDosTimestamp: true })
  zip.end()
  return await write(zip, target, pieces.length)
}

/** The files of a folder that are packed, in the order of the zip. Rejects as {@link packFolder}. */
export async function listFiles(folder: string): Promise<readonly Piece[]> {
  return (await collect(folder, '')).sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function write(zip: ZipFile, target: string, files: number): Promise<Packed> {
  const hash = createHash('sha256')
  let size = 0
  const watched = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  const temporary = `${target}.part`
  const output = zip.outputStream
  zip.on('error', (error: Error) => watched.destroy(error))
  try {
    await pipeline(output, watched, createWriteStream(temporary))
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return { files, size, sha256: hash.digest('hex') }
}

async function collect(folder: string, below: string): Promise<Piece[]> {
  const pieces: Piece[] = []
  const names = await readdir(join(folder, below)).catch((cause: unknown) => {
    throw new ShoalError('ERR_SOURCE_FAILED', `${join(folder, below)} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
  for (const name of names) {
    if (name.startsWith('.') || leftOut.has(name) || name.endsWith('.zip.part')) continue
    const path = below === '' ? name : `${below}/${name}`
    const found = await lstat(join(folder, path))
    if (found.isDirectory()) pieces.push(...(await collect(folder, path)))
    else if (found.isFile()) pieces.push({ path, size: found.size, executable: (found.mode & 0o100) !== 0 })
    else throw new ShoalError('ERR_ARCHIVE_UNSAFE', `${join(folder, path)} is neither a file nor a folder; a package holds nothing else.`)
    if (pieces.length > archiveLimits.entries) throw new ShoalError('ERR_ARCHIVE_TOO_LARGE', `The folder has more than ${archiveLimits.entries} files.`)
  }
  return pieces
}
