/**
 * Pairing over the network: the ticket exchange of the keystore's state machines, on a stream that strangers may open while
 * a ticket is out.
 *
 * Both or neither: the inviter stores its trust before it sends WELCOME; the joiner stores its own before it closes its side,
 * which is the confirmation. If the connection breaks between, the inviter trusts a joiner that proved the secret and does not
 * know it yet. The window is one round trip and one write; the joiner closes it by using the same ticket again (the inviter
 * takes it from the same peer until it expires), and a joiner that never comes back is a row that the inviter's owner sees.
 */

import { pipe } from 'it-pipe'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { deadline, delay } from '../util/wait.js'
import { plausible } from './addresses.js'
import { duplex } from './link.js'
import type { Node, StrangerStream } from './node-options.js'
import { decodePairing, encodePairing, type MemberRecord, maxPairFrame, type PairMessage } from './pair-codec.js'
import type { LinkStream } from './swarm.js'

/** Protocol id. */
export const pairProtocol = '/shoal/pair/1.0.0'

/** ms for one attempt, from the first byte to the last. */
const attemptTimeout = 10_000

/** ms for a joiner to find the inviter and pair. */
const joinTimeout = 30_000

/** How often a joiner knocks. */
const maxVisits = 3

/** Pause between, ms. */
const visitPause = 1000

/** Attempts served at a time. */
const maxAttempts = 4

const streamLimits = { maxFrame: maxPairFrame, maxInbound: 2 }

/** Outcome of one message; the shape of `PairStep` in daemon/keystore/trust.ts. */
export type PairStep =
  | { readonly type: 'reply'; readonly message: PairMessage }
  | { readonly type: 'done'; readonly peer: MemberRecord & { readonly id: PeerId }; readonly code: string; readonly message?: PairMessage }
  | { readonly type: 'error'; readonly error: ShoalError; readonly message?: PairMessage }

/** One side of one attempt: `InviterPairing`, or (with `start`) `JoinerPairing` of the keystore. */
export interface PairMachine {
  next(message: PairMessage): PairStep
  /** The joiner's first message. */
  start?(): PairMessage
}

/** Who takes part in an attempt. */
export interface PairParties {
  readonly self: PeerId
  /** As the connection authenticated it. */
  readonly remote: PeerId
  readonly record: MemberRecord
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
}

/** What both sides need. */
export interface PairingOptions {
  readonly node: Node
  /** What this node says of itself now. */
  record(): MemberRecord
  /** Makes one side of one attempt; may throw. */
  pairing(parties: PairParties): PairMachine
  /** Stores the trust. Pairing has succeeded only when it resolves: the far end is told after that. */
  onPaired(paired: Paired): Promise<void>
  readonly log: Logger
}

/** What a joiner needs beside {@link PairingOptions}. */
export interface JoinOptions extends PairingOptions {
  /** From the ticket. */
  readonly inviter: PeerId
  /** From the ticket; multiaddrs. */
  readonly addresses: readonly string[]
  readonly signal?: AbortSignal
}

/** Serves pairing to whoever the gater lets in. Returns the undo. */
export function acceptPairing(options: PairingOptions): () => void {
  let attempts = 0
  return options.node.door.handle(pairProtocol, streamLimits, async (stream, address) => {
    if (attempts >= maxAttempts) throw new ShoalError('ERR_LIMIT', 'Too many are pairing at this moment.')
    attempts++
    try {
      await accept(options, stream, address)
    } finally {
      attempts--
    }
  })
}

/**
 * Pairs with the node that made a ticket. Resolves when both sides have stored their trust, as far as this side can know. Rejects
 * with `ERR_PEER_UNREACHABLE`, `ERR_TICKET_REFUSED`, `ERR_PAIRING_FAILED`, `ERR_PROTOCOL`, `ERR_TIMEOUT`, or what `onPaired`
 * throws. The same ticket may be used again after any of them.
 */
export async function join(options: JoinOptions): Promise<Paired> {
  const limit = deadline(joinTimeout, 'ERR_TIMEOUT', `Pairing took longer than ${joinTimeout / 1000} s.`, options.signal)
  try {
    const visit = await visitInviter(options, limit.signal)
    try {
      return await attempt(options, visit.stream, visit.address, limit.signal)
    } finally {
      visit.leave()
    }
  } finally {
    limit.done()
  }
}

