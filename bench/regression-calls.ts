/** What `regression.ts` calls: echoes over TCP, over a link, and over payloads, all within this process and of the build. */

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../src/cli/client.js'
import type { PluginContext } from '../src/plugin.js'
import { Pipeline } from './closed-loop.js'
import { ownModule } from './own-module.js'
import { until } from './process.js'
import { ownBuild } from './shoal-node.js'

/** Sends a body; resolves when it is back. */
export type Call = (body: Uint8Array) => Promise<unknown>

/** A way that is open. */
export interface Way {
  readonly call: Call
  close(): Promise<void>
}

type Index = typeof import('../src/index.js')
type NodeModule = typeof import('../src/daemon/swarm/node.js')

const protocol = '/shoal-bench/regression/1'
const limits = { maxFrame: 1024 * 1024, maxInbound: 2 }
const quiet = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** An echo over TCP. */
export async function overTcp(): Promise<Way> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const pipeline = new Pipeline()
  const socket = connect({ port: typeof address === 'object' && address ? address.port : 0, host: '127.0.0.1', noDelay: true })
  socket.on('data', (bytes) => pipeline.received(bytes.byteLength))
  await once(socket, 'connect')
  const call: Call = (body) => {
    socket.write(body)
    return pipeline.expect(body.byteLength)
  }
  const close = async (): Promise<void> => {
    socket.destroy()
    server.close()
  }
  return { call, close }
}

/** An echo over an encrypted link. */
export async function overLink(): Promise<Way> {
  const { createNode } = (await ownModule('src/daemon/swarm/node.ts')) as NodeModule
  const { generateKeyPair } = await import('@libp2p/crypto/keys')
  const make = async (): Promise<Awaited<ReturnType<typeof createNode>>> => {
    const { raw } = await generateKeyPair('Ed25519')
    const node = await createNode({ privateKeyRaw: raw, listen: ['/ip4/127.0.0.1/tcp/0'], isTrusted: () => true, log: quiet })
    await node.start()
    return node
  }
  const nodes = [await make(), await make()] as const
  nodes[1].handle(protocol, limits, async (stream) => {
    for await (const frame of stream.frames) stream.send(frame)
  })
  await nodes[0].dial(nodes[1].id, nodes[1].listening)
  const stream = await nodes[0].open(nodes[1].id, protocol, limits)
  const pipeline = new Pipeline()
  const read = async (): Promise<void> => {
    for await (const frame of stream.frames) pipeline.received(frame.byteLength)
  }
  void read().catch(() => {})
  const call: Call = (body) => {
    stream.send(body)
    return pipeline.expect(body.byteLength)
  }
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())))
  return { call, close }
}

/** Requests of a plugin of one daemon to a plugin of another. */
export async function overPayloads(): Promise<Way> {
  const { createDaemon } = (await import(join(ownBuild, 'dist', 'index.js'))) as Index
  const folder = mkdtempSync(join(tmpdir(), 'shoal-regression-'))
  const contexts: PluginContext[] = []
  const start = async (name: string): Promise<{ client: Client; id: string; stop: () => Promise<void> }> => {
    const flags = {
      ...{ 'node.name': name, 'http.port': 0, 'rtmp.port': 0, 'rtsp.port': 0 },
      ...{ 'swarm.listen': ['/ip4/127.0.0.1/tcp/0'], 'swarm.discovery': false },
    }
    const plugin = {
      name: 'echo',
      payloadKinds: ['echo.echo'],
      start: (ctx: PluginContext) => void contexts.push(ctx),
      handlePayload: (_source: string, _kind: string, body: Uint8Array) => body,
    }
    const daemon = await createDaemon({ home: join(folder, name), env: {}, flags, console: null, plugins: [plugin] })
    await daemon.start()
    const client = new Client({ home: join(folder, name) })
    const stop = async (): Promise<void> => {
      client.close()
      await daemon.stop()
    }
    return { client, id: daemon.id, stop }
  }
  const [a, b] = [await start('a'), await start('b')]
  const { ticket } = await b.client.call('invites.create', { body: {} })
  for await (const event of a.client.events('join', { body: { ticket } })) if (event.type === 'joined') break
  const call: Call = async (body) => contexts[0]?.payloads.request(b.id, 'echo.echo', body)
  await until('a first answer', async () => (await call(new Uint8Array(1))) !== undefined)
  const close = async (): Promise<void> => {
    await a.stop()
    await b.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { call, close }
}
