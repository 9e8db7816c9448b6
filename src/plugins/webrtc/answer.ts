/** HTTP of WHIP (RFC 9725) and WHEP: bodies, answers and errors. */

import type { OutgoingHttpHeaders } from 'node:http'
import { ShoalError } from '../../errors.js'
import type { HttpExchange } from '../../plugin.js'

/** MIME type of descriptions. */
export const sdpType = 'application/sdp'
/** MIME type of candidates that come later (RFC 8840). */
export const fragmentType = 'application/trickle-ice-sdpfrag'

/** Most bytes of a body. */
const maxBody = 256 * 1024

/** Headers that pages of other origins may read. */
const exposed = { 'Access-Control-Expose-Headers': 'Location, ETag, Link, Accept-Patch, Shoal-Left-Out' }

/** An error with the status that these protocols have for it. */
export class Refusal extends ShoalError {
  readonly #status: number
  /** Headers of the answer. */
  readonly headers: OutgoingHttpHeaders

  constructor(status: number, error: ShoalError, headers: OutgoingHttpHeaders = {}) {
    super(error.code, error.message, { ...(error.hint !== undefined && { hint: error.hint }), cause: error })
    this.#status = status
    this.headers = headers
  }

  override get status(): number {
    return this.#status
  }
}

/** Reads a body of the right type. Throws `ERR_REQUEST_INVALID` (415), `ERR_REQUEST_TOO_LARGE`. */
export async function readBody({ request }: HttpExchange, type: string): Promise<string> {
  const given = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (given !== type) throw new Refusal(415, new ShoalError('ERR_REQUEST_INVALID', `The body must be of type ${type}.`))
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    if (!(part instanceof Buffer)) continue
    size += part.length
    if (size > maxBody) throw new ShoalError('ERR_REQUEST_TOO_LARGE', `The body is larger than ${maxBody} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** The answer to an offer: 201 with the address of the session. */
export function sendCreated({ response }: HttpExchange, location: string, sdp: string, more: OutgoingHttpHeaders = {}): void {
  const headers: OutgoingHttpHeaders = {
    'Content-Type': sdpType,
    'Content-Length': Buffer.byteLength(sdp),
    'Cache-Control': 'no-store',
    Location: location,
    ETag: '"1"',
    'Accept-Patch': fragmentType,
    ...more,
    ...exposed,
  }
  response.writeHead(201, headers).end(sdp)
}

/** Says where else the stream is to be had (RFC 8288), to pages of other origins too. `asked`: the stream of the request. */
export function linkTo(path: string, asked: string): OutgoingHttpHeaders {
  // relative to what was asked for: proxies in front need not be known
  const up = '../'.repeat(asked.split('/').length)
  return { Link: `<${up}${path.split('/').map(encodeURIComponent).join('/')}/whep>; rel="alternate"`, ...exposed }
}

/** An answer without a body. */
export function sendEmpty({ response }: HttpExchange, status: 200 | 204): void {
  response.writeHead(status, { 'Content-Length': 0, 'Cache-Control': 'no-store' }).end()
}

/** The address of a session, relative to the host: proxies in front need not be known. */
export function locationOf({ request }: HttpExchange, id: string): string {
  return `${(request.url ?? '').split('?')[0]}/${id}`
}
