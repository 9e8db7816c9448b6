import { describe } from 'vitest'
import { parseAudioConfig } from '../../src/media/aac.js'
import { parseMp3Header } from '../../src/media/mp3.js'
import { makeOpusHead, opusDuration, parseOpusHead } from '../../src/media/opus.js'
import { hex } from '../unit/media/configs.js'
import { fuzzParser } from './media-fuzz.js'

describe('audio configurations', () => {
  fuzzParser('parseAudioConfig', [hex('1210'), hex('2b118800'), hex('17803e8010')], (bytes) => parseAudioConfig(bytes))
  fuzzParser('parseMp3Header', [hex('fffb9064')], (bytes) => parseMp3Header(bytes))
  fuzzParser('parseOpusHead', [makeOpusHead(2)], (bytes) => {
    opusDuration(bytes)
    parseOpusHead(bytes)
  })
})
