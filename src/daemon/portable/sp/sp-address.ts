/** Where an SP socket listens or dials: `ipc:///run/plugin.ipc` or `tcp://127.0.0.1:5555`. */

import { ShoalError } from '../../../errors.js'

/** A parsed address. On `ipc` a message has one byte more in front. */
export type SpAddress = { readonly transport: 'ipc'; readonly path: string } | { readonly transport: 'tcp'; readonly host: string; readonly port: number }

/** Longest path of a unix socket, bytes; Node cuts longer ones silently (`sun_path`). */
const maxPath = 107

/** Reads an address. Throws `ERR_URL_INVALID`, `ERR_SOCKET_PATH_TOO_LONG`. */
export function parseSpAddress(text: string): SpAddress {
  const ipc = /^ipc:\/\/(\/[^\0]+)$/.exec(text)
  if (ipc?.[1] !== undefined) {
    if (Buffer.byteLength(ipc[1]) > maxPath) throw new ShoalError('ERR_SOCKET_PATH_TOO_LONG', `The path of ${text} is longer than ${maxPath} bytes.`)
    return { transport: 'ipc', path: ipc[1] }
  }
  const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\s/:[\]]+)):(\d{1,5})$/.exec(text)
  const [, ipv6, host, digits] = tcp ?? []
  const port = Number(digits)
  if (!tcp || port > 65_535) throw new ShoalError('ERR_URL_INVALID', `${text} is no ipc:///PATH and no tcp://HOST:PORT.`)
  return { transport: 'tcp', host: ipv6 ?? host ?? '', port }
}
