/** The host of one plugin, without a daemon: starts it over parts in memory, calls it, and tells what it does. */

import { contain } from '../../../daemon/host/containment.js'
import { ShoalError } from '../../../errors.js'
import type { Logger, PullerFactory, PusherFactory } from '../../../plugin.js'
import type { Storage } from '../../../services.js'
import { type FakeContext, type FakeLeftovers, fakeContext } from '../../../testing/fake-context.js'
import { fakePeer } from '../../../testing/fake-peers.js'
import { memoryLog } from '../../../testing/memory-log.js'
import { memoryStorage } from '../../../testing/memory-storage.js'
import type { BenchEvent, Described } from '../bench-event.js'
import { chooseFactory } from './choose-factory.js'
import { eventsOf, topics } from './sample-events.js'
import type { Loaded, ProcessView, Subject } from './subject.js'

/** How to test. */
export interface BenchOptions {
  readonly subject: Subject
  /** Of the plugin; default none. */
  readonly config?: unknown
  /** ms that a call may take; default 30,000. */
  readonly callLimit?: number
  /** Gets what the plugin does by itself: log lines, payloads it sends, streams it opens. Must not wait. */
  readonly heard: (event: BenchEvent) => void
}

/** The peer that there is on the bench. */
const ada = fakePeer({ id: '12D3KooWAdaOnTheBench', name: 'ada' })

/** Newest frames of each stream that are kept for readers. */
const keepFrames = 100

/** Streams, also those that are over, that are remembered. */
const maxStreams = 100

interface Running {
  readonly fake: FakeContext
  readonly loaded: Loaded
  readonly over: AbortController
}

/** One plugin, started and stopped as often as wanted. Its store lasts as long as the bench. */
export class Bench {
  readonly log: Logger
  readonly subject: Subject
  #config: unknown
  readonly #heard: BenchOptions['heard']
  readonly #callLimit: number
  readonly #storage: Storage = memoryStorage()
  #running: Running | undefined

  constructor({ subject, config, heard, callLimit = 30_000 }: BenchOptions) {
    this.subject = subject
    this.#config = config
    this.#heard = heard
    this.#callLimit = callLimit
    this.log = memoryLog(({ level, msg, fields }) => heard({ type: 'log', level, msg, fields }))
  }

  /** Is the plugin started? */
  get running(): boolean {
    return this.#running !== undefined
  }

