/** What the presets of pictures make of a stream, with the program ffmpeg. */

import { afterAll, expect, it } from 'vitest'
import type { Frame } from '../../src/stream.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { Nodes, pullOf, type TestNode } from './nodes.js'

const path = 'live/cam'
const presets = ['h264', '720p', '360p']

describeWith(['ffmpeg'], 'a picture that has B-pictures', () => {
  const nodes = new Nodes()
  let node: TestNode
  afterAll(() => nodes.dispose())

  it('is offered in other sizes', async () => {
    node = await nodes.start('pictures', { yaml: `plugins:\n  transcode:\n    limit: 3\n    outputs: [${presets.join(', ')}]\n` })
    node.probe.ctx.streams.pull('file:///sample', path)
    for (const preset of presets) await waitFor(`the offer of ${preset}`, async () => (await pullOf(node, `${path}~${preset}`)) !== undefined)
    await using reader = await node.probe.ctx.streams.subscribe(path, { wait: 20_000, tracks: ['video'] })
    const frames = await some(reader)
    expect(frames.some(isReordered)).toBe(true)
  })

  it.each([
    ['h264', 360],
    ['720p', 720],
    ['360p', 360],
  ])('is H.264 of the right size without them in %s, and the sound is as it was', async (preset, height) => {
    await using reader = await node.probe.ctx.streams.subscribe(`${path}~${preset}`, { wait: 40_000 })
    const [video, audio] = reader.tracks
    expect(video).toMatchObject({ kind: 'video', codec: expect.stringMatching(/^avc1\./), width: (height * 16) / 9, height })
    expect(audio).toMatchObject({ kind: 'audio', codec: 'mp4a.40.2', sampleRate: 44_100, channels: 2 })
    const pictures = (await some(reader)).filter(({ track }) => track === video?.id)
    expect(pictures[0]?.key).toBe(true)
    expect(pictures.filter(isReordered)).toEqual([])
  })
})

describeWith(['ffmpeg'], 'an output that two nodes offer', () => {
  const nodes = new Nodes()
  afterAll(() => nodes.dispose())

  it('is made by the one that is asked first, and taken from there by the other', async () => {
    const yaml = 'plugins:\n  transcode:\n    outputs: [opus]\n'
    const [origin, far] = await Promise.all([nodes.start('origin', { yaml }), nodes.start('far', { yaml })])
    await nodes.join(origin, far)
    origin.probe.ctx.streams.pull('file:///sample', path)
    far.probe.ctx.streams.pull(`shoal://origin/${path}`, path)
    const output = `${path}~opus`
    for (const node of [origin, far]) await waitFor(`the offer at ${node.name}`, async () => (await pullOf(node, output)) !== undefined)
    await using first = await far.probe.ctx.streams.subscribe(output, { wait: 40_000 })
    await using second = await origin.probe.ctx.streams.subscribe(output, { wait: 40_000 })
    for (const reader of [first, second]) {
      expect(reader.tracks.map(({ codec }) => codec)).toContain('opus')
      await some(reader)
    }
    const infoOf = ({ probe }: TestNode) => probe.ctx.streams.list().find((stream) => stream.path === output)
    expect([infoOf(far)?.origin, infoOf(origin)?.origin]).toEqual([far.id, far.id])
  })
})

const isReordered = ({ decodeTime, timestamp }: Frame): boolean => decodeTime !== undefined && decodeTime !== timestamp

/** The first 50 frames. */
async function some(reader: AsyncIterable<readonly Frame[]>): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const batch of reader) {
    frames.push(...batch)
    if (frames.length >= 50) break
  }
  return frames
}
