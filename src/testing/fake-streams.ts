/** A hub in memory for tests of plugins: it keeps every frame, forgets none, and has no limits in time. */

import type { HostStreams } from '../daemon/host/parts.js'
import { BoundedQueue, Broadcast } from '../daemon/util/queue.js'
import { abortable, deadline } from '../daemon/util/wait.js'
import { ShoalError } from '../errors.js'
import type {
  Frame,
  Publication,
  PublishOptions,
  Pull,
  PullOptions,
  SourceStats,
  StreamEvent,
  StreamInfo,
  StreamVersion,
  SubscribeOptions,
  Subscription,
  Track,
} from '../stream.js'

/** Most batches a fake subscription holds. */
const queueLimit = 100_000

/** A publication whose frames the test can look at. */
export class FakePublication implements Publication {
  readonly path: string
  readonly publisher: string
  readonly signal: AbortSignal
  /** What was written, in order: everything, or the newest of it. */
  readonly frames: Frame[] = []
  /** Frames, key frames among them, and bytes that were written. */
  readonly written = { frames: 0, keys: 0, bytes: 0 }
  closed = false
  tracks: readonly Track[]
  readonly #controller = new AbortController()
  readonly #readers = new Set<FakeSubscription>()
  readonly #ended: (publication: FakePublication, reason: unknown) => void
  readonly #keep: number
  readonly #source: Pick<PublishOptions, 'keyWanted' | 'sourceStats'>

  constructor(
    path: string,
    tracks: readonly Track[],
    publisher: string,
    ended: (publication: FakePublication, reason: unknown) => void,
    keep = Number.POSITIVE_INFINITY,
    source: Pick<PublishOptions, 'keyWanted' | 'sourceStats'> = {},
  ) {
    this.#source = source
    this.path = path
    this.#keep = keep
    this.tracks = tracks
    this.publisher = publisher
    this.signal = this.#controller.signal
    this.#ended = ended
  }

  get subscribers(): number {
    return this.#readers.size
  }

