import { describe } from 'vitest'
import { ShoalError } from '../../src/errors.js'
import { PackedAudioDemuxer } from '../../src/media/hls/packed-audio.js'
import { readPlaylist } from '../../src/media/hls/playlist-reader.js'
import type { MediaDemuxer } from '../../src/media/media-event.js'
import { Mp4Demuxer } from '../../src/media/mp4/demuxer.js'
import { fragment, toSample } from '../../src/media/mp4/fragment.js'
import { initSegment } from '../../src/media/mp4/init-segment.js'
import { chooseMp4Tracks } from '../../src/media/mp4/track.js'
import { TsDemuxer } from '../../src/media/mpegts/demuxer.js'
import { TsMuxer, tsStart } from '../../src/media/mpegts/muxer.js'
import { chooseTsTracks } from '../../src/media/mpegts/track.js'
import { joinNals } from '../../src/media/nal.js'
import type { Frame, Track } from '../../src/stream.js'
import { avcConfigs, hex } from '../unit/media/configs.js'
import { fuzzParser } from './media-fuzz.js'

const video: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const sounds: readonly Track[] = [
  { id: 1, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 },
  { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 },
]
const klv: Track = { id: 9, kind: 'data', codec: 'application/smpte336m' }
const frame: Frame = { track: 1, timestamp: 0, key: true, data: joinNals([Uint8Array.of(0x65, 1, 2)]) }

function ts(track: Track): Uint8Array {
  return new TsMuxer(chooseTsTracks([track]).carried).write(frame, 0, tsStart)?.bytes ?? new Uint8Array()
}

/** With metadata behind a picture. */
function tsWithKlv(): Uint8Array {
  const muxer = new TsMuxer(chooseTsTracks([video, klv]).carried)
  const first = muxer.write(frame, 0, tsStart)
  const second = muxer.write({ ...frame, track: 9 }, 0, first?.after ?? tsStart)
  return Buffer.concat([first?.bytes ?? new Uint8Array(), second?.bytes ?? new Uint8Array()])
}

function mp4(track: Track): Uint8Array {
  const { carried } = chooseMp4Tracks([track])
  const runs = carried.map((one) => ({ track: one, samples: [toSample(one, frame, 0, 40_000)] }))
  return Uint8Array.from(Buffer.concat([initSegment(carried), ...fragment(1, runs)]))
}

/** Two halves, so that what is kept between them is met too. What gives no track counts as refused. */
function halves(demuxer: MediaDemuxer, bytes: Uint8Array): void {
  const half = bytes.length >> 1
  demuxer.push(bytes.subarray(0, half))
  demuxer.push(bytes.subarray(half))
  demuxer.flush()
  if (demuxer.tracks.length === 0) throw new ShoalError('ERR_MEDIA_INVALID')
}

const playlist = [
  '#EXTM3U',
  '#EXT-X-TARGETDURATION:4',
  '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES',
  '#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x01',
  '#EXT-X-MAP:URI="i",BYTERANGE="9@1"',
  '#EXT-X-PART:DURATION=1,URI="p"',
  '#EXTINF:4,',
  'a.ts',
]
const variants = ['#EXTM3U', '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="b"', '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="opus",AUDIO="a"', 'v.m3u8']
const adts = Uint8Array.of(0xff, 0xf1, 0x50, 0x80, 0x01, 0x5f, 0xfc, 1, 2, 3)
const tag = Uint8Array.from([
  ...Buffer.from('ID3\x04\0\0\0\0\0\x3f'),
  ...Buffer.from('PRIV\0\0\0\x35\0\0com.apple.streaming.transportStreamTimestamp\0'),
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  90,
])

describe('demuxers', () => {
  fuzzParser('TsDemuxer', [ts(video), tsWithKlv(), ...sounds.map(ts)], (bytes) => halves(new TsDemuxer(), bytes))
  fuzzParser('Mp4Demuxer', [mp4(video), ...sounds.map(mp4)], (bytes) => halves(new Mp4Demuxer(), bytes))
  fuzzParser('PackedAudioDemuxer', [adts, Uint8Array.from([...tag, ...adts])], (bytes) => void new PackedAudioDemuxer().push(bytes))
  fuzzParser(
    'readPlaylist',
    [playlist, variants].map((lines) => Uint8Array.from(Buffer.from(lines.join('\n')))),
    (bytes) => void readPlaylist(Buffer.from(bytes).toString('latin1')),
  )
})
