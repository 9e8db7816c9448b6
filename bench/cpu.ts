/** What a process cost, from the kernel's own accounting. Linux only. Source: proc(5), /proc/PID/stat, /proc/PID/status and /proc/stat. */

import { readFileSync } from 'node:fs'

/** Clock ticks a second; 100 on every Linux that Node runs on. */
const ticks = 100

/** User and system CPU seconds so far: of a process, all threads; of the children of this one that ended; or of the whole machine. */
export function cpuSeconds(of: number | 'children' | 'all'): number {
  if (of === 'all') {
    // user, nice, system; then irq, softirq
    const fields = (readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '').split(/\s+/).map(Number)
    return [1, 2, 3, 6, 7].reduce((sum, at) => sum + (fields[at] ?? 0), 0) / ticks
  }
  const stat = readFileSync(`/proc/${of === 'children' ? 'self' : of}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const at = of === 'children' ? 13 : 11
  return (Number(fields[at]) + Number(fields[at + 1])) / ticks
}

/** Resident memory in MB. */
export function rssMegabytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(line?.[1] ?? 0) * 1024) / 1e6
}

/** The value at quantile `q` (0–1) of unsorted numbers; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** The middle one of a few numbers, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? (sorted[Math.floor(middle)] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}
