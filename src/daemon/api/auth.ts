/**
 * Who may talk to the API at all. Over the unix socket whoever may open it is the owner. Over TCP a browser on this
 * machine is the danger: any web page can make it send requests. So the Host header must be ours (DNS rebinding), Origin,
 * Referer and Sec-Fetch-Site must not be of another page (cross-site requests), and there are no cookies. A browser sends user
 * and password again by itself, as it does cookies: they count for no page but our own, however its origin is listed.
 *
 * Sources: RFC 9110 7.2 (Host), RFC 6454 7 (Origin), W3C Fetch Metadata Request Headers, RFC 6750 (Bearer), RFC 7617 (Basic).
 */

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Action, Credentials, Principal } from '../../services.js'
import { within } from '../util/wait.js'
import type { Guard } from './port.js'

/** Names and pages beyond our own that are let in; asked again for each request. */
export interface Allowed {
  hosts(): readonly string[]
  origins(): readonly string[]
}

/** Where a request came in. */
export interface Door {
  readonly kind: 'socket' | 'tcp'
  /** Our end of the connection (tcp). */
  readonly localAddress?: string
  readonly localPort?: number
  /** The client's end, without port. */
  readonly remoteAddress?: string
}

/** ms that authentication or permission has. */
const decisionLimit = 10_000

/**
 * The door of a request's connection. `kind` is that of the listener: addresses cannot tell, because those of a TCP
 * connection that was closed meanwhile are gone too.
 */
export function doorOf(request: IncomingMessage, kind: Door['kind']): Door {
  if (kind === 'socket') return { kind }
  const { localAddress, localPort, remoteAddress } = request.socket
  return {
    kind,
    ...(localAddress !== undefined && { localAddress }),
    ...(localPort !== undefined && { localPort }),
    ...(remoteAddress !== undefined && { remoteAddress: plainAddress(remoteAddress) }),
  }
}

/** IPv4 without its IPv6 dress, IPv6 in one spelling. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  return isIP(bare) === 6 ? new URL(`http://[${bare}]/`).hostname.slice(1, -1) : bare
}

/** Is it an address of this machine that no other can have? */
export function isLoopback(address: string | undefined): boolean {
  const plain = address === undefined ? '' : plainAddress(address)
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** `host[:port]`, split; `undefined` when it is none. */
function splitAuthority(text: string): { name: string; port: number | undefined } | undefined {
  const parts = /^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(?::([1-9]\d{0,4}))?$/.exec(text.toLowerCase())
  const name = parts?.[1]?.replace(/^\[|\]$/g, '')
  const port = parts?.[3] === undefined ? undefined : Number(parts[3])
  if (name === undefined || (port ?? 1) > 65_535 || (text.startsWith('[') && isIP(name) !== 6)) return undefined
  return { name, port }
}

function valuesOf(request: IncomingMessage, header: string): string[] {
  const { rawHeaders } = request
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === header)
}

/** Is the name one under which this machine may be called? */
function isOurs(name: string, door: Door, allowed: Allowed): boolean {
  if (name === 'localhost') return true
  if (allowed.hosts().some((host) => plainAddress(host.replace(/^\[|\]$/g, '')) === plainAddress(name))) return true
  if (isIP(name) === 0) return false
  if (isLoopback(name) && isLoopback(door.localAddress)) return true
  if (door.localAddress !== undefined && plainAddress(name) === plainAddress(door.localAddress)) return true
  return isLoopback(name) ? false : Object.values(networkInterfaces()).some((list) => list?.some((one) => plainAddress(one.address) === plainAddress(name)))
}

/** Checks the Host header; returns it in lower case. Throws `ERR_HOST_REFUSED`. */
export function checkHost(request: IncomingMessage, door: Door, allowed: Allowed): string {
  const values = valuesOf(request, 'host')
  const host = values[0]
  if (host === undefined || values.length > 1)
    throw new ShoalError('ERR_HOST_REFUSED', values.length === 0 ? 'The request has no Host header.' : 'The request has several Host headers.')
  const authority = splitAuthority(host)
  if (!authority || !isOurs(authority.name, door, allowed)) {
    throw new ShoalError('ERR_HOST_REFUSED', `The Host header names ${JSON.stringify(host.slice(0, 100))}, which this daemon does not serve.`)
  }
  return host.toLowerCase()
}

/**
 * Refuses requests that a page of another origin caused. Returns the origin where it is one of those allowed by the
 * configuration, for the CORS headers. Throws `ERR_ORIGIN_REFUSED`.
 */
export function checkOrigin(request: IncomingMessage, door: Door, host: string, allowed: Allowed): string | undefined {
  const origins = valuesOf(request, 'origin')
  const referers = valuesOf(request, 'referer')
  if (origins.length > 1 || referers.length > 1) throw refused('several')
  const claims = [...origins, ...referers.map(originOfUrl)]
  const listed = claims.filter((claim) => allowed.origins().some((one) => one.toLowerCase() === claim.toLowerCase()))
  const foreign = claims.find((claim) => !listed.includes(claim) && !isOwnOrigin(claim, door, host, allowed))
  if (foreign !== undefined) throw refused(foreign)
  const site = valuesOf(request, 'sec-fetch-site')
  if (listed.length === 0 && site.some((value) => value !== 'same-origin' && value !== 'none')) throw refused('another page')
  return origins[0] !== undefined && listed.includes(origins[0]) ? origins[0] : undefined
}

function originOfUrl(text: string): string {
  try {
    return new URL(text).origin
  } catch {
    return text
  }
}

