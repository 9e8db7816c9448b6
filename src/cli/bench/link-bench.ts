/** What an encrypted link between two nodes does on this machine: both ends run in this process, over loopback. */

import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Node } from '../../daemon/swarm/node.js'
import type { LinkStream } from '../../daemon/swarm/swarm.js'
import type { PeerId } from '../../plugin.js'

/** Figures of a link. CPU is of both ends together. */
export interface LinkFigures {
  /** ms for a message of 64 bytes there and back. */
  readonly rttP50: number
  readonly rttP95: number
  /** Bits a second in bulk. */
  readonly bitrate: number
  /** CPU s for each GiB in bulk. */
  readonly cpuPerGiB: number
}

const protocol = '/shoal/bench/1'
const limits = { maxFrame: 128 * 1024, maxInbound: 2 }
const bulkFrame = 64 * 1024

/** Measures for `ms`, a third of it the round trip. Rejects when `signal` aborts. */
export async function benchLink(ms: number, signal: AbortSignal): Promise<LinkFigures> {
  const trusted = new Set<PeerId>()
  const nodes = [await makeNode(trusted), await makeNode(trusted)] as const
  try {
    let received = 0
    nodes[1].handle(protocol, limits, async (stream) => {
      for await (const frame of stream.frames) {
        if (frame.byteLength < bulkFrame) stream.send(frame)
        else received += frame.byteLength
      }
    })
    await nodes[0].dial(nodes[1].id, nodes[1].listening, signal)
    const stream = await nodes[0].open(nodes[1].id, protocol, { ...limits, signal })
    const times = await roundTrips(stream, ms / 3, signal)
    const bulk = await sendBulk(stream, (ms * 2) / 3, signal, () => received)
    return { rttP50: at(times, 0.5), rttP95: at(times, 0.95), ...bulk }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

/** A node that knows no other but those of the set, to which it adds itself. */
async function makeNode(trusted: Set<PeerId>): Promise<Node> {
  const { createNode } = await import('../../daemon/swarm/node.js')
  const nothing = (): void => {}
  const log = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }
  const node = await createNode({ privateKeyRaw: newKey(), listen: ['/ip4/127.0.0.1/tcp/0'], isTrusted: (peer) => trusted.has(peer), log })
  trusted.add(node.id)
  await node.start()
  return node
}

/** A fresh Ed25519 key as the swarm takes it: seed, then public key, which end their encodings. */
function newKey(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  return new Uint8Array(Buffer.concat([seed, publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)]))
}

async function roundTrips(stream: LinkStream, ms: number, signal: AbortSignal): Promise<number[]> {
  const frames = stream.frames[Symbol.asyncIterator]()
  const body = new Uint8Array(64)
  const times: number[] = []
  for (const end = performance.now() + ms; performance.now() < end; ) {
    signal.throwIfAborted()
    const began = performance.now()
    stream.send(body)
    await frames.next()
    times.push(performance.now() - began)
  }
  return times
}

async function sendBulk(stream: LinkStream, ms: number, signal: AbortSignal, received: () => number): Promise<Pick<LinkFigures, 'bitrate' | 'cpuPerGiB'>> {
  const frame = new Uint8Array(bulkFrame)
  const cpu = process.cpuUsage()
  const began = performance.now()
  for (const end = began + ms; performance.now() < end; ) {
    signal.throwIfAborted()
    if (!stream.send(frame)) await stream.drained(signal)
  }
  while (stream.buffered > 0) await sleep(5, undefined, { signal })
  const { user, system } = process.cpuUsage(cpu)
  const bytes = received()
  return { bitrate: (bytes * 8 * 1000) / (performance.now() - began), cpuPerGiB: ((user + system) / 1e6 / bytes) * 2 ** 30 }
}

/** The value at a quantile of unsorted numbers. */
function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(share * sorted.length)] ?? Number.NaN
}
