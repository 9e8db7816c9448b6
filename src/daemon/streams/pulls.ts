/** Pulls: wishes that a path be fed from a URL, whatever becomes of the source meanwhile. */

import { ShoalError } from '../../errors.js'
import type { Logger, PullerFactory, PullJob } from '../../plugin.js'
import type { Pull, PullOptions, PullState, StreamVersion, Track } from '../../stream.js'
import type { TaskNode } from '../util/scope.js'
import { abortReason } from '../util/wait.js'
import { Factories, type Registered } from './factories.js'
import { FactoryUse, tryContext } from './factory-use.js'
import { HeldPublications } from './held-publications.js'
import type { Hub, HubPublication, HubPublishOptions } from './hub.js'
import type { Attempt, Job, JobInfo } from './job.js'
import { JobSet } from './job-set.js'
import { onAbort } from './on-abort.js'
import { normalizePath } from './path.js'
import { parseSourceUrl, pathOfUrl, type SourceUrl } from './source-url.js'
import { Standby } from './standby.js'
import { later } from './timer.js'
import { Versions } from './versions.js'

/** How a daemon pulls. */
export interface PullsOptions {
  readonly hub: Hub
  readonly log: Logger
  /** Default 1,000. */
  readonly maxPulls?: number
  /** ms an on-demand pull goes on after its last reader. Default 10,000. */
  readonly idleDelay?: number
}

/** A pull in lists. */
export interface PullInfo extends JobInfo {
  readonly onDemand: boolean
}

/** What a puller of the daemon's own may say beside the tracks. */
export type PullProvenance = Pick<HubPublishOptions, 'origin' | 'originEpoch' | 'hops' | 'publishTimeout' | 'takeover' | 'keyWanted' | 'sourceStats'>

/** The job as the daemon's own pullers (`shoal://`) get it. */
export interface HubPullJob extends PullJob {
  publish(tracks: readonly Track[], provenance?: PullProvenance): HubPublication
}

/**
 * Options of {@link Pulls.pull}. `options.once` (true): when the source ends by itself, the pull ends too. `options.standby`: a URL
 * that is used in place of the first when that fails or ends, and the other way round; readers stay.
 */
export interface OwnedPullOptions extends PullOptions {
  /** Who asks: a plugin's name, or `api`. */
  readonly owner: string
}

/** All pulls of a node. One job a path. */
export class Pulls {
  readonly #hub: Hub
  readonly #log: Logger
  readonly #limit: number
  readonly #idleDelay: number
  readonly #factories: Factories<PullerFactory>
  readonly #jobs: JobSet<PullInfo>
  readonly #pulls = new Map<string, ActivePull>()
  readonly #versions = new Versions()
  readonly #undo: (() => void)[]

