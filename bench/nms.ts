/** The peer: Node-Media-Server, installed outside the repository, on loopback, without its console and its API. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from './clip.js'
import { freePort, listens, type Started, startNode, until } from './process.js'

/** The version that is measured against. */
export const nmsVersion = '4.4.3'

const folder = join(cacheFolder, 'nms')

/** Installs the peer into the cache, once. */
export function installNms(): void {
  if (existsSync(join(folder, 'node_modules', 'node-media-server', 'package.json'))) return
  mkdirSync(folder, { recursive: true })
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', `node-media-server@${nmsVersion}`]
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm could not install node-media-server: ${stderr}`)
}

/** One running server. */
export class NmsServer {
  readonly http: string
  readonly rtmp: string
  readonly process: Started
  readonly #data: string

  private constructor(ports: { http: number; rtmp: number }, source: string | undefined) {
    this.http = `http://127.0.0.1:${ports.http}`
    this.rtmp = `rtmp://127.0.0.1:${ports.rtmp}`
    this.#data = mkdtempSync(join(tmpdir(), 'shoal-bench-nms-'))
    const config = {
      bind: '127.0.0.1',
      rtmp: { port: ports.rtmp },
      http: { port: ports.http },
      auth: { play: false, publish: false },
      store: { path: this.#data },
      webadmin: { enable: false },
    }
    const relay =
      source === undefined ? '' : `.then(() => server.relayServer.addTask(${JSON.stringify({ url: source, streamPath: new URL(source).pathname })}))`
    const script = join(this.#data, 'start.cjs')
    const lines = [
      `const Server = require(${JSON.stringify(join(folder, 'node_modules', 'node-media-server'))})`,
      `const server = new Server(${JSON.stringify(config)})`,
      `server.run()${relay}`,
    ]
    writeFileSync(script, lines.join('\n'))
    this.process = startNode('server', [script])
  }

  /** Starts a server, looking every so many ms whether it listens; with `source`, an RTMP URL, it pulls that stream to the same path. */
  static async start(source?: string, every?: number): Promise<NmsServer> {
    const server = new NmsServer({ http: await freePort(), rtmp: await freePort() }, source)
    for (const url of [server.http, server.rtmp]) await until(`${url} to listen`, () => listens(new URL(url)), 30_000, every)
    return server
  }

  async stop(): Promise<void> {
    await this.process.stop('SIGKILL')
    rmSync(this.#data, { recursive: true, force: true })
  }
}