function isOwnOrigin(origin: string, door: Door, host: string, allowed: Allowed): boolean {
  const lower = origin.toLowerCase()
  if (lower === `http://${host}`) return true
  // behind a proxy that speaks TLS the page's origin is https, and its name has to be configured
  const name = splitAuthority(host)?.name ?? ''
  if (lower === `https://${host}` && allowed.hosts().some((one) => one.toLowerCase() === name)) return true
  const authority = lower.startsWith('http://') ? splitAuthority(lower.slice('http://'.length)) : undefined
  return authority !== undefined && (authority.port ?? 80) === door.localPort && isOurs(authority.name, door, allowed)
}

function refused(origin: string): ShoalError {
  return new ShoalError('ERR_ORIGIN_REFUSED', `A request of the web origin ${JSON.stringify(origin.slice(0, 100))} is not answered.`)
}

/** What a request shows of who sent it. */
export type Shown = Pick<Credentials, 'token' | 'user' | 'password'>

/**
 * The credentials of a request; `query` only where a player cannot send headers: `?token=…` or `?user=…&pass=…`. Throws
 * `ERR_UNAUTHENTICATED` when they cannot be read, `ERR_ORIGIN_REFUSED` for a password that a page of another origin made the browser send.
 */
export function credentialsOf(request: IncomingMessage, query: URLSearchParams | undefined): Shown {
  const values = valuesOf(request, 'authorization')
  if (values.length > 1) throw new ShoalError('ERR_UNAUTHENTICATED', 'The request has several Authorization headers.')
  const [header] = values
  if (header === undefined) return query ? shownIn(query) : {}
  const token = /^bearer +([\w.~+/=-]{1,512}) *$/i.exec(header)?.[1]
  if (token !== undefined) return { token }
  const pair = pairOf(header)
  if (!pair) throw new ShoalError('ERR_UNAUTHENTICATED', 'The Authorization header must be "Bearer TOKEN", or "Basic" with user and password.')
  if (isFromOtherPage(request)) throw new ShoalError('ERR_ORIGIN_REFUSED', 'Another page has to show a token; a password does not count there.')
  return pair
}

function shownIn(query: URLSearchParams): Shown {
  const [token, user, password] = [query.get('token'), query.get('user'), query.get('pass')]
  if (token !== null) return { token }
  return user === null ? {} : { user, ...(password !== null && { password }) }
}

/** `Basic` with `user:password` in base64. */
function pairOf(header: string): Shown | undefined {
  const basic = /^basic +([A-Za-z0-9+/]{1,2048}={0,2}) *$/i.exec(header)?.[1]
  const [, user, password] = /^([^:]+):(.*)$/s.exec(basic === undefined ? '' : Buffer.from(basic, 'base64').toString('utf8')) ?? []
  return user === undefined || password === undefined ? undefined : { user, password }
}

/** Did a page cause it that is not ours? Those that are not listed were refused before. */
function isFromOtherPage(request: IncomingMessage): boolean {
  const host = valuesOf(request, 'host')[0]?.toLowerCase() ?? ''
  const claims = [...valuesOf(request, 'origin'), ...valuesOf(request, 'referer').map(originOfUrl)].map((claim) => claim.toLowerCase())
  const sites = valuesOf(request, 'sec-fetch-site')
  return claims.some((claim) => claim !== `http://${host}` && claim !== `https://${host}`) || sites.some((site) => site !== 'same-origin' && site !== 'none')
}

/**
 * Who it is. Over the socket the owner. Over TCP what authentication says; nobody's credentials and no verdict is the
 * client `anonymous`. Throws `ERR_UNAUTHENTICATED` for credentials that are wrong, `ERR_LIMIT` after too many of them.
 */
export async function identify(guard: Guard, door: Door, shown: Shown): Promise<Principal> {
  if (door.kind === 'socket') return { kind: 'owner', id: 'owner', local: true }
  const local = isLoopback(door.remoteAddress)
  const where = { local, ...(door.remoteAddress !== undefined && { address: door.remoteAddress }) }
  const verdict = await decide(() => guard.authenticate({ via: 'http', ...where, ...shown }))
  if (verdict) return { ...where, ...verdict }
  const { token, user } = shown
  if (verdict === null && token === undefined && user === undefined) return { kind: 'client', id: 'anonymous', ...where }
  throw new ShoalError('ERR_UNAUTHENTICATED', user === undefined ? 'The token is wrong.' : 'User or password is wrong.')
}

/** Throws `ERR_FORBIDDEN`, or `ERR_UNAUTHENTICATED` to one who has not said who it is. */
export async function authorize(guard: Guard, who: Principal, what: Action): Promise<void> {
  const answer = await decide(async () => guard.allows(who, what))
  if (answer === true) return
  if (who.id === 'anonymous') throw new ShoalError('ERR_UNAUTHENTICATED', typeof answer === 'string' ? answer : undefined)
  throw new ShoalError('ERR_FORBIDDEN', typeof answer === 'string' ? answer : undefined)
}

/** API routes are the owner's alone, and then permission's to refuse. */
export async function authorizeOwner(guard: Guard, who: Principal, target: string): Promise<void> {
  if (who.kind !== 'owner') {
    const code = who.id === 'anonymous' ? 'ERR_UNAUTHENTICATED' : 'ERR_FORBIDDEN'
    throw new ShoalError(code, code === 'ERR_FORBIDDEN' ? 'Only the owner of this node may do this.' : undefined)
  }
  await authorize(guard, who, { action: 'api.call', target })
}

/** A service that throws or hangs has refused. */
async function decide<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await within(ask(), decisionLimit, 'ERR_TIMEOUT')
  } catch (error) {
    // too many wrong logins: the person has to know that it is not the password
    if (isShoalError(error, 'ERR_LIMIT')) throw error
    throw new ShoalError('ERR_FORBIDDEN', 'Whether this is permitted could not be found out.', { cause: error })
  }
}
