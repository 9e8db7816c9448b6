/** Nodes of Shoal for a run: real daemons with homes of their own, driven by the command line. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type Place, runNode, type Started, startNode, until } from './process.js'

/** What of `shoal streams info` is used here. */
export interface StreamFacts {
  readonly stream: { readonly subscribers: number; readonly framesIn: number; readonly framesDropped: number }
}

/** The build that is measured: this repository's. */
export const ownBuild: string = new URL('..', import.meta.url).pathname

/** One running node. */
export class ShoalNode {
  readonly name: string
  readonly daemon: Started
  readonly http: string
  readonly rtmp: string
  readonly #main: string
  readonly #home: string
  readonly #env: NodeJS.ProcessEnv

  private constructor(name: string, main: string, home: string, ports: { http: number; rtmp: number }, flags: readonly string[], place: Place) {
    this.name = name
    this.#main = main
    this.#home = home
    this.http = `http://127.0.0.1:${ports.http}`
    this.rtmp = `rtmp://127.0.0.1:${ports.rtmp}`
    this.#env = {
      SHOAL_HOME: home,
      SHOAL_NODE__NAME: name,
      SHOAL_HTTP__PORT: String(ports.http),
      SHOAL_RTMP__PORT: String(ports.rtmp),
      SHOAL_RTSP__PORT: '0',
      SHOAL_WEBRTC__PORT: '0',
      SHOAL_SWARM__LISTEN: '["/ip4/127.0.0.1/tcp/0"]',
      SHOAL_SWARM__DISCOVERY: 'false',
      SHOAL_LOG__FORMAT: 'json',
    }
    this.daemon = startNode(place, [...flags, main, 'start'], this.#env)
  }

  /** Starts a node of the build in `folder` and waits until it is ready. `flags` are Node's, `yaml` its configuration. */
  static async start(name: string, folder: string, flags: readonly string[] = [], yaml = '', place: Place = 'server'): Promise<ShoalNode> {
    const home = mkdtempSync(join(tmpdir(), `shoal-bench-${name}-`))
    writeFileSync(join(home, 'shoal.yaml'), yaml, { mode: 0o600 })
    const ports = { http: await freePort(), rtmp: await freePort() }
    const node = new ShoalNode(name, join(folder, 'dist', 'cli', 'main.js'), home, ports, flags, place)
    await until(`${name} to be ready`, async () => node.daemon.output().includes('"ready"') && (await node.command('wait', '--timeout', '30')) !== '')
    return node
  }

  /** Runs a command of this node; what it prints. */
  async command(...args: string[]): Promise<string> {
    return (await runNode([this.#main, ...args], this.#env)) || 'done'
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.command(...args, '--json')) as T
  }

  /** Where its files are. */
  get home(): string {
    return this.#home
  }

  /** Pairs with another node and waits for the link. */
  async join(other: ShoalNode): Promise<void> {
    const { ticket } = await other.json<{ ticket: string }>('invite')
    await this.command('join', ticket)
    await until('the link', async () => (await this.json<{ peers: { connected: boolean }[] }>('peers')).peers.some((peer) => peer.connected))
  }

  async stream(path: string): Promise<StreamFacts['stream']> {
    return (await this.json<StreamFacts>('streams', 'info', path)).stream
  }

  /** Waits until frames of a path arrive. */
  async flows(path: string): Promise<void> {
    await until(`frames of ${path} at ${this.name}`, async () => (await this.stream(path)).framesIn > 30)
  }

  /** ms since 1970 at which a viewer was cut, by the daemon's log. */
  cutAt(): number | undefined {
    const line = this.daemon
      .output()
      .split('\n')
      .find((text) => text.includes('"msg":"viewer cut') || text.includes('"msg":"reader cut'))
    return line === undefined ? undefined : (JSON.parse(line) as { time: number }).time
  }

  async stop(): Promise<void> {
    await this.daemon.stop()
    rmSync(this.#home, { recursive: true, force: true })
  }
}
