import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { encode } from 'it-length-prefixed'
import { describe } from 'vitest'
import { parseAddress } from '../../src/daemon/swarm/addresses.js'
import { readAnnouncement, serviceTag } from '../../src/daemon/swarm/announcement.js'
import { FrameDecoder } from '../../src/daemon/swarm/frame-decoder.js'
import { decodePairing, encodePairing } from '../../src/daemon/swarm/pair-codec.js'
import { decodeTunnel, encodeTunnel } from '../../src/daemon/swarm/tunnel-codec.js'
import { isShoalError, ShoalError } from '../../src/errors.js'
import { fuzzParser as fuzz } from './media-fuzz.js'

/** As the media's: "no" is undefined or `ERR_PROTOCOL` here, and nothing else may be thrown. */
function fuzzParser(name: string, seeds: readonly Uint8Array[], parse: (bytes: Uint8Array) => unknown): void {
  fuzz(name, seeds, (input) => {
    try {
      if (parse(input) !== undefined) return
    } catch (error) {
      if (!isShoalError(error, 'ERR_PROTOCOL', 'ERR_VERSION_MISMATCH')) throw error
    }
    throw new ShoalError('ERR_MEDIA_INVALID')
  })
}

const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
const record = { name: 'kitchen', addresses: ['/ip4/192.168.1.5/tcp/4710', '/ip6/fd00::5/tcp/4710'] }
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7)

describe('the swarm reads bytes of others', () => {
  fuzzParser('FrameDecoder', [Buffer.concat([...encode([bytes(3), bytes(0), bytes(200)])])], (input) => {
    const decoder = new FrameDecoder(1000)
    for (let at = 0; at < input.byteLength; at += 7) {
      decoder.push(input.subarray(at, at + 7))
      while (decoder.next() !== undefined);
    }
    return decoder.partial ? undefined : true
  })

  const messages = [
    encodePairing({ type: 'join', lookup: bytes(8), nonce: bytes(32), record }),
    encodePairing({ type: 'challenge', nonce: bytes(32), proof: bytes(32) }),
    encodePairing({ type: 'proof', proof: bytes(32) }),
    encodePairing({ type: 'welcome', record }),
    encodePairing({ type: 'refuse', code: 'ERR_TICKET_REFUSED' }),
    encodePairing({ type: 'ask', commitment: bytes(32), record }),
    encodePairing({ type: 'reveal', nonce: bytes(32), record }),
    encodePairing({ type: 'open', nonce: bytes(32) }),
    encodePairing({ type: 'accept' }),
    encodePairing({ type: 'resume', attempt: bytes(32) }),
  ]
  fuzzParser('decodePairing', messages, (input) => decodePairing(input))

  const tunnels = [
    encodeTunnel({ type: 'open', destination: peer, hops: 3, route: [peer, 'B'] }),
    encodeTunnel({ type: 'accept', relays: [peer] }),
    encodeTunnel({ type: 'refuse', code: 'ERR_NO_ROUTE' }),
  ]
  fuzzParser('decodeTunnel', tunnels, (input) => decodeTunnel(input))

  const texts = [Buffer.from(`id=${peer}`)]
  fuzzParser('readAnnouncement', texts, (input) => {
    const read = (...data: (Uint8Array | undefined)[]): unknown => readAnnouncement([{ name: `x.${serviceTag}`, type: 'TXT', data }])
    read(texts[0], input, input.subarray(3), Buffer.concat([Buffer.from('a='), input]), Buffer.concat([Buffer.from('n='), input]))
    return read(input)
  })

  const addresses = ['/ip4/192.168.1.5/tcp/4710', '/dns4/kitchen.local/tcp/1', `/ip6/fd00::5/tcp/4710/p2p/${peer}`].map((text) => Buffer.from(text))
  fuzzParser('parseAddress', addresses, (input) => parseAddress(Buffer.from(input).toString()))
})
