/** From frames to RTP packets, made once for all receivers: each has its own numbers, which are put into a copy. */

import { ShoalError } from '../../errors.js'
import type { Frame, Track } from '../../stream.js'
import { parseAudioConfig } from '../aac.js'
import { nalCodecs } from '../flv/nal-codec.js'
import { splitNals } from '../nal.js'
import { packetizeAac } from './aac.js'
import { packetizeAv1 } from './av1.js'
import { isDocumentCodec, packetizeDocument } from './document.js'
import { packetizeH264 } from './h264.js'
import { packetizeH265 } from './h265.js'
import { rtpHeaderSize, writeRtpHeader } from './packet.js'
import { packetizeVp8 } from './vp8.js'
import { packetizeVp9 } from './vp9.js'

/** Bytes of a payload: with all headers it fits an Ethernet frame, also through a tunnel. */
const payloadSize = 1380

/** Bytes before each packet: `$`, channel, length (RFC 2326 section 10.12). */
const prefixSize = 4

/** The packets of one frame, behind each other, each with the prefix of interleaved data. */
export interface FramePackets {
  readonly bytes: Uint8Array
  /** Where each prefix stands. */
  readonly starts: readonly number[]
  /** In ticks. */
  readonly timestamp: number
  /** Bytes of payload. */
  readonly octets: number
}

/** The numbers of one receiver. */
export interface Numbering {
  readonly channel: number
  /** Of the first packet, 16 bits. */
  readonly sequence: number
}

/** Makes the packets of one track. */
export class Packetizer {
  /** Ticks a second. */
  readonly rate: number
  readonly payloadType: number
  readonly ssrc: number
  readonly #split: (frame: Frame) => Uint8Array[][]

  /** Throws `ERR_CODEC_UNSUPPORTED`, `ERR_MEDIA_INVALID`. */
  constructor(track: Track, payloadType: number, ssrc: number) {
    this.rate = clockRate(track)
    this.payloadType = payloadType
    this.ssrc = ssrc
    const split = isCarried(track) ? payloadsOf(track, payloadSize) : undefined
    if (!split) throw new ShoalError('ERR_CODEC_UNSUPPORTED', `RTP cannot carry ${track.codec}.`)
    this.#split = split
  }

  /** A time in ticks. */
  ticks(timestamp: number): number {
    return (Math.round((timestamp * this.rate) / 1e6) % 2 ** 32) >>> 0
  }

  /** The packets of `frame`. */
  packets(frame: Frame): FramePackets {
    const payloads = this.#split(frame)
    const sizes = payloads.map((pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0))
    const octets = sizes.reduce((sum, size) => sum + size, 0)
    const bytes = Buffer.allocUnsafe(octets + payloads.length * (prefixSize + rtpHeaderSize))
    const { payloadType, ssrc } = this
    const timestamp = this.ticks(frame.timestamp)
    let at = 0
    const starts = payloads.map((pieces, i) => {
      const start = at
      bytes[at] = 0x24
      bytes.writeUInt16BE((sizes[i] as number) + rtpHeaderSize, at + 2)
      writeRtpHeader(bytes, at + prefixSize, { payloadType, ssrc, timestamp, sequence: 0, marker: i === payloads.length - 1 })
      at += prefixSize + rtpHeaderSize
      for (const piece of pieces) {
        bytes.set(piece, at)
        at += piece.length
      }
      return start
    })
    return { bytes, starts, timestamp, octets }
  }
}

/** A copy of `packets` with the numbers of one receiver. */
export function numbered(packets: FramePackets, { channel, sequence }: Numbering): Buffer {
  const copy = Buffer.from(packets.bytes)
  packets.starts.forEach((start, i) => {
    copy[start + 1] = channel
    copy.writeUInt16BE((sequence + i) & 0xffff, start + prefixSize + 2)
  })
  return copy
}

/** The packets of a numbered copy without prefixes: views, one for each datagram. */
export function datagrams(copy: Buffer, packets: FramePackets): Buffer[] {
  return packets.starts.map((start, i) => copy.subarray(start + prefixSize, packets.starts[i + 1] ?? copy.length))
}

/** Can RTSP players be told of this track? */
export function isCarried({ codec, description }: Track): boolean {
  if (/^(avc1|hvc1|mp4a)\./.test(codec)) return description !== undefined
  return /^(vp8$|vp09\.|av01\.|opus$|alaw$|ulaw$)/.test(codec) || isDocumentCodec(codec)
}

/** Ticks a second of the media clock. */
export function clockRate(track: Track): number {
  if (track.kind !== 'audio') return 90_000
  return track.codec === 'opus' ? 48_000 : (track.sampleRate ?? 8000)
}

/** How the frames of a track become payloads of at most `size` bytes, as pieces to be joined; undefined for a codec that RTP does not carry. Throws `ERR_MEDIA_INVALID` for a description that cannot be read. */
export function payloadsOf(track: Track, size: number): ((frame: Frame) => Uint8Array[][]) | undefined {
  const { codec, description } = track
  if (codec.startsWith('avc1.') && description) return pictureSplitter(nalCodecs.avc1.setsOf(description), (nals) => packetizeH264(nals, size))
  if (codec.startsWith('hvc1.') && description) return pictureSplitter(nalCodecs.hvc1.setsOf(description), (nals) => packetizeH265(nals, size))
  if (codec === 'vp8') return ({ data }) => packetizeVp8(data, size)
  if (codec.startsWith('vp09.')) return ({ data, key }) => packetizeVp9(data, key, size)
  if (codec.startsWith('av01.')) return ({ data, key }) => packetizeAv1(data, key, description?.subarray(4) ?? new Uint8Array(0), size)
  if (codec.startsWith('mp4a.') && description) {
    parseAudioConfig(description)
    return ({ data }) => packetizeAac(data, size)
  }
  if (isDocumentCodec(codec)) return ({ data }) => packetizeDocument(data, size)
  return codec === 'opus' || codec === 'alaw' || codec === 'ulaw' ? ({ data }) => [[data]] : undefined
}

/** Parameter sets go before each key picture: who joins there may have missed a change. */
function pictureSplitter(sets: readonly Uint8Array[], packetize: (nals: readonly Uint8Array[]) => Uint8Array[][]) {
  return ({ data, key }: Frame): Uint8Array[][] => packetize(key ? [...sets, ...splitNals(data)] : splitNals(data))
}
