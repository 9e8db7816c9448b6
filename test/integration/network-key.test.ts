import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { slowness, waitFor } from '../wait-for.js'
import { nextFrame, serveEcho, TestCluster, type TestNode, trust } from './swarm-cluster.js'

const protocol = '/shoal/test/1.0.0'
const options = { maxFrame: 1 << 20, maxInbound: 64 }
const key = new Uint8Array(randomBytes(32))
const cluster = new TestCluster()
afterEach(() => cluster.stop())

const warned = ({ log }: TestNode): boolean => log.lines.some(({ level, msg }) => level === 'warn' && msg.includes('network key'))

describe('the network key', () => {
  it('lets nodes that have it link, and echoes', async () => {
    const [a, b] = await cluster.pair({ networkKey: key })
    serveEcho(b.node, protocol)
    await a.node.dial(b.node.id, b.addresses)
    const stream = await a.node.open(b.node.id, protocol, options)
    stream.send(Uint8Array.of(1, 2, 3))
    expect([...(await nextFrame(stream))]).toEqual([1, 2, 3])
  })

  it.each<[string, { networkKey?: Uint8Array }]>([
    ['another key', { networkKey: new Uint8Array(randomBytes(32)) }],
    ['no key', {}],
  ])('keeps out a trusted node with %s, from both sides, and says so', async (_, theirs) => {
    const limits = { handshakeTimeout: 1500, addressTimeout: 1500 }
    const member = await cluster.add({ networkKey: key, limits })
    const other = await cluster.add({ ...theirs, limits })
    trust(member, other)
    await expect(other.node.dial(member.node.id, member.addresses)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' })
    await waitFor('the log line', () => member.node.refused.handshakes > 0 && warned(member))
    await expect(member.node.dial(other.node.id, other.addresses)).rejects.toMatchObject({
      code: 'ERR_PEER_UNREACHABLE',
      message: expect.stringContaining('network key'),
    })
    expect([member.node.links(), other.node.links()]).toEqual([[], []])
    expect(JSON.stringify([member.log.lines, other.log.lines])).not.toContain(Buffer.from(key).toString('hex'))
  })

  it('carries 64 MB: releases of the library before 3.0.24 stalled after 4', async () => {
    const [a, b] = await cluster.pair({ networkKey: key })
    const [size, count] = [256 * 1024, 256]
    const received = { bytes: 0, hash: createHash('sha256') }
    b.node.handle(protocol, options, async (stream) => {
      for await (const frame of stream.frames) {
        received.bytes += frame.byteLength
        received.hash.update(frame)
      }
    })
    await a.node.dial(b.node.id, b.addresses)
    const stream = await a.node.open(b.node.id, protocol, options)
    const sent = createHash('sha256')
    const started = performance.now()
    for (let at = 0; at < count; at++) {
      const frame = Buffer.alloc(size, at)
      sent.update(frame)
      if (!stream.send(frame)) await stream.drained()
    }
    await stream.close()
    await waitFor('all of it', () => received.bytes === size * count, 50_000)
    console.info(
      `64 MiB with a network key in ${((performance.now() - started) / 1000).toFixed(2)} s (the machine is ${slowness.toFixed(1)} times slower than a quiet one)`,
    )
    expect(received.hash.digest('hex')).toBe(sent.digest('hex'))
  }, 300_000)
})
