/** Names a process so that a later one with the same number is told apart: process ids are used again, start times within one boot are not. */

import { readFile } from 'node:fs/promises'
import { errnoOf } from './private-files.js'

/** A process. Where the system has no /proc, its number is all there is. */
export interface ProcessMark {
  readonly pid: number
  /** Clock ticks since boot at which it started. */
  readonly start?: string
  /** Id of the boot. */
  readonly boot?: string
}

/** The mark of this process, or another that runs. */
export async function markProcess(pid = process.pid): Promise<ProcessMark> {
  const [stat, boot] = await Promise.all([readStat(pid), bootId()])
  return { pid, ...(stat && { start: stat.start }), ...(boot !== undefined && { boot }) }
}

/** Does that very process run? A zombie does not; one of another user does. */
export async function isRunning(mark: ProcessMark): Promise<boolean> {
  const boot = await bootId()
  if (mark.boot !== undefined && boot !== undefined && mark.boot !== boot) return false
  try {
    process.kill(mark.pid, 0)
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') return false
  }
  const stat = await readStat(mark.pid)
  if (!stat) return true
  if (stat.state === 'Z' || stat.state === 'X') return false
  return mark.start === undefined || mark.start === stat.start
}

/** Fields 3 and 22 of /proc/PID/stat (proc(5)). The name before them may hold anything, spaces and brackets too. */
async function readStat(pid: number): Promise<{ state: string; start: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields?.[0], fields?.[19]]
  return state === undefined || start === undefined ? undefined : { state, start }
}

async function bootId(): Promise<string | undefined> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => undefined)
  return text?.trim()
}
