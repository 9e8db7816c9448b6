import { describe } from 'vitest'
import { parseAvcC, parseAvcSps } from '../../src/media/h264.js'
import { fromAnnexB, splitNals, toAnnexB, unescapeNal } from '../../src/media/nal.js'
import { avcConfigs, hex } from '../unit/media/configs.js'
import { fuzzParser } from './media-fuzz.js'

const avc = avcConfigs.map((config) => hex(config.hex))

describe('H.264', () => {
  fuzzParser('parseAvcC', avc, (bytes) => parseAvcC(bytes))
  fuzzParser(
    'parseAvcSps',
    avc.map((bytes) => parseAvcC(bytes).sps[0] ?? bytes),
    (bytes) => parseAvcSps(bytes),
  )
  fuzzParser('NAL units', [hex('00000002658800000003419a00')], (bytes) => {
    unescapeNal(bytes)
    fromAnnexB(bytes)
    toAnnexB(splitNals(bytes))
  })
})
