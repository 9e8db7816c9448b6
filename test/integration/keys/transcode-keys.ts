/** What each key of the transcode plugin changes, and that outputs come and go with their readers. */

import { expect } from 'vitest'
import type { Publication, Subscription } from '../../../src/stream.js'
import { has } from '../../tools.js'
import { waitFor } from '../../wait-for.js'
import { pullOf, type TestNode } from '../nodes.js'
import { type Bench, type Observation, read } from './bench.js'

const running = async (node: TestNode): Promise<readonly string[]> => (await read<{ running: string[] }>(node, '/transcode/info')).running

const yaml = (limit: number): string =>
  `plugins:\n  transcode:\n    limit: ${limit}\n    outputs: [opus, still]\n    presets:\n      still: ["-vn", "-c:a", "aac", "-ac", "1"]\n`

const node = (bench: Bench): Promise<TestNode> => bench.node('transcode', { yaml: yaml(4) })

/** The bundled clip, and a reader of one of its outputs. */
async function watching(of: TestNode, name: string, preset: string): Promise<Subscription> {
  of.probe.ctx.streams.pull('file:///sample', name)
  await waitFor('the offer', async () => (await pullOf(of, `${name}~${preset}`)) !== undefined)
  return of.probe.ctx.streams.subscribe(`${name}~${preset}`, { wait: 20_000 })
}

/** Key → its observation. */
export function transcodeKeys(bench: Bench): Record<string, Observation> {
  const withProgram = (observe: Observation): Observation => (has('ffmpeg') ? observe : async () => {})
  return {
    'transcode.outputs': withProgram(async () => {
      const here = await node(bench)
      const reader = await watching(here, 'transcode/a', 'opus')
      expect(reader.tracks.map(({ codec }) => codec.slice(0, 4))).toEqual(['avc1', 'opus'])
      expect(await running(here)).toEqual(['transcode/a~opus'])
      reader.close()
      await waitFor('the end of the program', async () => (await running(here)).length === 0, 30_000)
      expect(await pullOf(await bench.plain(), 'transcode/a~opus')).toBeUndefined()
    }),
    'transcode.presets': withProgram(async () => {
      const reader = await watching(await node(bench), 'transcode/b', 'still')
      expect(reader.tracks).toMatchObject([{ codec: 'mp4a.40.2', channels: 1 }])
      reader.close()
    }),
    'transcode.limit': withProgram(async () => {
      const here = await bench.node('transcode-one', { yaml: yaml(1) })
      const reader = await watching(here, 'transcode/c', 'still')
      const stop = new AbortController()
      const second = here.probe.ctx.streams.subscribe('transcode/c~opus', { wait: 20_000, signal: stop.signal }).catch(() => {})
      await waitFor('the refusal', async () => (await pullOf(here, 'transcode/c~opus'))?.error?.code === 'ERR_LIMIT')
      stop.abort()
      await second
      reader.close()
    }),
    'transcode.program': async () => {
      const lost = await bench.node('transcode-lost', { flags: { 'transcode.program': '/nowhere/ffmpeg' } })
      const source: Publication = lost.probe.ctx.streams.publish('transcode/d', [{ id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }])
      lost.probe.ctx.streams.pull('transcode:///transcode/d?to=aac', 'transcode/d~aac')
      await waitFor('the reason', async () => (await pullOf(lost, 'transcode/d~aac'))?.error?.code === 'ERR_DEPENDENCY_MISSING')
      source.close()
    },
  }
}
