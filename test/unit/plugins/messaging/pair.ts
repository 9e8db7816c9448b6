/** Two or more messaging plugins in memory, joined by a network that can be cut, with disks that survive a death of the process. */

import { ShoalError } from '../../../../src/errors.js'
import type { PeerId, Plugin } from '../../../../src/plugin.js'
import type { ConversationList, HistoryPage, MessagingStatus, ReadAnswer, RemoveAnswer, SendAnswer } from '../../../../src/plugins/messaging/api.js'
import type { MessagingConfig } from '../../../../src/plugins/messaging/config.js'
import { messaging } from '../../../../src/plugins/messaging/index.js'
import type { KeyValue, Storage } from '../../../../src/services.js'
import { type FakeContext, fakeContext, fakePeer, memoryStorage } from '../../../../src/testing/index.js'

/** A disk that stops taking part after some writes, as one does whose process is killed. */
export class Disk implements Storage {
  /** Writes that are still done; the next one kills. */
  left = Number.POSITIVE_INFINITY
  /** Is the write that kills done? */
  lastOneCounts = false
  writes = 0
  dead = false
  readonly #inner = memoryStorage()

  open(namespace: string): KeyValue {
    const inner = this.#inner.open(namespace)
    return {
      get: (key) => this.#read(() => inner.get(key)),
      set: (key, value) => this.#write(() => inner.set(key, value)),
      delete: (key) => this.#write(() => inner.delete(key)),
      clear: () => this.#write(() => inner.clear()),
      entries: (prefix) => inner.entries(prefix),
    }
  }

  /** The next process. */
  revive(): void {
    this.left = Number.POSITIVE_INFINITY
    this.dead = false
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    if (this.dead) throw new ShoalError('ERR_STOPPING')
    return await read()
  }

  async #write(write: () => Promise<void>): Promise<void> {
    if (this.dead) throw new ShoalError('ERR_STOPPING')
    this.writes++
    if (this.left-- <= 0) {
      this.dead = true
      if (this.lastOneCounts) await write()
      throw new ShoalError('ERR_STOPPING')
    }
    await write()
  }
}

/** The wires. */
export class Net {
  readonly nodes = new Map<PeerId, TestMailbox>()
  readonly #cut = new Set<string>()
  /** Asked for each payload that was handled; true loses its receipt. */
  loseReceipt: (from: PeerId, to: PeerId) => boolean = () => false

  linked(a: PeerId, b: PeerId): boolean {
    const up = (id: PeerId): boolean => this.nodes.get(id)?.running === true && this.nodes.get(id)?.disk.dead === false
    return !this.#cut.has([a, b].sort().join()) && up(a) && up(b)
  }

  cut(a: PeerId, b: PeerId): void {
    this.#cut.add([a, b].sort().join())
  }

  heal(a: PeerId, b: PeerId): void {
    this.#cut.delete([a, b].sort().join())
    this.announce(a)
  }

  /** Tells a node's neighbours, and it, that they are linked. */
  announce(a: PeerId): void {
    for (const b of this.nodes.keys())
      if (b !== a && this.linked(a, b)) for (const [x, y] of [[a, b] as const, [b, a] as const]) this.nodes.get(x)?.connected(y)
  }

  async carry(from: PeerId, to: PeerId, kind: string, body: Uint8Array): Promise<Uint8Array> {
    await new Promise((resolve) => setImmediate(resolve))
    const node = this.nodes.get(to)
    if (!node || !this.linked(from, to)) throw new ShoalError('ERR_PEER_UNREACHABLE')
    if (node.handles(kind) === false) throw new ShoalError('ERR_KIND_UNCLAIMED')
    try {
      await node.plugin.handlePayload?.(from, kind, body)
    } catch {
      throw new ShoalError(this.linked(from, to) ? 'ERR_PAYLOAD_REJECTED' : 'ERR_PEER_UNREACHABLE')
    }
    if (this.loseReceipt(from, to) || !this.linked(from, to)) throw new ShoalError('ERR_PEER_UNREACHABLE')
    return new Uint8Array()
  }
}

/** One node. */
export class TestMailbox {
  readonly id: PeerId
  readonly disk = new Disk()
  plugin: Plugin<MessagingConfig> = messaging({ round: 5 })
  fake!: FakeContext<MessagingConfig>
  running = false
  handles: (kind: string) => boolean = () => true
  readonly #net: Net
  readonly #config: Partial<MessagingConfig>

