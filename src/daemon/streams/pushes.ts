/** Pushes: wishes that a local stream be sent to a URL, whenever there is such a stream. */

import { ShoalError } from '../../errors.js'
import type { Logger, PusherFactory, PushJob } from '../../plugin.js'
import type { PullState, SubscribeOptions } from '../../stream.js'
import type { TaskNode } from '../util/scope.js'
import { Factories, type Registered } from './factories.js'
import { FactoryUse, tryContext } from './factory-use.js'
import type { Hub, HubSubscription } from './hub.js'
import type { Attempt, Job, JobInfo } from './job.js'
import { JobSet } from './job-set.js'
import { normalizePath } from './path.js'
import { parseSourceUrl, type SourceUrl } from './source-url.js'

/** How a daemon pushes. */
export interface PushesOptions {
  readonly hub: Hub
  readonly log: Logger
  /** Default 1,000. */
  readonly maxPushes?: number
}

/** A push in lists. `idle`: there is no such stream now. */
export type PushInfo = JobInfo

/** How to push. `options.once` (true): when the pusher returns, the push ends too. */
export interface PushOptions {
  /** Who asks: a plugin's name, or `api`. */
  readonly owner: string
  /** Handed to the pusher as `job.options`. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** A wish that a stream be sent somewhere; lives until it is closed. */
export interface Push {
  readonly path: string
  /** Without credentials. */
  readonly url: string
  readonly state: PullState
  close(): Promise<void>
}

/** All pushes of a node. One job for each path and URL. */
export class Pushes {
  readonly #hub: Hub
  readonly #log: Logger
  readonly #limit: number
  readonly #factories: Factories<PusherFactory>
  readonly #jobs: JobSet<PushInfo>
  readonly #pushes = new Map<string, ActivePush>()
  readonly #undo: () => void

  constructor(options: PushesOptions) {
    this.#hub = options.hub
    this.#log = options.log
    this.#limit = options.maxPushes ?? 1000
    this.#factories = new Factories(options.log)
    this.#jobs = new JobSet('pushes', options.log)
    this.#undo = this.#factories.onChange((removed) => {
      for (const push of this.#pushes.values()) push.factoriesChanged(removed)
    })
  }

  /** Registers a pusher; returns the undo, which ends its jobs. Their pushes wait for another one. Throws `ERR_PLUGIN_INVALID`. */
  addFactory(factory: PusherFactory, owner: string, rank = 0): () => void {
    return this.#factories.add(factory, owner, rank)
  }

  /** URL schemes that can be pushed to. */
  schemes(): string[] {
    return this.#factories.schemes()
  }

