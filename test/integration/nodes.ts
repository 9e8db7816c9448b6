/** Whole daemons in one process, for tests: homes of their own, joined by tickets, always stopped. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../../src/cli/client.js'
import { createDaemon, type Daemon, type DaemonOptions } from '../../src/daemon/daemon.js'
import { definePlugin, type PeerId, type Plugin, type PluginContext } from '../../src/plugin.js'
import type { Frame, Publication, Subscription, Track } from '../../src/stream.js'
import { waitFor } from '../wait-for.js'

type PayloadHandler = (src: PeerId, kind: string, body: Uint8Array) => Promise<Uint8Array | undefined> | Uint8Array | undefined

/** A plugin through which a test acts inside a daemon. */
export class Probe {
  readonly name: string
  readonly plugin: Plugin
  /** Answers payloads; the test replaces it. */
  handle: PayloadHandler = (_, __, body) => body
  readonly forgotten: PeerId[] = []
  #ctx: PluginContext | undefined

  constructor(kinds: readonly string[] = [], name = 'probe') {
    this.name = name
    this.plugin = definePlugin({
      name,
      payloadKinds: kinds,
      start: (ctx) => {
        this.#ctx = ctx
      },
      handlePayload: (src, kind, body) => this.handle(src, kind, body),
      onPeerForgotten: (peer) => void this.forgotten.push(peer),
    })
  }

  get ctx(): PluginContext {
    if (!this.#ctx) throw new Error(`${this.name} has not started`)
    return this.#ctx
  }
}

/** How a node is made. */
export interface NodeOptions {
  readonly kinds?: readonly string[]
  readonly plugins?: readonly Plugin[]
  /** Added to the flags that keep a test off the well-known ports. */
  readonly flags?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** Text of `shoal.yaml`. */
  readonly yaml?: string
  /** An earlier node's home. */
  readonly home?: string
  readonly console?: DaemonOptions['console']
  /** Whom it cannot dial directly, and a look at what it passes on. */
  readonly hooks?: DaemonOptions['hooks']
}

/** A daemon and the two ways in which a test talks to it: as a person and as a plugin. */
export interface TestNode {
  readonly name: string
  readonly home: string
  readonly daemon: Daemon
  readonly client: Client
  readonly probe: Probe
  readonly id: PeerId
}

/** Flags of every node: free ports on the loopback interface, and silence. */
export function quietFlags(name: string): Record<string, unknown> {
  return {
    'node.name': name,
    'http.port': 0,
    'rtmp.port': 0,
    'rtsp.port': 0,
    'srt.port': 0,
    'webrtc.port': 0,
    'swarm.listen': ['/ip4/127.0.0.1/tcp/0'],
    'swarm.discovery': false,
  }
}

/** Makes nodes and takes them away again. */
export class Nodes {
  readonly folder = mkdtempSync(join(tmpdir(), 'shoal-it-'))
  readonly #running = new Set<TestNode>()
  #homes = 0

  /** A folder for a home. */
  newHome(yaml?: string): string {
    const home = join(this.folder, `h${++this.#homes}`)
    mkdirSync(home, { mode: 0o700 })
    if (yaml !== undefined) writeFileSync(join(home, 'shoal.yaml'), yaml)
    return home
  }

  /** A daemon that is not started yet. The caller stops it. */
  async create(name: string, options: NodeOptions & { readonly probe?: Probe } = {}): Promise<{ home: string; daemon: Daemon }> {
    const home = options.home ?? this.newHome(options.yaml)
    const flags = { ...quietFlags(name), ...options.flags }
    for (const [key, value] of Object.entries(flags)) if (value === undefined) delete flags[key]
    const plugins = [...(options.probe ? [options.probe.plugin] : []), ...(options.plugins ?? [])]
    const daemon = await createDaemon({
      home,
      env: options.env ?? {},
      flags,
      plugins,
      console: options.console ?? null,
      ...(options.hooks && { hooks: options.hooks }),
    })
    return { home, daemon }
  }

  /** A running node. */
  async start(name: string, options: NodeOptions = {}): Promise<TestNode> {
    const probe = new Probe(options.kinds)
    const { home, daemon } = await this.create(name, { ...options, probe })
    await daemon.start()
    const node = { name, home, daemon, probe, client: new Client({ home }), id: daemon.id }
    this.#running.add(node)
    return node
  }

  /** Stops one node; its home stays. */
  async stop(node: TestNode): Promise<void> {
    node.client.close()
    await node.daemon.stop()
    this.#running.delete(node)
  }

  /** `joiner` uses a ticket of `inviter`; resolves with the ticket once both see each other. */
  async join(inviter: TestNode, joiner: TestNode): Promise<string> {
    const { ticket } = await inviter.client.call('invites.create', { body: {} })
    await useTicket(joiner, ticket)
    await waitFor(`${inviter.name} and ${joiner.name} to be linked`, () => isLinked(inviter, joiner) && isLinked(joiner, inviter))
    return ticket
  }

  /** Stops what still runs and removes the homes. */
  async dispose(): Promise<void> {
    await Promise.all([...this.#running].map((node) => this.stop(node)))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Joins as `shoal join` does; rejects as it does. */
export async function useTicket(node: TestNode, ticket: string): Promise<void> {
  for await (const _ of node.client.events('join', { body: { ticket } })) {
    // progress is for people
  }
}

/** Is there a link on which work can be done? */
export function isLinked(from: TestNode, to: TestNode): boolean {
  return from.probe.ctx.peers.get(to.id)?.connected === true
}

/** A track of messages. */
export const textTrack: Track = { id: 1, kind: 'data', codec: 'text' }

/** A stream that goes on by itself: a message each 20 ms, its number as text. */
export class Ticker {
  readonly publication: Publication
  readonly #timer: NodeJS.Timeout
  #count = 0

  constructor(node: TestNode, path: string) {
    this.publication = node.probe.ctx.streams.publish(path, [textTrack])
    this.#timer = setInterval(() => this.#tick(), 20)
    this.#tick()
    this.publication.signal.addEventListener('abort', () => clearInterval(this.#timer), { once: true })
  }

  #tick(): void {
    if (!this.publication.signal.aborted) this.publication.write(message(`${this.#count++}`, this.#count * 20_000))
  }

  stop(): void {
    clearInterval(this.#timer)
    this.publication.close()
  }
}

/** A frame that can be joined at; `timestamp` in µs. */
export function message(text: string, timestamp: number): Frame {
  return { track: 1, timestamp, key: true, data: new TextEncoder().encode(text) }
}

/** The first `count` frames; then closes. */
export async function take(subscription: Subscription, count: number): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const batch of subscription) {
    frames.push(...batch)
    if (frames.length >= count) break
  }
  subscription.close()
  return frames.slice(0, count)
}

/** Readers of a stream as `shoal streams info` shows them. */
export async function readersOf(node: TestNode, path: string): Promise<string[]> {
  return (await node.client.call('streams.info', { params: { path } })).readers.map(({ reader }) => reader)
}

/** A pull as `shoal pulls` shows it. */
export async function pullOf(node: TestNode, path: string) {
  return (await node.client.call('pulls.list')).pulls.find((pull) => pull.path === path)
}
