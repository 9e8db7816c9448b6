/** Answers to requests for media. */

import type { OutgoingHttpHeaders } from 'node:http'
import type { ShoalError } from '../errors.js'
import type { HttpExchange } from '../plugin.js'
import type { LiveWriter } from './format.js'

const always = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** The head of a live stream; `Shoal-Left-Out` names codecs that the format could not carry. */
export function headersOf({ contentType, leftOut }: Pick<LiveWriter, 'contentType' | 'leftOut'>): OutgoingHttpHeaders {
  return { 'Content-Type': contentType, ...always, Connection: 'close', ...(leftOut.length > 0 && { 'Shoal-Left-Out': leftOut.join(', ') }) }
}

/** Answers with a body that is complete; to HEAD with its length alone. */
export function sendBody({ request, response }: HttpExchange, contentType: string, body: Uint8Array | string, headers: OutgoingHttpHeaders = {}): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(200, { 'Content-Type': contentType, 'Content-Length': bytes.length, ...always, ...headers })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}

/** Answers with an error in the form of the API; cuts an answer that has begun. */
export function sendError({ request, response }: HttpExchange, error: ShoalError, headers: OutgoingHttpHeaders = {}): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = Buffer.from(JSON.stringify(error.toJSON()))
  response.writeHead(error.status, { 'Content-Type': 'application/json', 'Content-Length': body.length, 'Cache-Control': 'no-store', ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}
