/** `shoal://`, the pulling side: a puller like any other. */

import { type ErrorCode, isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId, PullerFactory, PullJob } from '../../plugin.js'
import type { Swarm } from '../swarm/swarm.js'
import { abortReason, Backoff, delay, monotonic } from '../util/wait.js'
import { Copies, type LocatedCopy } from './copies.js'
import type { FanOut } from './fan-out.js'
import { Feed } from './feed.js'
import { LookAround } from './look-around.js'
import { onAbort } from './on-abort.js'
import { normalizePath } from './path.js'
import { defaultPullTiming, type PullTiming, RemoteError } from './pulled-stream.js'
import { type PullOutputJob, RelayedStream } from './relayed-stream.js'
import type { RemoteSessions } from './remote-sessions.js'
import { samePublication } from './routes.js'
import type { SealKeys } from './seal.js'
import { parseShoalUrl, type ShoalTarget } from './shoal-url.js'
import { type Copy, maxWait, type PublicationId, type StreamOpen } from './stream-messages.js'

/** What pulling needs of the daemon. */
export interface PullPorts {
  readonly swarm: Swarm
  readonly sessions: RemoteSessions
  readonly fanOut: FanOut
  /** Checks what relays pass on; absent = everything is believed. */
  readonly seals?: SealKeys
  readonly log: Logger
  /** A trusted peer by id, unique prefix or unique name. May throw `ERR_PEER_AMBIGUOUS`. */
  readonly findPeer: (ref: string) => PeerId | undefined
  /** Peers that announce a path, nearest copy first. */
  readonly locate: (path: string) => readonly LocatedCopy[]
  /** The peer broke the protocol. */
  readonly violated: (peer: PeerId, error: ShoalError) => void
  readonly timing?: Partial<PullTiming>
}

/** ms a named peer may wait for a publisher where the job does not say; an on-demand pull there starts within it. */
const defaultWait = 5000

/** ms between two looks for a peer that is not linked yet; a link that comes up ends the wait. */
const linkWait = 5000

/** ms between two rounds of tries to go on with a stream that broke. */
const pauses = { min: 100, max: 400 }

/** ms in which a copy that is tried beside another must bring a frame. */
const probeTime = 800

/** Copies tried in one round. */
const maxSteps = 16

/** ms for each step of opening a stream: for the first one, and while readers wait for the next frame. */
const patience = { first: 5000, next: 1000 }

/** ms without a sign of life of the origin where another source is named. */
const standbySilence = 2500

/** Failures after which another try may do: something is away or full for the moment. Others stay what they are. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'ERR_PEER_UNREACHABLE',
  'ERR_PEER_FORGOTTEN',
  'ERR_ORIGIN_LOST',
  'ERR_TIMEOUT',
  'ERR_FAN_OUT',
  'ERR_STREAM_NOT_FOUND',
  'ERR_SLOW_CONSUMER',
])

/**
 * The puller of `shoal:`. Options of a job: `maxLatency` (ms this node may be behind), `wait` (ms the peer waits for a
 * publisher; default 5,000, and 0 for `shoal:///`), `standby` (there is another source: what is lost is given up at once). A
 * stream that breaks is taken up again from any copy, at the next frame that is lacked, as long as the silence is shorter than
 * 5 s; then the pull fails with `ERR_ORIGIN_LOST` and is tried anew by whoever runs it.
 */
export function shoalPuller(ports: PullPorts): PullerFactory {
  return { protocol: 'shoal', pull: async (job) => await new ShoalPull(ports, job).run() }
}

class ShoalPull {
  readonly #ports: PullPorts
  readonly #job: PullJob
  readonly #target: ShoalTarget
  readonly #timing: PullTiming
  readonly #copies: Copies
  readonly #output: RelayedStream<Feed>
  readonly #hasStandby: boolean
  #hasWaited = false
  #feed: Feed | undefined
  /** Brought the next frame while the present feed was quiet. */
  #successor: Feed | undefined
  /** What is pulled, as the last source or the refusal of the named peer told it. */
  #known: PublicationId | undefined
  /** Peers that ended the stream for good since it last ran. */
  readonly #gaveUp = new Set<PeerId>()
  /** Why the publication here was ended from outside. */
  #stopped: Error | undefined
  /** Why the last try failed. */
  #failure: ShoalError | undefined
  /** Why the stream that ran broke. */
  #broke: ShoalError | undefined
  #lastHeard = monotonic()

