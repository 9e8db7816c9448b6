/** RTMP commands and data messages: AMF0 in, AMF0 out (Adobe RTMP 1.0, section 7.2). */

import { type AmfValue, decodeAmf0, encodeAmf0 } from '../amf/amf0.js'
import { type Message, MessageType, protocolError } from './message.js'

/** An object in a command. */
export type AmfObject = { [key: string]: AmfValue }

/** A command message. */
export interface Command {
  /** `connect`, `publish`, `_result`, `onStatus` … */
  readonly name: string
  /** Ties a reply to its call; 0 = no reply is wanted. */
  readonly transaction: number
  /** The command object; `null` in most commands. */
  readonly object: AmfValue
  readonly args: readonly AmfValue[]
}

/** What a status or a reply says. */
export interface StatusInfo {
  readonly level: 'status' | 'error'
  /** `NetStream.Publish.Start` … */
  readonly code: string
  /** For people. */
  readonly description: string
  /** The code of the `ShoalError` behind it, where the other side is a Shoal too. */
  readonly error?: string
}

/** A command is small: `connect` of Enhanced RTMP has some fifty values. */
const commandLimits = { depth: 8, values: 1000, stringBytes: 16 * 1024 }

/** Is it a command message, in either form? */
export function isCommand(message: Message): boolean {
  return message.type === MessageType.command || message.type === MessageType.commandAmf3
}

/**
 * Reads a command. Of the AMF3 form the usual kind is read, which is one zero byte and AMF0. Throws `ERR_MEDIA_INVALID`
 * for malformed AMF, `ERR_PROTOCOL` when name or transaction are missing.
 */
export function decodeCommand(message: Message): Command {
  const body = message.type === MessageType.commandAmf3 ? withoutMark(message.body) : message.body
  const [name, transaction, object, ...args] = decodeAmf0(body, commandLimits)
  if (typeof name !== 'string') throw protocolError('a command starts with its name, this one does not.')
  // A few clients leave the number out of commands that want no reply.
  if (transaction !== undefined && typeof transaction !== 'number') throw protocolError(`the transaction of ${printable(name)} is not a number.`)
  return { name, transaction: transaction ?? 0, object, args }
}

/** The body of a command message. */
export function encodeCommand(name: string, transaction: number, object: AmfValue, ...args: readonly AmfValue[]): Uint8Array {
  return encodeAmf0(name, transaction, object, ...args)
}

const setDataFrame = encodeAmf0('@setDataFrame')

/** The body of a data message as it stands in an FLV script tag: without the AMF3 mark and without `@setDataFrame`. */
export function scriptBody(message: Message): Uint8Array {
  const body = message.type === MessageType.dataAmf3 ? withoutMark(message.body) : message.body
  return setDataFrame.every((byte, index) => body[index] === byte) ? body.subarray(setDataFrame.length) : body
}

/** A script tag's body as a publisher sends it. */
export function dataFrame(script: readonly Uint8Array[]): Uint8Array[] {
  return [setDataFrame, ...script]
}

/** The value as an object; an empty one when it is anything else. */
export function objectOf(value: AmfValue): AmfObject {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  return plain ? (value as AmfObject) : {}
}

/** The value as text; empty when it is anything else. */
export function textOf(value: AmfValue): string {
  return typeof value === 'string' ? value : ''
}

/** The status in a command's last argument; absent when it is none. */
export function statusOf(command: Command): StatusInfo | undefined {
  const info = objectOf(command.args[0])
  const code = textOf(info['code'])
  if (code === '') return undefined
  const error = textOf(info['error'])
  return { level: info['level'] === 'error' ? 'error' : 'status', code, description: textOf(info['description']), ...(error && { error }) }
}

/** A text of the other side, made fit for messages and logs. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, '?').slice(0, 200)
}

/** `canForward` of an Enhanced RTMP FourCC map: frames are passed on, not decoded or encoded. */
const forward = 4

/**
 * What Enhanced RTMP v2 wants said in `connect` and in its reply: the codecs beyond the old ones. `capsEx` is 0: no
 * reconnect requests, no multitrack, no nanosecond offsets.
 */
export function enhancedCapabilities(): AmfObject {
  return {
    fourCcList: ['avc1', 'hvc1', 'av01', 'vp09', 'mp4a', '.mp3', 'Opus'],
    videoFourCcInfoMap: { avc1: forward, hvc1: forward, av01: forward, vp09: forward },
    audioFourCcInfoMap: { mp4a: forward, '.mp3': forward, Opus: forward },
    capsEx: 0,
  }
}

function withoutMark(body: Uint8Array): Uint8Array {
  return body[0] === 0 ? body.subarray(1) : body
}
