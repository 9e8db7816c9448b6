/** Opus: the identification header (RFC 7845 5.1) and the length of a packet (RFC 6716 3.1). */

import { ShoalError } from '../errors.js'

/** What an OpusHead says. A decoder always puts out 48,000 Hz. */
export interface OpusConfig {
  readonly codec: 'opus'
  readonly sampleRate: 48_000
  readonly channels: number
  /** Samples at 48 kHz to throw away at the start. */
  readonly preSkip: number
}

const magic = [...'OpusHead'].map((letter) => letter.charCodeAt(0))

/** Reads an OpusHead. Throws `ERR_MEDIA_INVALID`. */
export function parseOpusHead(bytes: Uint8Array): OpusConfig {
  if (bytes.length < 19 || !magic.every((byte, i) => bytes[i] === byte)) throw invalid('it does not begin with OpusHead, or is too short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(8) >> 4 !== 0) throw invalid('its version is unknown')
  const channels = view.getUint8(9)
  const family = view.getUint8(18)
  if (channels === 0 || (family === 0 && channels > 2)) throw invalid(`${channels} channels`)
  if (family !== 0 && bytes.length < 21 + channels) throw invalid('its channel mapping is cut short')
  return { codec: 'opus', sampleRate: 48_000, channels, preSkip: view.getUint16(10, true) }
}

/** Writes the OpusHead of a mono or stereo stream. Throws `ERR_MEDIA_INVALID` for another number of channels. */
export function makeOpusHead(channels: number, preSkip = 312): Uint8Array {
  if (channels !== 1 && channels !== 2) throw invalid(`${channels} channels need a mapping table`)
  const bytes = new Uint8Array(19)
  bytes.set(magic)
  const view = new DataView(bytes.buffer)
  view.setUint8(8, 1)
  view.setUint8(9, channels)
  view.setUint16(10, preSkip, true)
  view.setUint32(12, 48_000, true)
  return bytes
}

/** µs of sound in a packet, from its first two bytes; 0 for an empty or impossible one. */
export function opusDuration(packet: Uint8Array): number {
  const toc = packet[0]
  if (toc === undefined) return 0
  const frames = (toc & 3) === 0 ? 1 : (toc & 3) < 3 ? 2 : (packet[1] ?? 0) & 0x3f
  const duration = frames * frameDuration(toc >> 3)
  return duration > 120_000 ? 0 : duration
}

/** µs of one frame in each configuration (RFC 6716 table 2). */
function frameDuration(config: number): number {
  if (config < 12) return [10_000, 20_000, 40_000, 60_000][config & 3] as number
  if (config < 16) return [10_000, 20_000][config & 1] as number
  return [2500, 5000, 10_000, 20_000][config & 3] as number
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `OpusHead: ${why}.`)
}