  write(frame: Frame): void {
    if (this.closed) return
    if (!this.tracks.some(({ id }) => id === frame.track)) throw new ShoalError('ERR_FRAME_INVALID', `There is no track ${frame.track}.`)
    this.frames.push(frame)
    if (this.frames.length > this.#keep) this.frames.shift()
    this.written.frames++
    this.written.keys += frame.key ? 1 : 0
    this.written.bytes += frame.data.length
    for (const reader of this.#readers) reader.push(frame)
  }

  update(track: Track): void {
    this.tracks = [...this.tracks.filter(({ id }) => id !== track.id), track]
    for (const reader of this.#readers) reader.generation++
  }

  /** A reader wants a key frame: the publisher is told each time. */
  wantKey(): void {
    if (!this.closed) this.#source.keyWanted?.()
  }

  /** What the publisher tells of its source. */
  get sourceStats(): SourceStats | undefined {
    return this.#source.sourceStats?.()
  }

  /** Ends it as `shoal streams stop` would. */
  stop(reason: unknown = new ShoalError('ERR_STREAM_STOPPED')): void {
    this.#controller.abort(reason)
    this.close(reason)
  }

  close(reason?: unknown): void {
    if (this.closed) return
    this.closed = true
    for (const reader of [...this.#readers]) reader.finish(reason)
    this.#ended(this, reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Adds a reader, which gets what there is from the newest key frame on. */
  attach(reader: FakeSubscription): () => void {
    const from = this.frames.findLastIndex(({ key }) => key)
    for (const frame of from < 0 ? [] : this.frames.slice(from)) reader.push(frame)
    this.#readers.add(reader)
    return () => this.#readers.delete(reader)
  }
}

class FakeSubscription implements Subscription {
  readonly path: string
  generation = 0
  dropped = 0
  readonly #source: FakePublication
  readonly #kinds: readonly Track['kind'][] | undefined
  readonly #queue = new BoundedQueue<Frame>({ limit: queueLimit })
  readonly #detach: () => void
  readonly #ended: () => void
  readonly #over = new AbortController()

  constructor(source: FakePublication, options: SubscribeOptions, ended: () => void) {
    this.path = source.path
    this.#source = source
    this.#kinds = options.tracks
    this.#ended = ended
    this.#detach = source.attach(this)
    if (options.signal?.aborted) this.close()
    else options.signal?.addEventListener('abort', () => this.close(), { once: true })
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  get tracks(): readonly Track[] {
    return this.#source.tracks.filter(({ kind }) => this.#kinds?.includes(kind) ?? true)
  }

  push(frame: Frame): void {
    if (this.tracks.some(({ id }) => id === frame.track)) this.#queue.push(frame)
  }

  finish(reason?: unknown): void {
    this.#detach()
    if (reason === undefined) this.#queue.close()
    else this.#queue.fail(reason)
    this.#over.abort(reason)
    this.#ended()
  }

  close(): void {
    if (!this.#queue.closed) this.finish()
  }

  wantKey(): void {
    this.#source.wantKey()
  }

  async deliver(take: (frames: readonly Frame[]) => void | Promise<number | void>): Promise<void> {
    for await (const batch of this) await take(batch)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Frame[], void, undefined> {
    try {
      for await (const frame of this.#queue) yield [frame, ...this.#queue.drain()]
    } finally {
      this.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** Streams of a test. */
export class FakeStreams implements HostStreams {
  /** Every publication there ever was, in order. */
  readonly publications: FakePublication[] = []
  /** Every pull that was asked for, with its owner. */
  readonly pulls: (Pull & { readonly owner: string; readonly versionOf?: PullOptions['versionOf'] })[] = []
  readonly #live = new Map<string, FakePublication>()
  readonly #events: Broadcast<StreamEvent>
  readonly #keep: number | undefined
  #subscriptions = 0

  /** `queue`: events a listener may be behind before it is told `lagged`; default 1,024. `keep`: newest frames a publication keeps; default all. */
  constructor(queue?: number, keep?: number) {
    this.#keep = keep
    this.#events = new Broadcast<StreamEvent>((missed) => ({ type: 'lagged', missed, time: Date.now() }), queue)
  }

  /** What is open now: publications, subscriptions, event listeners. All 0 when a plugin left nothing. */
  get open(): { publications: number; subscriptions: number; listeners: number } {
    return { publications: this.#live.size, subscriptions: this.#subscriptions, listeners: this.#events.listeners }
  }

  /** The live publication of a path. */
  get(path: string): FakePublication | undefined {
    return this.#live.get(path)
  }

  publish(path: string, tracks: readonly Track[], options: PublishOptions & { readonly publisher?: string } = {}): FakePublication {
    const present = this.#live.get(path)
    if (present && !options.takeover) throw new ShoalError('ERR_STREAM_TAKEN', `The path ${path} already has a publisher.`)
    present?.stop(new ShoalError('ERR_TAKEN_OVER'))
    const publisher = options.publisher ?? 'test'
    const publication = new FakePublication(path, tracks, publisher, (ended, reason) => this.#ended(ended, reason), this.#keep, options)
    this.publications.push(publication)
    this.#live.set(path, publication)
    this.emit({ type: 'published', path, publisher, time: Date.now() })
    const { signal } = options
    if (signal?.aborted) publication.stop(signal.reason)
    else signal?.addEventListener('abort', () => publication.stop(signal.reason), { once: true })
    return publication
  }

  async subscribe(path: string, options: SubscribeOptions = {}): Promise<Subscription> {
    const source = this.#live.get(path) ?? (await this.#awaitPublisher(path, options))
    const reader = options.reader ?? 'test'
    this.#subscriptions++
    this.emit({ type: 'subscribed', path, reader, time: Date.now() })
    return new FakeSubscription(source, options, () => {
      this.#subscriptions--
      this.emit({ type: 'unsubscribed', path, reader, time: Date.now() })
    })
  }

  pull(url: string, path?: string, options: PullOptions & { readonly owner?: string } = {}): Pull {
    const target = path ?? new URL(url).pathname.slice(1)
    const known = this.pulls.find((pull) => pull.url === url && pull.path === target && pull.state !== 'stopped')
    if (known) return known
    let state: Pull['state'] = 'connecting'
    const pull = {
      owner: options.owner ?? 'test',
      ...(options.versionOf && { versionOf: options.versionOf }),
      path: target,
      url,
      get state() {
        return state
      },
      close: async () => {
        state = 'stopped'
      },
    }
    this.pulls.push(pull)
    return pull
  }

  list(): readonly StreamInfo[] {
    return [...this.#live.values()].map(({ path, publisher, tracks, subscribers, written, sourceStats }) => {
      const { frames: framesIn, bytes: bytesIn } = written
      const told = sourceStats ? { sourceStats } : {}
      return { path, publisher, origin: 'test', hops: 0, tracks, subscribers, since: 0, framesIn, bytesIn, framesDropped: 0, bitrate: 0, ...told }
    })
  }

  versions(path: string): readonly StreamVersion[] {
    return this.pulls.flatMap(({ path: own, state, versionOf }) => (versionOf?.path === path && state !== 'stopped' ? [{ ...versionOf, path: own }] : []))
  }

  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<StreamEvent> {
    return this.#events.listen(options?.signal)
  }

  /** Sends an event to all listeners. */
  emit(event: StreamEvent): void {
    this.#events.emit(event)
  }

  #ended(publication: FakePublication, reason: unknown): void {
    const { path, publisher } = publication
    if (this.#live.get(path) === publication) this.#live.delete(path)
    const text = reason === undefined ? {} : { reason: ShoalError.from(reason).code }
    this.emit({ type: 'unpublished', path, publisher, time: Date.now(), ...text })
  }

  async #awaitPublisher(path: string, options: SubscribeOptions): Promise<FakePublication> {
    const { signal, done } = deadline(options.wait ?? 0, 'ERR_STREAM_NOT_FOUND', `There is no stream ${path}.`, options.signal)
    const events = this.#events.listen(signal)
    try {
      for (;;) {
        const live = this.#live.get(path)
        if (live) return live
        await abortable(events.next(), signal)
      }
    } finally {
      done()
      await events.return?.()
    }
  }
}
