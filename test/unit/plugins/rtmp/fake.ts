/** A plugin context of a few lines: streams in memory, services that answer what a test says, tasks that are supervised as in the daemon. */

import { BoundedQueue } from '../../../../src/daemon/util/queue.js'
import { Scope } from '../../../../src/daemon/util/scope.js'
import { ShoalError } from '../../../../src/errors.js'
import type { HttpRoute, PluginContext, PullerFactory, PullJob, PusherFactory, PushJob } from '../../../../src/plugin.js'
import { type RtmpConfig, type RtmpInfo, rtmp } from '../../../../src/plugins/rtmp/index.js'
import { type PullTiming, pull } from '../../../../src/plugins/rtmp/pull.js'
import type { Authentication, Permission } from '../../../../src/services.js'
import type { Frame, Publication, PublishOptions, StreamVersion, SubscribeOptions, Subscription, Track } from '../../../../src/stream.js'
import { type MemoryLog, memoryLog } from '../../../../src/testing/memory-log.js'

/** A stream that keeps every frame. */
export class FakePublication implements Publication {
  readonly frames: Frame[] = []
  readonly readers = new Set<FakeSubscription>()
  readonly #controller = new AbortController()
  closed = false
  reason: unknown

  constructor(
    readonly path: string,
    public tracks: readonly Track[],
    readonly ready: () => void,
    readonly options: PublishOptions = {},
  ) {}

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get subscribers(): number {
    return this.readers.size
  }

  write(frame: Frame): void {
    if (this.closed) return
    this.frames.push(frame)
    for (const reader of this.readers) reader.queue.push([frame])
  }

  update(track: Track): void {
    this.tracks = [...this.tracks.filter((other) => other.id !== track.id), track]
    for (const reader of this.readers) reader.generation++
    this.ready()
  }

  close(reason?: unknown): void {
    if (this.closed) return
    this.closed = true
    this.reason = reason
    for (const reader of this.readers) reason === undefined ? reader.queue.close() : reader.queue.fail(reason)
  }