  constructor(options: PullsOptions) {
    this.#hub = options.hub
    this.#log = options.log
    this.#limit = options.maxPulls ?? 1000
    this.#idleDelay = options.idleDelay ?? 10_000
    this.#factories = new Factories(options.log)
    this.#jobs = new JobSet('pulls', options.log)
    this.#undo = [
      this.#factories.onChange((removed) => {
        for (const pull of this.#pulls.values()) pull.factoriesChanged(removed)
      }),
      options.hub.onDemand((path, wanted) => this.#pulls.get(path)?.demand(wanted)),
    ]
  }

  /** Registers a puller; returns the undo, which ends its jobs. Their pulls wait for another one. Throws `ERR_PLUGIN_INVALID`. */
  addFactory(factory: PullerFactory, owner: string, rank = 0): () => void {
    return this.#factories.add(factory, owner, rank)
  }

  /** URL schemes that can be pulled. */
  schemes(): string[] {
    return this.#factories.schemes()
  }

  /**
   * As {@link Streams.pull}. The same URL and path again is the same pull, whatever the options. Throws `ERR_URL_INVALID`,
   * `ERR_PATH_INVALID`, `ERR_SCHEME_UNKNOWN`, `ERR_STREAM_TAKEN` (the path has a pull of another URL), `ERR_LIMIT`, `ERR_STOPPING`.
   */
  pull(url: string, path: string | undefined, options: OwnedPullOptions): Pull {
    this.#jobs.checkOpen()
    const source = parseSourceUrl(url)
    const name = path === undefined ? pathOfUrl(source) : normalizePath(path)
    const present = this.#pulls.get(name)
    if (present) return this.#same(present, source)
    this.#factories.find(source)
    const standby = this.#standby(options)
    if (this.#pulls.size >= this.#limit) throw new ShoalError('ERR_LIMIT', `There are ${this.#limit} pulls already.`)
    const withdraw = options.versionOf ? this.#versions.add(name, options.versionOf) : (): void => {}
    const over = (gone: ActivePull): void => {
      withdraw()
      if (this.#pulls.get(name) === gone) this.#pulls.delete(name)
    }
    const { hub, log, factories, jobs } = { hub: this.#hub, log: this.#log, factories: this.#factories, jobs: this.#jobs }
    const pull = new ActivePull({ hub, log, factories, jobs, path: name, source, standby, options: { idleDelay: this.#idleDelay, ...options }, over })
    this.#pulls.set(name, pull)
    pull.done.then(() => over(pull))
    return pull
  }

  /** Throws `ERR_URL_INVALID`, `ERR_SCHEME_UNKNOWN`. */
  #standby({ options = {} }: OwnedPullOptions): SourceUrl | undefined {
    const { standby } = options
    if (standby === undefined) return undefined
    if (typeof standby !== 'string') throw new ShoalError('ERR_URL_INVALID', 'The standby of a pull is a URL.')
    const source = parseSourceUrl(standby)
    this.#factories.find(source)
    return source
  }

  #same(present: ActivePull, source: SourceUrl): Pull {
    if (present.source.text === source.text) return present
    const message = `${present.path} is already pulled from ${present.url}.`
    throw new ShoalError('ERR_STREAM_TAKEN', message, { hint: `Remove that pull first: shoal pulls rm ${present.path}.` })
  }

  /** As `Streams.versions`. */
  versions(path: string): readonly StreamVersion[] {
    return this.#versions.of(path)
  }

  list(): PullInfo[] {
    return this.#jobs.list()
  }

  get(path: string): PullInfo | undefined {
    return this.#jobs.info(normalizePath(path))
  }

  /** Ends a pull and its stream. Rejects with `ERR_NOT_FOUND`. */
  async remove(path: string): Promise<void> {
    const pull = this.#pulls.get(normalizePath(path))
    if (!pull) throw new ShoalError('ERR_NOT_FOUND', `There is no pull of ${path}.`, { hint: 'See shoal pulls.' })
    await pull.close()
  }

  /** The pull's info now and after each change of its state; ends with the pull, or with `signal`. Throws `ERR_NOT_FOUND`. */
  watch(path: string, signal?: AbortSignal): AsyncIterableIterator<PullInfo> {
    return this.#jobs.watch(normalizePath(path), signal)
  }

  /** The info of any pull after each change of its state. One that falls behind gets the present state of all, and goes on. */
  events(signal?: AbortSignal): AsyncIterableIterator<PullInfo> {
    return this.#jobs.events(signal)
  }

  /** Jobs that go on although they were stopped. */
  get orphans(): number {
    return this.#jobs.orphans.count
  }

  /** For `shoal tasks`. */
  tree(): TaskNode[] {
    return this.#jobs.tree()
  }

  /** Stops all pulls, within about a second. Idempotent. */
  async close(): Promise<void> {
    for (const undo of this.#undo) undo()
    const pulls = [...this.#pulls.values()]
    for (const pull of pulls) pull.forget()
    this.#pulls.clear()
    await this.#jobs.close()
    for (const pull of pulls) pull.release()
  }
}

interface ActivePullInit {
  readonly hub: Hub
  readonly log: Logger
  readonly factories: Factories<PullerFactory>
  readonly jobs: JobSet<PullInfo>
  readonly path: string
  readonly source: SourceUrl
  readonly standby: SourceUrl | undefined
  readonly options: OwnedPullOptions & { readonly idleDelay: number }
  /** The path is free for another pull. */
  readonly over: (pull: ActivePull) => void
}

class ActivePull implements Pull {
  readonly path: string
  readonly source: SourceUrl
  readonly #init: ActivePullInit
  readonly #job: Job
  readonly #sources: Standby<{ readonly source: SourceUrl; readonly use: FactoryUse<PullerFactory> }>
  readonly #held: HeldPublications
  #wake: (() => void) | undefined
  #cancelIdle: (() => void) | undefined

  constructor(init: ActivePullInit) {
    this.#init = init
    this.path = init.path
    this.source = init.source
    const withUse = (source: SourceUrl) => ({ source, use: new FactoryUse(init.factories, source) })
    this.#sources = new Standby(withUse(init.source), init.standby && withUse(init.standby))
    this.#held = new HeldPublications()
    const { onDemand = false, options, owner } = init.options
    const spec = {
      path: init.path,
      url: init.source.shown,
      owner,
      once: options?.['once'] === true,
      ready: () => (onDemand && !init.hub.isWanted(init.path) ? (signal: AbortSignal) => this.#untilWanted(signal) : undefined),
      atOnce: () => this.#sources.atOnce,
      attempt: (attempt: Attempt) => this.#try(attempt),
    }
    this.#job = init.jobs.start(init.path, spec, (info) => ({ ...info, onDemand }))
  }

  /** Without credentials. */
  get url(): string {
    return this.source.shown
  }

  get state(): PullState {
    return this.#job.state
  }

  get done(): Promise<void> {
    return this.#job.done
  }

  async close(): Promise<void> {
    this.forget()
    this.#init.over(this)
    await this.#init.jobs.stop(this.path, this.#job)
    this.release()
  }

  /** Ends what is kept for another source. */
  release(): void {
    this.#held.release()
  }

  /** Lets go of its timer. */
  forget(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
  }

  /** The first reader came, or the last one went. */
  demand(wanted: boolean): void {
    this.forget()
    if (wanted) this.#wake?.()
    else if (this.#init.options.onDemand) {
      const { idleDelay } = this.#init.options
      const idle = new ShoalError('ERR_IDLE', `Nobody read ${this.path} for ${idleDelay} ms.`)
      this.#cancelIdle = later(idleDelay, () => this.#job.interrupt(idle))
    }
  }

  #untilWanted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        unlisten()
        this.#wake = undefined
        resolve()
      }
      this.#wake = wake
      const unlisten = onAbort(signal, wake)
    })
  }

  factoriesChanged(removed: Registered<PullerFactory> | undefined): void {
    this.#sources.present.use.changed(removed, this.#job)
  }

  async #try(attempt: Attempt): Promise<void> {
    const { source, use } = this.#sources.present
    const { once } = this.#init.options.options ?? {}
    try {
      await use.run((entry) => this.#attempt(attempt, source, entry))
      if (once !== true) this.#sources.failed()
    } catch (error) {
      this.#sources.failed()
      throw error
    }
  }

  async #attempt(attempt: Attempt, source: SourceUrl, { factory, owner }: Registered<PullerFactory>): Promise<void> {
    const opened: HubPublication[] = []
    const end = (reason?: ShoalError): void => {
      // readers wait for the other source a little while
      if (this.#sources.hasOther && !attempt.scope.signal.aborted) this.#held.hold(opened, reason)
      else for (const publication of opened) publication.close(reason)
    }
    try {
      await factory.pull(this.#pullJob(attempt, source, owner, opened))
      end()
    } catch (error) {
      end(ShoalError.from(error, 'ERR_SOURCE_FAILED'))
      throw error
    }
  }

  #pullJob({ scope, running, abort }: Attempt, source: SourceUrl, publisher: string, opened: HubPublication[]): HubPullJob {
    const { hub, path, options } = this.#init
    let unlisten = (): void => {}
    return {
      ...tryContext(scope, { ...this.#init, source }, options.options),
      publish: (tracks, provenance = {}) => {
        // one that follows on another of the same try does not end the try
        if (provenance.takeover) unlisten()
        if (scope.signal.aborted) throw abortReason(scope.signal)
        const takeover = provenance.takeover || this.#held.isHeld
        const publication = hub.publish(path, tracks, { ...provenance, takeover, publisher, source: source.shown })
        onAbort(scope.signal, () => this.#held.unlessHeld(publication, scope.signal))
        this.#held.release()
        this.#sources.ran()
        opened.push(publication)
        // stopped, timed out or taken over: a puller that does not look would go on for nobody
        unlisten = onAbort(publication.signal, () => abort(publication.signal.reason))
        running()
        return publication
      },
    }
  }
}
