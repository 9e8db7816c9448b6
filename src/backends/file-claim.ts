/** Says beside a file which process uses it, so that a second one stays away, and what a dead one left can be taken over. */

import { createHash, randomBytes } from 'node:crypto'
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { errnoOf, writeTemporary } from '../daemon/util/private-files.js'
import { isRunning, markProcess, type ProcessMark } from '../daemon/util/process-mark.js'
import { delay } from '../daemon/util/wait.js'
import { ShoalError } from '../errors.js'

/** Tries to take over what a dead process left, while others try the same. */
const tries = 50

/** Takes the claim file `path`. Returns what gives it back. Rejects with `ERR_STORE_LOCKED` while a living process has it. */
export async function claimFile(path: string): Promise<() => Promise<void>> {
  const content = Buffer.from(`${JSON.stringify({ ...(await markProcess()), token: randomBytes(12).toString('hex') })}\n`)
  const temporary = await writeTemporary(path, content)
  try {
    for (let left = tries; left > 0; left--) {
      if (await take(path, temporary)) return () => giveBack(path, content)
      await delay(5 + Math.random() * 20)
    }
    throw new ShoalError('ERR_STORE_LOCKED', `${path} cannot be taken over.`)
  } finally {
    await unlink(temporary).catch(() => {})
  }
}

/** False: things moved, look again. */
async function take(path: string, temporary: string): Promise<boolean> {
  if (await linked(temporary, path)) return true
  const dead = await deadClaim(path)
  if (!dead) return false
  // the right to replace this one claim is taken in one step too: of two who see it dead, one must not remove the other's new claim
  const right = `${path}.after-${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`
  if (!(await linked(temporary, right))) {
    if (await deadClaim(right).catch(() => undefined)) await unlink(right).catch(() => {})
    return false
  }
  try {
    const now = await read(path)
    if (!now || !dead.equals(now)) return false
    await rename(temporary, path)
    return true
  } finally {
    await unlink(right).catch(() => {})
  }
}

/** The content of a claim whose process is gone; `undefined`: there is none any more. Rejects with `ERR_STORE_LOCKED` when it lives. */
async function deadClaim(path: string): Promise<Buffer | undefined> {
  const content = await read(path)
  const mark = content && parse(content)
  if (!mark || !(await isRunning(mark))) return content
  throw new ShoalError('ERR_STORE_LOCKED', `${path.replace(/\.owner$/, '')} is in use by process ${mark.pid}.`, { data: { pid: mark.pid } })
}

async function read(path: string): Promise<Buffer | undefined> {
  return await readFile(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  })
}

function parse(content: Buffer): ProcessMark | undefined {
  try {
    const { pid, start, boot }: Record<string, unknown> = JSON.parse(content.toString())
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined
    return { pid, ...(typeof start === 'string' && { start }), ...(typeof boot === 'string' && { boot }) }
  } catch {
    return undefined
  }
}

async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function giveBack(path: string, content: Buffer): Promise<void> {
  const now = await read(path)
  if (now?.equals(content)) await unlink(path)
}
