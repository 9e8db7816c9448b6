/** Reading the movie header: the tracks of fragmented MP4 (ISO/IEC 14496-12 8.2 to 8.8). */

import { ShoalError } from '../../errors.js'
import type { Track } from '../../stream.js'
import { makeTrack, type SourceTrack } from '../flv/track.js'
import { parseOpusHead } from '../opus.js'
import { FieldReader, findBox, findWithin, invalidMp4, type Mp4Box, readBoxes } from './box-reader.js'

/** What samples have where a fragment does not say it (`trex`). */
export interface SampleDefaults {
  readonly duration: number
  readonly size: number
  readonly flags: number
}

/** A track that is read. */
export interface MovieTrack extends SourceTrack {
  /** track_ID. */
  readonly id: number
  readonly timescale: number
  /** Ticks of the media that are shown first (edit list); times begin there. */
  readonly mediaTime: number
  readonly defaults: SampleDefaults
}

/** What a movie header says. */
export interface Movie {
  /** The first picture and the first sound that are read. */
  readonly tracks: readonly MovieTrack[]
  /** Sample entries, or reasons, of pictures and sounds that are not. */
  readonly leftOut: readonly string[]
}

/** Ids that tracks get: a stream has one picture and one sound here. */
const trackIds = { video: 1, audio: 2 } as const

/** Reads the content of `moov`. Throws `ERR_MEDIA_INVALID`, and `ERR_CODEC_UNSUPPORTED` where nothing in it is read. */
export function readMovie(moov: Uint8Array): Movie {
  const boxes = readBoxes(moov)
  const extends_ = findBox(boxes, 'mvex')
  if (!extends_) throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'MP4: the file is not fragmented; only fragmented MP4 is a live stream.')
  const defaults = readDefaults(readBoxes(extends_))
  const tracks: MovieTrack[] = []
  const leftOut: string[] = []
  for (const { type, content } of boxes) {
    const read = type === 'trak' ? readTrack(content, defaults) : undefined
    if (typeof read === 'string') leftOut.push(read)
    else if (read && !tracks.some(({ track }) => track.kind === read.track.kind)) tracks.push(read)
  }
  if (tracks.length === 0) throw new ShoalError('ERR_CODEC_UNSUPPORTED', `MP4: none of its tracks is read: ${leftOut.join(', ') || 'there are none'}.`)
  return { tracks, leftOut }
}

function readDefaults(boxes: readonly Mp4Box[]): ReadonlyMap<number, SampleDefaults> {
  const found = new Map<number, SampleDefaults>()
  for (const { type, content } of boxes) {
    if (type !== 'trex') continue
    const reader = new FieldReader(content, 'trex')
    const id = reader.u32()
    reader.skip(4)
    found.set(id, { duration: reader.u32(), size: reader.u32(), flags: reader.u32() })
  }
  return found
}

const noDefaults: SampleDefaults = { duration: 0, size: 0, flags: 0 }

/** The track, why it is not read, or undefined for neither picture nor sound. */
function readTrack(trak: Uint8Array, defaults: ReadonlyMap<number, SampleDefaults>): MovieTrack | string | undefined {
  const handler = findWithin(trak, 'mdia', 'hdlr')?.subarray(8, 12)
  const kind = handlers.get(String.fromCharCode(...(handler ?? [])))
  const header = findWithin(trak, 'tkhd')
  const media = findWithin(trak, 'mdia', 'mdhd')
  const descriptions = findWithin(trak, 'mdia', 'minf', 'stbl', 'stsd')
  if (!kind) return undefined
  if (!header || !media || !descriptions) throw invalidMp4('a track is not complete')
  const id = idOf(header)
  const source = readEntry(descriptions.subarray(8), kind)
  if (typeof source === 'string') return source
  return { ...source, id, timescale: timescaleOf(media), mediaTime: readMediaTime(trak), defaults: defaults.get(id) ?? noDefaults }
}

const handlers: ReadonlyMap<string, 'video' | 'audio'> = new Map([
  ['vide', 'video'],
  ['soun', 'audio'],
])

function idOf(tkhd: Uint8Array): number {
  const reader = new FieldReader(tkhd, 'tkhd')
  reader.skip(reader.version === 1 ? 16 : 8)
  return reader.u32()
}

function timescaleOf(mdhd: Uint8Array): number {
  const reader = new FieldReader(mdhd, 'mdhd')
  reader.skip(reader.version === 1 ? 16 : 8)
  const timescale = reader.u32()
  if (timescale === 0) throw invalidMp4('a timescale of 0')
  return timescale
}

