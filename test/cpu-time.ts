/** CPU time of work in a test: what others do on the machine is not in it. */

/** ms of CPU time that `work`, which is synchronous, takes in this process. */
export function cpuTime(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
