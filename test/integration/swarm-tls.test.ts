import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ConnectionOptions, TLSSocketOptions } from 'node:tls'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate, type TlsCertificate, type Voucher } from '../../src/daemon/swarm/tls-certificate.js'
import { forge, handshake, pair, vouching } from '../forged-certificate.js'
import { slowness, waitFor } from '../wait-for.js'
import { nextFrame, serveEcho, TestCluster, type TestNode } from './swarm-cluster.js'
import { portOf, TcpProxy } from './tcp-proxy.js'
import { negotiated, serve, visit } from './tls-stranger.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const cluster = new TestCluster()
const others: Libp2p[] = []
const proxies: TcpProxy[] = []
afterAll(async () => {
  for (const proxy of proxies) proxy.close()
  await Promise.all([cluster.stop(), ...others.map((other) => other.stop())])
})

type Encrypter = NonNullable<Libp2pOptions['connectionEncrypters']>[number]

/** A node of libp2p itself. */
async function plain(encrypter: Encrypter): Promise<Libp2p> {
  const other = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [encrypter],
    streamMuxers: [yamux()],
    services: { ping: ping() },
  })
  await other.handle(protocol, async (stream) => {
    stream.addEventListener('message', ({ data }) => {
      stream.send(data)
    })
  })
  others.push(other)
  return other
}

const identityOf = (key: Ed25519PrivateKey, sign = key): Voucher => ({
  publicKey: publicKeyToProtobuf(key.publicKey),
  sign: (data: Uint8Array) => sign.sign(data),
})

describe.each<[string, Encrypter, string]>([
  ['@libp2p/tls', tls(), '/tls/1.0.0'],
  ['Noise', noise(), '/noise'],
])('a node of libp2p that has only %s', (_, encrypter, encryption) => {
  it.each(['dials', 'is dialled'] as const)('%s, is known by its key, and echoes', async (how) => {
    const [ours, theirs] = [await cluster.add(), await plain(encrypter)]
    const id = theirs.peerId.toString()
    ours.trusted.add(id)
    serveEcho(ours.node, protocol)
    const target = multiaddr(`${ours.addresses[0]}`)
    if (how === 'dials') await theirs.dial(target)
    else await ours.node.dial(id, theirs.getMultiaddrs().map(String))
    await waitFor('the link', () => ours.node.connections === 1)
    expect(theirs.getConnections().map((connection) => connection.encryption)).toEqual([encryption])
    const body = randomBytes(300_000)
    const stream = await theirs.dialProtocol(target, protocol)
    const received = createHash('sha256')
    let bytes = 0
    stream.addEventListener('message', ({ data }) => {
      bytes += data.byteLength
      received.update(data.subarray())
    })
    // a frame: its length as a varint, then so many bytes
    stream.send(Buffer.concat([Buffer.of(0xe0, 0xa7, 0x12), body]))
    await waitFor('the echo', () => bytes === body.length + 3)
    expect(received.digest('hex')).toBe(
      createHash('sha256')
        .update(Buffer.of(0xe0, 0xa7, 0x12))
        .update(body)
        .digest('hex'),
    )
    await theirs.stop()
    await waitFor('the end', () => ours.node.connections === 0)
  })
})

describe('two nodes', () => {
  it.each<[string, { readonly networkKey?: Uint8Array }, boolean]>([
    ['speak TLS over TCP', {}, true],
    ['do not where a network key is in front of the socket', { networkKey: new Uint8Array(randomBytes(32)) }, false],
  ])('%s', async (_, extra, expected) => {
    const [a, b] = await cluster.pair(extra)
    const proxy = await TcpProxy.before(b.addresses[0] ?? '')
    proxies.push(proxy)
    serveEcho(b.node, protocol)
    await a.node.dial(b.node.id, [proxy.address])
    const stream = await a.node.open(b.node.id, protocol, options)
    stream.send(Uint8Array.of(1))
    expect([...(await nextFrame(stream))]).toEqual([1])
    const sent = Buffer.concat(proxy.recorded[0] ?? [])
    for (const { node, other } of [
      { node: a.node, other: b.node },
      { node: b.node, other: a.node },
    ])
      expect(node.links()).toMatchObject([{ peer: other.id, encryption: expected ? 'tls' : 'noise' }])
    // the negotiation, then a record with the first message of TLS
    const hello = Buffer.concat([Buffer.from('/tls/1.0.0\n'), Buffer.of(22, 3, 1)])
    expect(sent.length).toBeGreaterThan(500)
    expect(sent.includes(hello)).toBe(expected)
  })
})

