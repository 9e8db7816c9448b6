/** What each key of the SRT plugin changes. */

import { expect } from 'vitest'
import { TsMuxer, tsStart } from '../../../src/media/mpegts/muxer.js'
import { chooseTsTracks } from '../../../src/media/mpegts/track.js'
import { LazyEngine } from '../../../src/plugins/srt/lazy-engine.js'
import type { SrtSocket } from '../../../src/plugins/srt/srt-socket.js'
import type { Track } from '../../../src/stream.js'
import { waitFor } from '../../wait-for.js'
import type { TestNode } from '../nodes.js'
import type { Bench, Observation } from './bench.js'
import { read } from './bench.js'

const passphrase = 'correct horse'

interface Info {
  readonly address?: string
  readonly port?: number
  readonly sessions: number
  readonly error?: { readonly code: string }
}

const elsewhere = (bench: Bench): Promise<TestNode> =>
  bench.node('srt-elsewhere', async () => ({
    flags: { 'srt.listen': true, 'srt.host': '127.0.0.2', 'srt.port': await bench.port('srt'), 'srt.passphrase': passphrase, 'srt.latency': 333 },
  }))
const tight = (bench: Bench): Promise<TestNode> =>
  bench.node('srt-tight', { flags: { 'srt.listen': true, 'srt.maxConnections': 2, 'srt.playWait': 0, 'srt.takeover': true } })
const usual = (bench: Bench): Promise<TestNode> => bench.node('srt-usual', { flags: { 'srt.listen': true } })

/** A packet of Opus with the tables before it. */
const opus: Track = { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }
const sound =
  new TsMuxer(chooseTsTracks([opus]).carried).write({ track: 1, timestamp: 0, key: true, data: Uint8Array.of(0xfc, 1) }, 0, tsStart)?.bytes ?? new Uint8Array()

const info = (node: TestNode): Promise<Info> => read(node, '/srt/info')
const quiet = (node: TestNode): Promise<unknown> => waitFor('no caller', async () => (await info(node)).sessions === 0)

/** Calls a node; everything ends with `use`. */
async function calling(use: (call: (node: TestNode, streamId: string, secret?: string) => Promise<SrtSocket>) => Promise<void>): Promise<void> {
  const lazy = new LazyEngine('')
  const engine = await lazy.open()
  try {
    await use(async (node, streamId, secret = '') => {
      const { address = '', port = 0 } = await info(node)
      const socket = await engine.connect({ address, port }, { latency: 50, passphrase: secret, streamId, connectTimeout: 3000 }, new AbortController().signal)
      socket.start()
      return socket
    })
  } finally {
    await lazy.close()
  }
}

/** A caller that is refused may see it before or after it was connected. */
const ended = (calling: Promise<SrtSocket>): Promise<unknown> => calling.then(({ closed }) => closed).catch(() => {})

/** Key → its observation. */
export function srtKeys(bench: Bench): Record<string, Observation> {
  return {
    'srt.listen': async () => {
      expect((await info(await bench.plain())).port).toBeUndefined()
      expect((await info(await usual(bench))).port).toBeGreaterThan(0)
    },
    'srt.host': async () => {
      expect(await info(await elsewhere(bench))).toMatchObject({ address: '127.0.0.2' })
    },
    'srt.port': async () => {
      expect(await info(await elsewhere(bench))).toMatchObject({ port: await bench.port('srt') })
    },
    'srt.passphrase': async () => {
      const node = await elsewhere(bench)
      await calling(async (call) => {
        await expect(call(node, 'read:a')).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
        expect((await call(node, 'read:a', passphrase)).isOpen).toBe(true)
      })
    },
    'srt.latency': async () => {
      const [late, other] = [await elsewhere(bench), await usual(bench)]
      await calling(async (call) => {
        expect((await call(late, 'read:a', passphrase)).latency).toBe(333)
        expect((await call(other, 'read:a')).latency).toBe(120)
      })
    },
    'srt.maxConnections': async () => {
      const node = await tight(bench)
      await quiet(node)
      await calling(async (call) => {
        const first = [await call(node, 'publish:srt/a'), await call(node, 'publish:srt/b')]
        await waitFor('two callers', async () => (await info(node)).sessions === 2)
        await ended(call(node, 'publish:srt/c'))
        expect(first.map(({ isOpen }) => isOpen)).toEqual([true, true])
      })
    },
    'srt.playWait': async () => {
      const [hasty, patient] = [await tight(bench), await usual(bench)]
      await quiet(hasty)
      await calling(async (call) => {
        const waiting = await call(patient, 'read:srt/later')
        await ended(call(hasty, 'read:srt/later'))
        expect(waiting.isOpen).toBe(true)
      })
    },
    'srt.takeover': async () => {
      const track = { id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 } as const
      for (const [node, taken] of [
        [await tight(bench), true],
        [await usual(bench), false],
      ] as const) {
        await quiet(node)
        const present = node.probe.ctx.streams.publish('srt/taken', [track])
        await calling(async (call) => {
          const socket = await call(node, 'publish:srt/taken')
          const timer = setInterval(() => socket.write([sound]), 20)
          const replaced = waitFor('the takeover', () => present.signal.aborted)
          await (taken ? replaced : Promise.race([socket.closed, replaced]))
          clearInterval(timer)
        })
        expect(present.signal.aborted).toBe(taken)
        present.close()
      }
    },
    'srt.library': async () => {
      const node = await bench.node('srt-lost', { flags: { 'srt.listen': true, 'srt.library': '/nowhere/libsrt.so' } })
      expect((await info(node)).error).toMatchObject({ code: 'ERR_DEPENDENCY_MISSING' })
    },
  }
}