  /** What the hub does when someone stops or takes over the stream. */
  abort(error: ShoalError): void {
    this.close(error)
    this.#controller.abort(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** A reader of a {@link FakePublication}; starts with all frames so far. */
export class FakeSubscription implements Subscription {
  readonly queue = new BoundedQueue<readonly Frame[]>({ limit: 100_000 })
  readonly dropped = 0
  generation = 0
  /** Batches handed out. */
  taken = 0
  readonly #over = new AbortController()

  constructor(readonly publication: FakePublication) {
    if (publication.frames.length > 0) this.queue.push([...publication.frames])
    if (publication.closed) this.queue.close()
    publication.readers.add(this)
  }

  get path(): string {
    return this.publication.path
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  get tracks(): readonly Track[] {
    return this.publication.tracks
  }

  close(): void {
    this.publication.readers.delete(this)
    this.queue.close()
    this.#over.abort()
  }

  wantKey(): void {}

  async deliver(take: (frames: readonly Frame[]) => void | Promise<void>): Promise<void> {
    for await (const batch of this) await take(batch)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Frame[], void, undefined> {
    for await (const batch of this.queue) {
      this.taken++
      yield batch
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** Streams by path. As in the hub, a publication without tracks holds its path and cannot be read. */
export class FakeStreams {
  readonly published = new Map<string, FakePublication>()
  readonly subscriptions: FakeSubscription[] = []
  /** What is offered of any stream in other codecs. */
  readonly offered: StreamVersion[] = []
  #waiters: (() => void)[] = []

  publish(path: string, tracks: readonly Track[], options: PublishOptions = {}): FakePublication {
    if (path.includes('..')) throw new ShoalError('ERR_PATH_INVALID', `${path} is not a path.`)
    const present = this.published.get(path)
    if (present && !present.closed) {
      if (!options.takeover) throw new ShoalError('ERR_STREAM_TAKEN', `${path} already has a publisher.`)
      present.abort(new ShoalError('ERR_TAKEN_OVER'))
    }
    const ready = (): void => {
      for (const wake of this.#waiters.splice(0)) wake()
    }
    const publication = new FakePublication(path, tracks, ready, options)
    this.published.set(path, publication)
    if (tracks.length > 0) ready()
    return publication
  }

  async subscribe(path: string, options: SubscribeOptions = {}): Promise<FakeSubscription> {
    if (!this.#live(path) && options.wait) await this.#appears(options.wait, options.signal)
    const publication = this.#live(path)
    if (!publication) throw new ShoalError('ERR_STREAM_NOT_FOUND', `No stream ${path}.`)
    const subscription = new FakeSubscription(publication)
    this.subscriptions.push(subscription)
    options.signal?.addEventListener('abort', () => subscription.close(), { once: true })
    return subscription
  }

  versions(): readonly StreamVersion[] {
    return this.offered
  }

  #live(path: string): FakePublication | undefined {
    const publication = this.published.get(path)
    return publication && !publication.closed && publication.tracks.length > 0 ? publication : undefined
  }

  #appears(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#waiters.push(done)
      signal?.addEventListener('abort', done, { once: true })
    })
  }
}

/** One running RTMP plugin. */
export interface FakeHost {
  readonly port: number
  readonly log: MemoryLog
  readonly streams: FakeStreams
  readonly scope: Scope
  info(): RtmpInfo
  /** With `timing`, the puller's function is called itself: limits are not configurable. */
  pull(url: string, path: string, signal?: AbortSignal, timing?: PullTiming): Promise<void>
  push(url: string, path: string, signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** What a test may set. */
export interface FakeOptions {
  readonly config?: Partial<RtmpConfig>
  readonly authentication?: Authentication
  readonly permission?: Permission
}

const defaults: RtmpConfig = {
  host: '127.0.0.1',
  port: 0,
  chunkSize: 60_000,
  maxConnections: 100,
  handshakeTimeout: 10_000,
  idleTimeout: 30_000,
  stallTimeout: 10_000,
  batch: 0,
  playWait: 0,
  takeover: false,
}

/** Starts the plugin on a free port. */
export async function startRtmp(options: FakeOptions = {}): Promise<FakeHost> {
  const log = memoryLog()
  const streams = new FakeStreams()
  const scope = new Scope({ name: 'rtmp', log })
  const services = { authentication: options.authentication ?? { authenticate: async () => null }, permission: options.permission ?? { allows: () => true } }
  const registered: { puller?: PullerFactory; pusher?: PusherFactory; route?: HttpRoute } = {}
  const ctx = {
    config: { ...defaults, ...options.config },
    log,
    streams,
    signal: scope.signal,
    run: scope.run.bind(scope),
    use: (slot: keyof typeof services) => services[slot],
    http: { route: (route: HttpRoute) => Object.assign(registered, { route }) },
    puller: (puller: PullerFactory) => Object.assign(registered, { puller }),
    pusher: (pusher: PusherFactory) => Object.assign(registered, { pusher }),
  } as unknown as PluginContext<RtmpConfig>
  await rtmp.start?.(ctx)
  const info = (): RtmpInfo => registered.route?.handler({ params: {}, query: {}, body: undefined, signal: scope.signal }) as RtmpInfo
  const job = (url: string, path: string, signal?: AbortSignal) => ({
    url: new URL(url),
    path,
    options: {},
    log,
    signal: signal ?? scope.signal,
    run: scope.run.bind(scope),
  })
  return {
    port: info().port,
    log,
    streams,
    scope,
    info,
    async pull(url, path, signal, timing) {
      let publication: FakePublication | undefined
      const pullJob: PullJob = {
        ...job(url, path, signal),
        publish: (tracks) => {
          publication = streams.publish(path, tracks)
          return publication
        },
      }
      try {
        await (timing ? pull(pullJob, timing) : registered.puller?.pull(pullJob))
      } finally {
        publication?.close()
      }
    },
    async push(url, path, signal) {
      const pushJob: PushJob = { ...job(url, path, signal), subscribe: (wanted) => streams.subscribe(path, { wait: 5000, ...wanted }) }
      await registered.pusher?.push(pushJob)
    },
    stop: async () => void (await scope.close()),
  }
}
