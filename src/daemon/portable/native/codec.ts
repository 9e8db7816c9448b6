/** Messages of the portable protocol to bytes and back. What does not fit is `ERR_PROTOCOL`. */

import { isErrorCode, ShoalError } from '../../../errors.js'
import type { Track, TrackKind } from '../../../stream.js'
import { plainAnswer } from './plain-messages.js'
import { type Answer, PortableMessage, type PortableTrack } from './portable.pb.js'

/** Counts are checked while reading, before anything is built from them. */
const counts = {
  hello$: { plugin$: { kinds: 1000, pullers: 100, pushers: 100, routes: 100, provides: 100, events: 10, uses: 100 } },
  hello: { plugin: { kinds: 1000, pullers: 100, pushers: 100, routes: 100, provides: 100, events: 10, uses: 100 } },
  answer: { entries: 1024, tracks: 16, blobs: 64 },
  publish: { tracks: 16 },
  subscribe: { kinds: 3 },
  tracks: { tracks: 16 },
  service: { blobs: 64 },
  notice: { blobs: 64 },
}

const noAnswer: Answer = { code: '', message: '', body: new Uint8Array(), flag: false, entries: [], path: '', tracks: [], blobs: [] }

/** What is in a message beside its id. */
export type Part = Exclude<keyof PortableMessage, 'id'>

/** An answer with what is given; the rest is empty. */
export function answerOf(given: Partial<Answer>): Answer {
  return { ...noAnswer, ...given }
}

/** The answer that tells of an error. */
export function errorAnswer(error: unknown): Answer {
  const { code, message } = ShoalError.from(error)
  return answerOf({ code, message: message.slice(0, 1000) })
}

/** The error that an answer or a Close tells of. Codes that this host does not know become `otherwise`. */
export function errorOf(told: { readonly code: string; readonly message: string }, otherwise: 'ERR_PLUGIN_FAILED' | 'ERR_SOURCE_FAILED'): ShoalError {
  const message = told.message.slice(0, 1000).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ')
  return new ShoalError(isErrorCode(told.code) ? told.code : otherwise, message || undefined)
}

/** A message as bytes, without its length. */
export function encodePortable(message: PortableMessage): Uint8Array {
  return PortableMessage.encode(message)
}

/** Bytes as a message with its one part; undefined when it holds only what a later version knows. Bodies are views of `frame`. */
export function decodePortable(frame: Uint8Array): { readonly message: PortableMessage; readonly part: Part } | undefined {
  const plain = plainAnswer(frame)
  if (plain) return { message: { id: plain.id, answer: { ...noAnswer, body: plain.body } }, part: 'answer' }
  const message = parse(frame)
  const parts = partsOf(message)
  if (parts.length > 1) throw new ShoalError('ERR_PROTOCOL', `A message holds both ${parts[0]} and ${parts[1]}.`)
  return parts[0] === undefined ? undefined : { message, part: parts[0] }
}

function partsOf(message: PortableMessage): Part[] {
  const present: Part[] = []
  let name: keyof PortableMessage
  for (name in message) if (name !== 'id' && message[name] !== undefined) present.push(name)
  return present
}

function parse(frame: Uint8Array): PortableMessage {
  if (frame.byteLength === 0) throw new ShoalError('ERR_PROTOCOL', 'A message is empty.')
  try {
    return PortableMessage.decode(frame, { limits: counts })
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A message is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** JSON as bytes. */
export function toJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value) ?? 'null')
}

/** Bytes as JSON; empty = undefined. Throws `ERR_PROTOCOL`. */
export function fromJson(bytes: Uint8Array, what: string): unknown {
  if (bytes.byteLength === 0) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `${what} is not JSON.`, { cause })
  }
}

/** Is it a kind of track? */
export function isTrackKind(text: string): text is TrackKind {
  return text === 'video' || text === 'audio' || text === 'data'
}

/** A track for the wire. */
export function trackToWire(track: Track): PortableTrack {
  const { description = new Uint8Array(), width = 0, height = 0, sampleRate = 0, channels = 0 } = track
  return { id: track.id, kind: track.kind, codec: track.codec, description, width, height, sampleRate, channels }
}

/** A track from the wire. Throws `ERR_TRACKS_INVALID` for an unknown kind; the rest is checked where it is published. */
export function trackFromWire(wire: PortableTrack): Track {
  const { id, kind, codec, description, width, height, sampleRate, channels } = wire
  if (!isTrackKind(kind)) throw new ShoalError('ERR_TRACKS_INVALID', 'The kind of a track is not video, audio or data.')
  return {
    ...{ id, kind, codec },
    ...(description.byteLength > 0 && { description: description.slice() }),
    ...(width > 0 && { width }),
    ...(height > 0 && { height }),
    ...(sampleRate > 0 && { sampleRate }),
    ...(channels > 0 && { channels }),
  }
}
