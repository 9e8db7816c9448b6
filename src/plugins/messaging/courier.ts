/**
 * Brings messages and acknowledgements to peers, each kind in order and one at a time. What cannot be brought now is tried
 * again when the peer is back, and from time to time.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorCode, ShoalError } from '../../errors.js'
import type { PeerId, PluginContext } from '../../plugin.js'
import type { MessagingConfig } from './config.js'
import type { Conversation, Entry } from './conversation.js'
import type { Carrier, Mailbox } from './mailbox.js'
import { type Ack, encodeAck, kinds } from './wire.js'

/** Acknowledgements that may wait for one peer; what is left out is asked for again, because its sender repeats the message. */
const maxOwed = 1024
/** Rounds after which a message is brought again that was taken and not acknowledged. */
const patience = 5
/** Tries of a message that the far node rejects. The last comes about three minutes after the first. */
const maxRejections = 8
/** Longest pause between two tries, in rounds. */
const maxPause = 30

interface Pause {
  tries: number
  /** Of these, how often the far node rejected the message that is next. */
  rejections: number
  /** The round in which it ends. */
  until: number
}

/** See the head of the file. `round`: ms between two looks at what waits. */
export class Courier implements Carrier {
  readonly #ctx: PluginContext<MessagingConfig>
  readonly #round: number
  /** Rounds since the start. */
  #now = 0
  #mailbox: Mailbox | undefined
  /** Work under way; true = more came meanwhile. */
  readonly #lanes = new Map<string, boolean>()
  readonly #owed = new Map<PeerId, Map<string, Ack>>()
  readonly #pauses = new Map<PeerId, Pause>()

  constructor(ctx: PluginContext<MessagingConfig>, round: number) {
    this.#ctx = ctx
    this.#round = round
  }

