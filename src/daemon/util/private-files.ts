/** Files and folders that no other user of the machine may read or replace: modes, owners and links are checked, writes are whole or absent. */

import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ShoalError } from '../../errors.js'

/** Code of a Node error (`ENOENT` …), if it is one. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** A path as a shell takes it, for commands in messages. */
export function shellQuoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

/** `ERR_MODE_UNSAFE` with what to do. */
export function unsafeMode(path: string, why: string, fix: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_MODE_UNSAFE', `${path} ${why}.`, { hint: fix, cause, data: { path } })
}

/** Throws `ERR_MODE_UNSAFE` unless this user owns it and its mode has no bit beyond `allowed`. */
export function checkOwner(path: string, stats: Stats, allowed: number): void {
  const uid = process.getuid?.()
  if (uid === undefined) return
  if (stats.uid !== uid) throw unsafeMode(path, `belongs to user ${stats.uid}, not to ${uid}`, `Run: chown ${uid} ${shellQuoted(path)}`)
  const mode = stats.mode & 0o7777
  if ((mode & ~allowed) === 0) return
  const octal = (value: number): string => value.toString(8).padStart(4, '0')
  throw unsafeMode(path, `has mode ${octal(mode)}; others could use it`, `Run: chmod ${(mode & allowed).toString(8)} ${shellQuoted(path)}`)
}

/**
 * Reads a file of mode 0600 or narrower that this user owns. Links, folders and pipes are refused, so that nothing planted is followed.
 * @throws `ERR_MODE_UNSAFE`; the system's own error (`ENOENT` …) otherwise. More than `limit` bytes: the first `limit + 1`, for the caller to refuse.
 */
export async function readPrivate(path: string, limit: number): Promise<Uint8Array> {
  const file = await openUnlinked(path)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw unsafeMode(path, 'is not a regular file', `Move it away: mv ${shellQuoted(path)} ${shellQuoted(`${path}.moved`)}`)
    checkOwner(path, stats, 0o600)
    const buffer = Buffer.alloc(limit + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) return new Uint8Array(buffer.subarray(0, length))
    }
  } finally {
    await file.close()
  }
}

/** Opens for reading what is not a link; never waits for the other end of a pipe. */
async function openUnlinked(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') throw unsafeMode(path, 'is a symbolic link', `Replace the link by the file itself: rm ${shellQuoted(path)}`, error)
    if (errnoOf(error) === 'EACCES') throw unsafeMode(path, 'cannot be read by this user', `Run: chmod 600 ${shellQuoted(path)}`, error)
    if (errnoOf(error) === 'ENXIO')
      throw unsafeMode(path, 'is not a regular file', `Move it away: mv ${shellQuoted(path)} ${shellQuoted(`${path}.moved`)}`, error)
    throw error
  }
}

/** Writes `bytes` to a new file of mode 0600 beside `path` and forces them to the disk. Returns its path. */
export async function writeTemporary(path: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  } finally {
    await file.close()
  }
  return temporary
}

/** Forces a folder's entries to the disk, where the system can. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY).catch(() => undefined)
  if (!handle) return
  await handle.sync().catch(() => {})
  await handle.close()
}

/**
 * Creates `path` with mode 0600. It appears whole or not at all, and never in place of something else: the name is taken by link(2), which fails
 * with `EEXIST` where rename(2) would replace.
 */
export async function createPrivate(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = await writeTemporary(path, bytes)
  try {
    await link(temporary, path)
  } finally {
    await unlink(temporary).catch(() => {})
  }
  await syncFolder(dirname(path))
}

/**
 * Makes a folder, and those above it, with mode 0700; one that is there must be ours, no link, and closed to others.
 * @throws `ERR_MODE_UNSAFE` with the command that helps.
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await makeFolder(path)
  const stats = await lstat(path)
  if (stats.isSymbolicLink()) throw unsafeMode(path, 'is a symbolic link', 'Replace the link by a folder.')
  if (!stats.isDirectory()) throw unsafeMode(path, 'is not a folder', `Move it away: mv ${shellQuoted(path)} ${shellQuoted(`${path}.moved`)}`)
  checkOwner(path, stats, 0o7700)
}

/** As {@link ensurePrivateFolder}, for a folder that people may read or keep elsewhere through a link: ours, and not writable by others. */
export async function ensureOwnFolder(path: string): Promise<void> {
  await makeFolder(path)
  const stats = await stat(path)
  if (!stats.isDirectory()) throw unsafeMode(path, 'is not a folder', `Move it away: mv ${shellQuoted(path)} ${shellQuoted(`${path}.moved`)}`)
  checkOwner(path, stats, 0o7755)
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST')
      throw new ShoalError('ERR_START_FAILED', `The folder ${path} cannot be made: ${(error as Error).message}`, { cause: error })
  }
}
