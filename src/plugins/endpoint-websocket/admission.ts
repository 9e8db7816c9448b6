/**
 * Who may connect at all: the Host header must be ours (DNS rebinding), a web page must be one that was allowed. Sources: RFC 9110
 * 7.2 (Host), RFC 6455 10.2 (Origin), RFC 7617 (Basic), RFC 6750 (Bearer).
 */

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { ShoalError } from '../../errors.js'
import type { Credentials } from '../../services.js'

/** The subprotocol. */
export const protocol = 'shoal-1'

/** What the configuration lets in beyond this machine's own names. */
export interface Allowed {
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
}

/** Throws `ERR_HOST_REFUSED`, `ERR_ORIGIN_REFUSED`, `ERR_REQUEST_INVALID`. */
export function checkUpgrade(request: IncomingMessage, allowed: Allowed): void {
  const [host, ...otherHosts] = valuesOf(request, 'host')
  if (host === undefined || otherHosts.length > 0 || !isOurs(nameOf(host), request.socket.localAddress ?? '', allowed.allowedHosts))
    throw new ShoalError('ERR_HOST_REFUSED', 'The Host header names a host that is not served here.', {
      hint: 'Add it to plugins.endpoint-websocket.allowedHosts.',
    })
  const origins = valuesOf(request, 'origin')
  if (origins.some((origin) => !allowed.allowedOrigins.some((one) => one.toLowerCase() === origin.toLowerCase())) || origins.length > 1)
    throw new ShoalError('ERR_ORIGIN_REFUSED', `A page of ${JSON.stringify(String(origins[0]).slice(0, 100))} may not connect.`, {
      hint: 'Add its origin to plugins.endpoint-websocket.allowedOrigins.',
    })
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || request.method !== 'GET')
    throw new ShoalError('ERR_REQUEST_INVALID', 'Only WebSocket upgrades are answered here.')
  const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(',')
  if (!offered.some((one) => one.trim() === protocol)) throw new ShoalError('ERR_REQUEST_INVALID', `The client does not offer the subprotocol ${protocol}.`)
}

/** Credentials in the Authorization header; `undefined` where there are none. Throws `ERR_UNAUTHENTICATED` when they cannot be read. */
export function credentialsOf(request: IncomingMessage): Pick<Credentials, 'token' | 'user' | 'password'> | undefined {
  const values = valuesOf(request, 'authorization')
  const [value = ''] = values
  if (values.length === 0) return undefined
  const token = /^bearer +([\w.~+/=-]{1,512}) *$/i.exec(value)?.[1]
  if (token !== undefined && values.length === 1) return { token }
  const basic = /^basic +([A-Za-z0-9+/]{1,2048}={0,2}) *$/i.exec(value)?.[1]
  const pair = /^([^:]+):(.*)$/s.exec(basic === undefined ? '' : Buffer.from(basic, 'base64').toString('utf8'))
  const [, user, password] = pair ?? []
  if (user !== undefined && password !== undefined && values.length === 1) return { user, password }
  throw new ShoalError('ERR_UNAUTHENTICATED', 'The Authorization header must be "Bearer TOKEN" or "Basic" with user and password.')
}

/** Where a client is. */
export function placeOf(request: IncomingMessage): { readonly address: string; readonly local: boolean } {
  const address = plainAddress(request.socket.remoteAddress ?? '')
  return { address, local: isLoopback(address) }
}

function valuesOf({ rawHeaders }: IncomingMessage, header: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === header)
}

/** The host of `host[:port]`, without brackets. */
function nameOf(authority: string): string {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::\d{1,5})?$/.exec(authority.toLowerCase())
  return parts?.[1] ?? parts?.[2] ?? ''
}

function isOurs(name: string, localAddress: string, allowedHosts: readonly string[]): boolean {
  if (name === '') return false
  if (name === 'localhost' || allowedHosts.some((one) => one.toLowerCase().replace(/^\[|\]$/g, '') === name)) return true
  return isIP(name) !== 0 && plainAddress(name) === plainAddress(localAddress)
}

/** IPv4 without its IPv6 dress. */
function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, '')
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
