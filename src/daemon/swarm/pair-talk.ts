/** One attempt to pair, on one stream: feeds a state machine with what comes and what persons decide, and sends what it says. */

import { pipe } from 'it-pipe'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { plausible } from './addresses.js'
import { duplex } from './link.js'
import { decodePairing, encodePairing, type MemberRecord, type PairMessage } from './pair-codec.js'
import type { LinkStream } from './swarm.js'

/** How two nodes paired. */
export type PairedBy = 'ticket' | 'code' | 'secret'

/** A peer as a pairing made it known. */
export type PairPeer = MemberRecord & { readonly id: PeerId }

/** Outcome of one message or decision; the shape of `PairStep` in daemon/keystore/pair-step.ts. */
export type PairStep =
  | { readonly type: 'reply'; readonly message: PairMessage }
  | { readonly type: 'compare'; readonly peer: PairPeer; readonly code: string; readonly message?: PairMessage }
  | { readonly type: 'wait'; readonly accepted?: true; readonly message?: PairMessage }
  | { readonly type: 'done'; readonly peer: PairPeer; readonly code: string; readonly by: PairedBy; readonly message?: PairMessage }
  | { readonly type: 'error'; readonly error: ShoalError; readonly message?: PairMessage }

/** One side of one attempt: a machine of the keystore. */
export interface PairMachine {
  next(message: PairMessage): PairStep
  /** The first message; only the side that dials has one. */
  start?(): PairMessage
  /** The person of this side compared the code. */
  decide?(accepted: boolean): PairStep
  /** The machine for another visit, where the first one broke after the person had accepted. */
  resume?(): PairMachine | undefined
}

/** A node that was paired with. */
export interface Paired {
  readonly peer: PeerId
  /** As it calls itself. */
  readonly name: string
  /** Multiaddrs, the one that worked first where this node dialled. */
  readonly addresses: readonly string[]
  /** Six digits, the same on both sides. */
  readonly code: string
  readonly by: PairedBy
}

/** A code that waits for a person. */
export interface CodeToCompare {
  readonly peer: PeerId
  /** As it calls itself. */
  readonly name: string
  /** Multiaddr of the far end. */
  readonly address: string
  readonly code: string
  /** Did this node ask? */
  readonly asked: boolean
}

/** A person's side of a comparison; the shape of `Comparison` in daemon/keystore/pair-requests.ts. */
export interface Comparison {
  /** Never rejects. */
  readonly decision: Promise<boolean>
  acceptedThere(): void
  end(outcome: { readonly type: 'paired' } | { readonly type: 'failed'; readonly error: ShoalError }): void
}

/** What an attempt needs beside its machine. */
export interface TalkOptions {
  /** Stores the trust. Pairing has succeeded only when it resolves: the far end is told after that. */
  onPaired(paired: Paired): Promise<void>
  /** Shows a code to a person; throws when too many wait. Absent: nothing is compared here. */
  compare?(code: CodeToCompare): Comparison
  /** The attempt waits for persons from now on. */
  onCompare(): void
  readonly log: Logger
}

type Input = { readonly frame: IteratorResult<Uint8Array> } | { readonly accepted: boolean }

/** One attempt. */
export class PairTalk {
  readonly #options: TalkOptions
  readonly #stream: LinkStream
  readonly #machine: PairMachine
  readonly #address: string
  readonly #dialled: boolean
  readonly #frames: AsyncIterator<Uint8Array>
  #reading: Promise<Input> | undefined
  #deciding: Promise<Input> | undefined
  #comparison: Comparison | undefined
  #paired: Paired | undefined
  #failure: ShoalError | undefined

  /** `address`: the far end's multiaddr. */
  constructor(options: TalkOptions, stream: LinkStream, machine: PairMachine, address: string) {
    this.#options = options
    this.#stream = stream
    this.#machine = machine
    this.#address = address
    this.#dialled = machine.start !== undefined
    this.#frames = duplex(stream).source
  }

  /** Runs it to its end. Rejects with what a step or the stream failed with. */
  async run(): Promise<Paired> {
    try {
      const paired = await this.#run()
      this.#comparison?.end({ type: 'paired' })
      return paired
    } catch (error) {
      this.#comparison?.end({ type: 'failed', error: ShoalError.from(error) })
      throw error
    }
  }

  async #run(): Promise<Paired> {
    await pipe(this.#talk(), (output: AsyncIterable<Uint8Array>) => duplex(this.#stream).sink(output))
    // the close of the side that dialled says that it has stored its trust; after a refusal it only lets the message out
    await this.#stream.close()
    if (this.#failure) throw this.#failure
    if (!this.#paired) throw new ShoalError('ERR_PAIRING_FAILED', 'The far end ended the pairing early.')
    if (!this.#dialled) await this.#confirmed()
    return this.#paired
  }

  async *#talk(): AsyncGenerator<Uint8Array> {
    if (this.#machine.start) yield encodePairing(this.#machine.start())
    for (;;) {
      const step = await this.#step()
      if (!step) return
      await this.#take(step)
      if (step.message) yield encodePairing(step.message)
      if (step.type === 'done' || step.type === 'error') return
    }
  }

  /** What follows from the next message or decision; undefined when the far end has closed its side. */
  async #step(): Promise<PairStep | undefined> {
    this.#reading ??= this.#read()
    const input = await (this.#deciding ? Promise.race([this.#reading, this.#deciding]) : this.#reading)
    if ('accepted' in input) {
      this.#deciding = undefined
      return this.#machine.decide?.(input.accepted)
    }
    this.#reading = undefined
    return input.frame.done === true ? undefined : this.#machine.next(decodePairing(input.frame.value))
  }

  #read(): Promise<Input> {
    const reading = this.#frames.next().then((frame) => ({ frame }))
    reading.catch(() => {})
    return reading
  }

  async #take(step: PairStep): Promise<void> {
    if (step.type === 'compare') this.#compare(step)
    if (step.type === 'wait' && step.accepted) this.#comparison?.acceptedThere()
    if (step.type === 'error') this.#failure = step.error
    if (step.type !== 'done') return
    const paired = this.#resultOf(step)
    await this.#options.onPaired(paired)
    this.#paired = paired
  }

  #compare({ peer, code }: Extract<PairStep, { type: 'compare' }>): void {
    const { compare } = this.#options
    if (!compare) throw new ShoalError('ERR_PAIRING_FAILED', 'Nobody is here to compare a code.')
    this.#comparison = compare({ peer: peer.id, name: peer.name, address: this.#address, code, asked: this.#dialled })
    this.#deciding = this.#comparison.decision.then((accepted) => ({ accepted }))
    this.#options.onCompare()
  }

  /** Waits for the other to close its side. Without that, it may not have stored its trust; it can come again. */
  async #confirmed(): Promise<void> {
    try {
      const input = await (this.#reading ?? this.#read())
      if ('frame' in input && !input.frame.done) throw new ShoalError('ERR_PROTOCOL', 'The joiner went on talking after it was paired.')
    } catch (error) {
      this.#options.log.warn('the other node did not confirm the pairing; it may have to come again', { peer: this.#stream.peer, err: error })
    }
  }

  #resultOf({ peer, code, by }: Extract<PairStep, { type: 'done' }>): Paired {
    const texts = plausible(peer.addresses, this.#address)
    return { peer: peer.id, name: peer.name, addresses: [...new Set(this.#dialled ? [this.#address, ...texts] : texts)], code, by }
  }
}
