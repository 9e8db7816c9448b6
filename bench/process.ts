/** Processes of a run: pinned to a core, with their output kept, and all of them gone at the end. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Which core a process runs on: servers have one of their own. */
export type Place = 'server' | 'load'

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

/** How processes are placed, for people. */
export const placement = canPin ? 'servers pinned to one core, publisher and readers to another' : 'processes not pinned: there is one core, or no taskset'

/** A process that was started. */
export interface Started {
  readonly pid: number
  readonly child: ChildProcess
  /** What it printed so far, the newest 1 MB. */
  output(): string
  /** Lines of standard output as they come; one reader. */
  lines(): AsyncIterable<string>
  /** Ends it with a signal, and with SIGKILL 10 s later. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

/** Starts a Node program on a core. */
export function startNode(place: Place, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  return startProgram(place, [process.execPath, ...args], env)
}

/** Starts any program on a core. */
export function startProgram(place: Place, command: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const pin = canPin ? ['taskset', '-c', place === 'server' ? '1' : '0'] : []
  const [program = '', ...rest] = [...pin, ...command]
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (text: string): void => {
    output = (output + text).slice(-1_000_000)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  running.add(child)
  const ended = once(child, 'close').finally(() => running.delete(child))
  ended.catch(() => {})
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    // a stopped process takes its signal only once it goes on
    child.kill(signal)
    child.kill('SIGCONT')
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(late)
  }
  return { pid: child.pid as number, child, output: () => output, lines: () => linesOf(child), stop }
}

async function* linesOf({ stdout }: ChildProcess): AsyncGenerator<string, void, undefined> {
  let rest = ''
  for await (const text of stdout ?? []) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** Runs a script of this folder with the loader that runs this one. */
export function startScript(place: Place, name: string, args: readonly string[]): Started {
  return startNode(place, ['--import', 'tsx', new URL(name, import.meta.url).pathname, ...args])
}

/** The output of a Node program that ends. */
export async function runNode(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const started = startNode('load', args, env)
  let out = ''
  started.child.stdout?.on('data', (text: string) => {
    out += text
  })
  const [code] = await once(started.child, 'close')
  if (code !== 0) throw new Error(`${args.join(' ')} exited ${code}: ${started.output()}`)
  return out
}

/** A TCP port that is free on 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Asks again, `every` ms, until the answer is not false. */
export async function until<T>(what: string, ask: () => Promise<T | false>, ms = 30_000, every = 50): Promise<T> {
  let last: unknown
  for (const end = performance.now() + ms; performance.now() < end; await sleep(every)) {
    try {
      const answer = await ask()
      if (answer !== false) return answer
    } catch (error) {
      last = error
    }
  }
  throw new Error(`${what} did not happen in ${ms} ms`, { cause: last })
}

/** Does anybody listen there? */
export function listens({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