  constructor(ports: PullPorts, job: PullJob) {
    const { swarm, findPeer, locate, sessions } = ports
    this.#ports = ports
    this.#job = job
    this.#target = parseShoalUrl(job.url)
    this.#hasStandby = job.options['standby'] !== undefined
    const silence = this.#hasStandby ? { silence: standbySilence } : {}
    this.#timing = { ...defaultPullTiming, ...silence, ...ports.timing }
    this.#copies = new Copies(this.#target, { findPeer, locate, linked: (peer) => swarm.linked(peer), blame: sessions.blame })
    this.#output = new RelayedStream(job as PullOutputJob, sessions.routes, {
      adopted: (feed) => this.#adopted(feed),
      stopped: (reason) => this.#stop(reason),
    })
  }

  async run(): Promise<void> {
    this.#checkTarget()
    try {
      for (;;) {
        const feed = this.#successor ?? (await this.#connectOrSucceed())
        this.#successor = undefined
        if (await this.#follow(feed)) return
      }
    } finally {
      this.#output.leave()
    }
  }

  #checkTarget(): void {
    const { peer: ref } = this.#target
    if (ref === undefined) return
    const { named } = this.#copies
    if (named === undefined) throw new ShoalError('ERR_PEER_UNKNOWN', `No trusted peer is called ${ref}.`)
    if (named === this.#ports.swarm.id) throw new ShoalError('ERR_URL_INVALID', `${ref} is this node: its streams need no pull.`)
  }

  #stop(reason: Error): void {
    this.#stopped = reason
    this.#feed?.abort(reason)
  }

  #adopted(feed: Feed): void {
    if (feed === this.#feed) return
    const { path } = this.#job
    this.#job.log.info('the stream stood still and goes on from another copy', { path, from: this.#feed?.peer, peer: feed.peer, at: placeOf(feed) })
    this.#successor = feed
    this.#feed?.abort(new ShoalError('ERR_ABORTED', 'Another copy took over.'))
  }

  /** True when the stream ended by itself. */
  async #follow(feed: Feed): Promise<boolean> {
    this.#feed = feed
    const around = new LookAround(this.#output, this.#timing, (signal) => this.#lookAround(feed, signal))
    try {
      const end = await feed.ended
      if (end === 'replaced') this.#known = undefined
      return end === 'ended' && this.#successor === undefined
    } catch (error) {
      if (this.#successor === undefined) this.#broken(feed, error)
      return false
    } finally {
      around.stop()
      this.#feed = undefined
      this.#lastHeard = Math.max(this.#lastHeard, feed.lastHeard)
      if (this.#successor === undefined) this.#output.starve()
    }
  }

  #broken(feed: Feed, error: unknown): void {
    const mayReturn = this.#judge(feed.copy, error)
    this.#broke = this.#failure
    // one that fell silent is not asked again: it would take a second to say nothing
    if (isShoalError(this.#broke, 'ERR_ORIGIN_LOST') && !(this.#broke instanceof RemoteError)) this.#gaveUp.add(feed.peer)
    if (mayReturn) return
    // ended for good: where the origin says so, it is so for everybody
    if (this.#failure instanceof RemoteError && feed.peer === feed.route.hops[0]) throw this.#failure
    this.#gaveUp.add(feed.peer)
  }

  /** Tries other copies beside the one that is quiet, until one of them brings the next frame. */
  async #lookAround(quiet: Feed, signal: AbortSignal): Promise<void> {
    const tried = new Set([quiet.peer])
    for (let step = 0; step < maxSteps && this.#successor === undefined && !signal.aborted; step++) {
      const copy = this.#copies.next(tried, this.#known)
      if (!copy) return
      tried.add(copy.peer)
      await this.#probe(copy, signal).catch((error: unknown) => this.#learn(copy, error))
    }
  }

  async #probe(copy: Copy, signal: AbortSignal): Promise<void> {
    const feed = await this.#open(copy, patience.next)
    try {
      if (this.#output.holds(feed.route.publication)) await Promise.race([feed.ended, delay(probeTime, signal)])
    } finally {
      if (this.#successor !== feed && this.#feed !== feed) feed.abort(new ShoalError('ERR_ABORTED', 'The copy brings nothing new.'))
    }
  }

  /** As `connect`; a copy that was tried beside the one that broke may bring the next frame meanwhile. */
  async #connectOrSucceed(): Promise<Feed> {
    const opened = await this.#connect()
    const feed = this.#successor ?? opened
    if (feed !== opened) opened.abort(new ShoalError('ERR_ABORTED', 'Another copy took over.'))
    return feed
  }

  /** A stream from any copy; goes round as long as there is hope. */
  async #connect(): Promise<Feed> {
    const backoff = new Backoff(pauses)
    for (;;) {
      const tried = new Set(this.#gaveUp)
      let hope = false
      for (let copy = this.#next(tried); copy; copy = this.#next(tried)) {
        tried.add(copy.peer)
        try {
          return this.#attach(await this.#open(copy, this.#output.open ? patience.next : patience.first))
        } catch (error) {
          hope = this.#judge(copy, error) || hope
        }
      }
      await this.#pause(tried.size > this.#gaveUp.size, hope, backoff.next())
    }
  }

  #next(tried: ReadonlySet<PeerId>): Copy | undefined {
    return tried.size < maxSteps ? this.#copies.next(tried, this.#known) : undefined
  }

  #attach(feed: Feed): Feed {
    const { path, log } = this.#job
    const goesOn = this.#output.holds(feed.route.publication)
    const { named } = this.#copies
    if (goesOn) log.info('the stream goes on', { path, peer: feed.peer, at: placeOf(feed) })
    else if (named !== undefined && named !== feed.peer) log.info('the stream is pulled from another copy', { path, peer: feed.peer, hops: feed.route.hops })
    this.#failure = undefined
    this.#broke = undefined
    this.#gaveUp.clear()
    this.#known = feed.route.publication
    try {
      this.#output.attach(feed)
    } catch (error) {
      // no other copy can help where the path here is not free
      this.#stopped ??= ShoalError.from(error)
      feed.abort(this.#stopped)
      throw error
    }
    return feed
  }

  async #open(copy: Copy, ms: number): Promise<Feed> {
    const { swarm, sessions, fanOut, seals } = this.#ports
    const path = normalizePath(this.#job.path)
    const lastHeard = this.#output.open ? this.#lastHeard : monotonic()
    const options = {
      swarm,
      sessions,
      seals,
      signal: this.#job.signal,
      lastHeard,
      patience: ms,
      output: this.#output,
      log: this.#job.log,
      timing: this.#timing,
    }
    const feed = await Feed.open(copy, this.#request(copy), { ...options, room: () => fanOut.room(path) })
    if (this.#isRight(copy, feed.route.publication)) return feed
    const error = new ShoalError('ERR_SOURCE_FAILED', 'The copy is one of another stream.')
    feed.abort(error)
    throw error
  }

  /**
   * Is it the stream that was asked for? The peer that the URL names may serve what it likes; in its place nobody may. By path alone it is the
   * stream of the publisher in the directory: a seal says whose a frame is, not that its owner publishes the path.
   */
  #isRight({ peer }: Copy, publication: PublicationId): boolean {
    const { path } = this.#target
    const { named } = this.#copies
    if (peer === named || (this.#known && samePublication(publication, this.#known))) return true
    if (named !== undefined) return this.#known === undefined && publication.origin === named && publication.path === path
    const located = this.#ports.locate(path).filter(({ origin }) => origin !== undefined)
    const publisher = located.find((copy) => copy.peer === copy.origin)?.peer
    if (publisher !== undefined) return publication.origin === publisher && publication.path === path
    return located.length === 0 || located.some(({ origin }) => origin === publication.origin)
  }

  #request({ peer, path }: Copy): StreamOpen {
    const resume = this.#output.position
    const named = this.#target.peer !== undefined && peer === this.#copies.named
    const asked = this.#number('wait', named ? defaultWait : 0, maxWait)
    const maxLatency = this.#number('maxLatency', 0, 600_000)
    // readers wait for the next frame: who does not have the stream now must not keep others from being asked
    const wait = this.#output.open ? 0 : asked
    return { path, tracks: [], start: 'latest', maxLatency, wait, copy: this.#job.path, ...(resume && { resume }) }
  }

  #number(option: string, fallback: number, max: number): number {
    const value = this.#job.options[option] ?? fallback
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value
    throw new ShoalError('ERR_REQUEST_INVALID', `The option ${option} of a shoal: pull is a whole number from 0 to ${max}.`)
  }

  /** ms for which a stream that broke may still be taken up again; 0 when none was running. */
  get #left(): number {
    return this.#output.open ? Math.max(0, this.#lastHeard + this.#timing.silence - monotonic()) : 0
  }

  /** Throws what cannot be helped. May the same succeed a little later? */
  #judge(copy: Copy, thrown: unknown): boolean {
    if (this.#job.signal.aborted) throw abortReason(this.#job.signal)
    if (this.#stopped) throw this.#stopped
    const error = this.#learn(copy, thrown)
    this.#failure = error
    const isOwn = !(error instanceof RemoteError)
    if (isOwn && isShoalError(error, 'ERR_STOPPING', 'ERR_REQUEST_INVALID')) throw error
    if (isShoalError(error, 'ERR_PEER_FORGOTTEN') && copy.peer === this.#copies.named) throw error
    this.#job.log.debug('a copy cannot be pulled', { peer: copy.peer, path: copy.path, err: error })
    return passing.has(error.code)
  }

  /** Remembers what a failure says about copies. */
  #learn(copy: Copy, thrown: unknown): ShoalError {
    const error = ShoalError.from(thrown, 'ERR_PEER_UNREACHABLE')
    if (isShoalError(error, 'ERR_PROTOCOL', 'ERR_SEAL_INVALID')) {
      this.#ports.violated(copy.peer, error)
      this.#ports.sessions.blame.add(copy)
      this.#job.log.warn('a peer served false frames and is not asked for this stream for a while', { peer: copy.peer, path: copy.path, err: error })
    }
    if (!(error instanceof RemoteError) || error.code !== 'ERR_FAN_OUT') return error
    this.#copies.hint(error.refuse.alternatives ?? [])
    if (copy.peer === this.#copies.named) this.#known = error.refuse.publication ?? this.#known
    return error
  }

  /** Between two rounds. Throws when there is no hope left. */
  async #pause(tried: boolean, hope: boolean, ms: number): Promise<void> {
    if (this.#output.open) {
      // what other copies answer says nothing about the one that broke
      const mayReturn = !this.#hasStandby && (!this.#broke || passing.has(this.#broke.code))
      if (this.#left <= 0 || !(hope || mayReturn)) throw lost(this.#broke)
      return await this.#rest(Math.min(ms, this.#left))
    }
    if (!tried && this.#target.peer !== undefined) {
      // the other source is tried once the link of this one had some time to come up
      if (this.#hasStandby && this.#hasWaited) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no link to ${this.#target.peer}.`)
      this.#hasWaited = true
      return await this.#rest(linkWait)
    }
    throw this.#failure ?? new ShoalError('ERR_STREAM_NOT_FOUND', `No peer has ${this.#target.path}.`)
  }

  /** Waits for a link, at most `ms`. Ends with the job, and when the peer is forgotten. */
  async #rest(ms: number): Promise<void> {
    const { swarm, sessions } = this.#ports
    const { signal } = this.#job
    const wait = new AbortController()
    const { named } = this.#copies
    let cut: Error | undefined
    const end = (reason?: Error): void => {
      cut ??= reason
      wait.abort()
    }
    const undo = named === undefined ? () => {} : sessions.add(named, { describe: () => undefined, abort: end })
    const unlisten = onAbort(signal, () => end(abortReason(signal)))
    const timer = setTimeout(end, ms)
    try {
      if (signal.aborted) throw abortReason(signal)
      for await (const event of swarm.events(wait.signal)) if (event.type === 'up') break
    } finally {
      clearTimeout(timer)
      unlisten()
      undo()
    }
    if (cut) throw cut
  }
}

/** Where a stream goes on, for people. */
function placeOf({ resumed }: Feed): string {
  return resumed ? 'the next frame' : 'the next group, or the next frame of the present one'
}

/** A stream that was running and whose copies are all gone has lost its origin. */
function lost(error: ShoalError | undefined): ShoalError {
  if (error && !passing.has(error.code)) return error
  if (error && isShoalError(error, 'ERR_ORIGIN_LOST') && !(error instanceof RemoteError)) return error
  return new ShoalError('ERR_ORIGIN_LOST', `The stream broke and could not be taken up again${error ? `: ${error.message}` : '.'}`, { cause: error })
}