  constructor(net: Net, id: PeerId, config: Partial<MessagingConfig> = {}) {
    this.#net = net
    this.id = id
    this.#config = config
    net.nodes.set(id, this)
  }

  async start(): Promise<this> {
    this.disk.revive()
    const peers = [...this.#net.nodes.keys()].filter((id) => id !== this.id).map((id) => fakePeer({ id, name: `name-${id}` }))
    this.plugin = messaging({ round: 5 })
    this.fake = fakeContext(this.plugin, { config: this.#config, peers, services: { storage: this.disk } })
    this.fake.payloads.answer = ({ peer = '', kind, body }) => this.#net.carry(this.id, peer, kind, body)
    await this.fake.start()
    this.running = true
    this.#net.announce(this.id)
    return this
  }

  /** Ends the process without a word: nothing is written any more. */
  async kill(): Promise<void> {
    this.running = false
    this.disk.dead = true
    await this.fake.stop()
  }

  connected(peer: PeerId): void {
    this.fake.peers.emit({ type: 'connected', peer, name: peer, time: 0 })
  }

  /** No link, and the list of peers says so. */
  away(peer: PeerId): void {
    this.fake.peers.set(fakePeer({ id: peer, name: `name-${peer}`, connected: false }))
  }

  write(peer: PeerId, text: string, wait = 0): Promise<SendAnswer> {
    return this.#ask('POST', `/conversations/${peer}/messages`, { body: { text, wait } })
  }

  history(peer: PeerId, query: Record<string, unknown> = {}): Promise<HistoryPage> {
    return this.#ask('GET', `/conversations/${peer}/messages`, { query })
  }

  /** Texts of one side, in order. */
  async texts(peer: PeerId, from: 'me' | 'peer'): Promise<string[]> {
    const { messages } = await this.history(peer, { limit: 500 })
    return messages.filter((message) => message.from === from).map(({ text }) => text)
  }

  async states(peer: PeerId): Promise<string[]> {
    return (await this.history(peer, { limit: 500 })).messages.map(({ state }) => state)
  }

  conversations(): Promise<ConversationList> {
    return this.#ask('GET', '/conversations')
  }

  read(peer: PeerId, upTo?: string): Promise<ReadAnswer> {
    return this.#ask('POST', `/conversations/${peer}/read`, { body: upTo === undefined ? {} : { upTo } })
  }

  remove(peer: PeerId, id?: string): Promise<RemoveAnswer> {
    return this.#ask('DELETE', `/conversations/${peer}${id === undefined ? '' : `/messages/${id}`}`)
  }

  status(): Promise<MessagingStatus> {
    return this.#ask('GET', '/status')
  }

  /** Is the peer told what was read? */
  async told(peer: PeerId): Promise<'told' | 'owed'> {
    const bytes = await this.disk.open('plugin/messaging').get(`r/${peer}`)
    const { read, told } = JSON.parse(Buffer.from(bytes ?? []).toString()) as { read: number; told: number }
    return read === told ? 'told' : 'owed'
  }

  /** Every key of the store. */
  async keys(): Promise<string[]> {
    const keys: string[] = []
    for await (const [key] of this.disk.open('plugin/messaging').entries()) keys.push(key)
    return keys
  }

  async #ask<T>(method: string, path: string, options: { query?: Record<string, unknown>; body?: unknown } = {}): Promise<T> {
    return (await this.fake.request(method, `/messaging${path}`, options)) as T
  }
}

/** Starts nodes of these names, all linked. */
export async function mailboxes<const Names extends readonly string[]>(
  names: Names,
  config: Partial<MessagingConfig> = {},
): Promise<{ net: Net; nodes: { [K in keyof Names]: TestMailbox }; stop(): Promise<void> }> {
  const net = new Net()
  const nodes = names.map((name) => new TestMailbox(net, name, config)) as unknown as { [K in keyof Names]: TestMailbox }
  for (const node of net.nodes.values()) await node.start()
  const stop = async (): Promise<void> => {
    for (const node of net.nodes.values()) if (node.running) await node.fake.stop()
  }
  return { net, nodes, stop }
}
