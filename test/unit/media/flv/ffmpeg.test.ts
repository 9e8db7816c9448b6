/** Our demuxer and muxer beside ffmpeg's. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FlvDemuxer } from '../../../../src/media/flv/demuxer.js'
import { flvHeader, flvTag } from '../../../../src/media/flv/muxer.js'
import { TagWriter } from '../../../../src/media/flv/tag-body.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { describeWith } from '../../../needs.js'

const sample = fileURLToPath(new URL('../../../../examples/sample.flv', import.meta.url))

interface Probe {
  readonly packets: readonly { codec_type: string; pts: number; dts: number; size: string; flags: string; data_hash: string }[]
  readonly streams: readonly Record<string, unknown>[]
  readonly format: Record<string, unknown>
}

function probe(file: string): Probe {
  const what = ['-show_packets', '-show_streams', '-show_format', '-show_data_hash', 'CRC32']
  return JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-of', 'json', ...what, file], { encoding: 'utf8', maxBuffer: 64 << 20 }))
}

function demux(file: string): { tracks: readonly Track[]; frames: Frame[] } {
  const demuxer = new FlvDemuxer()
  const events = demuxer.push(readFileSync(file))
  return { tracks: demuxer.tracks, frames: events.flatMap((event) => (event.type === 'frame' ? [event.frame] : [])) }
}

/** Remuxes with our muxer. */
function remux(file: string, to: string): void {
  const { tracks, frames } = demux(file)
  const writer = new TagWriter(tracks)
  const parts = [flvHeader(writer.kinds), ...writer.headers().flatMap((tag) => flvTag(tag.kind, 0, tag.body))]
  for (const frame of frames) {
    const tag = writer.write(frame)
    if (tag) parts.push(...flvTag(tag.kind, tag.timestamp, tag.body))
  }
  writeFileSync(to, Buffer.concat(parts))
}

describeWith(['ffmpeg'], 'FLV beside ffmpeg', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-flv-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('the sample clip has the packets that ffprobe sees', () => {
    const { frames } = demux(sample)
    const { packets } = probe(sample)
    const ours = frames.map((frame) => [frame.track, frame.timestamp / 1000, (frame.decodeTime ?? frame.timestamp) / 1000, frame.key])
    const theirs = packets.map((packet) => [packet.codec_type === 'video' ? 1 : 2, packet.pts, packet.dts, packet.flags.startsWith('K')])
    expect(ours).toEqual(theirs)
    expect(frames.some((frame) => frame.decodeTime !== undefined)).toBe(true)
    // x264 repeats its parameter sets nowhere in FLV, so sizes agree too
    expect(frames.map((frame) => frame.data.length)).toEqual(packets.map((packet) => Number(packet.size)))
  })

  it('what we mux has the same packets, codecs, size and duration', () => {
    const file = join(folder, 'remuxed.flv')
    remux(sample, file)
    const [ours, theirs] = [probe(file), probe(sample)]
    expect(ours.packets.map(({ codec_type, pts, dts, flags, data_hash }) => [codec_type, pts, dts, flags, data_hash])).toEqual(
      theirs.packets.map(({ codec_type, pts, dts, flags, data_hash }) => [codec_type, pts, dts, flags, data_hash]),
    )
    expect(ours.streams).toMatchObject([
      { codec_name: 'h264', profile: 'Main', width: 640, height: 360, r_frame_rate: '25/1' },
      { codec_name: 'aac', sample_rate: '44100', channels: 2 },
    ])
    expect(Number(ours.format['start_time'])).toBe(Number(theirs.format['start_time']))
    expect(() => execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-'], { stdio: ['ignore', 'ignore', 'pipe'] })).not.toThrow()
  })

  it.each([
    ['baseline and MP3', ['-profile:v', 'baseline'], ['-c:a', 'libmp3lame', '-ar', '44100'], 'avc1.42c0', 'mp3'],
    ['high with many B-frames and HE rates', ['-bf', '5', '-g', '15'], ['-c:a', 'aac', '-ar', '22050', '-ac', '1'], 'avc1.6400', 'mp4a.40.2'],
  ])('%s', (_, video, audio, videoCodec, audioCodec) => {
    const file = join(folder, 'made.flv')
    const input = ['-f', 'lavfi', '-i', 'testsrc2=s=426x240:r=30:d=1', '-f', 'lavfi', '-i', 'sine=d=1']
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', ...video, ...audio, file])
    const { tracks, frames } = demux(file)
    expect(tracks).toMatchObject([{ width: 426, height: 240 }, {}])
    expect(tracks[0]?.codec.startsWith(videoCodec.slice(0, 5))).toBe(true)
    expect(tracks[1]?.codec).toBe(audioCodec)
    const theirs = probe(file).packets.map((packet) => [packet.pts, packet.dts, Number(packet.size)])
    expect(frames.map((frame) => [frame.timestamp / 1000, (frame.decodeTime ?? frame.timestamp) / 1000, frame.data.length])).toEqual(theirs)
  })
})
