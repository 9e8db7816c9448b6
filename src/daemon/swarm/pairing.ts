/**
 * Pairing over the network: the exchanges of the keystore's state machines, on a stream that strangers may open while a ticket is out, while a person
 * takes requests, or where they are members by the cluster secret.
 *
 * Both or neither: the side that was dialled stores its trust before it sends WELCOME; the side that dialled stores its own before it closes its side,
 * which is the confirmation. If the connection breaks between, the one trusts a node that proved itself and does not know it yet. The window is one
 * round trip and one write; the side that dialled closes it by coming again: with the same ticket, with the secret, or with RESUME for a code.
 */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { delay } from '../util/wait.js'
import type { Node, StrangerStream } from './node-options.js'
import { PairClock } from './pair-clock.js'
import { type MemberRecord, maxPairFrame, wireRecord } from './pair-codec.js'
import { type CodeToCompare, type Comparison, type Paired, type PairMachine, PairTalk } from './pair-talk.js'
import type { LinkStream } from './swarm.js'

export type { Paired } from './pair-talk.js'

/** Protocol id. */
export const pairProtocol = '/shoal/pair/1.0.0'

/** ms for one attempt while only machines talk. */
const attemptTimeout = 10_000

/** ms for the side that dials to find the other and to talk. */
const joinTimeout = 30_000

/** ms for the persons of both sides to compare a code. */
const compareTimeout = 120_000

/** How often a joiner knocks, and how often it fetches a lost WELCOME. */
const maxVisits = 3

/** Pause between, ms. */
const visitPause = 1000

/** Attempts served at a time, besides those that wait for persons. */
const maxAttempts = 4

const streamLimits = { maxFrame: maxPairFrame, maxInbound: 2 }

const outOfTime = 'The attempt to pair took too long.'

/** Who takes part in an attempt. */
export interface PairParties {
  readonly self: PeerId
  /** As the connection authenticated it. */
  readonly remote: PeerId
  readonly record: MemberRecord
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
  /** Shows a code to a person; throws when too many wait. Absent: nothing is compared here. */
  compare?(code: CodeToCompare): Comparison
  readonly log: Logger
}

/** What a joiner needs beside {@link PairingOptions}. */
export interface JoinOptions extends PairingOptions {
  /** The node to pair with. */
  readonly inviter: PeerId
  /** Multiaddrs. */
  readonly addresses: readonly string[]
  /** What it means that the other node lets this one not in. Default: the ticket is over. */
  readonly closed?: ShoalError
  readonly signal?: AbortSignal
}

/** Serves pairing to whoever the gater lets in. A peer has one attempt: a newer one ends the older. Returns the undo. */
export function acceptPairing(options: PairingOptions): () => void {
  const attempts = new Map<PeerId, LinkStream>()
  return options.node.door.handle(pairProtocol, streamLimits, async (stream, address) => {
    const { peer } = stream
    // the connection of the older one may be dead and not known to be; and nobody, trusted or not, takes the places of others
    attempts.get(peer)?.abort(new ShoalError('ERR_ABORTED', 'The peer began to pair anew.'))
    if (!attempts.has(peer) && attempts.size >= maxAttempts) throw new ShoalError('ERR_LIMIT', 'Too many are pairing at this moment.')
    attempts.set(peer, stream)
    const leave = (): void => {
      if (attempts.get(peer) === stream) attempts.delete(peer)
    }
    try {
      await accept(options, stream, address, leave)
    } finally {
      leave()
    }
  })
}

/**
 * Pairs with a node by dialling it. Resolves when both sides have stored their trust, as far as this side can know. Rejects
 * with `ERR_PEER_UNREACHABLE`, `ERR_TICKET_REFUSED`, `ERR_SECRET_REFUSED`, `ERR_PAIRING_CLOSED`, `ERR_PAIRING_REJECTED`, `ERR_PAIRING_FAILED`,
 * `ERR_PROTOCOL`, `ERR_TIMEOUT`, or what `onPaired` throws. The same ticket may be used again after any of them.
 */
