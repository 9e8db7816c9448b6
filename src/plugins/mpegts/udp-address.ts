/** Reading `udp://HOST:PORT?…`. */

import { isIP } from 'node:net'
import { ShoalError } from '../../errors.js'

/** Where datagrams come from or go to. */
export interface UdpAddress {
  readonly host: string
  readonly port: number
  readonly family: 'udp4' | 'udp6'
  readonly isMulticast: boolean
  /** Address of the network interface for multicast. */
  readonly local: string | undefined
  /** Hops that multicast may go. */
  readonly ttl: number
}

/** Takes a URL apart: `udp://0.0.0.0:5000`, `udp://@239.1.1.1:5000?localaddr=192.168.1.2&ttl=4`. Hosts are addresses. Throws `ERR_URL_INVALID`. */
export function parseUdp(url: URL): UdpAddress {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const version = isIP(host)
  const port = Number(url.port)
  if (version === 0 || !(port >= 1)) throw new ShoalError('ERR_URL_INVALID', 'A UDP URL is udp://ADDRESS:PORT, with an IP address.')
  const local = url.searchParams.get('localaddr') ?? undefined
  const ttl = Number(url.searchParams.get('ttl') ?? 1)
  if (local !== undefined && isIP(local) === 0) throw new ShoalError('ERR_URL_INVALID', 'localaddr in a UDP URL is an IP address of this machine.')
  if (!Number.isInteger(ttl) || ttl < 0 || ttl > 255) throw new ShoalError('ERR_URL_INVALID', 'ttl in a UDP URL is a number from 0 to 255.')
  const isMulticast = version === 4 ? /^(22[4-9]|23\d)\./.test(host) : /^ff/i.test(host)
  return { host, port, family: version === 4 ? 'udp4' : 'udp6', isMulticast, local, ttl }
}
