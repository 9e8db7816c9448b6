/** Addresses of peers as text (`/ip4/192.168.1.5/tcp/4710`): reading, judging and comparing them. */

import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '../../plugin.js'

/** What a TCP multiaddr says. */
export interface Address {
  /** The multiaddr without the peer id. */
  readonly text: string
  /** An IP address, or a DNS name where `family` is 0. */
  readonly host: string
  readonly family: 4 | 6 | 0
  readonly port: number
  /** The peer id at its end, where there is one. */
  readonly peer?: PeerId
}

/** One address of one network interface of this host. */
export interface InterfaceAddress {
  readonly name: string
  readonly address: string
  readonly family: 4 | 6
  /** `192.168.1.5/24`. */
  readonly cidr: string
  /** Loopback. */
  readonly internal: boolean
}

/** A multiaddr longer than this is refused unread. */
const maxAddress = 255

const families: Readonly<Record<string, 4 | 6 | 0>> = { ip4: 4, ip6: 6, dns: 0, dns4: 0, dns6: 0 }

/** Reads `/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT[/p2p/ID]`; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > maxAddress || !text.startsWith('/')) return undefined
  try {
    const [net, transport, id, ...rest] = multiaddr(text).getComponents()
    const family = net && families[net.name]
    if (!net?.value || family === undefined || transport?.name !== 'tcp' || rest.length > 0 || (id && id.name !== 'p2p')) return undefined
    const port = Number(transport.value)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined
    const address = { text: `/${net.name}/${net.value}/tcp/${port}`, host: net.value, family, port }
    return id?.value === undefined ? address : { ...address, peer: id.value }
  } catch {
    return undefined
  }
}

/** Those of some multiaddrs that can be read and dialled. */
export function readAddresses(texts: readonly string[]): Address[] {
  return texts.flatMap((text) => {
    const address = parseAddress(text)
    return address && isDialable(address) ? [address] : []
  })
}

/** Is the host one of this machine's loopback addresses (or a name for it)? */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, '')
  return plain === '::1' || plain === 'localhost' || (isIPv4(plain) && plain.startsWith('127.'))
}

/** Addresses that a peer gave of itself, without its id: loopback ones only if its connection came over loopback (`via`, a multiaddr). */
export function plausible(addresses: readonly string[], via: string): string[] {
  const local = isLoopback(parseAddress(via)?.host ?? '')
  return [
    ...new Set(
      readAddresses(addresses)
        .filter(({ host }) => local || !isLoopback(host))
        .map(({ text }) => text),
    ),
  ]
}

const nowhere = new BlockList()
nowhere.addSubnet('0.0.0.0', 8)
nowhere.addSubnet('224.0.0.0', 3)
nowhere.addAddress('::', 'ipv6')
nowhere.addSubnet('ff00::', 8, 'ipv6')
nowhere.addSubnet('fe80::', 10, 'ipv6')

/** Can a connection be made to it at all? Not to unspecified, multicast, reserved or (without a zone) link-local addresses. */
export function isDialable(address: Address): boolean {
  if (address.family === 0) return true
  return !nowhere.check(address.host, address.family === 4 ? 'ipv4' : 'ipv6')
}

/** The addresses of this host's interfaces that are up. */
export function interfaceAddresses(): InterfaceAddress[] {
  const found: InterfaceAddress[] = []
  for (const [name, list] of Object.entries(networkInterfaces())) {
    for (const { address, family, cidr, internal } of list ?? []) {
      if (cidr !== null) found.push({ name, address, family: family === 'IPv4' ? 4 : 6, cidr, internal })
    }
  }
  return found
}

/** The networks that some interface addresses are in. */
export class Subnets {
  readonly #own = new Set<string>()
  readonly #list = new BlockList()

  constructor(interfaces: readonly InterfaceAddress[]) {
    for (const { address, cidr, family } of interfaces) {
      this.#own.add(address)
      const prefix = Number(cidr.slice(cidr.indexOf('/') + 1))
      if (prefix > 0) this.#list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
    }
  }

  /** Is it an address of this host? */
  isOwn(host: string): boolean {
    return this.#own.has(host)
  }

  /** Is it in a network this host is in? */
  contains(host: string): boolean {
    if (isIPv4(host)) return this.#list.check(host, 'ipv4')
    return isIPv6(host) && this.#list.check(host, 'ipv6')
  }
}
