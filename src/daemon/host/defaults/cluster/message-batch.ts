/**
 * Several messages of one member in one payload: a version byte, then for each message the topic with its length in one byte
 * and the body with its length in four, big-endian.
 */

import { ShoalError } from '../../../../errors.js'

/** A message with its topic. */
export interface TopicMessage {
  readonly topic: string
  readonly body: Uint8Array
}

const version = 1

/** Bytes a message takes in a batch. */
export function batchedSize({ topic, body }: TopicMessage): number {
  return 5 + Buffer.byteLength(topic) + body.byteLength
}

/** Writes a batch. Topics have at most 255 bytes. */
export function encodeBatch(messages: readonly TopicMessage[]): Uint8Array {
  const size = messages.reduce((sum, message) => sum + batchedSize(message), 1)
  const bytes = Buffer.allocUnsafe(size)
  let at = bytes.writeUInt8(version, 0)
  for (const { topic, body } of messages) {
    at = bytes.writeUInt8(Buffer.byteLength(topic), at)
    at += bytes.write(topic, at)
    at = bytes.writeUInt32BE(body.byteLength, at)
    bytes.set(body, at)
    at += body.byteLength
  }
  return bytes
}

/** Reads a batch; bodies are copies. Throws `ERR_PROTOCOL`. */
export function decodeBatch(batch: Uint8Array): TopicMessage[] {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength)
  if (bytes[0] !== version) throw new ShoalError('ERR_PROTOCOL', 'A cluster message of an unknown version.')
  const messages: TopicMessage[] = []
  let at = 1
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new ShoalError('ERR_PROTOCOL', 'A cluster message ends too early.')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const topic = take(take(1).readUInt8()).toString('utf8')
    const body = take(take(4).readUInt32BE())
    messages.push({ topic, body: new Uint8Array(body) })
  }
  return messages
}
