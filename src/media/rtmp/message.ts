/** RTMP messages: types, protocol control and user control bodies, aggregates (Adobe RTMP 1.0, sections 5.4, 6.2 and 7.1). */

import { ShoalError } from '../../errors.js'

/** Message type ids (sections 5.4 and 7.1). */
export const MessageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  data: 18,
  command: 20,
  aggregate: 22,
} as const

/** User control event types (section 7.1.7). */
export const UserControlType = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
} as const

/** One message, put together from its chunks. */
export interface Message {
  /** A value of {@link MessageType}, or one this code does not know (0–255). */
  readonly type: number
  /** Message stream id; 0 is the connection itself. */
  readonly stream: number
  /** ms, 32 bits, wraps. */
  readonly timestamp: number
  readonly body: Uint8Array
}

/** A user control message: event type and its 32-bit value (a stream id, or a ping's timestamp). */
export interface UserControl {
  readonly type: number
  readonly value: number
}

/** A peer broke the rules of RTMP. */
export function protocolError(message: string): ShoalError {
  return new ShoalError('ERR_PROTOCOL', `RTMP: ${message}`)
}

/** Reads 3 bytes, big-endian. */
export function readUint24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
}

/** Reads 4 bytes, big-endian, unsigned. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | readUint24(bytes, at + 1)) >>> 0
}

/** The 4 bytes of `value`, big-endian. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

/**
 * The value of a control message of 4 bytes: Set Chunk Size, Abort, Acknowledgement, Window Acknowledgement Size; also
 * the window of Set Peer Bandwidth. Throws `ERR_PROTOCOL` when it is shorter.
 */
export function readControl(message: Message): number {
  if (message.body.length < 4) throw protocolError(`control message of type ${message.type} has ${message.body.length} bytes, not 4.`)
  return readUint32(message.body, 0)
}

/** Reads a user control message (section 6.2). Throws `ERR_PROTOCOL` when it is shorter than 6 bytes. */
export function readUserControl(body: Uint8Array): UserControl {
  if (body.length < 6) throw protocolError(`user control message has ${body.length} bytes, at least 6 are needed.`)
  return { type: ((body[0] ?? 0) << 8) | (body[1] ?? 0), value: readUint32(body, 2) }
}

/** Body of a user control message. */
export function userControl(type: number, value: number): Uint8Array {
  return Uint8Array.of(type >>> 8, type, value >>> 24, value >>> 16, value >>> 8, value)
}

/** Body of Set Peer Bandwidth with limit type 2, dynamic (section 5.4.5). */
export function peerBandwidth(window: number): Uint8Array {
  return Uint8Array.of(window >>> 24, window >>> 16, window >>> 8, window, 2)
}

const tagHeader = 11
const backPointer = 4

/** What may be in an aggregate. */
const media: ReadonlySet<number> = new Set([MessageType.audio, MessageType.video, MessageType.data, MessageType.dataAmf3])

/**
 * The messages inside an aggregate (section 7.1.6), with timestamps moved so that the first is the aggregate's own.
 * Bodies are views. Throws `ERR_PROTOCOL`, after what comes before, where it is cut short or holds anything but media.
 */
export function* splitAggregate(aggregate: Message): Generator<Message, void, undefined> {
  const { body } = aggregate
  let offset = 0
  let shift: number | undefined
  while (offset < body.length) {
    if (body.length - offset < tagHeader) throw protocolError('aggregate ends inside a header.')
    const type = body[offset] ?? 0
    const length = readUint24(body, offset + 1)
    const timestamp = readUint24(body, offset + 4) | ((body[offset + 7] ?? 0) << 24)
    const start = offset + tagHeader
    if (start + length > body.length) throw protocolError('aggregate ends inside a message.')
    if (!media.has(type)) throw protocolError(`a message of type ${type} inside an aggregate.`)
    shift ??= aggregate.timestamp - timestamp
    yield { type, stream: aggregate.stream, timestamp: (timestamp + shift) >>> 0, body: body.subarray(start, start + length) }
    // The last back pointer is missing in what some servers send.
    offset = start + length + backPointer
  }
}
