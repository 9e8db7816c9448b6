/** One hash over a plugin's files, and what has changed since it was made. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** Relative path with `/` → SHA-256 of its bytes in hex, with `+x` where it may be run. */
export type FileHashes = Readonly<Record<string, string>>

/** Hashes files of a folder, one after the other. A path that is no regular file, or cannot be read, is left out. */
export async function hashFiles(folder: string, paths: readonly string[]): Promise<FileHashes> {
  const hashes: [string, string][] = []
  for (const path of [...paths].sort()) {
    const hash = await hashFile(join(folder, ...path.split('/')))
    if (hash !== undefined) hashes.push([path, hash])
  }
  return Object.fromEntries(hashes)
}

/** The hash over all of them: names, bits and bytes. Hex. */
export function treeHash(files: FileHashes): string {
  const hash = createHash('sha256')
  for (const path of Object.keys(files).sort()) hash.update(`${JSON.stringify(path)} ${files[path]}\n`)
  return hash.digest('hex')
}

/** The first file that is gone or not what it was. What stands beside the listed files does not count. */
export async function changedFile(folder: string, files: FileHashes): Promise<{ readonly path: string; readonly how: 'changed' | 'missing' } | undefined> {
  for (const [path, hash] of Object.entries(files)) {
    const now = await hashFile(join(folder, ...path.split('/')))
    if (now !== hash) return { path, how: now === undefined ? 'missing' : 'changed' }
  }
  return undefined
}

async function hashFile(path: string): Promise<string | undefined> {
  try {
    const found = await lstat(path)
    if (!found.isFile()) return undefined
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash)
    return `${hash.digest('hex')}${found.mode & 0o100 ? '+x' : ''}`
  } catch {
    return undefined
  }
}
