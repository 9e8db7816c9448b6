/** VP8, VP9, AV1 and metadata by RTSP, with the programs that know them. */

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { makeOpusHead } from '../../src/media/opus.js'
import { klvCodec, onvifCodec } from '../../src/media/rtp/document.js'
import { Av1Reader } from '../../src/media/rtp/vpx-reader.js'
import type { Frame, Publication, Track } from '../../src/stream.js'
import { read } from '../integration/keys/bench.js'
import { Nodes, type TestNode } from '../integration/nodes.js'
import { describeWith, itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { type Running, run } from './cli.js'

const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25']
const quiet = ['-v', 'error', '-nostdin']
const realtime = ['-deadline', 'realtime', '-cpu-used', '8', '-g', '25', '-b:v', '600k']

/** The frames of an IVF file. */
function framesIn(ivf: Uint8Array): Uint8Array[] {
  const view = new DataView(ivf.buffer, ivf.byteOffset, ivf.byteLength)
  const frames: Uint8Array[] = []
  for (let at = 32; at + 12 <= ivf.length; at += 12 + view.getUint32(at, true)) frames.push(ivf.subarray(at + 12, at + 12 + view.getUint32(at, true)))
  return frames
}

/** A universal key of 16 bytes, a short length, and some value. */
function klv(seed: number, size = 100): Uint8Array {
  const value = Uint8Array.from({ length: size }, (_, i) => (i + seed) & 0xff)
  return Uint8Array.from([...Buffer.from('060e2b34020b01010e01030101000000', 'hex'), 0x82, size >> 8, size & 0xff, ...value])
}

describeWith(['ffmpeg'], 'RTSP: other codecs', () => {
  const nodes = new Nodes()
  const running: Running[] = []
  let studio: TestNode
  let kitchen: TestNode
  let rtsp: string

  const start = (program: string, args: readonly string[]): Running => {
    const process = run(program, args)
    running.push(process)
    return process
  }
  const flows = (path: string): Promise<unknown> =>
    waitFor(`frames of ${path}`, () => (studio.probe.ctx.streams.list().find((stream) => stream.path === path)?.framesIn ?? 0) > 25)
  /** The first `count` frames of each track at a node. */
  const firstOf = async (node: TestNode, path: string, count: number): Promise<{ tracks: readonly Track[]; frames: Map<number, Frame[]> }> => {
    const subscription = await node.probe.ctx.streams.subscribe(path, { wait: 20_000 })
    const frames = new Map<number, Frame[]>()
    for await (const batch of subscription) {
      for (const frame of batch) frames.set(frame.track, [...(frames.get(frame.track) ?? []), frame])
      if (subscription.tracks.every(({ id }) => (frames.get(id)?.length ?? 0) >= count)) break
    }
    return { tracks: subscription.tracks, frames }
  }
  /** Publishes what `next` gives, until it is told to end. */
  const feed = (tracks: readonly Track[], path: string, next: (publication: Publication, i: number) => void): (() => void) => {
    const publication = studio.probe.ctx.streams.publish(path, tracks)
    let i = 0
    const timer = setInterval(() => next(publication, i++), 40)
    return () => {
      clearInterval(timer)
      publication.close()
    }
  }

  beforeAll(async () => {
    ;[studio, kitchen] = [await nodes.start('studio'), await nodes.start('kitchen')]
    rtsp = `rtsp://127.0.0.1:${(await read<{ port: number }>(studio, '/rtsp/info')).port}`
  })
  afterEach(async () => {
    for (const process of running.splice(0)) await process.kill('SIGKILL')
  })
  afterAll(() => nodes.dispose())

  it('ffmpeg publishes and plays VP8 and VP9 by TCP and UDP', async () => {
    const cases = [
      { encoder: 'libvpx', name: 'vp8', codec: /^vp8$/, transport: 'tcp', other: 'udp' },
      { encoder: 'libvpx-vp9', name: 'vp9', codec: /^vp09\.00\./, transport: 'udp', other: 'tcp' },
    ]
    const seen = cases.map(async ({ encoder, name, codec, transport, other }) => {
      const url = `${rtsp}/in/${name}`
      start('ffmpeg', [...quiet, '-re', ...source, '-t', '60', '-c:v', encoder, ...realtime, '-strict', '-2', '-f', 'rtsp', '-rtsp_transport', transport, url])
      const { tracks, frames } = await firstOf(studio, `in/${name}`, 60)
      expect(tracks).toMatchObject([{ kind: 'video', width: 320, height: 180 }])
      expect(tracks[0]?.codec).toMatch(codec)
      const pictures = frames.get(tracks[0]?.id ?? 0) ?? []
      expect(pictures[0]?.key).toBe(true)
      expect(pictures.filter(({ timestamp }, i) => i > 0 && Math.abs(timestamp - (pictures[i - 1] as Frame).timestamp - 40_000) > 3000)).toEqual([])
      const shown = ['-count_packets', '-show_entries', 'stream=codec_name,width,nb_read_packets', '-read_intervals', '%+2', '-of', 'csv=p=0']
      const probed = await start('ffprobe', ['-v', 'error', '-rtsp_transport', other, ...shown, url]).ended
      expect(probed.stderr).toBe('')
      const [, packets] = new RegExp(`^${name},320,(\\d+)`).exec(probed.stdout) ?? []
      expect(Number(packets)).toBeGreaterThan(40)
    })
    await Promise.all(seen)
  })

  it('AV1 comes to another node as it was, by TCP and UDP and by a push', async () => {
    const file = join(nodes.folder, 'a.ivf')
    const made = await start('ffmpeg', [...quiet, ...source, '-t', '2', '-c:v', 'libaom-av1', '-cpu-used', '8', '-g', '25', '-usage', 'realtime', file]).ended
    expect(made.code, made.stderr).toBe(0)
    const reader = new Av1Reader(1)
    const units = framesIn(readFileSync(file)).map((data) => reader.read({ timestamp: 0, later: 0, parts: [data] }).frame ?? { key: false, data })
    const stop = feed([reader.track as Track], 'live/av1', (publication, i) => {
      const unit = units[i % units.length]
      if (unit) publication.write({ track: 1, timestamp: i * 40_000, key: unit.key, data: unit.data })
    })
    await flows('live/av1')
    for (const transport of ['tcp', 'udp']) kitchen.probe.ctx.streams.pull(`${rtsp}/live/av1?transport=${transport}`, `pulled/${transport}`)
    await studio.client.call('pushes.create', { body: { path: 'live/av1', url: `${rtsp}/live/back` } })
    const bare = (data: Uint8Array): string => Buffer.from(data[0] === 0x12 ? data.subarray(2) : data).toString('hex')
    const sent = new Set(units.map(({ data }) => bare(data)))
    for (const [node, path] of [
      [kitchen, 'pulled/tcp'],
      [kitchen, 'pulled/udp'],
      [studio, 'live/back'],
    ] as const) {
      const { tracks, frames } = await firstOf(node, path, 60)
      expect(tracks, path).toMatchObject([{ codec: reader.track?.codec, width: 320, height: 180 }])
      const [first, ...rest] = frames.get(tracks[0]?.id ?? 0) ?? []
      expect(first?.key).toBe(true)
      expect(
        rest.filter(({ data }) => !sent.has(bare(data))),
        path,
      ).toEqual([])
    }
    stop()
  })

  it('metadata of both sorts go along as data tracks', async () => {
    const xml = (i: number): Uint8Array => Buffer.from(`<?xml version="1.0"?><tt:MetadataStream at="${i}">${'<o/>'.repeat(1000)}</tt:MetadataStream>`)
    const tracks: readonly Track[] = [
      { id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 },
      { id: 2, kind: 'data', codec: klvCodec },
      { id: 3, kind: 'data', codec: onvifCodec },
    ]
    const stop = feed(tracks, 'live/drone', (publication, i) => {
      publication.write({ track: 1, timestamp: i * 40_000, key: true, data: new Uint8Array(320) })
      publication.write({ track: 2, timestamp: i * 40_000, key: true, data: klv(i, i % 2 === 0 ? 100 : 4000) })
      publication.write({ track: 3, timestamp: i * 40_000, key: true, data: xml(i) })
    })
    for (const transport of ['tcp', 'udp']) kitchen.probe.ctx.streams.pull(`${rtsp}/live/drone?transport=${transport}`, `drone/${transport}`)
    for (const transport of ['tcp', 'udp']) {
      const { tracks: pulled, frames } = await firstOf(kitchen, `drone/${transport}`, 25)
      expect(pulled.map(({ kind, codec }) => [kind, codec])).toEqual(tracks.map(({ kind, codec }) => [kind, codec]))
      const known = [...Array(1000).keys()].map((i) => Buffer.from(klv(i, i % 2 === 0 ? 100 : 4000)).toString('hex'))
      expect(frames.get(2)?.filter(({ data }) => !known.includes(Buffer.from(data).toString('hex')))).toEqual([])
      expect(frames.get(3)?.every(({ data }) => /^<\?xml.*<\/tt:MetadataStream>$/.test(Buffer.from(data).toString()))).toBe(true)
      const apart = (frames.get(2)?.[0]?.timestamp ?? 0) - (frames.get(1)?.[0]?.timestamp ?? 0)
      expect(Math.abs(apart)).toBeLessThanOrEqual(120_000)
    }
    const line = ['-v', 'error', '-rtsp_transport', 'tcp', '-show_entries', 'stream=codec_name,codec_type', '-of', 'csv=p=0']
    const probed = await start('ffprobe', [...line, `${rtsp}/live/drone`]).ended
    // it names them from version 7 on
    expect(probed.stdout.match(/^(unknown|klv|smpte_klv),data$/gm)).toHaveLength(2)
    stop()
  })

  it('KLV goes along in MPEG-TS', async () => {
    const tracks: readonly Track[] = [
      { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 1, description: makeOpusHead(1, 0) },
      { id: 2, kind: 'data', codec: klvCodec },
    ]
    const stop = feed(tracks, 'live/klv', (publication, i) => {
      for (const j of [0, 1]) publication.write({ track: 1, timestamp: i * 40_000 + j * 20_000, key: true, data: Uint8Array.of(0x78, 1, 2, 3) })
      publication.write({ track: 2, timestamp: i * 40_000, key: true, data: klv(i, 800) })
    })
    await flows('live/klv')
    const { http } = await studio.client.call('status')
    const url = new URL('live/klv.ts?tracks=audio,data', http?.url).href
    kitchen.probe.ctx.streams.pull(url, 'pulled/klv')
    const { tracks: pulled, frames } = await firstOf(kitchen, 'pulled/klv', 20)
    expect(pulled.map(({ codec }) => codec)).toEqual(['opus', klvCodec])
    const [first] = frames.get(pulled[1]?.id ?? 0) ?? []
    expect(first?.data.length).toBe(819)
    const probed = await start('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,codec_type', '-of', 'csv=p=0', url]).ended
    expect(probed.stdout).toMatch(/^klv,data$/m)
    stop()
  })

  itWith(['gst-rtsp'], 'GStreamer publishes and plays VP8 and KLV', async () => {
    const file = join(nodes.folder, 'one.klv')
    writeFileSync(file, klv(7, 3000))
    const video =
      'videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1 ! vp8enc deadline=1 keyframe-max-dist=25 ! video/x-vp8,profile=(string)0 ! out.sink_0'
    const data = `multifilesrc location=${file} loop=true caps=meta/x-klv,parsed=true ! identity datarate=30190 sync=true ! out.sink_1`
    start('gst-launch-1.0', ['-q', ...`rtspclientsink name=out protocols=tcp location=${rtsp}/in/gst ${video} ${data}`.split(' ')])
    const { tracks, frames } = await firstOf(studio, 'in/gst', 20)
    expect(tracks.map(({ codec }) => codec).toSorted()).toEqual([klvCodec, 'vp8'])
    const id = tracks.find(({ kind }) => kind === 'data')?.id ?? 0
    expect(Buffer.from(frames.get(id)?.[5]?.data ?? []).toString('hex')).toBe(Buffer.from(klv(7, 3000)).toString('hex'))
    const name = join(nodes.folder, `${randomBytes(4).toString('hex')}.klv`)
    const outs = [
      `rtspsrc location=${rtsp}/in/gst protocols=udp name=src src. ! application/x-rtp,media=video ! rtpvp8depay ! identity eos-after=50 ! fakesink`,
      `rtspsrc location=${rtsp}/in/gst protocols=tcp ! application/x-rtp,media=application ! rtpklvdepay ! identity eos-after=5 ! filesink location=${name}`,
    ]
    for (const { ended } of outs.map((out) => start('gst-launch-1.0', ['-q', ...out.split(' ')]))) {
      const played = await ended
      expect(played.code, played.stderr).toBe(0)
    }
    expect(
      readFileSync(name)
        .subarray(0, 3019)
        .equals(Buffer.from(klv(7, 3000))),
    ).toBe(true)
  })
})
