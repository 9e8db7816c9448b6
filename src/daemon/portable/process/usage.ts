/** What a process and its children use, from /proc. */

import { readdir, readFile } from 'node:fs/promises'

/** Use of one process and of those that it started. */
export interface ProcessUsage {
  /** ms of processor time since its start. */
  readonly cpu: number
  /** Resident bytes; of children, without what they share of files. */
  readonly memory: number
}

/** Clock ticks a second as /proc counts them; the same on every Linux that Node runs on. */
const ticks = 100

/** Children and their children that are counted, and threads that are asked for theirs. */
const maxChildren = 256
const maxThreads = 64

/** Undefined when the process is gone, or the system has no /proc. Where it does not tell of children, they do not count. */
export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  const own = await usageOf(pid, 'VmRSS')
  if (!own) return undefined
  let { cpu, memory } = own
  const children = await childrenOf(pid)
  // the list grows while it is read; a process has one parent, so that nobody comes twice
  for (let at = 0; at < children.length && at < maxChildren; at++) {
    const child = children[at] ?? 0
    const used = await usageOf(child, 'RssAnon')
    if (!used) continue
    cpu += used.cpu
    memory += used.memory
    children.push(...(await childrenOf(child)))
  }
  return { cpu, memory }
}

async function usageOf(pid: number, resident: 'VmRSS' | 'RssAnon'): Promise<ProcessUsage | undefined> {
  try {
    const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'latin1'), readFile(`/proc/${pid}/status`, 'latin1')])
    // fields 14 to 17 of proc(5): its own time, and that of children that have ended; the name before them may hold anything
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const cpu = ([11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) * 1000) / ticks
    const memory = Number(new RegExp(`^${resident}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
    return { cpu, memory }
  } catch {
    return undefined
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch((): string[] => [])
  const lists = await Promise.all(threads.slice(0, maxThreads).map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'latin1').catch(() => '')))
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  )
}
