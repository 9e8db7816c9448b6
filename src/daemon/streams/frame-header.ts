/**
 * The binary records in which media travels between nodes. A frame of the link stream is a batch of records, one after the
 * other; a record is a header of 32 bytes and a body. All numbers are big-endian.
 *
 *     offset size
 *      0     1    type: 1 frame, 2 track, 3 gap, 4 end, 5 keep-alive, 6 route
 *      1     1    flags of a frame: 1 key, 2 has a decode time, 4 has a duration, 8 the seal follows the data
 *      2     2    track: id of the frame's track, 1-65,535
 *      4     4    group: number of the frame's group
 *      8     4    index: place of the frame in its group; in a gap record the number of frames that were skipped; in a
 *                 keep-alive the ms since the server itself heard of the origin
 *     12     8    timestamp: signed, µs
 *     20     4    decode offset: signed, µs; timestamp - decode time
 *     24     4    duration: µs
 *     28     4    length of the body
 *     32          body: the frame's data, and the 64 bytes of its seal; StreamTrack (track), StreamRefuse (end), StreamRoute (route)
 *                 of proto/stream.proto; empty (gap, keep-alive)
 *
 * Fields that a record does not use are 0, so that every record has one form only.
 */

import { ShoalError } from '../../errors.js'
import type { Frame } from '../../stream.js'

/** Bytes of a header. */
export const headerSize = 32

/** Bytes a frame may have. */
export const maxFrameData: number = 8 * 1024 * 1024

/** Bytes of a seal. */
export const sealSize = 64

/** Bytes of a batch: the largest frame with its header, and a few small records beside it. */
export const maxBatch: number = maxFrameData + 128 * 1024

/** Bytes of the body of a record that is no frame. */
const maxNotice = 66 * 1024

/** Records in one batch. */
export const maxRecords = 4096

/** Bodies up to so many bytes are copied next to their header; larger ones travel as they are. */
const copyLimit = 4096

const uint32 = 0x1_0000_0000

/** A frame with its place at the origin, and the origin's seal of it. */
export interface FrameRecord {
  readonly type: 'frame'
  readonly group: number
  readonly index: number
  readonly frame: Frame
  readonly seal?: Uint8Array | undefined
}

/** Something that travels downstream. */
export type MediaRecord =
  | FrameRecord
  /** `body`: a StreamTrack. */
  | { readonly type: 'track'; readonly body: Uint8Array }
  /** Frames were skipped; the next one starts a group. */
  | { readonly type: 'gap'; readonly frames: number }
  /** `body`: a StreamRefuse whose code is empty when the stream ended by itself. */
  | { readonly type: 'end'; readonly body: Uint8Array }
  /** `age`: ms since the server itself heard of the origin. */
  | { readonly type: 'keepAlive'; readonly age: number }
  /** `body`: a StreamRoute. */
  | { readonly type: 'route'; readonly body: Uint8Array }

const types = ['frame', 'track', 'gap', 'end', 'keepAlive', 'route'] as const

const nothing = new Uint8Array()

/** Can the frame be written? It cannot when it is too large, or its decode time more than 35 minutes from its timestamp. */
export function isSendable(frame: Frame): boolean {
  const offset = frame.decodeTime === undefined ? 0 : frame.timestamp - frame.decodeTime
  return frame.data.byteLength <= maxFrameData && offset === (offset | 0)
}

/** Gathers records and gives them as the parts of one frame of the link stream. */
export class RecordBatch {
  /** Bytes gathered, with headers. */
  size = 0
  #records: MediaRecord[] = []
  #copied = 0

  get count(): number {
    return this.#records.length
  }

  add(record: MediaRecord): void {
    const length = bodyOf(record).byteLength
    const seal = sealLength(record)
    this.#records.push(record)
    this.size += headerSize + length + seal
    this.#copied += headerSize + (length <= copyLimit ? length : 0) + seal
  }

