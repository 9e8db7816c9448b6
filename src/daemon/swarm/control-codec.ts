/**
 * Control messages to bytes and back. Everything that is read is checked against {@link controlLimits}; whatever does not
 * fit is `ERR_PROTOCOL`.
 */

import { ShoalError } from '../../errors.js'
import { readAscii, readMessage, readText, writeMessage, writeText } from '../util/wire-text.js'
import {
  Envelope,
  type Digest as WireDigest,
  type Hello as WireHello,
  type Payload as WirePayload,
  type Receipt as WireReceipt,
  SignedRecord as WireRecord,
  type Want as WireWant,
} from './control.pb.js'
import { encodePayload, encodeReceipt } from './control-hot-codec.js'
import {
  type ControlMessage,
  type Digest,
  type Hello,
  controlLimits as limits,
  type PayloadMessage,
  type ReceiptMessage,
  type SignedRecord,
  type Want,
} from './control-messages.js'

/** Counts are checked while reading, before anything is built from them. */
const counts = {
  hello: { kinds: limits.kinds, features: limits.features },
  records: { records: limits.records },
  digest: { authors: limits.digestAuthors, wants: limits.digestAuthors, wants$: { held: limits.held } },
}

/** One message as the parts of a frame. A small body is copied; a large one of a payload is a part of its own and must be left unchanged. */
export function encodeParts(message: ControlMessage): Uint8Array[] {
  const { type, value } = message
  if (type === 'payload') return encodePayload(value) ?? [encodeControl(message)]
  if (type === 'receipt') return [encodeReceipt(value) ?? encodeControl(message)]
  return [encodeControl(message)]
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
    case 'records':
      return Envelope.encode({ records: { records: message.value.map(recordToWire) } })
    case 'digest':
      return Envelope.encode({ digest: digestToWire(message.value) })
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
  if (envelope.records) return { type: 'records', value: envelope.records.records.map(recordFromWire) }
  if (envelope.digest) return { type: 'digest', value: digestFromWire(envelope.digest) }
  if (envelope.keepAlive) return { type: 'keepAlive', value: null }
  return undefined
}

/** One record as bytes, for the disk. */
export function encodeRecord(record: SignedRecord): Uint8Array {
  return WireRecord.encode(recordToWire(record))
}

/** Bytes as a record; its signature is not checked. Throws `ERR_PROTOCOL`. */
export function decodeRecord(bytes: Uint8Array): SignedRecord {
  try {
    return recordFromWire(WireRecord.decode(bytes))
  } catch (cause) {
    throw ShoalError.from(cause, 'ERR_PROTOCOL')
  }
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

function recordToWire(record: SignedRecord): WireRecord {
  return { ...record, author: writeText(record.author), slot: writeText(record.slot) }
}

function recordFromWire(wire: WireRecord): SignedRecord {
  const { epoch, sequence, body, signature } = wire
  checkCount(epoch, 0, 'The epoch of a record')
  checkCount(sequence, 1, 'The sequence of a record')
  check(body.byteLength <= limits.body, `The body of a record has ${body.byteLength} bytes.`)
  check(signature.byteLength === limits.signature, `The signature of a record has ${signature.byteLength} bytes.`)
  return { author: readPeerId(wire.author), epoch, sequence, slot: readSlot(wire.slot), body, signature }
}

function digestToWire({ root, authors, all, wants }: Digest): WireDigest {
  return {
    root: root === undefined ? new Uint8Array() : writeInstance(root),
    authors: authors.map(({ author, mark }) => ({ author: writeText(author), mark: writeInstance(mark) })),
    all,
    wants: wants.map(({ author, held }) => ({
      author: writeText(author),
      held: held.map((one) => ({ ...one, slot: writeText(one.slot), mark: writeInstance(one.mark) })),
    })),
  }
}

function digestFromWire(wire: WireDigest): Digest {
  const authors = wire.authors.map(({ author, mark }) => ({ author: readPeerId(author), mark: readMark(mark) }))
  const rest = { authors, all: wire.all, wants: wire.wants.map(wantFromWire) }
  return wire.root.byteLength === 0 ? rest : { root: readMark(wire.root), ...rest }
}

function wantFromWire(wire: WireWant): Want {
  const held = wire.held.map(({ slot, epoch, sequence, mark }) => {
    checkCount(epoch, 0, 'The epoch of a record')
    checkCount(sequence, 1, 'The sequence of a record')
    return { slot: readSlot(slot), epoch, sequence, mark: readMark(mark) }
  })
  return { author: readPeerId(wire.author), held }
}

function readPeerId(bytes: Uint8Array): string {
  return readAscii(bytes, 'The author of a record', { min: 1, max: limits.peerId })
}

function readSlot(bytes: Uint8Array): string {
  return readAscii(bytes, 'The slot of a record', { min: 1, max: limits.slot })
}

function readMark(bytes: Uint8Array): string {
  return readInstance(bytes, 'The mark of a record')
}

function readInstance(bytes: Uint8Array, what: string): string {
  check(bytes.byteLength === limits.instance, `${what} has ${bytes.byteLength} bytes; it must have ${limits.instance}.`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

function writeInstance(instance: string): Uint8Array {
  return Buffer.from(instance, 'hex')
}

function checkCount(value: number, min: number, what: string): void {
  check(Number.isSafeInteger(value) && value >= min, `${what} is out of range.`)
}

function check(fits: boolean, message: string): void {
  if (!fits) throw new ShoalError('ERR_PROTOCOL', message)
}
