/** A peer: two servers of deepstream, installed outside the repository, on loopback, joined by a cluster node of JSON lines over TCP. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './clip.js'
import { freePort, type Started, startNode, until } from './process.js'

/** The version that is measured against: the newest that is published. */
export const deepstreamVersion = '7.0.2'

const folder = join(cacheFolder, `deepstream-${deepstreamVersion}`)

/** Its fast transport comes from a git host only; without it, the default server of HTTP and WebSocket is used. */
const manifest = {
  dependencies: { '@deepstream/server': deepstreamVersion, '@deepstream/client': '7.0.5', 'uWebSockets.js': 'file:./stub-uws' },
  overrides: { 'uWebSockets.js': '$uWebSockets.js' },
}

/** Installs the peer into the cache, once; false when the registry cannot be reached. */
export function installDeepstream(): boolean {
  if (existsSync(join(folder, 'node_modules', '@deepstream', 'server', 'package.json'))) return true
  mkdirSync(join(folder, 'stub-uws'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'stub-uws', 'package.json'), JSON.stringify({ name: 'uWebSockets.js', version: '20.0.0', main: 'index.js' }))
  writeFileSync(join(folder, 'stub-uws', 'index.js'), "throw new Error('not installed')\n")
  const { status } = spawnSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts'], { encoding: 'utf8' })
  return status === 0
}

/** Messages between the two servers: one line of JSON each. */
const clusterNode = `
const net = require('net')
class Lines {
  constructor(options, services, config) {
    this.description = 'JSON lines over TCP'
    this.name = config.serverName
    this.port = options.port
    this.listen = options.listen
    this.callbacks = new Map()
  }
  init() {}
  whenReady() {
    const take = (socket) => {
      this.socket = socket.setNoDelay(true).setEncoding('utf8')
      let rest = ''
      socket.on('data', (text) => {
        const lines = (rest + text).split('\\n')
        rest = lines.pop()
        for (const line of lines) this.receive(JSON.parse(line))
      })
      socket.on('error', () => {})
    }
    if (this.listen) return new Promise((ready) => net.createServer(take).listen(this.port, '127.0.0.1', ready))
    return new Promise((ready) => take(net.connect(this.port, '127.0.0.1', ready)))
  }
  receive({ from, message }) {
    for (const callback of this.callbacks.get(message.topic) || []) callback(message, from)
  }
  send(message) {
    if (this.socket) this.socket.write(JSON.stringify({ from: this.name, message }) + '\\n')
  }
  sendDirect(name, message) {
    this.send(message)
  }
  subscribe(topic, callback) {
    this.callbacks.set(topic, [...(this.callbacks.get(topic) || []), callback])
  }
  async close() {}
}
module.exports = Lines
`

function program(name: string, port: number, cluster: { readonly port: number; readonly listen: boolean }): string {
  const config = {
    serverName: name,
    showLogo: false,
    logLevel: 'OFF',
    telemetry: { type: 'deepstreamIO', options: { enabled: false } },
    auth: [{ type: 'none', options: {} }],
    permission: { type: 'none', options: {} },
    httpServer: { type: 'default', options: { host: '127.0.0.1', port } },
    connectionEndpoints: [{ type: 'ws-binary', options: { urlPath: '/deepstream', maxBufferByteSize: 10_000_000 } }],
    clusterNode: { path: join(folder, 'lines.cjs'), options: cluster },
  }
  return [
    `const { Deepstream } = require(${JSON.stringify(join(folder, 'node_modules', '@deepstream', 'server'))})`,
    `const server = new Deepstream(${JSON.stringify(config)})`,
    "server.on('started', () => console.log('started'))",
    'server.start()',
  ].join('\n')
}

/** Two servers that know each other. */
export interface DeepstreamPair {
  /** Where clients connect. */
  readonly ports: readonly [number, number]
  readonly servers: readonly Started[]
  stop(): Promise<void>
}

/** The package with the client, for a program that drives it. */
export const deepstreamClient: string = join(folder, 'node_modules', '@deepstream', 'client')

/** Starts both. */
export async function startDeepstream(): Promise<DeepstreamPair> {
  const [link, a, b] = [await freePort(), await freePort(), await freePort()]
  const servers: Started[] = []
  writeFileSync(join(folder, 'lines.cjs'), clusterNode)
  for (const [name, port, listen] of [['a', a, true] as const, ['b', b, false] as const]) {
    const script = join(folder, `start-${name}.cjs`)
    writeFileSync(script, program(name, port, { port: link, listen }))
    const server = startNode(listen ? 'load' : 'server', [script])
    servers.push(server)
    await until(`deepstream ${name}`, async () => server.output().includes('started'))
  }
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop('SIGKILL'))))
  return { ports: [a, b], servers, stop }
}
