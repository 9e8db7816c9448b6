/**
 * Control messages to bytes and back. Everything that is read is checked against {@link controlLimits}; whatever does not
 * fit is `ERR_PROTOCOL`.
 */

import { ShoalError } from '../../errors.js'
import { readAscii, readMessage, readText, writeMessage, writeText } from '../util/wire-text.js'
import {
  Envelope,
  type Announcement as WireAnnouncement,
  type Hello as WireHello,
  type Payload as WirePayload,
  type Receipt as WireReceipt,
  type StreamRecord as WireRecord,
  type AnnouncedTrack as WireTrack,
} from './control.pb.js'
import {
  type AnnouncedTrack,
  type Announcement,
  type ControlMessage,
  type Hello,
  controlLimits as limits,
  type PayloadMessage,
  type ReceiptMessage,
  type StreamRecord,
} from './control-messages.js'

/** Counts are checked while reading, before anything is built from them. */
const counts = {
  hello: { kinds: limits.kinds, features: limits.features },
  streams: { streams: limits.announcements, removed: limits.announcements, streams$: { tracks: limits.announcedTracks } },
}

/** One message as an envelope. The body of a payload or reply is copied. */
export function encodeControl(message: ControlMessage): Uint8Array {
  switch (message.type) {
    case 'hello':
      return Envelope.encode({ hello: helloToWire(message.value) })
    case 'payload':
      return Envelope.encode({ payload: { ...message.value, kind: writeText(message.value.kind) } })
    case 'receipt':
      return Envelope.encode({ receipt: receiptToWire(message.value) })
    case 'streams':
      return Envelope.encode({ streams: recordToWire(message.value) })
    case 'keepAlive':
      return Envelope.encode({ keepAlive: {} })
  }
}

/**
 * An envelope as a message; undefined when it holds only a message of a later version. Bodies are views of `frame`. Throws
 * `ERR_PROTOCOL` for anything else.
 */
export function decodeControl(frame: Uint8Array): ControlMessage | undefined {
  if (frame.byteLength === 0) throw new ShoalError('ERR_PROTOCOL', 'A control frame is empty.')
  const envelope = parse(frame)
  const present = Object.values(envelope).filter((part) => part !== undefined).length
  if (present > 1) throw new ShoalError('ERR_PROTOCOL', 'A control frame holds more than one message.')
  if (envelope.payload) return { type: 'payload', value: payloadFromWire(envelope.payload) }
  if (envelope.receipt) return { type: 'receipt', value: receiptFromWire(envelope.receipt) }
  if (envelope.hello) return { type: 'hello', value: helloFromWire(envelope.hello) }
  if (envelope.streams) return { type: 'streams', value: recordFromWire(envelope.streams) }
  if (envelope.keepAlive) return { type: 'keepAlive', value: null }
  return undefined
}

