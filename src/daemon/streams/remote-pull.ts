/** `shoal://`, the pulling side: a puller like any other. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId, PullerFactory, PullJob } from '../../plugin.js'
import type { Swarm } from '../swarm/swarm.js'
import { abortReason, deadline, delay, monotonic } from '../util/wait.js'
import { maxBatch } from './frame-header.js'
import { onAbort } from './on-abort.js'
import { defaultPullTiming, type PullEnd, PulledStream, type PullTiming } from './pulled-stream.js'
import { type PullOutputJob, RelayedStream } from './relayed-stream.js'
import type { RemoteSessions } from './remote-sessions.js'
import { parseShoalUrl, type ShoalTarget } from './shoal-url.js'
import { maxWait, type StreamOpen, streamProtocol } from './stream-messages.js'

/** What pulling needs of the daemon. */
export interface PullPorts {
  readonly swarm: Swarm
  readonly sessions: RemoteSessions
  readonly log: Logger
  /** A trusted peer by id, unique prefix or unique name. May throw `ERR_PEER_AMBIGUOUS`. */
  readonly findPeer: (ref: string) => PeerId | undefined
  /** Peers that announce a path, nearest copy first. */
  readonly locate: (path: string) => readonly { readonly peer: PeerId }[]
  /** The peer broke the protocol. */
  readonly violated: (peer: PeerId, error: ShoalError) => void
  readonly timing?: Partial<PullTiming>
}

/** ms a named peer may wait for a publisher where the job does not say; an on-demand pull there starts within it. */
const defaultWait = 5000

/** The longest timer, ms: a pull waits for the link of its peer for as long as it is wanted. */
const longest = 2 ** 31 - 1

/** ms between two tries to go on with a stream that broke. */
const pause = 100

/**
 * The puller of `shoal:`. Options of a job: `maxLatency` (ms this node may be behind), `wait` (ms the peer waits for a
 * publisher; default 5,000, and 0 for `shoal:///`). A stream that breaks is taken up again where it broke, as long as the
 * silence is shorter than 5 s; then the pull fails with `ERR_ORIGIN_LOST` and is tried anew by whoever runs it.
 */
export function shoalPuller(ports: PullPorts): PullerFactory {
  return { protocol: 'shoal', pull: async (job) => await new ShoalPull(ports, job).run() }
}

class ShoalPull {
  readonly #ports: PullPorts
  readonly #job: PullJob
  readonly #target: ShoalTarget
  readonly #timing: PullTiming
  readonly #output: RelayedStream
  /** Peers that refused, of those that announce the path. */
  readonly #refused = new Set<PeerId>()
  /** Why the last try failed. */
  #failure: ShoalError | undefined
  #lastHeard = 0

  constructor(ports: PullPorts, job: PullJob) {
    this.#ports = ports
    this.#job = job
    this.#target = parseShoalUrl(job.url)
    this.#timing = { ...defaultPullTiming, ...ports.timing }
    this.#output = new RelayedStream(job as PullOutputJob, ports.swarm.id, ports.sessions.routes)
  }

