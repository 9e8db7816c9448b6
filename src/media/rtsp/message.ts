/** RTSP 1.0 messages and interleaved data on one connection (RFC 2326 sections 4, 6, 7 and 10.12). */

import { ShoalError } from '../../errors.js'

/** Header fields; names in lower case. A name that comes twice: the values as a list. */
export type Headers = ReadonlyMap<string, readonly string[]>

/** What somebody asks for. */
export interface RtspRequest {
  readonly type: 'request'
  /** In upper case. */
  readonly method: string
  readonly uri: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/** What is answered. */
export interface RtspResponse {
  readonly type: 'response'
  readonly status: number
  readonly reason: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/** A packet between messages. */
export interface Interleaved {
  readonly type: 'data'
  readonly channel: number
  readonly packet: Uint8Array
}

/** Anything that a connection carries. */
export type RtspUnit = RtspRequest | RtspResponse | Interleaved

/** Most bytes of a head and of a body. */
const maxHead = 32 * 1024
const maxBody = 256 * 1024
const maxFields = 128

const dollar = 0x24
const cr = 13
const lf = 10

/** Cuts what comes over a connection into units. */
export class RtspReader {
  #bytes: Uint8Array = new Uint8Array(0)

  /** Bytes of a unit that is not complete yet. */
  get partial(): number {
    return this.#bytes.length
  }

  /** Takes bytes; gives the units that are complete. Packets are views. Throws `ERR_PROTOCOL`. */
  *read(bytes: Uint8Array): Generator<RtspUnit, void, undefined> {
    const all = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
    this.#bytes = all
    for (let found = unitAt(all, 0); found; found = unitAt(all, found.end)) {
      this.#bytes = all.subarray(found.end)
      if (found.unit) yield found.unit
    }
  }
}

function unitAt(bytes: Uint8Array, at: number): { unit?: RtspUnit; end: number } | undefined {
  const first = bytes[at]
  if (first === undefined) return undefined
  // Some clients end bodies with a line end too many.
  if (first === cr || first === lf) return { end: at + 1 }
  if (first === dollar) return interleavedAt(bytes, at)
  if (first < 0x41 || first > 0x7a) throw protocolError('neither a message nor a packet')
  return messageAt(bytes, at)
}

function interleavedAt(bytes: Uint8Array, at: number): { unit: RtspUnit; end: number } | undefined {
  const [channel, high, low] = bytes.subarray(at + 1, at + 4)
  if (channel === undefined || high === undefined || low === undefined) return undefined
  const end = at + 4 + high * 256 + low
  return end > bytes.length ? undefined : { unit: { type: 'data', channel, packet: bytes.subarray(at + 4, end) }, end }
}

function messageAt(bytes: Uint8Array, at: number): { unit: RtspUnit; end: number } | undefined {
  const head = headEnd(bytes, at)
  if (head === undefined) {
    if (bytes.length - at > maxHead) throw protocolError(`a head of more than ${maxHead} bytes`)
    return undefined
  }
  const [start = '', ...lines] = Buffer.from(bytes.subarray(at, head)).toString('latin1').trimEnd().split(/\r?\n/)
  const headers = parseHeaders(lines)
  const size = headerOf(headers, 'content-length')?.trim() ?? '0'
  if (!/^\d{1,7}$/.test(size) || Number(size) > maxBody) throw protocolError(`a body of ${printable(size)} bytes`)
  const end = head + Number(size)
  if (end > bytes.length) return undefined
  return { unit: { ...startLine(start), headers, body: Uint8Array.from(bytes.subarray(head, end)) }, end }
}

/** Where the empty line after the head ends. */
function headEnd(bytes: Uint8Array, from: number): number | undefined {
  const limit = Math.min(bytes.length, from + maxHead)
  for (let at = from; at < limit; at++) {
    if (bytes[at] !== lf) continue
    if (bytes[at + 1] === lf) return at + 2
    if (bytes[at + 1] === cr && bytes[at + 2] === lf) return at + 3
  }
  return undefined
}

type StartLine = { type: 'request'; method: string; uri: string } | { type: 'response'; status: number; reason: string }

function startLine(line: string): StartLine {
  const response = /^RTSP\/1\.\d (\d{3})(?: (.*))?$/i.exec(line)
  if (response) return { type: 'response', status: Number(response[1]), reason: response[2] ?? '' }
  const request = /^([A-Za-z_]{1,32}) (\S{1,4096}) RTSP\/(\d)\.\d$/i.exec(line)
  if (!request) throw protocolError(`the line “${printable(line)}”`)
  return { type: 'request', method: (request[1] as string).toUpperCase(), uri: request[2] as string }
}

function parseHeaders(lines: readonly string[]): Headers {
  if (lines.length > maxFields) throw protocolError(`${lines.length} header fields`)
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw protocolError(`the header line “${printable(line)}”`)
    const name = line.slice(0, colon).trim().toLowerCase()
    const values = headers.get(name) ?? []
    values.push(line.slice(colon + 1).trim())
    headers.set(name, values)
  }
  return headers
}

/** The first value of a field. */
export function headerOf(headers: Headers, name: string): string | undefined {
  return headers.get(name)?.[0]
}

/** Field names and values to be written; those without a value are left out, a list is written as several fields. */
export type Fields = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** Writes a request. */
export function encodeRequest(method: string, uri: string, fields: Fields, body = ''): Uint8Array {
  return encode(`${method} ${uri} RTSP/1.0`, fields, body)
}

/** Writes a response with the usual reason phrase. */
export function encodeResponse(status: number, fields: Fields, body = ''): Uint8Array {
  return encode(`RTSP/1.0 ${status} ${reasons[status] ?? 'Error'}`, fields, body)
}

function encode(start: string, fields: Fields, body: string): Uint8Array {
  const all = body === '' ? fields : { ...fields, 'Content-Length': Buffer.byteLength(body) }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [value].flat().map((each) => `${name}: ${oneLine(String(each))}`)))
  return Buffer.from([start, ...lines, '', body].join('\r\n'))
}

/** Nobody gets a line of their own into a head. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ')
}

/** Writes a packet between messages. */
export function encodeInterleaved(channel: number, packet: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(dollar, channel, packet.length >> 8, packet.length & 0xff), packet])
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  415: 'Unsupported Media Type',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  459: 'Aggregate Operation Not Allowed',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
}

/** Text of the other side, for a message to a person: short, and without control characters. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a1-\uffff]/g, '?').slice(0, 200)
}

function protocolError(what: string): ShoalError {
  return new ShoalError('ERR_PROTOCOL', `RTSP: ${what}.`)
}
