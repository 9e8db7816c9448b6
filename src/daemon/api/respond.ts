/** Answers: JSON, errors, and the headers that every answer has. */

import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import { shoalError } from '../host/containment.js'

/** On every answer, also of plugins, which may replace the policy of their own pages. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/** What programs have to show. */
export const bearerChallenge = 'Bearer realm="shoal"'

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value ?? null)}\n`)
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length, 'cache-control': 'no-store' })
  response.end(body)
}

/** Answers with plain text. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(text)
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length, 'cache-control': 'no-store' })
  response.end(body)
}

/** Answers with an error. Where the answer has begun already, the connection is cut instead, so that nobody takes a part for the whole. */
export function sendError(response: ServerResponse, error: ShoalError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (error.code === 'ERR_UNAUTHENTICATED' && !response.hasHeader('www-authenticate')) response.setHeader('www-authenticate', bearerChallenge)
  const { retryAfter } = error.data ?? {}
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter))
  sendJson(response, error.status, error)
}

/**
 * Any thrown value as an error that may be shown. What is no `ShoalError` is logged under an id with its stack, and the
 * answer names only the id.
 */
export function presentable(thrown: unknown, log: Logger, what: string): ShoalError {
  const known = shoalError(thrown, 'ERR_INTERNAL')
  if (known.code !== 'ERR_INTERNAL' || thrown instanceof ShoalError) return known
  const id = randomBytes(6).toString('hex')
  log.error('request failed', { id, what, err: thrown, stack: thrown instanceof Error ? thrown.stack : undefined })
  return new ShoalError('ERR_INTERNAL', `Something went wrong inside the daemon; the log says more under ${id}.`, { data: { id } })
}
