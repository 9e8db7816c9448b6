/** A publisher changes its codec: the change goes over the link, and to a player over HTTP, before the frames that need it. */

import { get } from 'node:http'
import { afterAll, describe, expect, it } from 'vitest'
import type { Track } from '../../src/stream.js'
import { waitFor } from '../wait-for.js'
import { Nodes, pullOf } from './nodes.js'

/** AudioSpecificConfig (ISO 14496-3 1.6.2.1) of AAC-LC with two channels. */
const at44100 = Uint8Array.of(0x12, 0x10)
const at48000 = Uint8Array.of(0x11, 0x90)
const track = (sampleRate: number, description: Uint8Array): Track => ({ id: 1, kind: 'audio', codec: 'mp4a.40.2', sampleRate, channels: 2, description })

describe('a codec change', () => {
  const nodes = new Nodes()
  afterAll(() => nodes.dispose())

  it('reaches a player on the other node, before the first frame that needs it', async () => {
    const a = await nodes.start('a')
    const b = await nodes.start('b')
    await nodes.join(a, b)
    const publication = a.probe.ctx.streams.publish('live/cam', [track(44_100, at44100)])
    let count = 0
    const write = (mark: number): void => publication.write({ track: 1, timestamp: count++ * 20_000, key: true, data: new Uint8Array(32).fill(mark) })
    let mark = 0xa1
    const timer = setInterval(() => write(mark), 20)
    try {
      await b.client.call('pulls.create', { body: { url: 'shoal://a/live/cam' } })
      await waitFor('the stream at b', async () => (await pullOf(b, 'live/cam'))?.state === 'running')
      let bytes = Buffer.alloc(0)
      const request = get({ host: '127.0.0.1', port: b.daemon.http?.port, path: '/live/cam.flv' }, (response) => {
        response.on('data', (chunk: Buffer) => {
          bytes = Buffer.concat([bytes, chunk])
        })
      }).on('error', () => {})
      // FLV audio tag body (Adobe FLV 10.1, E.4.2): AAC is 0xaf; then 0 = sequence header, 1 = raw
      const header = (config: Uint8Array): number => bytes.indexOf(Uint8Array.of(0xaf, 0, ...config))
      const frames = (value: number): number => bytes.indexOf(Uint8Array.of(0xaf, 1, value, value))
      await waitFor('frames of the first codec', () => frames(0xa1) > 0)
      publication.update(track(48_000, at48000))
      mark = 0xb2
      await waitFor('frames of the second codec', () => frames(0xb2) > 0)
      request.destroy()
      expect(header(at44100)).toBeGreaterThan(0)
      expect(header(at44100)).toBeLessThan(frames(0xa1))
      expect(header(at48000)).toBeGreaterThan(frames(0xa1))
      expect(header(at48000)).toBeLessThan(frames(0xb2))
      expect(b.probe.ctx.streams.list().find(({ path }) => path === 'live/cam')?.tracks[0]?.sampleRate).toBe(48_000)
    } finally {
      clearInterval(timer)
    }
  })
})
