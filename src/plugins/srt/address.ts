/** Reading `srt://HOST:PORT?…`. */

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { ShoalError } from '../../errors.js'
import type { SrtSettings } from './engine.js'
import type { Endpoint } from './socket-address.js'

/** Where to call, and how. */
export interface SrtAddress {
  readonly host: string
  readonly port: number
  readonly settings: SrtSettings
}

/** ms until a call counts as not answered. */
const connectTimeout = 5000

/** Takes a URL apart. `latency`: ms, where the URL has none. Throws `ERR_URL_INVALID`. */
export function parseAddress(url: URL, latency: number): SrtAddress {
  const query = url.searchParams
  const mode = query.get('mode') ?? 'caller'
  const port = Number(url.port)
  const host = decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '')
  if (host === '' || !(port >= 1)) throw new ShoalError('ERR_URL_INVALID', 'An SRT URL is srt://HOST:PORT?streamid=…&passphrase=…&latency=….')
  if (mode !== 'caller') throw new ShoalError('ERR_URL_INVALID', `The mode ${mode} of an SRT URL is not served; callers come to plugins.srt.port.`)
  const late = query.has('latency') ? Number(query.get('latency')) : latency
  if (!Number.isInteger(late) || late < 0 || late > 30_000) throw new ShoalError('ERR_URL_INVALID', 'latency in an SRT URL is a number of ms, up to 30000.')
  const passphrase = query.get('passphrase') ?? ''
  checkPassphrase(passphrase)
  const streamId = query.get('streamid') ?? ''
  if (Buffer.byteLength(streamId) > 512) throw new ShoalError('ERR_URL_INVALID', 'A stream id of SRT has at most 512 bytes.')
  return { host, port, settings: { latency: late, passphrase, streamId, connectTimeout } }
}

/** Throws `ERR_URL_INVALID` for a passphrase that SRT does not take. */
export function checkPassphrase(text: string): void {
  const length = Buffer.byteLength(text)
  if (length > 0 && (length < 10 || length > 79)) throw new ShoalError('ERR_URL_INVALID', 'A passphrase of SRT has 10 to 79 bytes.')
}

/** The address of a host. Rejects with `ERR_SOURCE_FAILED`. */
export async function resolve({ host, port }: Pick<SrtAddress, 'host' | 'port'>): Promise<Endpoint> {
  if (isIP(host) !== 0) return { address: host, port }
  try {
    return { address: (await lookup(host)).address, port }
  } catch (cause) {
    throw new ShoalError('ERR_SOURCE_FAILED', `The host ${host} is not known.`, { cause })
  }
}
