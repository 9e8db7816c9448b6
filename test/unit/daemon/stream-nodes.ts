/** Nodes with a hub, pulls and streams between peers over a loopback network. */

import { generateKeyPairSync, sign } from 'node:crypto'
import { FrameKeys } from '../../../src/daemon/keystore/frame-keys.js'
import { peerIdOf } from '../../../src/daemon/keystore/peer-id.js'
import { Hub, type HubOptions } from '../../../src/daemon/streams/hub.js'
import { Pulls } from '../../../src/daemon/streams/pulls.js'
import { type RemotePorts, RemoteStreams } from '../../../src/daemon/streams/remote.js'
import { ShoalError } from '../../../src/errors.js'
import type { PullJob } from '../../../src/plugin.js'
import type { Frame, Publication, Track } from '../../../src/stream.js'
import type { LoopbackNet, LoopbackSwarm } from '../../../src/testing/loopback-swarm.js'
import { memoryLog } from '../../../src/testing/memory-log.js'

/** One node. */
export interface StreamNode {
  readonly id: string
  readonly name: string
  readonly swarm: LoopbackSwarm
  readonly hub: Hub
  readonly pulls: Pulls
  readonly remote: RemoteStreams
  readonly log: ReturnType<typeof memoryLog>
  readonly violations: { peer: string; error: ShoalError }[]
  /** What `locate` answers. */
  copies: Record<string, string[]>
  /** Runs the puller once, without retries. */
  pullOnce(url: string, path: string, options?: Record<string, unknown>): { done: Promise<void>; stop(): void }
  close(): Promise<void>
}

/** Makes nodes that know each other by name. */
export class StreamNodes {
  readonly nodes: StreamNode[] = []
  readonly net: LoopbackNet

  constructor(net: LoopbackNet) {
    this.net = net
  }

  /** A node with a key of its own, so that what it publishes is sealed and what relays pass on is checked. */
  makeSealed(name: string, ports: Partial<RemotePorts> = {}): StreamNode {
    const { id, keys } = sealKeys()
    return this.make(name, { seals: keys, locate: (path) => this.located(path, id), ...ports }, {}, id)
  }

  /** Copies of a path at the nodes linked to `self`, nearest first, as a directory would tell them. */
  located(path: string, self: string): { peer: string; origin: string; hops: number }[] {
    const others = this.nodes.filter(({ id }) => id !== self && this.net.linkedSince(id, self) !== undefined)
    const copies = others.flatMap(({ id, hub }) => {
      const info = hub.info(path)
      return info ? [{ peer: id, origin: info.origin, hops: info.hops }] : []
    })
    return copies.sort((a, b) => a.hops - b.hops)
  }

  make(name: string, ports: Partial<RemotePorts> = {}, hubOptions: Partial<HubOptions> = {}, id?: string): StreamNode {
    const swarm = this.net.node(id)
    const log = memoryLog()
    const hub = new Hub({ node: swarm.id, log, ...hubOptions })
    const pulls = new Pulls({ hub, log })
    const violations: StreamNode['violations'] = []
    const remote = new RemoteStreams({
      swarm,
      source: hub,
      log,
      allows: async () => true,
      violated: (peer, error) => violations.push({ peer, error }),
      findPeer: (ref) => this.nodes.find((node) => node.name === ref || node.id === ref)?.id,
      locate: (path) => (node.copies[path] ?? []).map((peer) => ({ peer })),
      ...ports,
    })
    remote.start()
    pulls.addFactory(remote.puller, 'shoal')
    const node: StreamNode = {
      id: swarm.id,
      name,
      swarm,
      hub,
      pulls,
      remote,
      log,
      violations,
      copies: {},
      pullOnce: (url, path, options = {}) => pullOnce(node, url, path, options),
      close: async () => {
        remote.close()
        await pulls.close()
        hub.close()
      },
    }
    this.nodes.push(node)
    return node
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.splice(0).map((node) => node.close()))
  }
}

function pullOnce({ remote, hub, log }: StreamNode, url: string, path: string, options: Record<string, unknown>): { done: Promise<void>; stop(): void } {
  const controller = new AbortController()
  const publications: Publication[] = []
  const job: PullJob = {
    signal: controller.signal,
    run: () => {
      throw new Error('not used')
    },
    url: new URL(url),
    path,
    options,
    log,
    publish: (tracks, ...more: unknown[]) => {
      const publication = hub.publish(path, tracks, { publisher: 'shoal', signal: controller.signal, ...(more[0] as object) })
      publications.push(publication)
      return publication
    },
  }
  const end = (reason?: ShoalError): void => {
    for (const publication of publications) publication.close(reason)
  }
  const done = Promise.resolve(remote.puller.pull(job)).then(
    () => end(),
    (error: unknown) => {
      end(ShoalError.from(error))
      throw error
    },
  )
  done.catch(() => {})
  return { done, stop: () => controller.abort(new Error('stopped')) }
}

/** A new Ed25519 key and the peer id of it. */
export function sealKeys(): { id: string; keys: FrameKeys } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return { id: peerIdOf(raw), keys: new FrameKeys({ signNow: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) }) }
}

/** H.264 and AAC, as tracks. */
export const avTracks: readonly Track[] = [
  { id: 1, kind: 'video', codec: 'avc1.64001f', description: Uint8Array.of(1, 100, 0, 31), width: 640, height: 360 },
  { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: Uint8Array.of(0x12, 0x10), sampleRate: 44_100, channels: 2 },
]

/** A video frame whose data says its number. */
export function videoFrame(number: number, key: boolean, size = 100): Frame {
  const data = new Uint8Array(Math.max(4, size))
  new DataView(data.buffer).setUint32(0, number)
  return { track: 1, timestamp: number * 40_000 + 80_000, decodeTime: number * 40_000, duration: 40_000, key, data }
}

/** The number in a frame of {@link videoFrame}. */
export function numberOf(frame: Frame): number {
  return new DataView(frame.data.buffer, frame.data.byteOffset).getUint32(0)
}

/** Writes frames `from` to `to - 1`, a key frame every `group`. */
export function writeVideo(publication: Publication, from: number, to: number, group = 10, size = 100): void {
  for (let number = from; number < to; number++) publication.write(videoFrame(number, number % group === 0, size))
}