  async run(): Promise<void> {
    try {
      for (;;) {
        const peer = await this.#choose()
        if (await this.#try(peer)) return
      }
    } finally {
      this.#output.leave()
    }
  }

  /** True when the stream ended by itself. */
  async #try(peer: PeerId): Promise<boolean> {
    const started = monotonic()
    try {
      const end = await this.#pullFrom(peer)
      if (end === 'ended') return true
      this.#output.end()
      this.#refused.clear()
    } catch (error) {
      this.#judge(peer, error)
      // what ran for a while and broke is taken up at once
      await delay(monotonic() - started > 10 * pause ? 0 : pause, this.#job.signal)
    }
    return false
  }

  /** The peer to pull from. Waits for its link. */
  async #choose(): Promise<PeerId> {
    const { peer: ref, path } = this.#target
    if (ref === undefined) return await this.#chooseNearest(path)
    const peer = this.#ports.findPeer(ref)
    if (peer === undefined) throw new ShoalError('ERR_PEER_UNKNOWN', `No trusted peer is called ${ref}.`)
    if (peer === this.#ports.swarm.id) throw new ShoalError('ERR_URL_INVALID', `${ref} is this node: its streams need no pull.`)
    await this.#linked(peer)
    return peer
  }

  async #chooseNearest(path: string): Promise<PeerId> {
    for (;;) {
      const copies = this.#ports.locate(path).filter(({ peer }) => !this.#refused.has(peer) && this.#ports.swarm.linked(peer))
      if (copies[0]) return copies[0].peer
      // a lost link may return, or another copy appear; a refusal stays one
      if (this.#left <= 0 || !isShoalError(this.#failure, 'ERR_PEER_UNREACHABLE'))
        throw this.#failure ?? new ShoalError('ERR_STREAM_NOT_FOUND', `No peer has ${path}.`)
      await delay(Math.min(pause, this.#left), this.#job.signal)
    }
  }

  /** ms for which a stream that broke may still be taken up again; 0 when none was running. */
  get #left(): number {
    return this.#output.open ? Math.max(0, this.#lastHeard + this.#timing.silence - monotonic()) : 0
  }

  async #linked(peer: PeerId): Promise<void> {
    const { swarm, sessions } = this.#ports
    if (swarm.linked(peer)) return
    const ms = this.#output.open ? this.#left : longest
    const { signal, done } = deadline(ms, 'ERR_ORIGIN_LOST', 'The link to the peer did not return in time.', this.#job.signal)
    const cut = new AbortController()
    const undo = sessions.add(peer, { describe: () => undefined, abort: (reason) => cut.abort(reason) })
    const either = AbortSignal.any([signal, cut.signal])
    try {
      for await (const event of this.#links(either)) if (event.type === 'up' && event.peer === peer) return
    } finally {
      done()
      undo()
    }
    throw abortReason(either)
  }

  /** Link events from now on, with a first one if the link came up while we began to listen. */
  async *#links(signal: AbortSignal): AsyncGenerator<{ readonly type: 'up' | 'down'; readonly peer: PeerId }> {
    const events = this.#ports.swarm.events(signal)
    for (const { peer } of this.#ports.swarm.links()) yield { type: 'up', peer }
    yield* events
  }

  async #pullFrom(peer: PeerId): Promise<PullEnd> {
    const { swarm, sessions } = this.#ports
    const { signal } = this.#job
    const stream = await swarm.open(peer, streamProtocol, { maxFrame: maxBatch, maxInbound: 0, signal })
    const pulled = new PulledStream(stream, this.#target.path, this.#timing)
    const undo = sessions.add(peer, pulled)
    const unlisten = onAbort(signal, () => pulled.abort(abortReason(signal)))
    try {
      const accept = await pulled.open(this.#request(peer))
      this.#lastHeard = pulled.lastHeard
      this.#output.accept(peer, accept, (reason) => pulled.abort(reason))
      this.#failure = undefined
      const end = await pulled.run(this.#output)
      await pulled.close()
      return end
    } catch (error) {
      pulled.abort(ShoalError.from(error))
      throw error
    } finally {
      this.#lastHeard = Math.max(this.#lastHeard, pulled.lastHeard)
      unlisten()
      undo()
    }
  }

  #request(peer: PeerId): StreamOpen {
    const resume = this.#output.resume(peer)
    const wait = this.#number('wait', this.#target.peer === undefined ? 0 : defaultWait, maxWait)
    const maxLatency = this.#number('maxLatency', 0, 600_000)
    return { path: this.#target.path, tracks: [], start: 'latest', maxLatency, wait, ...(resume && { resume }) }
  }

  #number(option: string, fallback: number, max: number): number {
    const value = this.#job.options[option] ?? fallback
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value
    throw new ShoalError('ERR_REQUEST_INVALID', `The option ${option} of a shoal: pull is a whole number from 0 to ${max}.`)
  }

  /** Throws what cannot be helped; returns where another try, or another copy, may do. */
  #judge(peer: PeerId, thrown: unknown): void {
    if (this.#job.signal.aborted) throw abortReason(this.#job.signal)
    const error = ShoalError.from(thrown, 'ERR_PEER_UNREACHABLE')
    this.#failure = error
    if (isShoalError(error, 'ERR_PROTOCOL')) this.#ports.violated(peer, error)
    // only a lost link is worth another try at the same peer
    if (isShoalError(error, 'ERR_PEER_UNREACHABLE') && this.#left > 0) {
      this.#job.log.debug('the stream from a peer broke; it is taken up again', { peer, path: this.#target.path, err: error })
      return
    }
    if (isShoalError(error, 'ERR_PEER_FORGOTTEN', 'ERR_STOPPING', 'ERR_REQUEST_INVALID') || this.#target.peer !== undefined)
      throw lost(error, this.#output.open)
    this.#refused.add(peer)
  }
}

/** A stream that was running and whose link is gone has lost its origin. */
function lost(error: ShoalError, wasOpen: boolean): ShoalError {
  if (!wasOpen || error.code !== 'ERR_PEER_UNREACHABLE') return error
  return new ShoalError('ERR_ORIGIN_LOST', `The stream broke and could not be taken up again: ${error.message}`, { cause: error })
}
