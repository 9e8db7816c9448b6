/** Reading `rtsp[s]://[user:password@]host[:port]/path[?transport=tcp|udp][&insecure]`. */

import { ShoalError } from '../../errors.js'
import type { Login } from '../../media/rtsp/authorization.js'

/** Where to connect, and what to ask for there. */
export interface RtspAddress {
  readonly host: string
  readonly port: number
  /** TLS, and whether the certificate is checked; absent = in clear text. */
  readonly tls?: { readonly verify: boolean }
  /** What requests name: no credentials, and neither `transport` nor `insecure`, which are for us. */
  readonly uri: string
  readonly login?: Login
  /** What is tried first. */
  readonly transport: 'tcp' | 'udp'
}

const defaultPort = 554
const defaultTlsPort = 322

/** Takes a URL apart. Throws `ERR_URL_INVALID`. */
export function parseAddress(url: URL): RtspAddress {
  const secure = url.protocol === 'rtsps:'
  if (url.hostname === '' || (url.protocol !== 'rtsp:' && !secure))
    throw new ShoalError('ERR_URL_INVALID', 'An RTSP URL is rtsp://[user:password@]host[:port]/path or rtsps://….')
  const wanted = /[?&]transport=(tcp|udp)(?=&|$)/.exec(url.search)
  const insecure = secure ? /[?&]insecure(=1|=true)?(?=&|$)/.exec(url.search) : null
  // as text, because cameras compare query strings byte by byte
  const search = without(without(url.search, wanted?.[0]), insecure?.[0])
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? defaultTlsPort : defaultPort) : Number(url.port),
    uri: `${url.protocol}//${url.host}${url.pathname}${search}`,
    // media by UDP would not be encrypted
    transport: wanted?.[1] === 'udp' && !secure ? 'udp' : 'tcp',
    ...(secure && { tls: { verify: insecure === null } }),
    ...(url.username !== '' && { login: { user: decoded(url.username), password: decoded(url.password) } }),
  }
}

/** How media may travel, in the order in which it is tried. */
export function transportsOf({ transport, tls }: RtspAddress): readonly ('tcp' | 'udp')[] {
  if (tls) return ['tcp']
  return transport === 'udp' ? ['udp', 'tcp'] : ['tcp', 'udp']
}

/** The address of a `Location`; credentials go along to the same host alone, and never from TLS to clear text. Throws `ERR_URL_INVALID`. */
export function redirected(from: RtspAddress, location: string): RtspAddress {
  if (!URL.canParse(location, from.uri)) throw new ShoalError('ERR_URL_INVALID', `${from.host} redirects to no address.`)
  const to = parseAddress(new URL(location, from.uri))
  if (from.tls && !to.tls) throw new ShoalError('ERR_URL_INVALID', `${from.host} redirects from TLS to clear text.`)
  const login = to.login ?? (to.host === from.host ? from.login : undefined)
  // a certificate that need not be right is agreed for one host
  const tls = to.tls && { verify: to.tls.verify && !(to.host === from.host && from.tls?.verify === false) }
  return { ...to, transport: from.transport, ...(login && { login }), ...(tls && { tls }) }
}

/** The address of a medium or, with `*` or nothing, of the whole: `base` is the description's own. */
export function controlUri(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base
  if (/^rtsps?:\/\//i.test(control)) return control
  return `${base.endsWith('/') ? base : `${base}/`}${control.replace(/^\//, '')}`
}

function without(search: string, part: string | undefined): string {
  return part === undefined ? search : search.replace(part, '').replace(/^&/, '?')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
