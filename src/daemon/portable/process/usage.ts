/** What a process uses, from /proc. */

import { readFile } from 'node:fs/promises'

/** Use of one process; children do not count. */
export interface ProcessUsage {
  /** ms of processor time since its start. */
  readonly cpu: number
  /** Resident bytes. */
  readonly memory: number
}

/** Clock ticks a second as /proc counts them; the same on every Linux that Node runs on. */
const ticks = 100

/** Undefined when the process is gone, or the system has no /proc. */
export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  try {
    const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'latin1'), readFile(`/proc/${pid}/status`, 'latin1')])
    // fields 14 and 15 of proc(5); the name before them may hold anything
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const cpu = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks
    const memory = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
    return { cpu, memory }
  } catch {
    return undefined
  }
}
