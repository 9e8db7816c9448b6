/** Parsers on what ffmpeg and Chromium sent, with some bytes changed: deeper states than short inputs of our own lead to. `scripts/capture-traffic.ts` makes the files. */

import { readFileSync } from 'node:fs'
import { describe } from 'vitest'
import { isShoalError, ShoalError } from '../../src/errors.js'
import { FlvDemuxer } from '../../src/media/flv/demuxer.js'
import { TagReader } from '../../src/media/flv/tag-body.js'
import { readPlaylist } from '../../src/media/hls/playlist-reader.js'
import { Mp4Demuxer } from '../../src/media/mp4/demuxer.js'
import { TsDemuxer } from '../../src/media/mpegts/demuxer.js'
import { ChunkReader } from '../../src/media/rtmp/chunk-reader.js'
import { decodeCommand, isCommand } from '../../src/media/rtmp/command.js'
import { MessageType } from '../../src/media/rtmp/message.js'
import { AacDepacketizer, aacHbr } from '../../src/media/rtp/aac.js'
import type { Depacketizer } from '../../src/media/rtp/depacketizer.js'
import { H264Depacketizer } from '../../src/media/rtp/h264.js'
import { H265Depacketizer } from '../../src/media/rtp/h265.js'
import { parseRtp } from '../../src/media/rtp/packet.js'
import { ReorderBuffer } from '../../src/media/rtp/reorder.js'
import { parseRtcp } from '../../src/media/rtp/rtcp.js'
import { PictureReader } from '../../src/media/rtp/track-reader.js'
import { RtspReader } from '../../src/media/rtsp/message.js'
import { readerOf } from '../../src/media/sdp/media.js'
import { parseSdp } from '../../src/media/sdp/sdp.js'
import { parseDescription } from '../../src/media/webrtc/description.js'
import { fuzzParser } from './media-fuzz.js'

const captured = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(`../fixtures/captured/${name}`, import.meta.url)))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** Inputs are kilobytes: as many bytes as elsewhere, not as many runs. */
const share = 0.05

function fuzz(name: string, files: readonly string[], parse: (bytes: Uint8Array) => void): void {
  const typed = (bytes: Uint8Array): void => {
    try {
      parse(bytes)
    } catch (error) {
      // as `fuzzParser` knows it
      throw isShoalError(error, 'ERR_PROTOCOL') ? new ShoalError('ERR_MEDIA_INVALID', error.message) : error
    }
  }
  fuzzParser(name, files.map(captured), typed, share)
}

/** In two pieces. What gives no track counts as refused. */
function halves(demuxer: { readonly tracks: readonly unknown[]; push(bytes: Uint8Array): unknown }, bytes: Uint8Array): void {
  demuxer.push(bytes.subarray(0, bytes.length >> 1))
  demuxer.push(bytes.subarray(bytes.length >> 1))
  if (demuxer.tracks.length === 0) throw new ShoalError('ERR_MEDIA_INVALID')
}

/** Packets behind two bytes of length each. */
function receive(bytes: Uint8Array, depacketizer: Depacketizer, reader?: PictureReader): void {
  const buffer = new ReorderBuffer(4)
  for (let at = 0; at + 2 <= bytes.length; ) {
    const end = at + 2 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number))
    for (const { packet, gap } of buffer.push(parseRtp(bytes.subarray(at + 2, end)), at)) for (const unit of depacketizer.push(packet, gap)) reader?.read(unit)
    at = end
  }
}

describe('captured traffic', () => {
  fuzz('MPEG-TS of ffmpeg', ['avc-aac.mpegts', 'hevc-mp3.mpegts'], (bytes) => halves(new TsDemuxer(), bytes))
  fuzz('MP4 of ffmpeg', ['avc-aac.mp4', 'hevc-opus.mp4'], (bytes) => halves(new Mp4Demuxer(), bytes))
  fuzz('FLV of ffmpeg', ['avc-aac.flv'], (bytes) => halves(new FlvDemuxer(), bytes))
  fuzz('playlists of ffmpeg', ['live.m3u8', 'master.m3u8'], (bytes) => void readPlaylist(text(bytes)))

  fuzz('RTP of ffmpeg: H.264', ['avc.rtp'], (bytes) => receive(bytes, new H264Depacketizer(), new PictureReader(1, 'avc1', [])))
  fuzz('RTP of ffmpeg: H.265', ['hevc.rtp'], (bytes) => receive(bytes, new H265Depacketizer(), new PictureReader(1, 'hvc1', [])))
  fuzz('RTP of ffmpeg: AAC', ['aac.rtp'], (bytes) => receive(bytes, new AacDepacketizer({ ...aacHbr, frameLength: 1024 })))
  fuzz('reports of ffmpeg', ['avc.rtcp', 'aac.rtcp'], (bytes) => void parseRtcp(bytes))

  fuzz('RTMP of ffmpeg that publishes', ['publish.rtmp'], (bytes) => {
    const tags = new TagReader()
    // behind the handshake
    for (const message of new ChunkReader().read(bytes.subarray(bytes.length > 3073 ? 3073 : 0))) {
      const { type, timestamp, body } = message
      if (isCommand(message)) decodeCommand(message)
      else if (type === MessageType.video || type === MessageType.audio) tags.read(type === MessageType.video ? 'video' : 'audio', timestamp, body)
    }
  })
  fuzz('RTSP of ffmpeg that publishes', ['record.rtsp'], (bytes) => {
    let depacketizer: Depacketizer | undefined
    for (const unit of new RtspReader().read(bytes)) {
      if (unit.type === 'request' && unit.body.length > 0)
        depacketizer = parseSdp(text(unit.body)).media.flatMap((media) => readerOf(media, 1) ?? [])[0]?.depacketizer
      if (unit.type === 'data' && unit.channel === 0) depacketizer?.push(parseRtp(unit.packet), false)
    }
  })
  fuzz('offers of Chromium', ['recvonly.sdp', 'sendonly.sdp'], (bytes) => void parseDescription(text(bytes)))
})
