/**
 * Conversations on the disk, in this plugin's own store. Each step is one write of one key, in an order that leaves nothing
 * lost and nothing twice when the process dies between any two of them.
 *
 *     m/PEER/POSITION   a message        r/PEER   how far was read        s/PEER   deleted messages that may come again
 */

import type { Logger, PeerId } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import { Conversation, type Entry } from './conversation.js'
import { decodeMark, decodePast, decodeRow, encodeRow, type Mark, type Row } from './row.js'

/** Reads and writes rows; keeps the conversations in step with them. Every method rejects with the codes of the store. */
export class Archive {
  readonly #store: KeyValue
  readonly #log: Logger

  constructor(store: KeyValue, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Everything there is. Rows that cannot be read are left out, and logged. */
  async load(): Promise<Map<PeerId, Conversation>> {
    const all = new Map<PeerId, Conversation>()
    const of = (peer: PeerId): Conversation => {
      const conversation = all.get(peer) ?? new Conversation(peer)
      all.set(peer, conversation)
      return conversation
    }
    for await (const [key, bytes] of this.#store.entries('m/')) {
      const [, peer = '', position] = key.split('/')
      this.#admit(of(peer), Number(position), decodeRow(bytes), key)
    }
    for await (const [key, bytes] of this.#store.entries('r/')) {
      const mark = decodeMark(bytes)
      if (mark) of(key.slice(2)).mark = mark
    }
    for await (const [key, bytes] of this.#store.entries('s/')) of(key.slice(2)).past = decodePast(bytes)
    return all
  }

  #admit(conversation: Conversation, at: number, row: Row | undefined, key: string): void {
    if (row && Number.isSafeInteger(at) && at > 0 && !conversation.get(row.id)) conversation.add({ id: row.id, at, state: row.state })
    else this.#log.warn('a stored message cannot be read', { key })
  }

  /** Stores a message at the next position. */
  async append(conversation: Conversation, row: Row): Promise<Entry> {
    const at = conversation.next
    await this.#store.set(messageKey(conversation.peer, at), encodeRow(row))
    const entry: Entry = { id: row.id, at, state: row.state }
    conversation.add(entry)
    return entry
  }

  /** A message with its text. */
  async read(conversation: Conversation, entry: Entry): Promise<Row | undefined> {
    const bytes = await this.#store.get(messageKey(conversation.peer, entry.at))
    return bytes && decodeRow(bytes)
  }

  /** Writes a message that has changed; the caller changes the entry. */
  async rewrite(conversation: Conversation, entry: Entry, change: Partial<Row>): Promise<void> {
    const row = await this.read(conversation, entry)
    if (row) await this.#store.set(messageKey(conversation.peer, entry.at), encodeRow({ ...row, ...change }))
  }

  /** Sets how far was read. */
  async setMark(conversation: Conversation, mark: Mark): Promise<void> {
    await this.#store.set(`r/${conversation.peer}`, encodeRow(mark))
    conversation.mark = mark
  }

  /** Deletes messages. First it is written down which of them must not be taken a second time. */
  async remove(conversation: Conversation, gone: readonly Entry[]): Promise<void> {
    const past = conversation.pastWithout(new Set(gone))
    if (past !== conversation.past) {
      await this.#store.set(`s/${conversation.peer}`, encodeRow(past))
      conversation.past = past
    }
    await inGroups(gone, async (entry) => {
      await this.#store.delete(messageKey(conversation.peer, entry.at))
      conversation.remove(entry)
    })
  }

  /** Removes every key of a peer. */
  async wipe(peer: PeerId): Promise<void> {
    const keys = [`r/${peer}`, `s/${peer}`]
    for await (const [key] of this.#store.entries(`m/${peer}/`)) keys.push(key)
    await inGroups(keys, (key) => this.#store.delete(key))
  }
}

/** Writes that are handed to the store together: it shares the wait for the disk among them, and refuses too many. */
const group = 256

/** Does `work` for each, a group at a time. */
export async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += group) await Promise.all(items.slice(at, at + group).map(work))
}

/** Positions have one width, so that the order of keys is that of messages. */
function messageKey(peer: PeerId, at: number): string {
  return `m/${peer}/${String(at).padStart(16, '0')}`
}