export async function join(options: JoinOptions): Promise<Paired> {
  let machine: PairMachine | undefined
  const first = { ...options, pairing: (parties: PairParties) => (machine = options.pairing(parties)) }
  try {
    return await visit(first)
  } catch (error) {
    for (let visits = 1; visits <= maxVisits; visits++) {
      const again = mayResume(error) ? machine?.resume?.() : undefined
      if (!again || options.signal?.aborted) break
      await delay(visitPause, options.signal)
      const paired = await visit({ ...options, pairing: () => again }).catch(() => undefined)
      if (paired) return paired
    }
    throw error
  }
}

/** Did the stream break? A machine that refused, or was refused, has nothing to resume; what the disk refused is final. */
function mayResume(error: unknown): boolean {
  return isShoalError(error, 'ERR_PEER_UNREACHABLE', 'ERR_PAIRING_FAILED')
}

async function visit(options: JoinOptions): Promise<Paired> {
  const clock = new PairClock(joinTimeout, `Pairing took longer than ${joinTimeout / 1000} s.`, options.signal)
  try {
    const { stream, address, leave } = await visitInviter(options, clock.signal)
    try {
      return await attempt(options, { stream, address, clock })
    } finally {
      leave()
    }
  } finally {
    clock.done()
  }
}

/** Opens the stream; a few times, as all places for strangers may be taken for a moment. */
async function visitInviter({ node, inviter, addresses, closed }: JoinOptions, signal: AbortSignal): Promise<StrangerStream> {
  for (let visits = 1; ; visits++) {
    try {
      return await node.door.open(inviter, addresses, pairProtocol, { ...streamLimits, signal })
    } catch (error) {
      if (visits >= maxVisits || signal.aborted || !isShoalError(error, 'ERR_PEER_UNREACHABLE')) throw doorClosed(error, closed)
      await delay(visitPause, signal)
    }
  }
}

/** A node that lets no stranger in hangs up without a word; what that means is said here. */
function doorClosed(error: unknown, closed: ShoalError | undefined): unknown {
  if (!isShoalError(error, 'ERR_PEER_UNREACHABLE') || !error.message.includes(pairProtocol)) return error
  const hint = 'Make a new ticket with shoal invite.'
  return (
    closed ??
    new ShoalError('ERR_PAIRING_FAILED', 'The other node lets no stranger in: the ticket was used, withdrawn or has expired there.', { cause: error, hint })
  )
}

async function accept(options: PairingOptions, stream: LinkStream, address: string, onCompare: () => void): Promise<void> {
  const { log } = options
  const clock = new PairClock(attemptTimeout, outOfTime)
  try {
    const paired = await attempt(options, { stream, address, clock, onCompare })
    log.info('paired', { peer: paired.peer, name: paired.name, by: paired.by })
  } catch (error) {
    log.warn('pairing failed', { peer: stream.peer, address, err: error })
  } finally {
    clock.done()
    options.node.recheck()
  }
}

interface AttemptParts {
  readonly stream: LinkStream
  readonly address: string
  readonly clock: PairClock
  readonly onCompare?: () => void
}

/** One attempt, from either side. */
async function attempt(options: PairingOptions, { stream, address, clock, onCompare }: AttemptParts): Promise<Paired> {
  const { signal } = clock
  const abort = (): void => stream.abort(ShoalError.from(signal.reason, 'ERR_TIMEOUT'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const machine = options.pairing({ self: options.node.id, remote: stream.peer, record: wireRecord(options.record()) })
    const waiting = (): void => {
      clock.extend(compareTimeout, 'Nobody compared the code in time.')
      options.node.door.stay(stream.peer, compareTimeout + attemptTimeout)
      onCompare?.()
    }
    const { compare, log } = options
    return await new PairTalk(
      { onPaired: (paired) => options.onPaired(paired), ...(compare && { compare }), onCompare: waiting, log },
      stream,
      machine,
      address,
    ).run()
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
