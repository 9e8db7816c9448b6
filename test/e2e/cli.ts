/** Drives the built command line as a person would: real processes, real homes. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../wait-for.js'

export const mainFile = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** How a command ended. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process with its output so far. */
export interface Running {
  readonly child: ChildProcess
  readonly output: { stdout: string; stderr: string }
  readonly ended: Promise<Finished>
  kill(signal?: NodeJS.Signals): Promise<Finished>
}

/** Starts any program and collects its output. */
export function run(program: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; input?: string | Uint8Array; cwd?: string } = {}): Running {
  const child = spawn(program, args, { env: { ...process.env, ...options.env }, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...output }))
  })
  ended.catch(() => {})
  const kill = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> => {
    child.kill(signal)
    return ended
  }
  return { child, output, ended, kill }
}

/** One node: a home, its daemon and commands against it. */
export class CliNode {
  readonly home: string
  readonly name: string
  readonly env: NodeJS.ProcessEnv
  #daemon: Running | undefined

  constructor(name: string, settings: Record<string, string> = {}) {
    this.name = name
    this.home = mkdtempSync(join(tmpdir(), `shoal-${name}-`))
    const ports = {
      SHOAL_HTTP__PORT: '0',
      SHOAL_RTMP__PORT: '0',
      SHOAL_RTSP__PORT: '0',
      SHOAL_WEBRTC__PORT: '0',
      SHOAL_SWARM__LISTEN: '["/ip4/127.0.0.1/tcp/0"]',
      SHOAL_SWARM__DISCOVERY: 'false',
    }
    this.env = { SHOAL_HOME: this.home, SHOAL_NODE__NAME: name, NO_COLOR: '1', ...ports, ...settings }
  }

  /** Runs a command to its end. */
  async command(...args: string[]): Promise<Finished> {
    return run(process.execPath, [mainFile, ...args], { env: this.env }).ended
  }

  /** Starts a command and leaves it running. */
  spawn(...args: string[]): Running {
    return run(process.execPath, [mainFile, ...args], { env: this.env })
  }

  /** Runs a command with `--json`; fails unless it exits 0. */
  async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.command(...args, '--json')
    if (code !== 0) throw new Error(`shoal ${args.join(' ')} exited ${code}: ${stdout}${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Writes `shoal.yaml`. */
  configure(yaml: string): void {
    writeFileSync(join(this.home, 'shoal.yaml'), yaml, { mode: 0o600 })
  }

  /** Starts the daemon in the foreground and waits until it is ready. */
  async start(...args: string[]): Promise<void> {
    const daemon = run(process.execPath, [mainFile, 'start', ...args], { env: this.env })
    this.#daemon = daemon
    const early = daemon.ended.then(({ code, stderr, stdout }) => {
      throw new Error(`${this.name} ended with ${code}: ${stderr}${stdout}`)
    })
    early.catch(() => {})
    await Promise.race([early, waitFor(`${this.name} to be ready`, async () => (await this.command('wait', '--timeout', '60')).code === 0, 30_000)])
  }

  /** Ends the daemon with a signal; its exit. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished | undefined> {
    const daemon = this.#daemon
    this.#daemon = undefined
    return daemon?.kill(signal)
  }

  /** Everything the daemon printed. */
  get log(): string {
    return this.#daemon ? this.#daemon.output.stdout + this.#daemon.output.stderr : ''
  }

  async dispose(): Promise<void> {
    await this.kill('SIGKILL')
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Where the daemon of `node` serves HTTP. */
export async function httpOf(node: CliNode): Promise<string> {
  const { http } = await node.json<{ http: { host: string; port: number } }>('status')
  return `http://${http.host}:${http.port}`
}

/** Pairs two running nodes and waits until both show the link. */
export async function pair(inviter: CliNode, joiner: CliNode): Promise<void> {
  const { ticket } = await inviter.json<{ ticket: string }>('invite')
  await joiner.json('join', ticket)
  await waitFor(`${inviter.name} and ${joiner.name} to be linked`, async () => {
    const rows = await Promise.all([inviter, joiner].map((node) => node.json<{ peers: { connected: boolean }[] }>('peers')))
    return rows.every(({ peers }) => peers.some((peer) => peer.connected))
  })
}

/** What a stack trace looks like; no command may print one. */
export const stackTrace = /\n\s+at .*[:(]\d+|node:internal|Unhandled|UnhandledPromise/
