import { describe } from 'vitest'
import { parseAv1C } from '../../src/media/av1.js'
import { parseHevcSps, parseHvcC } from '../../src/media/h265.js'
import { parseVpcC } from '../../src/media/vp9.js'
import { av1Configs, hevcConfigs, hex } from '../unit/media/configs.js'
import { fuzzParser } from './media-fuzz.js'

const hevc = hevcConfigs.map((config) => hex(config.hex))

describe('video configurations', () => {
  fuzzParser('parseHvcC', hevc, (bytes) => parseHvcC(bytes))
  fuzzParser(
    'parseHevcSps',
    hevc.map((bytes) => parseHvcC(bytes).sps[0] ?? bytes),
    (bytes) => parseHevcSps(bytes),
  )
  fuzzParser(
    'parseAv1C',
    av1Configs.map((config) => hex(config.hex)),
    (bytes) => parseAv1C(bytes),
  )
  fuzzParser('parseVpcC', [hex('010000000015820202020000')], (bytes) => parseVpcC(bytes))
})