/** Opens the stream; a few times, as all places for strangers may be taken for a moment. */
async function visitInviter({ node, inviter, addresses }: JoinOptions, signal: AbortSignal): Promise<StrangerStream> {
  for (let visits = 1; ; visits++) {
    try {
      return await node.door.open(inviter, addresses, pairProtocol, { ...streamLimits, signal })
    } catch (error) {
      if (visits >= maxVisits || signal.aborted || !isShoalError(error, 'ERR_PEER_UNREACHABLE')) throw doorClosed(error)
      await delay(visitPause, signal)
    }
  }
}

/** A node that has no ticket out hangs up on strangers without a word; what that means is said here. */
function doorClosed(error: unknown): unknown {
  if (!isShoalError(error, 'ERR_PEER_UNREACHABLE') || !error.message.includes(pairProtocol)) return error
  const hint = 'Make a new ticket with shoal invite.'
  return new ShoalError('ERR_PAIRING_FAILED', 'The other node lets no stranger in: the ticket was used, withdrawn or has expired there.', {
    cause: error,
    hint,
  })
}

async function accept(options: PairingOptions, stream: LinkStream, address: string): Promise<void> {
  const { log } = options
  const limit = deadline(attemptTimeout, 'ERR_TIMEOUT', 'The attempt to pair took too long.')
  try {
    const paired = await attempt(options, stream, address, limit.signal)
    log.info('paired', { peer: paired.peer, name: paired.name })
  } catch (error) {
    log.warn('pairing failed', { peer: stream.peer, address, err: error })
  } finally {
    limit.done()
    options.node.recheck()
  }
}

/** One attempt, from either side. */
async function attempt(options: PairingOptions, stream: LinkStream, address: string, signal: AbortSignal): Promise<Paired> {
  const abort = (): void => stream.abort(ShoalError.from(signal.reason, 'ERR_TIMEOUT'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const machine = options.pairing({ self: options.node.id, remote: stream.peer, record: options.record() })
    return await converse(options, stream, machine, address)
  } catch (error) {
    if (signal.aborted) throw ShoalError.from(signal.reason, 'ERR_TIMEOUT')
    stream.abort(ShoalError.from(error))
    throw isShoalError(error, 'ERR_PEER_UNREACHABLE')
      ? new ShoalError('ERR_PAIRING_FAILED', `The far end broke off: ${error.message}`, { cause: error })
      : error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Feeds the machine with what comes and sends what it says, until it is done or fails. */
async function converse(options: PairingOptions, stream: LinkStream, machine: PairMachine, address: string): Promise<Paired> {
  const joiner = machine.start !== undefined
  let paired: Paired | undefined
  let failure: ShoalError | undefined
  const talk = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    if (machine.start) yield encodePairing(machine.start())
    for await (const frame of source) {
      const step = machine.next(decodePairing(frame))
      if (step.type === 'done') {
        paired = resultOf(step, address, joiner)
        await options.onPaired(paired)
      }
      if (step.message) yield encodePairing(step.message)
      if (step.type === 'error') failure = step.error
      if (step.type !== 'reply') return
    }
  }
  const side = duplex(stream)
  await pipe(side.source, talk, (output: AsyncIterable<Uint8Array>) => side.sink(output))
  // the joiner's close says that it has stored its trust; after a refusal it only lets the message out
  await stream.close()
  if (failure) throw failure
  if (!paired) throw new ShoalError('ERR_PAIRING_FAILED', 'The far end ended the pairing early.')
  if (!joiner) await confirmed(stream, options.log)
  return paired
}

/** Waits for the joiner to close its side. Without that, it may not have stored its trust; it can come again with the same ticket. */
async function confirmed(stream: LinkStream, log: Logger): Promise<void> {
  try {
    for await (const _ of stream.frames) throw new ShoalError('ERR_PROTOCOL', 'The joiner went on talking after it was paired.')
  } catch (error) {
    log.warn('the joiner did not confirm the pairing; it may have to use the ticket again', { peer: stream.peer, err: error })
  }
}

function resultOf(step: Extract<PairStep, { type: 'done' }>, address: string, dialled: boolean): Paired {
  const { id, name, addresses } = step.peer
  const texts = plausible(addresses, address)
  return { peer: id, name, addresses: [...new Set(dialled ? [address, ...texts] : texts)], code: step.code }
}
