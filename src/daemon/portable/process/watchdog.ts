/**
 * No plugin outlives the daemon, not even when the daemon is killed with -9. A small shell holds the other end of a pipe
 * and ends the plugin's process group when that pipe closes without a word. Unlike a death signal of the kernel it
 * reaches grandchildren, leaves a moment to stop in good order, and needs no program beyond `sh`.
 */

import { type ChildProcess, spawn } from 'node:child_process'

/** Seconds between the daemon's death and the end of the group: time for plugins that stop when their stdin ends. */
const grace = 1

const script = `read word && exit 0; sleep ${grace}; kill -KILL "-$1" 2>&1`

/** Watches over one process group. */
export class Watchdog {
  readonly #shell: ChildProcess | undefined

  /** `group`: id of the process group. Where there is no `sh` the plugin has only its closed stdin to tell it. */
  constructor(group: number) {
    const env = { PATH: '/usr/bin:/bin' }
    this.#shell = spawn('/bin/sh', ['-c', script, 'sh', String(group)], { cwd: '/', env, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#shell.on('error', () => {})
    this.#shell.stdin?.on('error', () => {})
    // a watchdog alone does not keep the daemon alive
    this.#shell.unref()
  }

  /** Ends the watch: the group is gone. */
  done(): void {
    this.#shell?.kill('SIGKILL')
    this.#shell?.stdin?.destroy()
  }
}
