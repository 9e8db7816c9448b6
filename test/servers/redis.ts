/** A private redis-server for a test file: on a free port of the loopback interface, in memory, gone afterwards. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'

/** A server that runs. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Ends it as a crash would; {@link RedisServer.start} brings it back, empty, on the same port. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/** Starts one. `password`: clients have to give it. */
export async function startRedis(options: { readonly password?: string } = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  const start = async (): Promise<void> => {
    const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
    child = spawn('redis-server', [...words, ...(options.password === undefined ? [] : ['--requirepass', options.password])], { stdio: 'ignore' })
    await waitFor('redis-server', () => answers(port))
  }
  await start()
  const stop = async (): Promise<void> => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: `redis://127.0.0.1:${port}`, port, kill, start, stop }
}

/** Does it answer, if only that it wants a password? */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', () => socket.destroy())
    socket.once('data', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
}
