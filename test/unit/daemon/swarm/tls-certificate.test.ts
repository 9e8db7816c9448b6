import { X509Certificate } from 'node:crypto'
import { generateKeyPair, publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { generateCertificate, verifyPeerCertificate } from '@libp2p/tls/utils'
import { describe, expect, it } from 'vitest'
import { makeCertificate, readCertificate } from '../../../../src/daemon/swarm/tls-certificate.js'
import { der, element, oid } from '../../../../src/daemon/swarm/tls-der.js'
import { type Forgery, forge, handshake, pair, vouching } from '../../../forged-certificate.js'

const identity = await generateKeyPair('Ed25519')
const publicKey = publicKeyToProtobuf(identity.publicKey)
const peer = peerIdFromPrivateKey(identity)
const voucher = { publicKey, sign: (data: Uint8Array) => identity.sign(data) }
const day = 24 * 60 * 60_000
const good = (key: Buffer): Buffer => pair(publicKey, signed(key))
const own = await makeCertificate(voucher)

/** Ed25519 of @libp2p/crypto signs at once on Node. */
function signed(key: Buffer): Uint8Array {
  const signature = identity.sign(handshake(key))
  if (signature instanceof Promise) throw new Error('a signature that takes time')
  return signature
}

async function isSound({ cert }: { readonly cert: string }, now?: number): Promise<boolean> {
  const claim = readCertificate(new X509Certificate(cert), now)
  expect(claim.publicKey).toEqual(Buffer.from(publicKey))
  return publicKeyFromProtobuf(claim.publicKey).verify(claim.signed, claim.signature)
}

describe('certificates of libp2p', () => {
  it('are read by us, and by @libp2p/tls, which knows the peer by them', async () => {
    expect(await isSound(own)).toBe(true)
    expect((await verifyPeerCertificate(new X509Certificate(own.cert).raw, peer)).equals(peer)).toBe(true)
    const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    await expect(verifyPeerCertificate(new X509Certificate(own.cert).raw, other)).rejects.toThrow()
  })

  it('of @libp2p/tls are read by us', async () => {
    expect(await isSound(await generateCertificate(identity))).toBe(true)
  })

  it('are new each time, of version 3, name nobody, and are valid whatever a clock says', async () => {
    const [one, two] = [own, await makeCertificate(voucher)].map(({ cert }) => new X509Certificate(cert))
    expect(one?.fingerprint256).not.toBe(two?.fingerprint256)
    expect(one?.publicKey.export({ format: 'jwk' })).not.toEqual(two?.publicKey.export({ format: 'jwk' }))
    expect([one?.subject, one?.issuer]).toEqual(['CN=libp2p', 'CN=libp2p'])
    for (const now of [0, Date.now(), Date.parse('9990-01-01')]) expect(await isSound(own, now)).toBe(true)
  })

  it('of others may be off by a day', async () => {
    const theirs = forge({ extensions: (key) => [vouching(good(key))], from: '260101000000Z', to: '260201000000Z' })
    const [from, to] = [Date.parse('2026-01-01'), Date.parse('2026-02-01')]
    expect([await isSound(theirs, from - day + 1000), await isSound(theirs, to + day - 1000)]).toEqual([true, true])
    expect(() => readCertificate(new X509Certificate(theirs.cert), from - day - 1000)).toThrow('not valid yet')
    expect(() => readCertificate(new X509Certificate(theirs.cert), to + day + 1000)).toThrow('expired')
  })

  it.each(['p256', 'p384', 'rsa', 'ed25519'] as const)('may have a key of the kind %s', async (kind) => {
    expect(await isSound(forge({ kind, extensions: (key) => [vouching(good(key))] }))).toBe(true)
    expect(() => readCertificate(new X509Certificate(forge({ kind, foreign: true, extensions: (key) => [vouching(good(key))] }).cert))).toThrow('its own key')
  })

  it.each<[string, Forgery]>([
    ['a critical extension', { extensions: (key) => [vouching(good(key), true)] }],
    ['one that says it is not critical', { extensions: (key) => [vouching(good(key), false)] }],
    ['others beside it that need not be known', { extensions: (key) => [unknown(false), vouching(good(key)), unknown(false)] }],
  ])('take %s', async (_, forgery) => {
    expect(await isSound(forge(forgery))).toBe(true)
  })

  it.each<[string, Forgery, string]>([
    ['no extension', {}, 'no extension of libp2p'],
    ['only others', { extensions: () => [unknown(false)] }, 'no extension of libp2p'],
    ['the extension twice', { extensions: (key) => [vouching(good(key)), vouching(good(key))] }, 'twice'],
    ['a critical one that nobody knows', { extensions: (key) => [vouching(good(key)), unknown(true)] }, 'critical'],
    ['one that is no sequence', { extensions: () => [vouching(Buffer.from('shoal'))] }, 'an element'],
    ['one without a signature', { extensions: () => [vouching(element(der.sequence, element(der.octets, publicKey)))] }, 'malformed'],
    ['one with more in it', { extensions: () => [vouching(element(der.sequence, ...Array(3).fill(element(der.octets))))] }, 'malformed'],
    ['bytes behind it', { extensions: (key) => [vouching(Buffer.concat([good(key), Buffer.of(5, 0)]))] }, 'malformed'],
    ['dates long gone', { extensions: (key) => [vouching(good(key))], to: '210101000000Z' }, 'expired'],
    ['dates to come', { extensions: (key) => [vouching(good(key))], from: '480101000000Z' }, 'not valid yet'],
    ['the signature of another key', { extensions: (key) => [vouching(good(key))], foreign: true }, 'its own key'],
    ['more than is read', { extensions: (key) => [vouching(good(key)), unknown(false, 17_000)] }, 'too long'],
  ])('are refused with %s', (_, forgery, reason) => {
    expect(() => readCertificate(new X509Certificate(forge(forgery).cert))).toThrow(reason)
  })

  it('do not vouch for another key, nor with another identity', async () => {
    const elsewhere = Buffer.from(new X509Certificate(own.cert).publicKey.export({ type: 'spki', format: 'der' }))
    expect(await isSound(forge({ extensions: () => [vouching(good(elsewhere))] }))).toBe(false)
    const other = await generateKeyPair('Ed25519')
    const stolen = await makeCertificate({ publicKey, sign: (data) => other.sign(data) })
    expect(await isSound(stolen)).toBe(false)
  })
})

function unknown(critical: boolean, size = 4): Buffer {
  const flag = critical ? [element(der.boolean, Buffer.of(0xff))] : []
  return element(der.sequence, oid('1.2.3.4'), ...flag, element(der.octets, Buffer.alloc(size)))
}
