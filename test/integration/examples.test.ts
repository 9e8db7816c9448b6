/** The examples as a third party builds them: compiled on their own, named by path in the configuration, run in a real daemon. */

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Client } from '../../src/cli/client.js'
import { createDaemon, type Daemon } from '../../src/daemon/daemon.js'
import { waitFor } from '../wait-for.js'

const root = join(import.meta.dirname, '..', '..')

describe('the examples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-examples-'))
  let daemon: Daemon
  let client: Client

  beforeAll(async () => {
    const built = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'examples'), '--outDir', folder], {
      encoding: 'utf8',
    })
    expect(built.stdout + built.stderr).toBe('')
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const home = join(folder, 'home')
    const use = (name: string): string => join(folder, 'examples', name, `${name}.js`)
    const flags = {
      'http.port': 0,
      'rtmp.enabled': false,
      'rtsp.enabled': false,
      'swarm.listen': ['/ip4/127.0.0.1/tcp/0'],
      'swarm.discovery': false,
      'node.name': 'here',
    }
    mkdirSync(home, { mode: 0o700 })
    const more = `  ts-monitor: { use: ${use('monitor')}, path: lab/words }\n  ts-puller: { use: ${use('puller')} }\n`
    writeFileSync(join(home, 'shoal.yaml'), `plugins:\n  hello: { use: ${use('hello')}, greeting: moin }\n  myproto: { use: ${use('myproto')} }\n${more}`)
    daemon = await createDaemon({ home, env: {}, flags, console: null })
    await daemon.start()
    client = new Client({ home })
  })

  afterAll(async () => {
    client?.close()
    await daemon?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('hello answers a payload', async () => {
    const { plugin } = await client.call('plugins.info', { params: { name: 'hello' } })
    expect(plugin).toMatchObject({ state: 'running', kinds: ['hello.greet'] })
    const sent = await client.call('send', { body: { peer: daemon.id, kind: 'hello.greet', body: 'Ada', wantReply: true } })
    expect(sent.reply?.body).toBe('moin Ada, this is here')
  })

  it('monitor counts what puller makes', async () => {
    await client.call('pulls.create', { body: { url: 'tstest://word/lab/words?rate=50' } })
    const count = async (): Promise<number> => {
      const parts: Buffer[] = []
      for await (const part of await client.open('/ts-monitor/count', new AbortController().signal)) parts.push(part as Buffer)
      return (JSON.parse(Buffer.concat(parts).toString()) as { frames: number }).frames
    }
    await waitFor('frames to be counted', async () => (await count()) > 3)
    await client.call('pulls.remove', { params: { path: 'lab/words' } })
  })

  it('myproto pulls a stream by URL', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        const frame = Buffer.alloc(4 + 8 + 5)
        frame.writeUInt32BE(13)
        frame.writeBigUInt64BE(40_000n, 4)
        frame.write('hello', 12)
        const timer = setInterval(() => socket.write(frame), 20)
        socket.on('close', () => clearInterval(timer))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await client.call('pulls.create', { body: { url: `myproto://127.0.0.1:${port}/hall/cam`, options: { timeoutMs: 2000 } } })
    const info = await waitFor('frames', async () => (await client.call('streams.info', { params: { path: 'hall/cam' } })).stream.framesIn > 3)
    expect(info).toBe(true)
    await client.call('pulls.remove', { params: { path: 'hall/cam' } })
    await new Promise((resolve) => server.close(resolve))
  })
})
