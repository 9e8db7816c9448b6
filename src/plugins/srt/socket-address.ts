/** Socket addresses as the system has them: `sockaddr_in` and `sockaddr_in6`. */

import { isIP } from 'node:net'

/** An IP address and a port. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Bytes that hold any of the two. */
export const maxAddressSize = 28

/** BSD systems have a length in the first byte, and other numbers. */
const isBsd = process.platform === 'darwin' || process.platform === 'freebsd' || process.platform === 'openbsd'
const inet6 = isBsd ? (process.platform === 'darwin' ? 30 : 28) : process.platform === 'win32' ? 23 : 10

/** Writes an address. `address` is one of IPv4 or IPv6 without a zone. */
export function toSocketAddress({ address, port }: Endpoint): Uint8Array {
  const isV6 = isIP(address) === 6
  const bytes = Buffer.alloc(isV6 ? 28 : 16)
  const family = isV6 ? inet6 : 2
  if (isBsd) bytes.set([bytes.length, family])
  else bytes.writeUInt16LE(family)
  bytes.writeUInt16BE(port, 2)
  if (isV6) bytes.set(parseV6(address), 8)
  else bytes.set(address.split('.').map(Number), 4)
  return bytes
}

/** Reads an address; IPv4 in the form of IPv6 becomes IPv4. */
export function fromSocketAddress(bytes: Uint8Array): Endpoint {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const family = isBsd ? view[1] : view.readUInt16LE(0)
  const port = view.readUInt16BE(2)
  if (family !== inet6) return { address: view.subarray(4, 8).join('.'), port }
  const isMapped = view.subarray(8, 18).every((byte) => byte === 0) && view.readUInt16BE(18) === 0xffff
  if (isMapped) return { address: view.subarray(20, 24).join('.'), port }
  const groups = Array.from({ length: 8 }, (_, i) => view.readUInt16BE(8 + 2 * i).toString(16)).join(':')
  // URL writes the one short form
  return { address: new URL(`http://[${groups}]`).hostname.slice(1, -1), port }
}

/** The 16 bytes of an IPv6 address that is valid. */
function parseV6(address: string): Uint8Array {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]))
}
