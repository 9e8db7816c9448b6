/** What a plugin's process may ask of the daemon: its context, call by call. */

import { ShoalError } from '../../../errors.js'
import type { PluginContext, PullJob, PushJob } from '../../../plugin.js'
import type { Publication, PublishOptions, SubscribeOptions, Track } from '../../../stream.js'
import { answerOf, errorAnswer, isTrackKind, type Part, toJson, trackFromWire, trackToWire } from './codec.js'
import { maxCalls, maxStreams } from './limits.js'
import type { MessagePipe } from './pipe.js'
import type { Answer, Entry, PortableMessage, Publish, Send, StoreCall, Subscribe } from './portable.pb.js'
import type { Publications } from './publications.js'
import type { Subscriptions } from './subscriptions.js'
import type { UsedServices } from './used-services.js'

/** Entries and bytes of one answer to a listing of the store. */
const pageEntries = 500
const pageBytes = 1024 * 1024

/** What the requests of one process work on. */
export interface RequestParts {
  readonly pipe: MessagePipe
  readonly publications: Publications
  readonly subscriptions: Subscriptions
  readonly services: UsedServices
  /** Present once Start was sent. */
  readonly ctx: () => PluginContext | undefined
  readonly pulls: ReadonlyMap<number, PullJob>
  readonly pushes: ReadonlyMap<number, PushJob>
}

/** Is it a call of the plugin? */
export function isRequest(part: Part): boolean {
  return ['send', 'store', 'query', 'sign', 'publish', 'subscribe', 'service'].includes(part)
}

/** The requests of one process. */
export class Requests {
  readonly #parts: RequestParts
  readonly #open = new Map<number, AbortController>()
  #last = 0

  constructor(parts: RequestParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#open.size
  }

  /** Takes a call and answers it later. Throws `ERR_PROTOCOL` for an id that is not new. */
  take(message: PortableMessage, part: Part): void {
    const { id } = message
    if (id <= this.#last) throw new ShoalError('ERR_PROTOCOL', `It used the id ${id} for a call after ${this.#last}.`)
    this.#last = id
    if (this.#open.size >= maxCalls) {
      this.#parts.pipe.send({ id, answer: errorAnswer(new ShoalError('ERR_OVERLOADED', `${maxCalls} calls are open.`)) })
      return
    }
    const stop = new AbortController()
    this.#open.set(id, stop)
    void this.#serve(message, part, stop.signal)
  }

  /** The plugin no longer wants an answer. False: it is out already, or there was no such call. */
  cancel(id: number): boolean {
    const stop = this.#open.get(id)
    stop?.abort(new ShoalError('ERR_ABORTED'))
    return stop !== undefined
  }

  /** The process is gone. */
  end(reason: ShoalError): void {
    for (const stop of this.#open.values()) stop.abort(reason)
  }

  async #serve(message: PortableMessage, part: Part, signal: AbortSignal): Promise<void> {
    const { pipe } = this.#parts
    const { id } = message
    let after: (() => void) | undefined
    try {
      const result = await this.#perform(message, part, signal)
      pipe.send({ id, answer: answerOf(result.answer) })
      after = result.after
    } catch (error) {
      pipe.send({ id, answer: errorAnswer(error) })
    } finally {
      this.#open.delete(id)
    }
    after?.()
  }

  /** `after`: what begins when the answer is out. */
  async #perform(message: PortableMessage, part: Part, signal: AbortSignal): Promise<{ answer: Partial<Answer>; after?: () => void }> {
    const ctx = this.#parts.ctx()
    if (!ctx) throw new ShoalError('ERR_NOT_READY', 'The plugin has not been started yet.')
    if (message.send) return { answer: await send(ctx, message.send, signal) }
    if (message.store) return { answer: await store(ctx, message.store, signal) }
    if (message.query) return { answer: { body: toJson(query(ctx, message.query.topic)) } }
    if (message.sign) return { answer: { body: await ctx.node.sign(message.sign.bytes) } }
    if (message.publish) return this.#publish(ctx, message.id, message.publish)
    if (message.subscribe) return this.#subscribe(ctx, message.id, message.subscribe, signal)
    if (message.service) return this.#parts.services.call({ ctx, id: message.id, signal, admit: () => this.#admit() }, message.service)
    throw new ShoalError('ERR_PROTOCOL', `${part} is no call.`)
  }

  #publish(ctx: PluginContext, id: number, wire: Publish): { answer: Partial<Answer> } {
    this.#admit()
    const { publications, pulls } = this.#parts
    const publication = openPublication(ctx, pulls, wire, () => publications.wantKey(id))
    publications.add(id, publication)
    return { answer: { path: publication.path, tracks: publication.tracks.map(trackToWire) } }
  }

  async #subscribe(ctx: PluginContext, id: number, wire: Subscribe, signal: AbortSignal): Promise<{ answer: Partial<Answer>; after: () => void }> {
    this.#admit()
    const options = subscribeOptions(wire, signal)
    const subscription = await openSubscription(ctx, this.#parts.pushes, wire, options)
    if (signal.aborted) {
      subscription.close()
      throw signal.reason
    }
    return {
      answer: { path: subscription.path, tracks: subscription.tracks.map(trackToWire) },
      after: () => void this.#parts.subscriptions.run(id, subscription),
    }
  }

  #admit(): void {
    const { publications, subscriptions, services } = this.#parts
    if (publications.size + subscriptions.size + services.size >= maxStreams) throw new ShoalError('ERR_LIMIT', `A plugin may have ${maxStreams} streams open.`)
  }
}

