/** A real daemon in a process of its own, with the bad plugins in its home and somebody who calls them all the time. */

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '../../src/cli/client.js'
import { mainFile, type Running, run } from '../e2e/cli.js'
import { freePort } from '../free-port.js'
import { waitFor } from '../wait-for.js'
import { type BadPlugin, badHome } from './bad-plugins.js'
import { LatencyProbe } from './latency.js'

/** ms that a caller pauses between two calls of one plugin. */
const pause = 200

/** See above. */
export class BadDaemon {
  readonly home: string
  readonly client: Client
  readonly probe: LatencyProbe
  readonly #plugins: readonly BadPlugin[]
  readonly #daemon: Running
  readonly #trouble: Running

  private constructor(init: { plugins: readonly BadPlugin[]; home: string; client: Client; daemon: Running; trouble: Running; probe: LatencyProbe }) {
    this.home = init.home
    this.client = init.client
    this.probe = init.probe
    this.#plugins = init.plugins
    this.#daemon = init.daemon
    this.#trouble = init.trouble
  }

  /** Starts the daemon; its plugins are disabled. `flags` are Node's. */
  static async start(plugins: readonly BadPlugin[], flags: readonly string[] = []): Promise<BadDaemon> {
    const port = await freePort()
    const home = badHome(plugins, port)
    const ports = { SHOAL_HTTP__PORT: '0', SHOAL_SWARM__LISTEN: '["/ip4/127.0.0.1/tcp/0"]', SHOAL_SWARM__DISCOVERY: 'false' }
    const env = { SHOAL_HOME: home, NO_COLOR: '1', ...ports }
    const daemon = run(process.execPath, [...flags, mainFile, 'start'], { env })
    const client = new Client({ home })
    try {
      const { id } = await waitFor(
        'the daemon',
        async () => {
          const status = await client.call('status')
          return status.state === 'running' && status
        },
        60_000,
      )
      const names = plugins.map(({ name }) => name)
      const script = join(import.meta.dirname, '..', 'fixtures', 'trouble.mjs')
      const trouble = run(process.execPath, [script, client.paths.socket, id, String(pause), ...names])
      return new BadDaemon({ plugins, home, client, daemon, trouble, probe: await LatencyProbe.open(port) })
    } catch (error) {
      await daemon.kill('SIGKILL')
      throw new Error(`the daemon did not start: ${daemon.output.stderr}`, { cause: error })
    }
  }

  /** Switches all of them on, one after the other; those that cannot start say so in the list. */
  async enableAll(): Promise<void> {
    await this.#switchAll('enable')
  }

  /** Switches all of them off, or those that are `wanted`. */
  async disableAll(wanted: (plugin: BadPlugin) => boolean = () => true): Promise<void> {
    await this.#switchAll('disable', wanted)
  }

  /** Lets a trusted peer be forgotten, so that plugins are told. */
  async forgetSomebody(join: (ticket: string) => Promise<string>): Promise<void> {
    const { ticket } = await this.client.call('invites.create', { body: {} })
    const peer = await join(ticket)
    await this.client.call('peers.forget', { params: { peer } })
  }

  /** What the list of plugins says of each, by name. */
  async reasons(): Promise<ReadonlyMap<string, string>> {
    const { plugins } = await this.client.call('plugins.list')
    return new Map(plugins.map((plugin) => [plugin.name, plugin.error ?? plugin.lastFault ?? '']))
  }

  /** Waits until the list names what each of those did that are `wanted`; what is wrong in it at last. */
  async unnamed(wanted: (plugin: BadPlugin) => boolean): Promise<readonly string[]> {
    let wrong: string[] = []
    await waitFor('all reasons', async () => {
      const told = await this.reasons()
      wrong = this.#plugins.filter((one) => wanted(one) && !one.reason.test(told.get(one.name) ?? '')).map(({ name }) => `${name}: ${told.get(name)}`)
      return wrong.length === 0
    }).catch(() => {})
    return wrong
  }

  /** Everything the daemon printed. */
  get log(): string {
    return this.#daemon.output.stderr
  }

  /** The daemon's process. */
  get pid(): number {
    return this.#daemon.child.pid ?? 0
  }

  /** Programs of its plugins that still run. */
  programs(): string[] {
    try {
      const found = execFileSync('pgrep', ['-f', join('portable', 'bad.mjs')], { encoding: 'utf8' })
        .trim()
        .split('\n')
      return found.filter((pid) => environmentOf(pid).includes(this.home))
    } catch {
      return []
    }
  }

  /** Stops the daemon as a service manager does: its exit code, and how long it took in ms. */
  async stop(): Promise<{ readonly code: number | null; readonly ms: number }> {
    this.probe.close()
    await this.#trouble.kill('SIGKILL')
    this.client.close()
    const began = performance.now()
    const { code } = await this.#daemon.kill('SIGTERM')
    return { code, ms: performance.now() - began }
  }

  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.home, { recursive: true, force: true })
  }

  async #switchAll(how: 'enable' | 'disable', wanted: (plugin: BadPlugin) => boolean = () => true): Promise<void> {
    const switched = this.#plugins
      .filter(wanted)
      .map(({ name }) => this.client.call(`plugins.${how}`, { params: { name }, query: { temporary: true } }).catch(() => {}))
    await Promise.all(switched)
  }
}

/** Where a process works. */
function environmentOf(pid: string): string {
  try {
    return execFileSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