/** media_time of the first edit that shows something; 0 without one. */
function readMediaTime(trak: Uint8Array): number {
  const list = findWithin(trak, 'edts', 'elst')
  if (!list) return 0
  const reader = new FieldReader(list, 'elst')
  for (let count = reader.u32(); count > 0 && reader.left > 0; count--) {
    reader.skip(reader.version === 1 ? 8 : 4)
    const time = reader.version === 1 ? reader.i64() : reader.i32()
    if (time >= 0 && Number.isSafeInteger(time)) return time
    reader.skip(4)
  }
  return 0
}

/** Bytes of a sample entry before the boxes in it. */
const entryHead = { video: 78, audio: 28 } as const

/** The first sample entry of `stsd`. */
function readEntry(entries: Uint8Array, kind: 'video' | 'audio'): SourceTrack | string {
  const [entry] = readBoxes(entries)
  if (!entry) throw invalidMp4('a track without a sample entry')
  const { type, content } = entry
  if (type === 'encv' || type === 'enca') return `${type}: encrypted`
  const inner = readBoxes(content.subarray(entryHead[kind]))
  const id = trackIds[kind]
  if (type === 'mp4a') return readAudio(id, findBox(inner, 'esds'))
  const config = configs.get(type)
  const found = config && findBox(inner, config.box)
  if (!config || !found) return config ? `${type} without ${config.box}` : type
  const source = makeTrack(id, config.codec, config.codec === 'Opus' ? opusHead(found) : found)
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  if (source.track.kind !== 'video' || source.track.width !== undefined || content.length < 28) return source
  return { ...source, track: { ...source.track, width: view.getUint16(24), height: view.getUint16(26) } satisfies Track }
}

const configs: ReadonlyMap<string, { readonly codec: 'avc1' | 'hvc1' | 'av01' | 'vp09' | 'Opus'; readonly box: string }> = new Map([
  ['avc1', { codec: 'avc1', box: 'avcC' }],
  ['avc3', { codec: 'avc1', box: 'avcC' }],
  ['hvc1', { codec: 'hvc1', box: 'hvcC' }],
  ['hev1', { codec: 'hvc1', box: 'hvcC' }],
  ['av01', { codec: 'av01', box: 'av1C' }],
  ['vp09', { codec: 'vp09', box: 'vpcC' }],
  ['Opus', { codec: 'Opus', box: 'dOps' }],
])

/** AAC by its AudioSpecificConfig. */
function readAudio(id: number, esds: Uint8Array | undefined): SourceTrack | string {
  if (!esds) return 'mp4a without esds'
  const found = readDecoderConfig(esds.subarray(4))
  if (found?.objectType === 0x40 && found.specific) return makeTrack(id, 'mp4a', found.specific)
  return `mp4a with object type 0x${(found?.objectType ?? 0).toString(16)}`
}

/** Walks ES_Descriptor → DecoderConfigDescriptor → DecoderSpecificInfo (14496-1 7.2.6). */
function readDecoderConfig(bytes: Uint8Array): { readonly objectType: number; readonly specific?: Uint8Array } | undefined {
  const stream = readDescriptor(bytes, 3)
  const flags = stream?.[2] ?? 0
  const skipped = 3 + ((flags & 0x80) !== 0 ? 2 : 0) + ((flags & 0x40) !== 0 ? 1 + (stream?.[3] ?? 0) : 0) + ((flags & 0x20) !== 0 ? 2 : 0)
  const config = stream && readDescriptor(stream.subarray(skipped), 4)
  if (!config) return undefined
  const specific = readDescriptor(config.subarray(13), 5)
  return { objectType: config[0] ?? 0, ...(specific && { specific: Uint8Array.from(specific) }) }
}

/** The content of the descriptor at the start, where it has this tag. */
function readDescriptor(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  if (bytes[0] !== tag) return undefined
  let length = 0
  let at = 1
  for (let more = true; more && at <= 4; at++) {
    length = length * 128 + ((bytes[at] ?? 0) & 0x7f)
    more = (bytes[at] ?? 0) >= 0x80
  }
  return bytes.subarray(at, at + length)
}

/** OpusSpecificBox as OpusHead. Throws `ERR_MEDIA_INVALID`. */
function opusHead(dOps: Uint8Array): Uint8Array {
  if (dOps.length < 11) throw invalidMp4('dOps is cut short')
  const head = new Uint8Array(8 + dOps.length)
  head.set(Uint8Array.from('OpusHead', (letter) => letter.charCodeAt(0)))
  head.set(dOps, 8)
  const from = new DataView(dOps.buffer, dOps.byteOffset, dOps.byteLength)
  const to = new DataView(head.buffer)
  to.setUint8(8, 1)
  to.setUint16(10, from.getUint16(2), true)
  to.setUint32(12, from.getUint32(4), true)
  to.setInt16(16, from.getInt16(8), true)
  parseOpusHead(head)
  return head
}
