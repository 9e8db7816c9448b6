/** Proxies whose word counts on where a client is: `X-Forwarded-For` is read from them, and from nobody else. */

import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { ShoalError } from '../../errors.js'
import { type Door, doorOf, plainAddress } from './auth.js'

/** Longest list of addresses that is read: each proxy on the way adds one. */
const maxHops = 32

/** Config `http.trustedProxies`. */
export class TrustedProxies {
  readonly #listed: () => readonly string[]
  #built: { readonly from: readonly string[]; readonly addresses: BlockList } | undefined

  /** `listed`: addresses and networks; asked for each request, so that a change counts at once. */
  constructor(listed: () => readonly string[]) {
    this.#listed = listed
  }

  /**
   * As `doorOf`; behind proxies that are listed the client is the last address before theirs. A proxy adds what it saw at
   * the end, so what a client invents stands before that and is not read. Throws `ERR_REQUEST_INVALID` where a listed one says no address.
   */
  doorOf(request: IncomingMessage, kind: Door['kind']): Door {
    const door = doorOf(request, kind)
    if (door.remoteAddress === undefined || !this.#has(door.remoteAddress)) return door
    const hops = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
    let remoteAddress = door.remoteAddress
    for (const hop of hops.slice(-maxHops).reverse()) {
      if (hop.trim() === '') continue
      if (!this.#has(remoteAddress)) break
      remoteAddress = addressIn(hop.trim())
    }
    return { ...door, remoteAddress }
  }

  #has(address: string): boolean {
    const from = this.#listed()
    if (from.length === 0) return false
    if (this.#built?.from !== from) this.#built = { from, addresses: listOf(from) }
    const family = isIP(address)
    return family !== 0 && this.#built.addresses.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** An address as proxies write it: bare, or with brackets, port or both. */
function addressIn(hop: string): string {
  const [, inBrackets, before] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(hop) ?? []
  const address = inBrackets ?? before ?? hop
  if (isIP(address) === 0) throw new ShoalError('ERR_REQUEST_INVALID', `X-Forwarded-For names ${JSON.stringify(hop.slice(0, 60))}, which is no address.`)
  return plainAddress(address)
}

/** What is no address, though it looks like one, trusts nobody. */
function listOf(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const family = isIP(address)
    if (family === 0) continue
    const plain = plainAddress(address)
    if (bits === undefined) list.addAddress(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
    else list.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}
