/** Sample entries: what `stsd` says of a codec (ISO/IEC 14496-12 8.5.2, 14496-14 5.6, 14496-15; the bindings of AV1, VP9 and Opus). */

import { ShoalError } from '../../errors.js'
import type { Track } from '../../stream.js'
import { makeOpusHead, parseOpusHead } from '../opus.js'
import { box, fullBox, joinBytes, u16, u32 } from './box.js'

/** VisualSampleEntry with the box of its decoder configuration behind. */
export function visualEntry(type: string, track: Track, config: Uint8Array): Uint8Array {
  return box(
    type,
    new Uint8Array(6),
    u16(1), // data_reference_index
    new Uint8Array(16),
    u16(track.width ?? 0, track.height ?? 0),
    u32(0x0048_0000, 0x0048_0000, 0), // 72 dpi
    u16(1), // one picture in each sample
    new Uint8Array(32), // compressorname
    u16(24, 0xffff),
    config,
  )
}

/** AudioSampleEntry; a rate over 65,535 Hz does not fit and is 0, the codec's own configuration says it. */
export function audioEntry(type: string, track: Track, config: Uint8Array): Uint8Array {
  const rate = track.sampleRate ?? 0
  const shown = rate > 0xffff ? 0 : rate
  return box(type, new Uint8Array(6), u16(1), new Uint8Array(8), u16(track.channels ?? 2, 16, 0, 0), u16(shown, 0), config)
}

/** ObjectTypeIndication values (14496-1 table 5). */
export const objectTypes = { aac: 0x40, mp3: 0x6b } as const

/** ES_Descriptor (14496-1 7.2.6.5). `specific`: AudioSpecificConfig; none for MP3. */
export function esds(objectType: number, specific?: Uint8Array): Uint8Array {
  const audioStream = 0x15
  const config = joinBytes([Uint8Array.of(objectType, audioStream, 0, 0, 0), u32(0, 0), ...(specific ? [descriptor(5, specific)] : [])])
  const stream = joinBytes([u16(1), Uint8Array.of(0), descriptor(4, config), descriptor(6, Uint8Array.of(2))])
  return fullBox('esds', 0, 0, descriptor(3, stream))
}

/** Tag, length in groups of 7 bits, content (14496-1 8.3.3). */
function descriptor(tag: number, content: Uint8Array): Uint8Array {
  const length: number[] = [content.length & 0x7f]
  for (let rest = content.length >> 7; rest > 0; rest >>= 7) length.unshift(0x80 | (rest & 0x7f))
  return joinBytes([Uint8Array.of(tag, ...length), content])
}

/** OpusSpecificBox: OpusHead with its numbers the other way round. Throws `ERR_MEDIA_INVALID`. */
export function dOps(track: Track): Uint8Array {
  const head = track.description ?? makeOpusHead(track.channels ?? 2)
  parseOpusHead(head)
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const preSkip = view.getUint16(10, true)
  return box('dOps', Uint8Array.of(0, view.getUint8(9)), u16(preSkip), u32(view.getUint32(12, true)), u16(view.getUint16(16, true)), head.subarray(18))
}

/** VPCodecConfigurationBox; without a description of what the codec string says, in 4:2:0. Throws `ERR_MEDIA_INVALID`. */
export function vpcC(track: Track): Uint8Array {
  const { description } = track
  if (!description) return fullBox('vpcC', 1, 0, vpRecord(track.codec))
  const isBoxed = description.length >= 12 && description[0] === 1 && description[1] === 0 && description[2] === 0 && description[3] === 0
  return fullBox('vpcC', 1, 0, isBoxed ? description.subarray(4) : description)
}

/** VPCodecConfigurationRecord with colours unspecified. */
function vpRecord(codec: string): Uint8Array {
  const [, profile, level, depth] = /^vp09\.(\d\d)\.(\d\d)\.(\d\d)/.exec(codec)?.map(Number) ?? []
  if (profile === undefined || level === undefined || depth === undefined) throw new ShoalError('ERR_MEDIA_INVALID', `The codec string ${codec} is cut short.`)
  return Uint8Array.of(profile, level, (depth << 4) | (1 << 1), 2, 2, 2, 0, 0)
}
