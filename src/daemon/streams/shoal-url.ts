/** `shoal://PEER/PATH` and `shoal:///PATH`. */

import { ShoalError } from '../../errors.js'
import { normalizePath } from './path.js'

/** A stream somewhere in the cluster. */
export interface ShoalTarget {
  /** Peer id, prefix or name, as it was given; absent = whichever peer is nearest. */
  readonly peer?: string
  /** Normalised path there. */
  readonly path: string
}

/**
 * What a `shoal:` URL names. The scheme is not one of the web's special ones, so the host keeps its case, which peer ids need;
 * other characters than ASCII arrive percent-encoded. Throws `ERR_URL_INVALID`, `ERR_PATH_INVALID`.
 */
export function parseShoalUrl(url: URL): ShoalTarget {
  if (url.protocol !== 'shoal:') refuse(url, 'is not a shoal: URL')
  if (!/^shoal:\/\//i.test(url.href)) refuse(url, 'does not begin with shoal://')
  if (url.username !== '' || url.password !== '') refuse(url, 'has a user or a password: peers prove who they are by key')
  if (url.port !== '') refuse(url, 'has a port: it names a peer, not an address')
  if (url.hostname.startsWith('[')) refuse(url, 'has an address: it names a peer')
  if (url.search !== '' || url.hash !== '') refuse(url, 'has a query or a fragment')
  const peer = decode(url, url.hostname)
  const segments = url.pathname.split('/').map((segment) => decode(url, segment))
  // a slash that was encoded is part of a name, and no path has such names
  if (segments.some((segment) => segment.includes('/'))) refuse(url, 'has an encoded slash in its path')
  const path = normalizePath(segments.join('/'))
  return peer === '' ? { path } : { peer, path }
}

function decode(url: URL, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse(url, 'has broken percent-encoding')
  }
}

function refuse(url: URL, why: string): never {
  throw new ShoalError('ERR_URL_INVALID', `The URL ${why}: ${url.protocol}//${url.host}${url.pathname}`)
}