it.each([false, true])('who is not trusted learns that it was refused, whatever encrypts (Noise alone: %s)', async (noiseOnly) => {
  const [one, other] = [await cluster.add({ hooks: { noiseOnly } }), await cluster.add({ hooks: { noiseOnly } })]
  one.trusted.add(other.node.id)
  await expect(one.node.dial(other.node.id, other.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE', data: { refused: true } })
})

it('connections that end at any moment, in any way, do not end the process', async () => {
  // in a process of its own: what went wrong here was SIGSEGV
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'tls-storm.ts'), '64'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  const [code, signal] = await once(child, 'close')
  expect({ code, signal, said }).toMatchObject({ code: 0, signal: null, said: expect.stringContaining('64 whole') })
}, 60_000)

describe('a node that is dialled', () => {
  let target: TestNode
  let key: Ed25519PrivateKey
  let good: TlsCertificate
  let port = 0
  beforeAll(async () => {
    key = await generateKeyPair('Ed25519')
    good = await makeCertificate(identityOf(key))
    target = await cluster.add({ limits: { handshakeTimeout: 1000 } })
    target.trusted.add(peerIdFromPrivateKey(key).toString())
    port = portOf(target.addresses[0] ?? '')
  })
  afterEach(() => waitFor('no connection to be left', () => target.node.connections === 0))

  it('lets in whom it trusts, also when TLS begins before the negotiation is answered, and resumes no session', async () => {
    const first = await visit(port, good)
    expect(first.welcome).toBe(true)
    const again = await visit(port, { ...good, ...(first.session && { session: first.session }) })
    expect(again).toMatchObject({ welcome: true, reused: false })
  })

  it.each(['p384', 'rsa', 'ed25519'] as const)('lets in whom it trusts with a certificate of another kind: %s', async (kind) => {
    const signed = (publicKey: Buffer): Uint8Array => {
      const signature = key.sign(handshake(publicKey))
      if (signature instanceof Promise) throw new Error('a signature that takes time')
      return signature
    }
    const theirs = forge({ kind, extensions: (publicKey) => [vouching(pair(publicKeyToProtobuf(key.publicKey), signed(publicKey)))] })
    expect(await visit(port, theirs)).toMatchObject({ welcome: true })
  })

  it('refuses who did not sign, has two certificates or none, an old version, or speaks another protocol', async () => {
    const other = await generateKeyPair('Ed25519')
    const refused = target.node.refused.handshakes
    const visits: readonly ConnectionOptions[] = [
      { ...(await makeCertificate(identityOf(key, other))) },
      { ...forge() },
      { ...good, cert: `${good.cert}${forge().cert}` },
      // more than OpenSSL takes of a chain: it ends before any of it is looked at
      { ...good, cert: `${good.cert}${forge({ extensions: () => [vouching(Buffer.alloc(60_000))] }).cert.repeat(8)}` },
      {},
      { ...good, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
      { ...good, ALPNProtocols: ['http/1.1'] },
      { ...good, ALPNProtocols: [] },
    ]
    const outcomes = await Promise.all(visits.map((visitor) => visit(port, visitor)))
    expect(outcomes.map(({ welcome }) => welcome)).toEqual(visits.map(() => false))
    await waitFor('each to be counted', () => target.node.refused.handshakes === refused + visits.length)
    expect(target.node.refused.strangers).toBe(0)
    expect((await visit(port, good)).welcome).toBe(true)
  })

  it('ends handshakes that are garbage at once, and those that stop in time', async () => {
    const refused = target.node.refused.handshakes
    const garbage = await negotiated(port)
    const silent = await Promise.all(Array.from({ length: 20 }, () => negotiated(port)))
    const half = await negotiated(port)
    garbage.write(randomBytes(2000))
    half.write(Buffer.of(0x16, 3, 1, 2))
    const sockets = [garbage, half, ...silent]
    for (const socket of sockets) socket.resume()
    await waitFor('the garbage to be refused', () => garbage.destroyed, 900 * slowness)
    expect((await visit(port, good)).welcome).toBe(true)
    await waitFor('all to be cut', () => sockets.every(({ destroyed }) => destroyed))
    expect(target.node.refused.handshakes).toBe(refused + sockets.length)
  })
})

describe('a node that dials', () => {
  const over = new AbortController()
  afterAll(() => over.abort())

  it('refuses who did not sign, is another, has two certificates or none that it knows, or an old version', async () => {
    const [key, other] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
    const good = await makeCertificate(identityOf(key))
    const peer = peerIdFromPrivateKey(key).toString()
    const dialler = await cluster.add()
    dialler.trusted.add(peer)
    const cases: readonly (readonly [TLSSocketOptions, string])[] = [
      [await makeCertificate(identityOf(key, other)), 'did not sign'],
      [await makeCertificate(identityOf(other)), 'answered instead of'],
      [forge(), 'no extension'],
      [{ ...good, cert: `${good.cert}${forge().cert}` }, 'more than one'],
      [{ ...good, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, ''],
      [{ ...good, ALPNProtocols: [] }, 'not libp2p'],
      [{ ...good, ALPNProtocols: ['http/1.1'] }, ''],
    ]
    for (const [served, reason] of cases) {
      const address = await serve(served, over.signal)
      await expect(dialler.node.dial(peer, [address])).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE', message: expect.stringContaining(reason) })
    }
    expect(dialler.node.connections).toBe(0)
  })
})