  /** Begins to work for a mailbox. */
  start(mailbox: Mailbox): void {
    const { peers, signal } = this.#ctx
    this.#mailbox = mailbox
    // listened to from this moment on: what connects later is an event, what is connected already is seen in the first round
    let events: ReturnType<typeof peers.events> | undefined = peers.events({ signal })
    this.#ctx.run(
      'watch peers',
      async (scope) => {
        const own = events ?? peers.events({ signal: scope.signal })
        events = undefined
        for await (const event of own) if (event.type === 'connected') this.#returned(event.peer)
      },
      { restart: 'on-failure' },
    )
    this.#ctx.run('look at what waits', (scope) => this.#rounds(scope.signal), { restart: 'on-failure' })
  }

  queued(peer: PeerId): void {
    if ((this.#pauses.get(peer)?.until ?? 0) <= this.#now) this.#wake(`messages to ${peer}`, (signal) => this.#bringMessages(peer, signal))
  }

  acknowledge(peer: PeerId, ack?: Ack): void {
    if (ack) this.#owe(peer, ack)
    this.#wake(`acknowledgements to ${peer}`, (signal) => this.#bringAcks(peer, signal))
  }

  forget(peer: PeerId): void {
    this.#owed.delete(peer)
    this.#pauses.delete(peer)
  }

  /** A peer is back: it may be another run of it, which has lost what it owed us. */
  #returned(peer: PeerId): void {
    this.#pauses.delete(peer)
    const conversation = this.#mailbox?.conversation(peer)
    conversation?.again(Number.POSITIVE_INFINITY)
    if (conversation) this.#lookAfter(conversation)
  }

  async #rounds(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const conversation of this.#mailbox?.conversations() ?? []) {
        if (!this.#ctx.peers.get(conversation.peer)?.connected) continue
        conversation.again(this.#now - patience)
        this.#lookAfter(conversation)
      }
      this.#now++
      await sleep(this.#round, undefined, { signal }).catch(() => {})
    }
  }

  #lookAfter(conversation: Conversation): void {
    if (conversation.queued > 0) this.queued(conversation.peer)
    if (conversation.owesRead || this.#owed.has(conversation.peer)) this.acknowledge(conversation.peer)
  }

  #owe(peer: PeerId, ack: Ack): void {
    const owed = this.#owed.get(peer) ?? new Map<string, Ack>()
    this.#owed.set(peer, owed)
    owed.set(ack.id, ack)
    const [oldest] = owed.keys()
    if (owed.size > maxOwed && oldest !== undefined) owed.delete(oldest)
  }

  /** Runs `work`, unless it runs already: then once more after it. */
  #wake(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.#lanes.has(name)) {
      this.#lanes.set(name, true)
      return
    }
    this.#lanes.set(name, false)
    try {
      this.#ctx.run(name, ({ signal }) => this.#keepAt(name, work, signal))
    } catch (error) {
      // the plugin stops, or has too many tasks: there is another round, or another start
      this.#lanes.delete(name)
      this.#ctx.log.debug('messages have to wait', { err: error })
    }
  }

  async #keepAt(name: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      do {
        this.#lanes.set(name, false)
        await work(signal)
      } while (this.#lanes.get(name) === true && !signal.aborted)
    } catch (error) {
      if (!signal.aborted) this.#ctx.log.debug('messages have to wait', { err: error })
    } finally {
      this.#lanes.delete(name)
    }
  }

  async #bringMessages(peer: PeerId, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = await this.#mailbox?.outgoing(peer)
      if (!next) return
      try {
        await this.#ctx.payloads.send(peer, kinds.message, next.body, { signal })
      } catch (error) {
        if (await this.#isOver(peer, next.entry, ShoalError.from(error).code)) continue
        return
      }
      this.#pauses.delete(peer)
      await this.#mailbox?.sent(peer, next.entry, this.#now)
    }
  }

  /** A message was not taken. True: it never will be, and the next one may go; false: later. */
  async #isOver(peer: PeerId, entry: Entry, code: ErrorCode): Promise<boolean> {
    const conversation = this.#mailbox?.conversation(peer)
    if (conversation) conversation.problem = code
    if (code === 'ERR_PEER_UNREACHABLE' || code === 'ERR_PEER_UNKNOWN' || code === 'ERR_STOPPING') return false
    const pause = this.#pauses.get(peer) ?? { tries: 0, rejections: 0, until: 0 }
    pause.tries++
    if (code === 'ERR_PAYLOAD_REJECTED') pause.rejections++
    const tooLarge = code === 'ERR_PAYLOAD_TOO_LARGE'
    if (tooLarge || code === 'ERR_FORBIDDEN' || pause.rejections >= maxRejections) {
      this.#pauses.delete(peer)
      await this.#mailbox?.failed(peer, entry, tooLarge ? 'too-long' : 'rejected')
      return true
    }
    pause.until = this.#now + Math.min(maxPause, 2 ** pause.tries / 2)
    this.#pauses.set(peer, pause)
    return false
  }

  async #bringAcks(peer: PeerId, signal: AbortSignal): Promise<void> {
    for (;;) {
      const [first] = this.#owed.get(peer)?.values() ?? []
      if (!first) break
      if (!(await this.#tell(peer, first, signal))) return
      const owed = this.#owed.get(peer)
      if (owed?.get(first.id) === first) owed.delete(first.id)
      if (owed?.size === 0) this.#owed.delete(peer)
    }
    const conversation = this.#mailbox?.conversation(peer)
    if (!conversation?.owesRead) return
    const { id, read } = conversation.mark
    if (await this.#tell(peer, { what: 'read', id }, signal)) await this.#mailbox?.told(peer, read)
  }

  /** False: it has to wait. */
  async #tell(peer: PeerId, ack: Ack, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#ctx.payloads.send(peer, kinds.ack, encodeAck(ack), { signal })
      return true
    } catch (error) {
      this.#ctx.log.debug('an acknowledgement has to wait', { peer, err: error })
      return false
    }
  }
}
