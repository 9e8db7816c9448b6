/** CPU time of work in a test: what others do on the machine is not in it. */

/** ms of CPU time that `work`, which is synchronous, takes in this process. */
export function cpuTime(work: () => void): number {
  const since = stopwatch()
  work()
  return since()
}

/** Begins to count; gives the ms of CPU time that this process has taken since. */
export function stopwatch(): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
}