  /**
   * Sends `path` to `url` whenever it is published. It counts as a reader, so that an on-demand pull of the path runs. The same path and URL again is
   * the same push. Throws `ERR_URL_INVALID`, `ERR_PATH_INVALID`, `ERR_SCHEME_UNKNOWN`, `ERR_LIMIT`, `ERR_STOPPING`.
   */
  push(path: string, url: string, options: PushOptions): Push {
    this.#jobs.checkOpen()
    const source = parseSourceUrl(url)
    const name = normalizePath(path)
    const present = this.#find(name, url)[0]
    if (present) return present
    this.#factories.find(source)
    if (this.#pushes.size >= this.#limit) throw new ShoalError('ERR_LIMIT', `There are ${this.#limit} pushes already.`)
    const key = this.#keyFor(name, source)
    const over = (gone: ActivePush): void => {
      if (this.#pushes.get(key) === gone) this.#pushes.delete(key)
    }
    const init = { over, hub: this.#hub, log: this.#log, factories: this.#factories, jobs: this.#jobs, key, path: name, source, options }
    const push = new ActivePush(init)
    this.#pushes.set(key, push)
    push.done.then(() => over(push))
    return push
  }

  /** A name to show: URLs that differ in their credentials only get a number. */
  #keyFor(path: string, source: SourceUrl): string {
    const name = `${path} > ${source.shown}`
    if (!this.#pushes.has(name)) return name
    let number = 2
    while (this.#pushes.has(`${name} #${number}`)) number++
    return `${name} #${number}`
  }

  /** By the URL as it was given; without a URL, all of the path. */
  #find(path: string, url?: string): ActivePush[] {
    return [...this.#pushes.values()].filter((push) => push.path === path && (url === undefined || push.source.text === url))
  }

  list(): PushInfo[] {
    return this.#jobs.list()
  }

  /** The pushes of a path. */
  get(path: string): PushInfo[] {
    const name = normalizePath(path)
    return this.list().filter((push) => push.path === name)
  }

  /** Ends the push to `url`, given as it was given or as it is shown, or all pushes of the path. Rejects with `ERR_NOT_FOUND`. */
  async remove(path: string, url?: string): Promise<void> {
    const name = normalizePath(path)
    const exact = this.#find(name, url)
    const found = exact.length > 0 ? exact : this.#find(name).filter((push) => push.url === url)
    if (found.length === 0) throw new ShoalError('ERR_NOT_FOUND', `There is no such push of ${name}.`, { hint: 'See shoal pushes.' })
    await Promise.all(found.map((push) => push.close()))
  }

  /** Jobs that go on although they were stopped. */
  get orphans(): number {
    return this.#jobs.orphans.count
  }

  /** For `shoal tasks`. */
  tree(): TaskNode[] {
    return this.#jobs.tree()
  }

  /** Stops all pushes, within about a second. Idempotent. */
  async close(): Promise<void> {
    this.#undo()
    this.#pushes.clear()
    await this.#jobs.close()
  }
}

interface ActivePushInit {
  readonly hub: Hub
  readonly log: Logger
  readonly factories: Factories<PusherFactory>
  readonly jobs: JobSet<PushInfo>
  readonly key: string
  readonly path: string
  readonly source: SourceUrl
  readonly options: PushOptions
  /** The key is free for another push. */
  readonly over: (push: ActivePush) => void
}

class ActivePush implements Push {
  readonly path: string
  readonly source: SourceUrl
  readonly #init: ActivePushInit
  readonly #job: Job
  readonly #use: FactoryUse<PusherFactory>

  constructor(init: ActivePushInit) {
    this.#init = init
    this.path = init.path
    this.source = init.source
    this.#use = new FactoryUse(init.factories, init.source)
    const { hub, path, source, options } = init
    const spec = {
      path,
      url: source.shown,
      owner: options.owner,
      once: options.options?.['once'] === true,
      ready: () => (hub.isReady(path) ? undefined : (signal: AbortSignal) => hub.published(path, signal)),
      attempt: (attempt: Attempt) => this.#use.run((entry) => this.#attempt(attempt, entry)),
    }
    this.#job = init.jobs.start(init.key, spec, (info) => info)
  }

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
    this.#init.over(this)
    await this.#init.jobs.stop(this.#init.key, this.#job)
  }

  factoriesChanged(removed: Registered<PusherFactory> | undefined): void {
    this.#use.changed(removed, this.#job)
  }

  async #attempt(attempt: Attempt, { factory, owner }: Registered<PusherFactory>): Promise<void> {
    const opened: HubSubscription[] = []
    try {
      await factory.push(this.#pushJob(attempt, owner, opened))
    } finally {
      for (const subscription of opened) subscription.close()
    }
  }

  #pushJob({ scope, running }: Attempt, owner: string, opened: HubSubscription[]): PushJob {
    const { hub, path, source, options } = this.#init
    const { signal } = scope
    return {
      ...tryContext(scope, this.#init, options.options),
      subscribe: async (wanted: SubscribeOptions = {}) => {
        const both = wanted.signal ? AbortSignal.any([wanted.signal, signal]) : signal
        const subscription = await hub.subscribe(path, { reader: `${owner} ${source.shown}`, ...wanted, signal: both })
        opened.push(subscription)
        running()
        return subscription
      },
    }
  }
}
