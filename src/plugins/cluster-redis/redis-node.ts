/** A {@link ClusterNode} over the channels of Redis: one for all, one for each member. */

import { randomBytes } from 'node:crypto'
import type { RedisLink } from '../../backends/redis-link.js'
import { checkTopic, TopicReaders } from '../../backends/topic-readers.js'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId, PluginContext } from '../../plugin.js'
import type { ClusterMessage, ClusterNode } from '../../services.js'
import { Arrivals } from './arrivals.js'
import { Departures } from './departures.js'
import { decodeSaid, encodeSaid, openEnvelope, type Said, type TopicMessage } from './envelope.js'
import { PeerSignatures } from './peer-signature.js'

const maxBody = 256 * 1024

/** What it works with. */
export interface RedisNodeOptions {
  /** Sends. */
  readonly link: Pick<RedisLink, 'call'>
  readonly prefix: string
  readonly node: Pick<PluginContext['node'], 'id' | 'sign'>
  /** Is it a member whose messages count? */
  readonly trusts: (peer: PeerId) => boolean
  readonly log: Logger
}

/** See the file. The owner subscribes the {@link channels} and hands over what comes with {@link receive}. */
export class RedisNode implements ClusterNode {
  /** Messages of strangers, forged ones, and malformed ones. */
  refused = 0
  readonly #options: RedisNodeOptions
  readonly #readers = new TopicReaders()
  readonly #departures = new Departures((to, messages) => this.#carry(to, messages))
  readonly #signatures = new PeerSignatures()
  readonly #arrivals = new Map<PeerId, Arrivals>()
  readonly #epoch = randomBytes(16)
  #sequence = 0

  constructor(options: RedisNodeOptions) {
    this.#options = options
  }

  /** The channels on which others speak to this node. */
  get channels(): readonly string[] {
    return [this.#channel(''), this.#channel(this.#options.node.id)]
  }

  async send(topic: string, body: Uint8Array): Promise<void> {
    check(topic, body)
    await this.#departures.send('', topic, body).catch((err: unknown) => this.#options.log.debug('a cluster message was not sent', { err }))
  }

  async sendDirect(peer: string, topic: string, body: Uint8Array): Promise<void> {
    check(topic, body)
    if (peer === this.#options.node.id || !this.#options.trusts(peer)) throw unreachable(peer)
    const reached = await this.#departures.send(peer, topic, body).catch((error: unknown) => {
      if (error instanceof ShoalError && error.code === 'ERR_OVERLOADED') throw error
      throw unreachable(peer, error)
    })
    if (reached === 0) throw unreachable(peer)
  }

  subscribe(topic: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<ClusterMessage> {
    return this.#readers.subscribe(topic, options.signal)
  }

  /** Takes what came on one of the channels. Never throws. */
  receive(bytes: Uint8Array): void {
    try {
      const { sender, signature, signed } = openEnvelope(bytes)
      if (sender === this.#options.node.id) return
      if (!this.#options.trusts(sender) || !this.#signatures.verified(sender, this.#scoped(signed), signature)) throw new ShoalError('ERR_PROTOCOL')
      const said = decodeSaid(signed)
      if (said.to === '' || said.to === this.#options.node.id) this.#hear(sender, said)
      else this.refused++
    } catch {
      this.refused++
    }
  }

  /** What is kept of a peer that was forgotten. */
  forget(peer: PeerId): void {
    this.#arrivals.delete(peer)
  }

  #hear(sender: PeerId, said: Said): void {
    if (said.kind === 'messages') this.#arrivalsOf(sender).receive(said)
    else if (said.kind === 'tell') this.#arrivals.get(sender)?.told(said.nonce, said.epoch)
    else this.#say({ kind: 'tell', to: sender, nonce: said.nonce, epoch: this.#epoch })
  }

  #arrivalsOf(peer: PeerId): Arrivals {
    const present = this.#arrivals.get(peer)
    if (present) return present
    const made = new Arrivals({
      ask: () => {
        const nonce = randomBytes(16)
        this.#say({ kind: 'ask', to: peer, nonce })
        return nonce
      },
      // the bytes are a part of a larger buffer, and may be kept by a reader
      deliver: ({ topic, body }) => this.#readers.deliver(topic, peer, new Uint8Array(body)),
      now: () => performance.now(),
    })
    this.#arrivals.set(peer, made)
    return made
  }

  #say(said: Said): void {
    this.#publish(said).catch((err: unknown) => this.#options.log.debug('a member was not answered', { err, peer: said.to }))
  }

  #carry(to: string, messages: readonly TopicMessage[]): Promise<number> {
    return this.#publish({ kind: 'messages', to, epoch: this.#epoch, sequence: ++this.#sequence, messages })
  }

  async #publish(said: Said): Promise<number> {
    const { link, node } = this.#options
    const signed = encodeSaid(node.id, said)
    const signature = await node.sign(this.#scoped(signed))
    const reached = await link.call((redis) => redis.publish(this.#channel(said.to), Buffer.concat([signature, signed])))
    return Number(reached)
  }

  /** Two clusters on one Redis have different prefixes: what was signed for one is nothing to the other. */
  #scoped(signed: Uint8Array): Uint8Array {
    return Buffer.concat([Buffer.from(`${JSON.stringify(this.#options.prefix)}\n`), signed])
  }

  #channel(to: string): string {
    return to === '' ? `${this.#options.prefix}all` : `${this.#options.prefix}to:${to}`
  }
}

function check(topic: string, body: Uint8Array): void {
  checkTopic(topic)
  if (!(body instanceof Uint8Array)) throw new ShoalError('ERR_USAGE', 'A body is bytes.')
  if (body.byteLength > maxBody)
    throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `The message has ${body.byteLength} bytes; ${maxBody} are allowed. It was not sent.`)
}

function unreachable(peer: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_PEER_UNREACHABLE', `${peer} is not another member that can be reached.`, { cause })
}
