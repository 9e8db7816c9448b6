/** Records on their way in: judged, limited for each peer, and their signatures checked, before the record set sees them. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { TokenBucket } from '../util/rate.js'
import { type SignedRecord, signedBytes } from './record.js'

/** Messages of one peer that wait for their signatures to be checked. */
const maxWaiting = 64

/** Is this Ed25519 signature of `author` over `bytes` good? */
export type VerifyRecord = (author: PeerId, bytes: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>

/** What an inbox needs. */
export interface InboxOptions {
  /** See judgeRecord. */
  judge(record: SignedRecord): 'check' | 'known' | 'drop'
  readonly verify: VerifyRecord
  /** Records whose signatures are good. */
  accept(peer: PeerId, records: readonly SignedRecord[]): void
  /** The peer sent a record with a wrong signature. */
  violated(peer: PeerId, error: ShoalError): void
  /** Records of the peer were not taken because there were too many: they must be asked for later. */
  delayed(peer: PeerId, records: number): void
  /** What followed from records of the peer went wrong here; those after them are taken all the same. */
  failed(peer: PeerId, error: unknown): void
  /** Signatures a second from one peer, and at once. */
  readonly rate: { readonly rate: number; readonly burst: number }
}

interface Sender {
  readonly bucket: TokenBucket
  waiting: number
  last: Promise<void>
}

/** The inbox. */
export class RecordInbox {
  readonly #options: InboxOptions
  readonly #senders = new Map<PeerId, Sender>()

  constructor(options: InboxOptions) {
    this.#options = options
  }

  /** Takes what a peer sent. The bodies are copied. */
  take(peer: PeerId, records: readonly SignedRecord[]): void {
    const sender = this.#sender(peer)
    const known: SignedRecord[] = []
    const fresh: SignedRecord[] = []
    let late = 0
    for (const record of records) {
      const judged = this.#options.judge(record)
      if (judged === 'known') known.push(record)
      else if (judged === 'drop') continue
      else if (sender.waiting < maxWaiting && sender.bucket.take()) fresh.push(owned(record))
      else late++
    }
    if (known.length > 0) this.#options.accept(peer, known)
    if (late > 0) this.#options.delayed(peer, late)
    if (fresh.length === 0) return
    sender.waiting++
    sender.last = sender.last
      .then(() => this.#check(peer, fresh))
      .catch((error: unknown) => this.#options.failed(peer, error))
      .finally(() => sender.waiting--)
  }

  /** Drops what is known of a peer. */
  forget(peer: PeerId): void {
    this.#senders.delete(peer)
  }

  /** Resolves when everything so far is checked. */
  async settled(): Promise<void> {
    await Promise.all([...this.#senders.values()].map(({ last }) => last))
  }

  #sender(peer: PeerId): Sender {
    const known = this.#senders.get(peer)
    if (known) return known
    const sender = { bucket: new TokenBucket(this.#options.rate), waiting: 0, last: Promise.resolve() }
    this.#senders.set(peer, sender)
    return sender
  }

  async #check(peer: PeerId, records: readonly SignedRecord[]): Promise<void> {
    const { verify, accept, violated } = this.#options
    const good = await Promise.all(records.map(async (record) => await verify(record.author, signedBytes(record), record.signature)))
    const bad = records.find((_, at) => !good[at])
    if (bad) violated(peer, new ShoalError('ERR_PROTOCOL', `A record of ${bad.author} in ${bad.slot} has a wrong signature.`))
    accept(
      peer,
      records.filter((_, at) => good[at]),
    )
  }
}

/** A record that does not hold on to the frame it came in. */
function owned(record: SignedRecord): SignedRecord {
  return { ...record, body: new Uint8Array(record.body), signature: new Uint8Array(record.signature) }
}
