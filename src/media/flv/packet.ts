/** The head of audio and video tag bodies: FLV 10.1 E.4.2 and E.4.3, Enhanced RTMP v2 "Enhanced Audio" and "Enhanced Video". */

import { ShoalError } from '../../errors.js'
import { BitReader } from '../bits.js'

/** Codecs that are carried, by their FourCC; `.mp3` is MP3. */
export type FlvCodec = 'avc1' | 'hvc1' | 'av01' | 'vp09' | 'mp4a' | '.mp3' | 'Opus'

/** A tag body, taken apart. */
export interface Packet {
  readonly codec: FlvCodec
  /** Decoder configuration, or coded data. */
  readonly part: 'config' | 'frame'
  readonly key: boolean
  /** Presentation minus decode time, µs. */
  readonly composition: number
  /** Added to the tag's time, µs (ModEx). */
  readonly delay: number
  readonly data: Uint8Array
}

/** Low nibble of the first byte in Enhanced RTMP: AudioPacketType and VideoPacketType. */
const packetType = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3, metadata: 4, audioMultitrack: 5, videoMultitrack: 6, modEx: 7 } as const

const videoCodecs: readonly FlvCodec[] = ['avc1', 'hvc1', 'av01', 'vp09']
const audioCodecs: readonly FlvCodec[] = ['mp4a', '.mp3', 'Opus']

/** Takes a video tag body apart; undefined when it carries neither configuration nor picture. Throws `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`. */
export function parseVideoPacket(body: Uint8Array): Packet | undefined {
  const first = body[0]
  if (first === undefined) return undefined
  if (first >= 0x80) return parseEnhancedVideo(body)
  const frameType = first >> 4
  if (frameType === 5) return undefined // a command for the player
  const codec = legacyVideo.get(first & 0x0f)
  if (!codec) throw unsupported(`video codec ${first & 0x0f}`)
  if (body.length < 5) throw new ShoalError('ERR_MEDIA_INVALID', 'video tag: it ends too early.')
  const [, type = 0, high = 0, middle = 0, low = 0] = body
  const composition = (((high << 24) | (middle << 16) | (low << 8)) >> 8) * 1000
  return packet(codec, type, isKey(frameType), composition, 0, body.subarray(5))
}

/** CodecID of E.4.3.1; 12 is HEVC by a custom that is older than Enhanced RTMP. */
const legacyVideo: ReadonlyMap<number, FlvCodec> = new Map([
  [7, 'avc1'],
  [12, 'hvc1'],
])

/** Key frames, and those a server made. */
function isKey(frameType: number): boolean {
  return frameType === 1 || frameType === 4
}

function parseEnhancedVideo(body: Uint8Array): Packet | undefined {
  const reader = new BitReader(body, 'video tag')
  reader.skip(1)
  const frameType = reader.bits(3)
  const { type, delay } = readPacketType(reader)
  if (type === packetType.metadata || frameType === 5) return undefined
  const codec = readCodec(reader, type === packetType.videoMultitrack, videoCodecs)
  const timed = type === packetType.codedFrames && (codec === 'avc1' || codec === 'hvc1')
  const composition = timed ? signed24(reader) * 1000 : 0
  const known = type === packetType.codedFramesX ? packetType.codedFrames : type
  return packet(codec, known, isKey(frameType), composition, delay, rest(reader))
}

/** Takes an audio tag body apart; undefined when it carries neither configuration nor sound. Throws `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`. */
export function parseAudioPacket(body: Uint8Array): Packet | undefined {
  const first = body[0]
  if (first === undefined) return undefined
  const format = first >> 4
  if (format === 2 || format === 14) return packet('.mp3', packetType.codedFrames, true, 0, 0, body.subarray(1))
  if (format === 10) return body.length < 2 ? undefined : packet('mp4a', body[1] as number, true, 0, 0, body.subarray(2))
  if (format !== 9) throw unsupported(`audio format ${format}`)
  const reader = new BitReader(body, 'audio tag')
  reader.skip(4)
  const { type, delay } = readPacketType(reader)
  const codec = readCodec(reader, type === packetType.audioMultitrack, audioCodecs)
  return packet(codec, type, true, 0, delay, rest(reader))
}

/** The packet type behind any number of ModEx blocks, and the time they add. */
function readPacketType(reader: BitReader): { type: number; delay: number } {
  let type = reader.bits(4)
  let delay = 0
  while (type === packetType.modEx) {
    const short = reader.bits(8) + 1
    const data = reader.bytes(short === 256 ? reader.bits(16) + 1 : short)
    const timestampOffsetNano = reader.bits(4) === 0
    if (timestampOffsetNano && data.length >= 3) delay += Math.round(new BitReader(data, 'ModEx').bits(24) / 1000)
    type = reader.bits(4)
  }
  return { type, delay }
}

function readCodec(reader: BitReader, multitrack: boolean, known: readonly FlvCodec[]): FlvCodec {
  if (multitrack) throw unsupported('several tracks of one kind (Enhanced RTMP multitrack)')
  const name = String.fromCharCode(...reader.bytes(4))
  const codec = known.find((fourCc) => fourCc === name)
  if (!codec) throw unsupported(`codec ${JSON.stringify(name)}`)
  return codec
}

/** Sequence ends and types that carry no frame are undefined, and so is an empty frame. */
function packet(codec: FlvCodec, type: number, key: boolean, composition: number, delay: number, data: Uint8Array): Packet | undefined {
  const isConfig = type === packetType.sequenceStart
  if (!isConfig && (type !== packetType.codedFrames || data.length === 0)) return undefined
  return { codec, part: isConfig ? 'config' : 'frame', key, composition, delay, data }
}

function signed24(reader: BitReader): number {
  return (reader.bits(24) << 8) >> 8
}

function rest(reader: BitReader): Uint8Array {
  return reader.bytes(reader.left >> 3)
}

function unsupported(what: string): ShoalError {
  return new ShoalError('ERR_CODEC_UNSUPPORTED', `FLV: ${what} is not carried.`)
}