  /** Loads the plugin anew and starts it. Rejects with why it could not. */
  async start(signal?: AbortSignal): Promise<Described> {
    if (this.#running) throw new ShoalError('ERR_USAGE', 'The plugin runs already.')
    const { log, subject } = this
    const loaded = await subject.load(log, signal)
    const line = memoryLog(({ level, msg, fields }) => this.#heard({ type: 'log', level, msg, fields }))
    const options = { config: this.#config, peers: [ada], services: { storage: this.#storage }, log: line, keepFrames }
    const fake = fakeContext(loaded.plugin, options)
    this.#listen(fake)
    const started = await contain('start', () => fake.start(), this.#callLimit)
    if (started.kind !== 'done') {
      if (started.kind === 'hung') await fake.stop().catch(() => {})
      throw started.error
    }
    const over = new AbortController()
    void this.#follow(fake, over.signal)
    this.#running = { fake, loaded, over }
    return this.describe()
  }

  /** Stops it as the daemon does; what it left behind. */
  async stop(): Promise<FakeLeftovers> {
    const { fake, over } = this.#now()
    this.#running = undefined
    over.abort()
    return await fake.stop()
  }

  /** What the plugin is and what it registered. */
  describe(): Described {
    const { fake, loaded } = this.#now()
    const { plugin } = loaded
    const pid = loaded.process?.status().pid
    const urls = (factories: Set<PullerFactory> | Set<PusherFactory>): string[] => [...factories].map(({ protocol, prefix }) => prefix ?? `${protocol}://`)
    return {
      name: plugin.name,
      kinds: plugin.payloadKinds ?? [],
      pulls: urls(fake.pullers),
      pushes: urls(fake.pushers),
      routes: fake.routes.list().map(({ method, path }) => `${method} ${path}`),
      provides: plugin.provides ?? [],
      ...(plugin.info?.version !== undefined && { version: plugin.info.version }),
      ...(pid !== undefined && { pid }),
    }
  }

  /** Sets the configuration and starts the plugin with it. When the plugin refuses it, it runs on with the one before. */
  async configure(config: unknown, signal?: AbortSignal): Promise<Described> {
    const before = this.#config
    if (this.#running) await this.stop()
    this.#config = config
    try {
      return await this.start(signal)
    } catch (error) {
      this.#config = before
      await this.start(signal).catch(() => {})
      throw error
    }
  }

  /** Ends its process by force and waits until there is another one; the ids of both. */
  async kill(signal: AbortSignal): Promise<{ readonly killed: number; readonly pid: number; readonly reason: string }> {
    const view = this.#now().loaded.process
    const killed = view?.status().pid
    if (!view || killed === undefined) throw new ShoalError('ERR_USAGE', 'The plugin has no process of its own.')
    process.kill(killed, 'SIGKILL')
    const { reason, pid } = await this.#after(killed, view, signal)
    return { killed, pid, reason }
  }

  /** Hands it a payload; the reply, if there is one. */
  async payload(peer: string, kind: string, body: Uint8Array): Promise<Uint8Array | undefined> {
    const { plugin } = this.#now().loaded
    if (!plugin.payloadKinds?.includes(kind)) {
      throw new ShoalError('ERR_KIND_UNCLAIMED', `The plugin claims no ${kind}.`, { hint: `It claims: ${plugin.payloadKinds?.join(' ') || 'nothing'}.` })
    }
    return (await this.#call('handlePayload', () => plugin.handlePayload?.(this.#peer(peer), kind, body))) ?? undefined
  }

  /** Tells it that a peer was forgotten. */
  async forget(peer: string): Promise<void> {
    const { plugin } = this.#now().loaded
    await this.#call('onPeerForgotten', () => plugin.onPeerForgotten?.(this.#peer(peer)))
  }

  /** Calls a route by method and path: `/hello/count`, or `/count` for short. */
  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const { fake, loaded } = this.#now()
    const url = new URL(path, 'http://bench')
    const own = `/${loaded.plugin.name}`
    const full = url.pathname === own || url.pathname.startsWith(`${own}/`) ? url.pathname : `${own}${url.pathname}`
    const query = Object.fromEntries(url.searchParams)
    return await this.#call('a route', () => fake.request(method.toUpperCase(), full, { query, body }))
  }

  /** Lets one event of each type happen; how many. Throws `ERR_USAGE` for a topic that there is not. */
  emit(topic: string, peer: string): number {
    const { fake } = this.#now()
    const found = topics.find((each) => each === topic)
    if (!found) throw new ShoalError('ERR_USAGE', `There are no events of ${topic}.`, { hint: `Topics: ${topics.join(', ')}.` })
    const { peers, streams } = eventsOf(found, this.#peer(peer), fake.peers.get(peer)?.name ?? peer)
    for (const event of peers) fake.peers.emit(event)
    for (const event of streams) fake.streams.emit(event)
    return peers.length + streams.length
  }

  /** What pulls a URL. Throws `ERR_SCHEME_UNKNOWN`. */
  puller(url: string): { readonly factory: PullerFactory; readonly fake: FakeContext } {
    const { fake } = this.#now()
    return { factory: chooseFactory(fake.pullers, url), fake }
  }

  /** What pushes to a URL. Throws `ERR_SCHEME_UNKNOWN`. */
  pusher(url: string): { readonly factory: PusherFactory; readonly fake: FakeContext } {
    const { fake } = this.#now()
    return { factory: chooseFactory(fake.pushers, url), fake }
  }

  /** The context of the plugin that runs now. */
  get context(): FakeContext {
    return this.#now().fake
  }

  /** Aborted when the plugin stops. */
  get over(): AbortSignal {
    return this.#now().over.signal
  }

  #now(): Running {
    if (!this.#running) throw new ShoalError('ERR_USAGE', 'The plugin does not run.', { hint: 'Start it: start' })
    return this.#running
  }

  #peer(given: string): string {
    return this.#now().fake.peers.get(given)?.id ?? given
  }

  async #call<T>(what: string, call: () => T | PromiseLike<T>): Promise<T> {
    const outcome = await contain(what, call, this.#callLimit)
    if (outcome.kind === 'done') return outcome.value
    throw outcome.error
  }

  #listen(fake: FakeContext): void {
    const tell = (kind: string, body: Uint8Array, peer?: string): void => {
      this.#heard({ type: 'sent', kind, body: Buffer.from(body).toString('utf8'), ...(peer !== undefined && { peer }) })
      fake.payloads.sent.length = 0
    }
    fake.payloads.answer = ({ peer, kind, body }) => {
      tell(kind, body, peer)
      return new Uint8Array()
    }
    fake.payloads.broadcast = async (kind, body) => {
      tell(kind, body)
      return []
    }
  }

  /** Tells of the streams that come and go. */
  async #follow(fake: FakeContext, signal: AbortSignal): Promise<void> {
    for await (const event of fake.streams.events({ signal })) {
      if (event.type !== 'published' && event.type !== 'unpublished') continue
      if (event.publisher === 'bench') continue
      const { publications } = fake.streams
      publications.splice(0, publications.length - maxStreams)
      const found = publications.findLast(({ path }) => path === event.path)
      const tracks = event.type === 'published' ? (found?.tracks.map(({ kind, codec }) => `${kind} ${codec}`) ?? []) : []
      this.#heard({ type: 'stream', what: event.type, path: event.path, tracks })
    }
  }

  async #after(killed: number, view: ProcessView, signal: AbortSignal): Promise<{ reason: string; pid: number }> {
    for (;;) {
      signal.throwIfAborted()
      const { state, pid, lastEnd = '' } = view.status()
      if (state === 'failed') throw new ShoalError('ERR_PLUGIN_FAILED', `It is not started again: ${lastEnd}`)
      if (state === 'running' && pid !== undefined && pid !== killed) return { reason: lastEnd, pid }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