  /** The batch as parts; large bodies are not copied. Empties the batch. */
  take(): Uint8Array[] {
    const slab = Buffer.from(new ArrayBuffer(this.#copied))
    const parts: Uint8Array[] = []
    let from = 0
    let at = 0
    for (const record of this.#records) {
      const body = bodyOf(record)
      writeHeader(slab, at, record, body.byteLength + sealLength(record))
      at += headerSize
      if (body.byteLength <= copyLimit) {
        slab.set(body, at)
        at += body.byteLength
      } else {
        parts.push(slab.subarray(from, at), body)
        from = at
      }
      if (record.type !== 'frame' || !record.seal) continue
      slab.set(record.seal, at)
      at += sealSize
    }
    if (at > from) parts.push(slab.subarray(from, at))
    this.#records = []
    this.size = 0
    this.#copied = 0
    return parts
  }
}

function bodyOf(record: MediaRecord): Uint8Array {
  if (record.type === 'frame') return record.frame.data
  return record.type === 'track' || record.type === 'end' || record.type === 'route' ? record.body : nothing
}

function sealLength(record: MediaRecord): number {
  return record.type === 'frame' && record.seal ? sealSize : 0
}

/** Writes a header. A duration over 71 minutes is left out. */
function writeHeader(to: Buffer, at: number, record: MediaRecord, length: number): void {
  to[at] = types.indexOf(record.type) + 1
  to.writeUInt32BE(length, at + 28)
  if (record.type === 'gap') to.writeUInt32BE(Math.min(record.frames, uint32 - 1), at + 8)
  if (record.type === 'keepAlive') to.writeUInt32BE(Math.min(record.age, uint32 - 1), at + 8)
  if (record.type !== 'frame') return
  writeFrameHeader(to, at, record)
  if (record.seal) to[at + 1] = (to[at + 1] as number) | 8
}

/** The fields of a frame but for the length and the flag of the seal: what a seal covers too. */
export function writeFrameHeader(to: Buffer, at: number, record: FrameRecord): void {
  to[at] = 1
  const { timestamp, decodeTime, duration, key, track } = record.frame
  const hasDuration = duration !== undefined && duration < uint32
  to[at + 1] = (key ? 1 : 0) | (decodeTime === undefined ? 0 : 2) | (hasDuration ? 4 : 0)
  to.writeUInt16BE(track, at + 2)
  to.writeUInt32BE(record.group, at + 4)
  to.writeUInt32BE(record.index, at + 8)
  const high = Math.floor(timestamp / uint32)
  to.writeInt32BE(high, at + 12)
  to.writeUInt32BE(timestamp - high * uint32, at + 16)
  if (decodeTime !== undefined) to.writeInt32BE(timestamp - decodeTime, at + 20)
  if (hasDuration) to.writeUInt32BE(duration, at + 24)
}

/**
 * The records of a batch. Bodies are views of `batch`, unless a small body would keep a large batch alive. Throws
 * `ERR_PROTOCOL`.
 */
export function decodeBatch(batch: Uint8Array): MediaRecord[] {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength)
  const records: MediaRecord[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < headerSize) throw broken('ends within a header')
    if (records.length >= maxRecords) throw broken(`has more than ${maxRecords} records`)
    const length = bytes.readUInt32BE(at + 28)
    const end = at + headerSize + length
    if (end > bytes.length) throw broken('ends within a record')
    records.push(decodeRecord(bytes, at, owned(batch, at + headerSize, end)))
    at = end
  }
  if (records.length === 0) throw broken('is empty')
  return records
}

function decodeRecord(bytes: Buffer, at: number, body: Uint8Array): MediaRecord {
  const type = types[(bytes[at] as number) - 1]
  if (type === undefined) throw broken(`has a record of type ${bytes[at]}`)
  if (type === 'frame') return decodeFrame(bytes, at, body)
  const hasBody = type === 'track' || type === 'end' || type === 'route'
  const number = hasBody ? 0 : bytes.readUInt32BE(at + 8)
  for (let i = at + 1; i < at + 28; i++) {
    if (bytes[i] !== 0 && (hasBody || i < at + 8 || i >= at + 12)) throw broken(`has a ${type} record with a field it does not use`)
  }
  if (body.byteLength > (hasBody ? maxNotice : 0)) throw broken(`has a ${type} record of ${body.byteLength} bytes`)
  if (type === 'gap') return { type, frames: number }
  return type === 'keepAlive' ? { type, age: number } : { type, body }
}

function decodeFrame(bytes: Buffer, at: number, body: Uint8Array): MediaRecord {
  const flags = bytes[at + 1] as number
  const sealed = (flags & 8) !== 0
  if (sealed && body.byteLength < sealSize) throw broken('has a frame with half a seal')
  const data = sealed ? body.subarray(0, -sealSize) : body
  const track = bytes.readUInt16BE(at + 2)
  const timestamp = bytes.readInt32BE(at + 12) * uint32 + bytes.readUInt32BE(at + 16)
  const offset = bytes.readInt32BE(at + 20)
  const duration = bytes.readUInt32BE(at + 24)
  if (flags > 15) throw broken(`has a frame with flags ${flags}`)
  if (track === 0) throw broken('has a frame without a track')
  if (!Number.isSafeInteger(timestamp) || !Number.isSafeInteger(timestamp - offset)) throw broken('has a timestamp out of range')
  if ((!(flags & 2) && offset !== 0) || (!(flags & 4) && duration !== 0)) throw broken('has a frame with a field it does not use')
  if (data.byteLength > maxFrameData) throw broken(`has a frame of ${data.byteLength} bytes`)
  const frame: Frame = {
    track,
    timestamp,
    ...(flags & 2 && { decodeTime: timestamp - offset }),
    ...(flags & 4 && { duration }),
    key: (flags & 1) === 1,
    data,
  }
  const record = { type: 'frame' as const, group: bytes.readUInt32BE(at + 4), index: bytes.readUInt32BE(at + 8), frame }
  return sealed ? { ...record, seal: body.subarray(-sealSize) } : record
}

/** A view, or a copy where a peer could make a few bytes hold on to megabytes. */
function owned(batch: Uint8Array, from: number, end: number): Uint8Array {
  const view = batch.subarray(from, end)
  return batch.buffer.byteLength > 256 * 1024 && (end - from) * 2 < batch.buffer.byteLength ? view.slice() : view
}

function broken(why: string): ShoalError {
  return new ShoalError('ERR_PROTOCOL', `A batch of stream records ${why}.`)
}
