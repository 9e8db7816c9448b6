/**
 * The program that starts plugins' programs for a daemon: `node nursery-program.mjs FOLDER`, with a channel to the daemon. To fork a small
 * process takes a moment, to fork the daemon holds up every stream. It hands the streams over and sees no byte of them, and it is the one
 * watchdog: when the daemon is gone, however it went, every process group that was started here ends, and FOLDER with them.
 *
 * It runs before anything is compiled or loaded, and so it is JavaScript that imports nothing of the project.
 *
 * @typedef {{ id: number, socket: string, command: string, args: string[], cwd: string, env: Record<string, string>, nice: number }} Begin
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { getPriority, setPriority } from 'node:os'

/** ms between the daemon's death and the end of the groups: time for programs that stop when their stdin ends. */
const grace = 1000

const folder = process.argv[2] ?? ''

/** Process groups that run. */
const groups = new Set()

/**
 * Starts a program between three new connections to a socket of the daemon, in their order. Answers with its pid, or why there is none.
 * @param {Begin} begin
 */
async function start({ id, socket, command, args, cwd, env, nice }) {
  const streams = [0, 1, 2].map(() => connect(socket).pause())
  for (const stream of streams) stream.on('error', () => {})
  try {
    await Promise.all(streams.map((stream) => once(stream, 'connect')))
    const child = spawn(command, args, { cwd, env, detached: true, stdio: streams })
    child.on('error', (error) => child.pid === undefined && tell({ id, error: codeOf(error) }))
    if (child.pid !== undefined) watch(id, child, nice)
  } catch (error) {
    tell({ id, refused: codeOf(error) })
  } finally {
    // the child has its own
    for (const stream of streams) stream.destroy()
  }
}

/**
 * @param {number} id
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} nice
 */
function watch(id, child, nice) {
  const { pid = 0 } = child
  groups.add(pid)
  standBack(pid, nice)
  tell({ id, pid })
  child.once('exit', (code, signal) => {
    // children of it that are left, before anybody else can get the number
    const left = end(pid)
    groups.delete(pid)
    tell({ id, code, signal, left })
  })
}

/**
 * Ends a group; false: there was nobody in it any more.
 * @param {number} group
 */
function end(group) {
  try {
    return process.kill(-group, 'SIGKILL')
  } catch {
    return false
  }
}

/**
 * Before it has threads, which have what their maker has. Where it cannot be done, it competes like any process.
 * @param {number} pid
 * @param {number} nice
 */
function standBack(pid, nice) {
  if (nice === 0) return
  try {
    setPriority(pid, Math.min(19, getPriority() + nice))
  } catch {
    // it is gone already
  }
  standBackAsGroup(pid, nice).catch(() => {})
}

/**
 * Its session may be a group of its own to the scheduler, which then weighs only groups: sched(7), "The autogroup feature".
 * @param {number} pid
 * @param {number} nice
 */
async function standBackAsGroup(pid, nice) {
  const own = /nice (-?\d+)/.exec(await readFile(`/proc/${process.ppid}/autogroup`, 'latin1'))?.[1] ?? '0'
  await writeFile(`/proc/${pid}/autogroup`, String(Math.min(19, Number(own) + nice)))
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** @param {object} message */
function tell(message) {
  if (process.connected) process.send?.(message, () => {})
}

function finish() {
  for (const group of groups) end(group)
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}

// a terminal and a service manager tell every process of the daemon to end; this one ends after the daemon
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
process.on('message', (/** @type {Begin} */ begin) => void start(begin))
process.on('disconnect', () => (groups.size === 0 ? finish() : setTimeout(finish, grace)))