function openPublication(ctx: PluginContext, pulls: ReadonlyMap<number, PullJob>, wire: Publish, keyWanted: () => void): Publication {
  const tracks: Track[] = wire.tracks.map(trackFromWire)
  if (wire.job > 0) {
    const job = pulls.get(wire.job)
    if (!job) throw new ShoalError('ERR_ABORTED', 'That pull is over.')
    return job.publish(tracks, { keyWanted })
  }
  const options: PublishOptions = {
    keyWanted,
    ...(wire.takeover && { takeover: true }),
    ...(wire.publishTimeout > 0 && { publishTimeout: wire.publishTimeout }),
    ...(wire.idleTimeout > 0 && { idleTimeout: wire.idleTimeout }),
  }
  return ctx.streams.publish(wire.path, tracks, options)
}

function openSubscription(
  ctx: PluginContext,
  pushes: ReadonlyMap<number, PushJob>,
  wire: Subscribe,
  options: SubscribeOptions,
): ReturnType<PluginContext['streams']['subscribe']> {
  if (wire.job === 0) return ctx.streams.subscribe(wire.path, options)
  const job = pushes.get(wire.job)
  if (!job) throw new ShoalError('ERR_ABORTED', 'That push is over.')
  return job.subscribe(options)
}

function subscribeOptions(wire: Subscribe, signal: AbortSignal): SubscribeOptions {
  const starts = ['latest', 'next-key', { buffered: wire.buffered }] as const
  const start = starts[wire.start]
  if (start === undefined) throw new ShoalError('ERR_USAGE', `There is no start ${wire.start}.`)
  const tracks = wire.kinds.filter(isTrackKind)
  if (tracks.length < wire.kinds.length) throw new ShoalError('ERR_USAGE', 'A kind of tracks is not video, audio or data.')
  return { start, signal, wait: wire.wait, ...(tracks.length > 0 && { tracks }), ...(wire.maxLatency > 0 && { maxLatency: wire.maxLatency }) }
}

async function send(ctx: PluginContext, { mode, peer, kind, body, timeout }: Send, signal: AbortSignal): Promise<Partial<Answer>> {
  const options = { signal, ...(timeout > 0 && { timeout }) }
  if (mode === 0) {
    await ctx.payloads.send(peer, kind, body, options)
    return {}
  }
  if (mode === 1) return { body: await ctx.payloads.request(peer, kind, body, options) }
  if (mode === 2) return { body: toJson(await ctx.payloads.broadcast(kind, body, options)) }
  throw new ShoalError('ERR_USAGE', `There is no way ${mode} to send.`)
}

async function store(ctx: PluginContext, call: StoreCall, signal: AbortSignal): Promise<Partial<Answer>> {
  const { op, key, value } = call
  if (op === 1) {
    const found = await ctx.store.get(key)
    return { flag: found !== undefined, ...(found && { body: found }) }
  }
  if (op === 2) await ctx.store.set(key, value)
  else if (op === 3) await ctx.store.delete(key)
  else if (op === 4) return page(ctx, call, signal)
  else if (op === 5) await ctx.store.clear()
  else throw new ShoalError('ERR_USAGE', `The store has no operation ${op}.`)
  return {}
}

/** One page of a listing. A later page reads past the earlier ones again: listings of a plugin's store are short. */
async function page(ctx: PluginContext, { key, after }: StoreCall, signal: AbortSignal): Promise<Partial<Answer>> {
  const entries: Entry[] = []
  let bytes = 0
  let skipping = after !== ''
  for await (const [name, value] of ctx.store.entries(key)) {
    if (signal.aborted) throw signal.reason
    if (skipping) {
      // the entry itself may have been deleted meanwhile; keys come in the order of their bytes
      if (Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0) continue
      skipping = false
    }
    if (entries.length >= pageEntries || (entries.length > 0 && bytes + value.byteLength > pageBytes)) return { entries, flag: true }
    entries.push({ key: name, value })
    bytes += value.byteLength
  }
  return { entries }
}

function query(ctx: PluginContext, topic: string): unknown {
  if (topic === 'peers') return ctx.peers.list()
  if (topic === 'streams') return ctx.streams.list().map((stream) => ({ ...stream, tracks: stream.tracks.map(({ description: _, ...track }) => track) }))
  throw new ShoalError('ERR_USAGE', 'There is a list of peers and one of streams.')
}
