/**
 * What a message goes through on this node: written, brought to its peer, acknowledged, read, deleted, forgotten. Steps of
 * one conversation run one after the other, so that no step sees half of another.
 */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId, PeerInfo, Peers } from '../../plugin.js'
import type { MessagingEvent, ShownMessage } from './api.js'
import { type Archive, inGroups } from './archive.js'
import type { MessagingConfig } from './config.js'
import { Conversation, type Entry } from './conversation.js'
import type { Feed } from './feed.js'
import type { FailReason, Row } from './row.js'
import { type DeliveryState, statesTo } from './state.js'
import { encodeText } from './text.js'
import { type Ack, decodeAck, decodeMessage, encodeMessage, type WireMessage } from './wire.js'

/** Who brings things to peers. Neither call waits. */
export interface Carrier {
  /** A message waits for this peer. */
  queued(peer: PeerId): void
  /** Tell this peer what became of its message, or what was read when `ack` is absent. */
  acknowledge(peer: PeerId, ack?: Ack): void
  /** Drop everything for this peer. */
  forget(peer: PeerId): void
}

/** What a mailbox is made of. */
export interface MailboxParts {
  readonly archive: Archive
  readonly carrier: Carrier
  readonly config: MessagingConfig
  readonly feed: Feed
  readonly log: Logger
  readonly peers: Pick<Peers, 'get'>
}

/** A message that is to be sent, as bytes. */
export interface Outgoing {
  readonly entry: Entry
  readonly body: Uint8Array
}

/** All conversations of this node. */
export class Mailbox {
  /** Since the start; see `MessagingStatus`. */
  readonly counters = { duplicates: 0, strayAcks: 0, malformed: 0 }
  readonly #parts: MailboxParts
  readonly #conversations: Map<PeerId, Conversation>
  readonly #tails = new Map<PeerId, Promise<unknown>>()

  /** `conversations`: what the archive holds. */
  constructor(parts: MailboxParts, conversations: Map<PeerId, Conversation>) {
    this.#parts = parts
    this.#conversations = conversations
  }

