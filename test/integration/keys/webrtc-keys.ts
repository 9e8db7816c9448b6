/** What each key of the WebRTC plugin changes. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect } from 'vitest'
import { waitFor } from '../../wait-for.js'
import type { TestNode } from '../nodes.js'
import { type Bench, type Observation, read } from './bench.js'

const host = '127.0.0.2'

/** Small limits for clients, and another address. */
const tight = (bench: Bench): Promise<TestNode> =>
  bench.node('webrtc-tight', async () => ({
    flags: {
      'webrtc.host': host,
      'webrtc.port': await bench.port('webrtc'),
      'webrtc.addresses': ['198.51.100.7'],
      'webrtc.maxSessions': 1,
      'webrtc.connectTimeout': 300,
      'webrtc.wait': 0,
      'webrtc.takeover': true,
    },
  }))

const offer = [
  'v=0',
  's=-',
  't=0 0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuv',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:actpass',
  'm=audio 9 UDP/TLS/RTP/SAVPF 8',
  'a=mid:0',
  'a=recvonly',
  'a=rtpmap:8 PCMA/8000',
  '',
].join('\r\n')

/** Opens a session with a stream of the node. */
const view = (node: TestNode, path: string): Promise<{ readonly status: number; readonly text: string }> => ask(node, `${path}/whep`, offer)

async function ask(node: TestNode, path: string, body: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://127.0.0.1:${node.daemon.http?.port}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body,
  })
  return { status: answer.status, text: await answer.text() }
}

/** A stream with a sound, until `use` is over. */
async function withStream(node: TestNode, path: string, use: () => Promise<void>): Promise<void> {
  const publication = node.probe.ctx.streams.publish(path, [{ id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }])
  publication.write({ track: 1, timestamp: 0, key: true, data: new Uint8Array(160) })
  try {
    await use()
  } finally {
    publication.close()
  }
}

const noSession = (node: TestNode): Promise<unknown> =>
  waitFor('no session', async () => (await read<{ sessions: number }>(node, '/webrtc/info')).sessions === 0)

/** Key → its observation. */
export function webRtcKeys(bench: Bench): Record<string, Observation> {
  return {
    'webrtc.host': async () => {
      expect(await read(await tight(bench), '/webrtc/info')).toMatchObject({ host })
    },
    'webrtc.port': async () => {
      const node = await tight(bench)
      expect(await read(node, '/webrtc/info')).toMatchObject({ port: await bench.port('webrtc') })
    },
    'webrtc.addresses': async () => {
      const node = await tight(bench)
      await noSession(node)
      await withStream(node, 'live/webrtc-addresses', async () => {
        const { status, text } = await view(node, 'live/webrtc-addresses')
        expect(status).toBe(201)
        expect(text).toContain(` 198.51.100.7 ${await bench.port('webrtc')} typ host`)
      })
    },
    'webrtc.stunServers': async () => {
      const server = createSocket('udp4').bind(0, '127.0.0.1')
      await once(server, 'listening')
      const asked = once(server, 'message')
      const node = await bench.node('webrtc-stun', { flags: { 'webrtc.stunServers': [`stun:127.0.0.1:${server.address().port}`] } })
      await withStream(node, 'live/webrtc-stun', async () => {
        const answer = view(node, 'live/webrtc-stun')
        const [request]: Buffer[] = await asked
        // a binding request (RFC 8489 section 5)
        expect(request?.readUInt16BE(0)).toBe(1)
        expect(request?.readUInt32BE(4)).toBe(0x2112a442)
        await answer
      })
      server.close()
    },
    'webrtc.maxSessions': async () => {
      const node = await tight(bench)
      await noSession(node)
      await withStream(node, 'live/webrtc-sessions', async () => {
        expect((await view(node, 'live/webrtc-sessions')).status).toBe(201)
        expect((await view(node, 'live/webrtc-sessions')).status).toBe(429)
      })
    },
    'webrtc.connectTimeout': async () => {
      const node = await tight(bench)
      await noSession(node)
      await withStream(node, 'live/webrtc-timeout', async () => {
        expect((await view(node, 'live/webrtc-timeout')).status).toBe(201)
        await noSession(node)
      })
    },
    'webrtc.takeover': async () => {
      const node = await tight(bench)
      await noSession(node)
      expect(node.probe.ctx.streams.list().some(({ path }) => path === 'live/webrtc-taken')).toBe(false)
      await withStream(node, 'live/webrtc-taken', async () => {
        expect((await ask(node, 'live/webrtc-taken/whip', offer.replace('recvonly', 'sendonly'))).status).toBe(201)
      })
      const usual = await bench.node('webrtc-usual', {})
      await withStream(usual, 'live/webrtc-taken', async () => {
        expect((await ask(usual, 'live/webrtc-taken/whip', offer.replace('recvonly', 'sendonly'))).status).toBe(409)
      })
    },
    'webrtc.wait': async () => {
      const node = await tight(bench)
      await noSession(node)
      expect((await view(node, 'live/webrtc-nobody')).status).toBe(404)
    },
  }
}
