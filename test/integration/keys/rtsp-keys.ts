/** What each key of the RTSP plugin changes. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { expect } from 'vitest'
import type { Publication } from '../../../src/stream.js'
import { forge } from '../../forged-certificate.js'
import { RawClient } from '../../unit/plugins/rtsp/raw-client.js'
import { waitFor } from '../../wait-for.js'
import type { TestNode } from '../nodes.js'
import { type Bench, listens, type Observation, read } from './bench.js'

const host = '127.0.0.2'

const elsewhere = (bench: Bench): Promise<TestNode> =>
  bench.node('rtsp-elsewhere', async () => ({ flags: { 'rtsp.host': host, 'rtsp.port': await bench.port('rtsp') } }))

/** Small limits for clients. */
const tight = (bench: Bench): Promise<TestNode> =>
  bench.node('rtsp-tight', {
    flags: { 'rtsp.maxConnections': 2, 'rtsp.playWait': 0, 'rtsp.stallTimeout': 300, 'rtsp.takeover': true, 'rtsp.idleTimeout': 1000 },
  })

/** With a certificate. */
const secure = (bench: Bench): Promise<TestNode> =>
  bench.node('rtsp-secure', async () => {
    const [certificate, key] = [join(bench.nodes.folder, 'rtsp-cert.pem'), join(bench.nodes.folder, 'rtsp-key.pem')]
    const made = forge()
    writeFileSync(certificate, made.cert)
    writeFileSync(key, made.key)
    return { flags: { 'rtsp.tls.port': await bench.port('rtsps'), 'rtsp.tls.certificate': certificate, 'rtsp.tls.key': key } }
  })

/** Both files matter: a handshake needs the certificate, and its key. */
async function handshake(bench: Bench): Promise<void> {
  expect(await read(await bench.plain(), '/rtsp/info')).not.toHaveProperty('tlsPort')
  expect(await read(await secure(bench), '/rtsp/info')).toMatchObject({ tlsPort: await bench.port('rtsps') })
  const socket = connect({ port: await bench.port('rtsps'), host: '127.0.0.1', rejectUnauthorized: false })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  socket.destroy()
}

const info = (node: TestNode): Promise<{ port: number; sessions: number }> => read(node, '/rtsp/info')
const dial = async (node: TestNode, path: string): Promise<RawClient> => RawClient.dial((await info(node)).port, path)
const quiet = (node: TestNode): Promise<unknown> => waitFor('no session', async () => (await info(node)).sessions === 0)

/** More than a connection holds, until `stop`. */
function flood(node: TestNode): { readonly publication: Publication; stop(): void } {
  const publication = node.probe.ctx.streams.publish('live/rtsp-flood', [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
  let at = 0
  const timer = setInterval(() => {
    for (let more = 0; more < 16; more++) publication.write({ track: 1, timestamp: at++ * 1000, key: true, data: new Uint8Array(60_000) })
  }, 5)
  return {
    publication,
    stop() {
      clearInterval(timer)
      publication.close()
    },
  }
}

/** Key → its observation. */
export function rtspKeys(bench: Bench): Record<string, Observation> {
  return {
    'rtsp.host': async () => {
      expect(await read(await elsewhere(bench), '/rtsp/info')).toMatchObject({ address: host })
      expect(await listens('127.0.0.1', await bench.port('rtsp'))).toBe(false)
    },
    'rtsp.port': async () => {
      await elsewhere(bench)
      expect(await listens(host, await bench.port('rtsp'))).toBe(true)
    },
    'rtsp.tls.port': async () => {
      await secure(bench)
      expect(await listens('127.0.0.1', await bench.port('rtsps'))).toBe(true)
    },
    'rtsp.tls.certificate': () => handshake(bench),
    'rtsp.tls.key': () => handshake(bench),
    'rtsp.maxConnections': async () => {
      const node = await tight(bench)
      await quiet(node)
      const clients = [await dial(node, 'a'), await dial(node, 'b')]
      for (const client of clients) expect((await client.ask('OPTIONS')).status).toBe(200)
      await (await dial(node, 'c')).end()
      expect(clients.map(({ closed }) => closed)).toEqual([false, false])
      for (const client of clients) client.close()
    },
    'rtsp.playWait': async () => {
      const [hasty, patient] = [await tight(bench), await bench.plain()]
      await quiet(hasty)
      const viewers = [await dial(hasty, 'live/later'), await dial(patient, 'live/later')] as const
      expect(await viewers[0].play()).toBe(404)
      const played = viewers[1].play()
      const publication = patient.probe.ctx.streams.publish('live/later', [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
      expect(await played).toBe(200)
      publication.close()
      for (const viewer of viewers) viewer.close()
    },
    'rtsp.stallTimeout': async () => {
      const nodes = [await tight(bench), await bench.plain()] as const
      for (const node of nodes) await quiet(node)
      const sources = nodes.map(flood)
      const viewers = await Promise.all(nodes.map((node) => dial(node, 'live/rtsp-flood')))
      for (const viewer of viewers) {
        expect(await viewer.play()).toBe(200)
        viewer.socket.pause()
      }
      await quiet(nodes[0])
      expect((await info(nodes[1])).sessions).toBe(1)
      for (const viewer of viewers) viewer.close()
      for (const source of sources) source.stop()
    },
    'rtsp.takeover': async () => {
      for (const [node, taken] of [
        [await tight(bench), true],
        [await bench.plain(), false],
      ] as const) {
        await quiet(node)
        const [first, second] = [await dial(node, 'live/rtsp-taken'), await dial(node, 'live/rtsp-taken')]
        expect(await first.publish()).toBe(200)
        for (let i = 0; i < 3; i++) first.sing(i)
        await waitFor('the stream', () => node.probe.ctx.streams.list().find(({ path }) => path === 'live/rtsp-taken')?.framesIn)
        expect(await second.publish()).toBe(taken ? 200 : 403)
        if (taken) {
          second.sing(1)
          await first.end()
        } else expect(first.closed).toBe(false)
        for (const client of [first, second]) client.close()
      }
    },
    'rtsp.idleTimeout': async () => {
      const [quick, slow] = [await dial(await tight(bench), 'a'), await dial(await bench.plain(), 'a')]
      await quick.end()
      expect(slow.closed).toBe(false)
      slow.close()
    },
  }
}
