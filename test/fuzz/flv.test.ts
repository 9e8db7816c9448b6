import { readFileSync } from 'node:fs'
import { describe } from 'vitest'
import { encodeAmf0 } from '../../src/media/amf/amf0.js'
import { FlvDemuxer } from '../../src/media/flv/demuxer.js'
import { TagReader } from '../../src/media/flv/tag-body.js'
import { av1Configs, avcConfigs, hevcConfigs, hex } from '../unit/media/configs.js'
import { fuzzParser } from './media-fuzz.js'

const avcC = avcConfigs[0]?.hex ?? ''
const bodies = [
  `1700000000${avcC}`,
  '1701000050 00000002 6588 00000003 41aabb',
  `90 68766331 ${hevcConfigs[0]?.hex}`,
  '91 68766331 000028 00000002 2601',
  `90 61763031 ${av1Configs[0]?.hex}`,
  '97 02 07a120 01 4f707573 fc01',
  'af00 1210',
  'af01 aabb',
  '2f fffb9064',
].map(hex)

describe('FLV', () => {
  const sample = readFileSync(new URL('../../examples/sample.flv', import.meta.url)).subarray(0, 600)
  fuzzParser('FlvDemuxer', [new Uint8Array(sample)], (bytes) => {
    const demuxer = new FlvDemuxer()
    demuxer.push(bytes.subarray(0, bytes.length >> 1))
    demuxer.push(bytes.subarray(bytes.length >> 1))
  })

  // one byte says how to read the rest, after good configurations
  const seeds = bodies.map((body) => Uint8Array.of(0, ...body))
  const sounds = bodies.slice(5).map((body) => Uint8Array.of(1, ...body))
  const script = Uint8Array.of(2, ...encodeAmf0('onMetaData', { width: 640 }))
  fuzzParser('TagReader', [...seeds.slice(0, 5), ...sounds, script], (bytes) => {
    const reader = new TagReader()
    reader.read('video', 0, hex(`1700000000${avcC}`))
    reader.read('audio', 0, hex('af00 1210'))
    const kind = (['video', 'audio', 'script'] as const)[(bytes[0] ?? 0) % 3] ?? 'video'
    reader.read(kind, (bytes[1] ?? 0) * 1000, bytes.subarray(1))
  })
})