function parse(frame: Uint8Array): Envelope {
  try {
    return Envelope.decode(frame, { limits: counts })
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A control frame is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function helloToWire(hello: Hello): WireHello {
  return {
    ...hello,
    name: writeText(hello.name),
    agent: writeText(hello.agent),
    kinds: hello.kinds.map(writeText),
    limits: { maxPayload: hello.maxPayload },
    features: hello.features.map(writeText),
    instance: writeInstance(hello.instance),
  }
}

function helloFromWire(wire: WireHello): Hello {
  const { version, minVersion } = wire
  const maxPayload = wire.limits?.maxPayload ?? 0
  check(version >= 1 && minVersion >= 1 && minVersion <= version, 'Hello has no range of versions.')
  check(maxPayload >= 1 && maxPayload <= limits.maxPayload, `Hello allows payloads of ${maxPayload} bytes.`)
  return {
    version,
    minVersion,
    name: readText(wire.name, 'The name in Hello', { min: 1, max: limits.name }),
    agent: readText(wire.agent, 'The agent in Hello', { max: limits.agent }),
    kinds: wire.kinds.map((kind) => readAscii(kind, 'A payload kind', { min: 1, max: limits.kind })),
    maxPayload,
    features: wire.features.map((feature) => readAscii(feature, 'A feature', { min: 1, max: limits.feature })),
    instance: readInstance(wire.instance, 'The instance in Hello'),
  }
}

function payloadFromWire(wire: WirePayload): PayloadMessage {
  checkCount(wire.id, 1, 'The id of a payload')
  return { id: wire.id, kind: readAscii(wire.kind, 'A payload kind', { min: 1, max: limits.kind }), body: wire.body, wantsReply: wire.wantsReply }
}

function receiptToWire(receipt: ReceiptMessage): WireReceipt {
  return { ...receipt, instance: writeInstance(receipt.instance), code: writeText(receipt.code), message: writeMessage(receipt.message, limits.message) }
}

function receiptFromWire(wire: WireReceipt): ReceiptMessage {
  const code = readAscii(wire.code, 'The code of a receipt', { max: limits.code })
  checkCount(wire.id, 1, 'The id of a receipt')
  check(code === '' || /^ERR_[A-Z_]+$/.test(code), 'The code of a receipt is not one.')
  check(code === '' || wire.reply.byteLength === 0, 'A receipt has both an error and a reply.')
  return {
    instance: readInstance(wire.instance, 'The instance of a receipt'),
    id: wire.id,
    code,
    message: readMessage(wire.message, 'The message of a receipt', { max: limits.message }),
    reply: wire.reply,
  }
}

function recordToWire(record: StreamRecord): WireRecord {
  return { ...record, epoch: writeInstance(record.epoch), streams: record.streams.map(announcementToWire), removed: record.removed.map(writeText) }
}

function recordFromWire(wire: WireRecord): StreamRecord {
  checkCount(wire.sequence, 0, 'The sequence of a stream record')
  check(!wire.ask || (!wire.snapshot && wire.streams.length === 0 && wire.removed.length === 0), 'A stream record both asks and tells.')
  check(!wire.snapshot || wire.removed.length === 0, 'A snapshot removes streams.')
  const epoch = readInstance(wire.epoch, 'The epoch of a stream record')
  return { ...wire, epoch, streams: wire.streams.map(announcementFromWire), removed: wire.removed.map(readPath) }
}

function announcementToWire(stream: Announcement): WireAnnouncement {
  return { ...stream, path: writeText(stream.path), tracks: stream.tracks.map(trackToWire), origin: writeText(stream.origin) }
}

function announcementFromWire(wire: WireAnnouncement): Announcement {
  checkCount(wire.since, 0, 'The date of a stream')
  check(wire.hops <= limits.hops, `A stream has passed ${wire.hops} nodes.`)
  const origin = readAscii(wire.origin, 'The origin of a stream', { min: 1, max: limits.peerId })
  return { path: readPath(wire.path), tracks: wire.tracks.map(trackFromWire), since: wire.since, hops: wire.hops, origin }
}

function trackToWire(track: AnnouncedTrack): WireTrack {
  return { kind: writeText(track.kind), codec: writeText(track.codec), width: track.width ?? 0, height: track.height ?? 0 }
}

function trackFromWire(wire: WireTrack): AnnouncedTrack {
  const kind = readAscii(wire.kind, 'The kind of a track', { max: 5 })
  if (kind !== 'video' && kind !== 'audio' && kind !== 'data') throw new ShoalError('ERR_PROTOCOL', 'A track is neither video nor audio nor data.')
  const codec = readAscii(wire.codec, 'The codec of a track', { min: 1, max: limits.codec })
  const size = wire.width > 0 && wire.height > 0 ? { width: wire.width, height: wire.height } : {}
  return { kind, codec, ...size }
}

function readInstance(bytes: Uint8Array, what: string): string {
  check(bytes.byteLength === limits.instance, `${what} has ${bytes.byteLength} bytes; it must have ${limits.instance}.`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

function writeInstance(instance: string): Uint8Array {
  return Buffer.from(instance, 'hex')
}

function readPath(bytes: Uint8Array): string {
  return readText(bytes, 'A stream path', { min: 1, max: limits.path })
}

function checkCount(value: number, min: number, what: string): void {
  check(Number.isSafeInteger(value) && value >= min, `${what} is out of range.`)
}

function check(fits: boolean, message: string): void {
  if (!fits) throw new ShoalError('ERR_PROTOCOL', message)
}
