import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../../src/daemon/swarm/addresses.js'
import { relaysOf, tunnelAddress } from '../../../../src/daemon/swarm/tunnel-address.js'

const [a, b, c] = await Promise.all([1, 2, 3].map(async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()))

describe('addresses of tunnels', () => {
  it('name the relays and the peer, and are multiaddrs', () => {
    const address = tunnelAddress([a as string, b as string], c as string)
    expect(multiaddr(address).toString()).toBe(address)
    expect(relaysOf(address)).toEqual([a, b])
  })

  it('are nothing that can be dialled or told of as an address', () => {
    expect(parseAddress(tunnelAddress([a as string], b as string))).toBeUndefined()
    expect(relaysOf(`/ip4/127.0.0.1/tcp/4710/p2p/${a}`)).toEqual([])
  })
})
