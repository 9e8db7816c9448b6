/** Reading `rtmp://host[:port]/app/name?query`. */

import { ShoalError } from '../../errors.js'

/** Where to connect, and what to ask for there. */
export interface RtmpAddress {
  readonly host: string
  readonly port: number
  /** All but the last part of the path. */
  readonly app: string
  /** The last part with the query string, which carries credentials. */
  readonly name: string
  /** What `connect` names as the address: no credentials. */
  readonly tcUrl: string
}

const defaultPort = 1935

/** Takes a URL apart. User and password become `user` and `pass` of the query. Throws `ERR_URL_INVALID` when host or stream name are missing. */
export function parseAddress(url: URL): RtmpAddress {
  const parts = url.pathname.split('/').filter(Boolean).map(decoded)
  const key = parts.pop()
  if (url.hostname === '' || key === undefined) throw new ShoalError('ERR_URL_INVALID', 'An RTMP URL is rtmp://host[:port]/app/name.')
  const query = new URLSearchParams(url.search)
  if (url.username !== '' && !query.has('user')) {
    query.set('user', decoded(url.username))
    query.set('pass', decoded(url.password))
  }
  const port = url.port === '' ? defaultPort : Number(url.port)
  const app = parts.join('/')
  const name = query.size === 0 ? key : `${key}?${query}`
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, app, name, tcUrl: `rtmp://${url.hostname}:${port}/${app}` }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