  /** Every conversation, also one of which no message is kept. */
  conversations(): readonly Conversation[] {
    return [...this.#conversations.values()]
  }

  /** A trusted peer by id, prefix or name. Throws `ERR_PEER_UNKNOWN`. */
  peer(name: string): PeerInfo {
    const peer = this.#parts.peers.get(name)
    if (!peer) throw new ShoalError('ERR_PEER_UNKNOWN', `There is no trusted peer ${name.slice(0, 80)}.`)
    return peer
  }

  /** Stores a message for a peer and has it brought there. Rejects as `encodeText`; with `ERR_MESSAGE_QUEUE_FULL`, `ERR_PEER_UNKNOWN`. */
  async write(peer: PeerId, text: string): Promise<ShownMessage> {
    const { config, carrier } = this.#parts
    encodeText(text, config.maxText)
    return await this.#step(peer, async (conversation) => {
      if (conversation.queued >= config.queue) throw new ShoalError('ERR_MESSAGE_QUEUE_FULL', `${conversation.queued} messages wait for this peer already.`)
      const now = Date.now()
      const shown = await this.#store(conversation, { id: randomBytes(16).toString('hex'), state: 'pending', time: now, stored: now, text })
      carrier.queued(peer)
      return shown
    })
  }

  /** A payload `messaging.message`. When this returns the message is on the disk, or was there before. */
  async receive(src: PeerId, body: Uint8Array): Promise<void> {
    const message = this.#wellFormed(() => decodeMessage(body))
    await this.#step(src, async (conversation) => {
      const known = conversation.knows(message.id)
      if (!known && conversation.get(message.id)) throw this.#malformed(new ShoalError('ERR_PROTOCOL', 'A message has the id of one that it answers.'))
      if (known) this.counters.duplicates++
      else if (!(await this.#take(conversation, message))) return
      this.#parts.carrier.acknowledge(src, { what: 'delivered', id: message.id })
    })
  }

  /** A payload `messaging.ack`. Only the addressee of a message can acknowledge it: whatever else comes is counted and left. */
  async acknowledged(src: PeerId, body: Uint8Array): Promise<void> {
    const ack = this.#wellFormed(() => decodeAck(body))
    await this.#step(src, async (conversation) => {
      const entry = conversation.mine(ack.id)
      if (!entry) return this.#stray(src, ack)
      if (ack.what === 'refused') await this.#advance(conversation, entry, 'failed', ack.reason)
      else if (ack.what === 'delivered') await this.#advance(conversation, entry, 'delivered')
      else await inGroups(upTo(conversation, entry), (one) => this.#advance(conversation, one, 'read'))
      await this.#trim(conversation)
      this.#parts.carrier.queued(src)
    })
  }

  /** Marks messages of the peer as read: all, or up to one. Resolves with how many were unread. */
  async read(peer: PeerId, id?: string): Promise<number> {
    return await this.#step(peer, async (conversation) => {
      const until = id === undefined ? Number.POSITIVE_INFINITY : conversation.find(id).at
      const { mark } = conversation
      const now = conversation.received().filter(({ at }) => at > mark.read && at <= until)
      const last = now.at(-1)
      if (!last) return 0
      await this.#parts.archive.setMark(conversation, { ...mark, read: last.at, id: last.id })
      this.#emit({ type: 'read', peer, unread: conversation.unread })
      this.#parts.carrier.acknowledge(peer)
      return now.length
    })
  }

  /** Deletes one message here, or all; what was not delivered yet is withdrawn. Resolves with how many. */
  async remove(peer: PeerId, id?: string): Promise<number> {
    return await this.#step(peer, async (conversation) => {
      const gone = id === undefined ? conversation.list() : [conversation.find(id)]
      const [first] = gone
      await this.#parts.archive.remove(conversation, gone)
      this.#emit({ type: 'removed', peer, removed: gone.length, ...(id !== undefined && first && { id: first.id }) })
      return gone.length
    })
  }

  /** Removes everything of a peer, from memory and disk. */
  async forget(peer: PeerId): Promise<void> {
    await this.#after(peer, async () => {
      this.#conversations.delete(peer)
      this.#parts.carrier.forget(peer)
      await this.#parts.archive.wipe(peer)
      this.#parts.feed.forget(peer)
    })
  }

  /** The messages themselves, in the order of `entries`. */
  async show(conversation: Conversation, entries: readonly Entry[]): Promise<ShownMessage[]> {
    const rows = await Promise.all(entries.map((entry) => this.#parts.archive.read(conversation, entry)))
    return rows.flatMap((row, index) => {
      const entry = entries[index]
      return row && entry ? [shown(conversation, entry, row)] : []
    })
  }

  /** A peer's conversation, if there is one. */
  conversation(peer: PeerId): Conversation | undefined {
    return this.#conversations.get(peer)
  }

  /** The next message to bring to a peer. */
  async outgoing(peer: PeerId): Promise<Outgoing | undefined> {
    return await this.#step(peer, async (conversation) => {
      for (let entry = conversation.toSend(); entry; entry = conversation.toSend()) {
        const row = await this.#parts.archive.read(conversation, entry)
        if (row) return { entry, body: encodeMessage(row) }
        // damaged on the disk: it cannot be sent, and must not hold up the others
        conversation.remove(entry)
      }
      return undefined
    })
  }

  /** The peer's node has taken a message, in this round of the carrier. */
  async sent(peer: PeerId, entry: Entry, round: number): Promise<void> {
    await this.#step(peer, async (conversation) => {
      entry.handed = round
      conversation.problem = undefined
      if (conversation.get(entry.id) === entry) await this.#advance(conversation, entry, 'sent')
    })
  }

  /** A message will never arrive. */
  async failed(peer: PeerId, entry: Entry, reason: FailReason): Promise<void> {
    await this.#step(peer, async (conversation) => {
      if (conversation.get(entry.id) === entry) await this.#advance(conversation, entry, 'failed', reason)
    })
  }

  /** The peer knows what was read up to this position. */
  async told(peer: PeerId, position: number): Promise<void> {
    await this.#step(peer, async (conversation) => {
      const { mark } = conversation
      if (position > mark.told) await this.#parts.archive.setMark(conversation, { ...mark, told: position })
    })
  }

  /** Stores a message of a peer; false when it is refused instead. */
  async #take(conversation: Conversation, { id, time, text }: WireMessage): Promise<boolean> {
    if (Buffer.byteLength(text) > this.#parts.config.maxText) {
      this.#parts.carrier.acknowledge(conversation.peer, { what: 'refused', id, reason: 'too-long' })
      return false
    }
    await this.#store(conversation, { id, state: 'received', time, stored: Date.now(), text })
    return true
  }

  async #store(conversation: Conversation, row: Row): Promise<ShownMessage> {
    const entry = await this.#parts.archive.append(conversation, row)
    const message = shown(conversation, entry, row)
    this.#emit({ type: 'message', peer: conversation.peer, message })
    await this.#trim(conversation)
    return message
  }

  /** Deletes the oldest messages beyond the limit. That fails quietly: what was asked for is done, and they are deleted with the next. */
  async #trim(conversation: Conversation): Promise<void> {
    const { archive, config, log } = this.#parts
    const surplus = conversation.surplus(config.history)
    if (surplus.length > 0) await archive.remove(conversation, surplus).catch((error: unknown) => log.warn('old messages could not be deleted', { err: error }))
  }

  async #advance(conversation: Conversation, entry: Entry, to: DeliveryState, reason?: FailReason): Promise<void> {
    if (entry.state === 'received') return
    const passed = statesTo(entry.state, to)
    if (passed.length === 0) return
    await this.#parts.archive.rewrite(conversation, entry, { state: to, ...(reason && { reason }) })
    conversation.set(entry, to)
    for (const state of passed) this.#emit({ type: 'state', peer: conversation.peer, id: entry.id, state, ...(reason && { reason }) })
  }

  #emit(event: MessagingEvent): void {
    this.#parts.feed.emit(event)
  }

  #stray(src: PeerId, { what, id }: Ack): void {
    this.counters.strayAcks++
    this.#parts.log.debug('an acknowledgement of a message that was not sent to this peer is ignored', { peer: src, what, id })
  }

  #wellFormed<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw this.#malformed(error)
    }
  }

  #malformed(error: unknown): unknown {
    this.counters.malformed++
    return error
  }

  /** One step of a conversation. Rejects with `ERR_PEER_UNKNOWN` for a peer that is trusted no more: nothing may be stored of it. */
  async #step<T>(peer: PeerId, work: (conversation: Conversation) => Promise<T>): Promise<T> {
    return await this.#after(peer, async () => {
      if (this.#parts.peers.get(peer)?.id !== peer) throw new ShoalError('ERR_PEER_UNKNOWN', 'This peer is not trusted.')
      const conversation = this.#conversations.get(peer) ?? new Conversation(peer)
      this.#conversations.set(peer, conversation)
      return await work(conversation)
    })
  }

  /** Runs after everything of this peer that was asked for before. */
  #after<T>(peer: PeerId, work: () => Promise<T>): Promise<T> {
    const run = (this.#tails.get(peer) ?? Promise.resolve()).then(work)
    const tail: Promise<void> = run
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        if (this.#tails.get(peer) === tail) this.#tails.delete(peer)
      })
    this.#tails.set(peer, tail)
    return run
  }
}

/** Messages of this node up to one: who reads a message has read those before it. */
function upTo(conversation: Conversation, { at }: Entry): Entry[] {
  return conversation.list().filter((entry) => entry.state !== 'received' && entry.at <= at)
}

function shown(conversation: Conversation, entry: Entry, row: Row): ShownMessage {
  const { id, time, stored, text, reason } = row
  const base = { id, peer: conversation.peer, time, stored, text }
  if (entry.state === 'received') return { ...base, from: 'peer', state: entry.at <= conversation.mark.read ? 'read' : 'received' }
  return { ...base, from: 'me', state: entry.state, ...(reason && { reason }) }
}
