/**
 * One daemon a home: a lock file, and a control socket whose path is safe.
 *
 * The lock is a file that names its process. It appears by link(2), so it is whole and the first one wins. A lock whose process is dead is replaced,
 * and here two starters must not both win, one by removing the other's new lock. So the right to replace a lock is itself taken by link(2), under a name
 * made from the lock's content: `lock.after-HASH`. The content is unique, so for one dead lock only one process ever has that right; if it dies too,
 * the right to act for it is `lock.after-HASH OF ITS CLAIM`, and so on. Who has the right checks that the dead lock is still there, and renames its own claim
 * over it in one step.
 */

import { createHash, randomBytes } from 'node:crypto'
import { chmod, link, lstat, readdir, rename, unlink } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { ShoalError } from '../errors.js'
import { checkSocketPath } from './paths.js'
import { checkOwner, ensurePrivateFolder, errnoOf, readPrivate, shellQuoted, unsafeMode, writeTemporary } from './util/private-files.js'
import { isRunning, markProcess, type ProcessMark } from './util/process-mark.js'
import { delay, monotonic } from './util/wait.js'

/** Who holds a lock. */
export interface LockHolder extends ProcessMark {
  readonly home: string
}

/** How a lock is taken. */
export interface LockOptions {
  /** The home, for messages. */
  readonly home: string
  /** This process. Default: the real one. */
  readonly self?: ProcessMark
  /** Does a process run? Default: asks the system. */
  readonly alive?: (mark: ProcessMark) => Promise<boolean>
}

/** A lock that is held. */
export interface HomeLock {
  /** Gives it up; idempotent. A lock that is no longer ours is left alone. */
  release(): Promise<void>
}

/** A lock file as it was read. */
interface Claim {
  /** Hash of the content. */
  readonly token: string
  /** Absent when the content is none of ours. */
  readonly holder?: LockHolder
}

/** Longest lock file, in bytes. */
const maxClaim = 8192

/** ms to wait for another starter that is replacing a dead lock. */
const patience = 5000

/**
 * Takes the lock, replacing that of a dead process.
 * @throws `ERR_ALREADY_RUNNING` naming pid and home, `ERR_MODE_UNSAFE`; the system's error when the folder takes no file
 */
export async function acquireLock(path: string, options: LockOptions): Promise<HomeLock> {
  await ensurePrivateFolder(dirname(path))
  const self = options.self ?? (await markProcess())
  const alive = options.alive ?? isRunning
  const content = Buffer.from(`${JSON.stringify({ ...self, home: options.home, token: randomBytes(16).toString('hex') })}\n`)
  const temporary = await writeTemporary(path, content)
  try {
    const end = monotonic() + patience
    while (!(await tryAcquire(path, temporary, options.home, alive))) {
      if (monotonic() > end) throw new ShoalError('ERR_ALREADY_RUNNING', `Another start in ${options.home} does not come to an end.`)
      await delay(5 + Math.random() * 20)
    }
  } finally {
    await unlink(temporary).catch(() => {})
  }
  await sweep(path, alive)
  return { release: () => release(path, hashOf(content)) }
}

/** Who holds the lock now; undefined when nobody alive does. Throws `ERR_MODE_UNSAFE`. */
export async function readLockHolder(path: string): Promise<LockHolder | undefined> {
  const holder = (await readClaim(path))?.holder
  return holder && (await isRunning(holder)) ? holder : undefined
}

/** True: it is ours. False: things moved, look again. */
async function tryAcquire(path: string, temporary: string, home: string, alive: (mark: ProcessMark) => Promise<boolean>): Promise<boolean> {
  if (await linked(temporary, path)) return true
  const claim = await readClaim(path)
  if (!claim) return false
  if (claim.holder && (await alive(claim.holder))) throw alreadyRunning(claim.holder.home || home, claim.holder.pid)
  const right = await takeRight(path, temporary, claim.token, alive)
  if (right === undefined) return false
  try {
    if ((await readClaim(path))?.token !== claim.token) return false
    await rename(temporary, path)
    return true
  } finally {
    await unlink(right).catch(() => {})
  }
}

/** Takes the right to replace the dead lock `token`, over any who had it and died. Returns its file; undefined while somebody alive has it. */
async function takeRight(path: string, temporary: string, token: string, alive: (mark: ProcessMark) => Promise<boolean>): Promise<string | undefined> {
  let dead = token
  for (;;) {
    const right = `${path}.after-${dead}`
    if (await linked(temporary, right)) return right
    const other = await readClaim(right)
    if (!other || (other.holder && (await alive(other.holder)))) return undefined
    dead = other.token
  }
}

/** Gives a file a second name; false when that name is taken. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function readClaim(path: string): Promise<Claim | undefined> {
  let content: Uint8Array
  try {
    content = await readPrivate(path, maxClaim)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  const holder = parseHolder(content)
  return { token: hashOf(content), ...(holder && { holder }) }
}

function parseHolder(content: Uint8Array): LockHolder | undefined {
  try {
    const { pid, start, boot, home } = JSON.parse(Buffer.from(content).toString()) as Record<string, unknown>
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined
    return { pid, home: String(home), ...(typeof start === 'string' && { start }), ...(typeof boot === 'string' && { boot }) }
  } catch {
    return undefined
  }
}

async function release(path: string, token: string): Promise<void> {
  if ((await readClaim(path))?.token === token) await unlink(path)
}

/** Removes what starters left that were killed half-way. The rights of the dead are worth nothing once the lock they were for is gone. */
async function sweep(path: string, alive: (mark: ProcessMark) => Promise<boolean>): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)]
  const left = (await readdir(folder)).filter((entry) => entry.startsWith(`${name}.after-`) || (entry.startsWith(`.${name}.`) && entry.endsWith('.tmp')))
  for (const entry of left) {
    const claim = await readClaim(join(folder, entry)).catch(() => undefined)
    if (claim?.holder && !(await alive(claim.holder))) await unlink(join(folder, entry)).catch(() => {})
  }
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}

function alreadyRunning(home: string, pid?: number): ShoalError {
  const who = pid === undefined ? '' : ` (pid ${pid})`
  return new ShoalError('ERR_ALREADY_RUNNING', `A daemon already runs in ${home}${who}.`, { data: { home, ...(pid !== undefined && { pid }) } })
}

/**
 * Makes a path ready to listen on: the folder is made or checked (0700, ours, no link), and a socket that nobody answers on is removed. Call
 * {@link closeSocketToOthers} once it listens.
 * @throws `ERR_SOCKET_PATH_TOO_LONG`, `ERR_MODE_UNSAFE`, `ERR_ALREADY_RUNNING`
 */
export async function prepareSocketPath(path: string): Promise<void> {
  checkSocketPath(path)
  await ensurePrivateFolder(dirname(path))
  const stats = await lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (!stats) return
  if (!stats.isSocket()) {
    throw unsafeMode(path, stats.isSymbolicLink() ? 'is a symbolic link' : 'is not a socket', `See what it is, then: rm ${shellQuoted(path)}`)
  }
  checkOwner(path, stats, 0o7777)
  if (await answers(path)) throw alreadyRunning(dirname(path))
  await unlink(path).catch(() => {})
}

/** Mode 0600 for a socket that listens. */
export async function closeSocketToOthers(path: string): Promise<void> {
  await chmod(path, 0o600)
}

/** Does somebody listen? A full backlog, or no answer in 2 s, is a yes: never take a socket away from a busy daemon. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path })
    const settle = (answer: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => settle(true), 2000)
    socket.once('connect', () => settle(true))
    socket.once('error', (error) => settle(!['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')))
  })
}
