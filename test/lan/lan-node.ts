/** A daemon on a host of a {@link Lab}: the built command line with its default ports, looked at through its control socket. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Answer, Client } from '../../src/cli/client.js'
import { type Finished, mainFile, type Running, run } from '../e2e/cli.js'
import { waitFor } from '../wait-for.js'
import type { Lab } from './lab.js'

/** One node of a lab. Its name is that of its host. */
export class LanNode {
  readonly name: string
  readonly client: Client
  readonly #lab: Lab
  readonly #home: string
  readonly #env: NodeJS.ProcessEnv
  #daemon: Running | undefined
  #log = ''

  constructor(lab: Lab, name: string, env: NodeJS.ProcessEnv = {}) {
    this.#lab = lab
    this.name = name
    this.#home = mkdtempSync(join(tmpdir(), `shoal-lan-${name}-`))
    this.#env = { SHOAL_HOME: this.#home, SHOAL_NODE__NAME: name, NO_COLOR: '1', ...env }
    this.client = new Client({ home: this.#home })
  }

  /** Starts the daemon; resolves when it is ready. */
  async start(): Promise<void> {
    this.launch()
    await this.ready()
  }

  /** Starts the daemon and does not wait. */
  launch(): void {
    const [program = '', ...args] = [...this.#lab.prefix(this.name), process.execPath, mainFile, 'start']
    this.#daemon = run(program, args, { env: this.#env })
  }

  /** Resolves when the daemon is ready. */
  async ready(): Promise<void> {
    const early = this.#daemon?.ended.then(({ code }) => Promise.reject(new Error(`${this.name} ended with ${code}: ${this.log}`)))
    early?.catch(() => {})
    await Promise.race([early, waitFor(`${this.name} to be ready`, () => this.client.call('ready'), 20_000)])
  }

  /** Is a daemon running here, as far as this test knows? */
  get running(): boolean {
    return this.#daemon !== undefined
  }

  /** Its home folder. */
  get home(): string {
    return this.#home
  }

  /** Sends the daemon a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.#daemon?.child.kill(signal)
  }

  /** Ends the daemon with a signal and waits for its end. */
  async kill(signal: NodeJS.Signals): Promise<Finished | undefined> {
    const ended = await this.#daemon?.kill(signal)
    this.#log = this.log
    this.#daemon = undefined
    return ended
  }

  /** Runs a command with `--json` to its end; fails unless it exits 0. */
  async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await run(process.execPath, [mainFile, ...args, '--json'], { env: this.#env }).ended
    if (code !== 0) throw new Error(`shoal ${args.join(' ')} exited ${code}: ${stdout}${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Its peer of this name; undefined when it trusts none. */
  async peer(name: string): Promise<Answer<'peers.list'>['peers'][number] | undefined> {
    const { peers } = await this.client.call('peers.list')
    return peers.find((peer) => peer.name === name)
  }

  /** Is there a link to the peer of this name? */
  async linked(name: string): Promise<boolean> {
    return (await this.peer(name))?.connected ?? false
  }

  /** What it heard of the node of this name on the network. */
  async discovered(name: string): Promise<Answer<'peers.discovered'>['discovered'][number] | undefined> {
    const { discovered } = await this.client.call('peers.discovered')
    return discovered.find((candidate) => candidate.name === name)
  }

  /** Resident memory of the daemon, bytes. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#daemon?.child.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024
  }

  /** Processor time the daemon has used, ms. */
  get processorTime(): number {
    const stat = readFileSync(`/proc/${this.#daemon?.child.pid}/stat`, 'utf8')
    // after the name, which may hold anything: utime and stime are the 14th and 15th field (proc(5)), in ticks of 10 ms
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  /** Everything the daemon printed, over all its starts. */
  get log(): string {
    return this.#log + (this.#daemon ? this.#daemon.output.stdout + this.#daemon.output.stderr : '')
  }

  async dispose(): Promise<void> {
    this.client.close()
    await this.kill('SIGKILL')
    rmSync(this.#home, { recursive: true, force: true })
  }
}

/** Makes two nodes trust each other with a ticket, as a person does, and waits for the link. */
export async function pair(inviter: LanNode, joiner: LanNode): Promise<void> {
  const { ticket } = await inviter.json<{ ticket: string }>('invite')
  await joiner.json('join', ticket)
  await linked(inviter, joiner)
}

/** Waits until two nodes both see their link. */
export async function linked(a: LanNode, b: LanNode, ms = 10_000): Promise<void> {
  await waitFor(`${a.name} and ${b.name} to be linked`, async () => (await a.linked(b.name)) && (await b.linked(a.name)), ms)
}

/** ms that something took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
