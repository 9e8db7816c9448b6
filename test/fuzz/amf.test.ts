import { describe } from 'vitest'
import { decodeAmf0, encodeAmf0, encodeAmf0Metadata } from '../../src/media/amf/amf0.js'
import { fuzzParser } from './media-fuzz.js'

const seeds = [
  encodeAmf0('connect', 1, { app: 'live', flashVer: 'FMLE/3.0', tcUrl: 'rtmp://127.0.0.1/live', audioCodecs: 1024 }),
  encodeAmf0('_result', 1, { fmsVer: 'x' }, { level: 'status', list: [1, null, undefined, new Date(0)] }),
  encodeAmf0Metadata('onMetaData', { width: 640, height: 360, stereo: true, nested: { a: [{ b: 1 }] } }),
]

describe('AMF0', () => {
  fuzzParser('decodeAmf0', seeds, (bytes) => decodeAmf0(bytes))
})
