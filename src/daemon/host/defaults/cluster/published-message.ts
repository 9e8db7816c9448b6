/** A published message on the wire: version, topic with its length in one byte, name with its length in two (big-endian), body. */

import { ShoalError } from '../../../../errors.js'

/** What travels. */
export interface PublishedMessage {
  readonly topic: string
  readonly name: string
  readonly body: Uint8Array
}

const version = 1

/** Writes it. */
export function encodePublished({ topic, name, body }: PublishedMessage): Uint8Array {
  const [topicBytes, nameBytes] = [Buffer.from(topic), Buffer.from(name)]
  const head = Buffer.from([version, topicBytes.length])
  const length = Buffer.from([nameBytes.length >> 8, nameBytes.length & 0xff])
  return Buffer.concat([head, topicBytes, length, nameBytes, body])
}

/** Reads it; the body is a view. Throws `ERR_PROTOCOL`. */
export function decodePublished(bytes: Uint8Array): PublishedMessage {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (message[0] !== version) throw new ShoalError('ERR_PROTOCOL', 'A published message of an unknown version.')
  const nameAt = 4 + (message[1] ?? 0)
  if (message.length < nameAt) throw tooShort()
  const bodyAt = nameAt + message.readUInt16BE(nameAt - 2)
  if (message.length < bodyAt) throw tooShort()
  return { topic: message.toString('utf8', 2, nameAt - 2), name: message.toString('utf8', nameAt, bodyAt), body: bytes.subarray(bodyAt) }
}

function tooShort(): ShoalError {
  return new ShoalError('ERR_PROTOCOL', 'A published message ends too early.')
}
