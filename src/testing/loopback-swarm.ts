/**
 * A network in memory: several {@link Swarm}s in one process, linked, cut, healed, delayed and disturbed at will. Its streams
 * keep the promises of `LinkStream` (order, limits, back-pressure, resets) and deliver nothing in the turn in which it was sent.
 */

import type { LinkEvent, LinkInfo, LinkStream, OpenOptions, ProtocolOptions, Swarm } from '../daemon/swarm/swarm.js'
import { Broadcast } from '../daemon/util/queue.js'
import { abortable, delay, monotonic } from '../daemon/util/wait.js'
import { ShoalError } from '../errors.js'
import type { PeerId } from '../plugin.js'
import { type FrameFate, LoopbackStream } from './loopback-stream.js'

/** A frame about to arrive. */
export interface FrameOnWay {
  readonly from: PeerId
  readonly to: PeerId
  readonly protocol: string
  readonly frame: Uint8Array
}

/** Behaviour of a {@link LoopbackNet}; every field may be changed later. */
export interface LoopbackOptions {
  /** ms a frame travels, each way. Default 0: a turn of the loop. */
  delay?: number | (() => number)
  /** Asked for each frame that is about to arrive: let it pass, replace it, reset its stream or cut its link. */
  onFrame?: (frame: FrameOnWay) => FrameFate
  /** Asked for each stream that is opened; an error refuses it. */
  onOpen?: (open: { readonly from: PeerId; readonly to: PeerId; readonly protocol: string }) => Error | undefined
}

interface OpenStream {
  readonly ends: readonly [PeerId, PeerId]
  readonly protocol: string
  readonly opener: LoopbackStream
  readonly acceptor: LoopbackStream
}

/** The wires between the nodes. */
export class LoopbackNet {
  readonly options: LoopbackOptions
  readonly #nodes = new Map<PeerId, LoopbackSwarm>()
  readonly #links = new Map<string, number>()
  readonly #stalled = new Set<string>()
  readonly #streams = new Set<OpenStream>()

  constructor(options: LoopbackOptions = {}) {
    this.options = options
  }

  /** Adds a node. All nodes of a net trust each other, but for {@link LoopbackSwarm.distrust}. */
  node(id: PeerId = `12D3KooWLoopback${String(this.#nodes.size + 1).padStart(36, 'x')}`): LoopbackSwarm {
    const node = new LoopbackSwarm(id, this)
    this.#nodes.set(id, node)
    return node
  }

  /** Links two nodes, or heals their link. */
  link(a: PeerId, b: PeerId): void {
    if (this.linkedSince(a, b) !== undefined) return
    this.#links.set(key(a, b), monotonic())
    this.#nodes.get(a)?.notify({ type: 'up', peer: b })
    this.#nodes.get(b)?.notify({ type: 'up', peer: a })
  }

  /** Links every node to every other. */
  linkAll(): void {
    for (const a of this.#nodes.keys()) for (const b of this.#nodes.keys()) if (a < b) this.link(a, b)
  }

  /** Cuts a link; its streams break on both sides. */
  cut(a: PeerId, b: PeerId, reason = 'cut'): void {
    if (!this.#links.delete(key(a, b))) return
    this.#stalled.delete(key(a, b))
    this.#break(a, b, new ShoalError('ERR_PEER_UNREACHABLE', 'The link to the peer was lost.'))
    this.#nodes.get(a)?.notify({ type: 'down', peer: b, reason })
    this.#nodes.get(b)?.notify({ type: 'down', peer: a, reason })
  }

  /** Cuts all links of a node. */
  isolate(a: PeerId): void {
    for (const b of this.#nodes.keys()) this.cut(a, b, 'isolated')
  }

  /** Breaks the streams between two nodes, of one protocol or of all; the link stays. */
  reset(a: PeerId, b: PeerId, protocol?: string): void {
    this.#break(a, b, new ShoalError('ERR_PEER_UNREACHABLE', 'The network reset the stream.'), protocol)
  }

  /** Lets nothing through between two nodes, and tells nobody, until {@link resume}. */
  stall(a: PeerId, b: PeerId): void {
    this.#stalled.add(key(a, b))
  }

  /** Ends a stall. */
  resume(a: PeerId, b: PeerId): void {
    this.#stalled.delete(key(a, b))
    for (const { opener, acceptor } of this.#between(a, b)) {
      opener.pump()
      acceptor.pump()
    }
  }

  /** Streams open now. */
  get streams(): number {
    return this.#streams.size
  }

  /** Monotonic ms since which two nodes are linked. */
  linkedSince(a: PeerId, b: PeerId): number | undefined {
    return this.#links.get(key(a, b))
  }

  /** The peers a node is linked to. */
  neighbours(a: PeerId): PeerId[] {
    return [...this.#nodes.keys()].filter((b) => b !== a && this.#links.has(key(a, b)))
  }

  /** ms that something sent now takes. */
  delay(): number {
    const { delay = 0 } = this.options
    return typeof delay === 'function' ? delay() : delay
  }

  /** Opens a stream; see Swarm.open. */
  async open(from: LoopbackSwarm, to: PeerId, protocol: string, options: OpenOptions): Promise<LinkStream> {
    const node = this.#nodes.get(to)
    if (!node || from.distrusted(to)) throw new ShoalError('ERR_PEER_UNKNOWN')
    options.signal?.throwIfAborted()
    await abortable(delay(this.delay()), options.signal)
    const served = node.served(protocol)
    const refused = this.options.onOpen?.({ from: from.id, to, protocol })
    if (refused) throw refused
    if (this.linkedSince(from.id, to) === undefined || node.distrusted(from.id)) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no link to ${to}.`)
    if (!served) throw new ShoalError('ERR_PEER_UNREACHABLE', `The peer does not speak ${protocol}.`)
    return this.#join(from.id, to, protocol, options.maxFrame, served)
  }

  #join(from: PeerId, to: PeerId, protocol: string, maxFrame: number, served: Served): LinkStream {
    const inbound = [...this.#between(from, to)].filter((open) => open.protocol === protocol && open.ends[0] === from).length
    const ended = (): void => {
      if (opener.signal.aborted && acceptor.signal.aborted) this.#streams.delete(open)
    }
    const opener = new LoopbackStream(to, protocol, maxFrame, { ...this.#wire(from, to, protocol), ended })
    const acceptor = new LoopbackStream(from, protocol, served.options.maxFrame, { ...this.#wire(to, from, protocol), ended })
    const open: OpenStream = { ends: [from, to], protocol, opener, acceptor }
    opener.join(acceptor)
    acceptor.join(opener)
    this.#streams.add(open)
    if (inbound >= served.options.maxInbound) acceptor.abort(new ShoalError('ERR_LIMIT', 'Too many streams of this protocol.'))
    else setImmediate(() => void serve(acceptor, served))
    return opener
  }

  #wire(from: PeerId, to: PeerId, protocol: string): { delay: () => number; stalled: () => boolean; fate: (frame: Uint8Array) => FrameFate } {
    return {
      delay: () => this.delay(),
      stalled: () => this.#stalled.has(key(from, to)),
      fate: (frame) => {
        const fate = this.options.onFrame?.({ from, to, protocol, frame }) ?? 'pass'
        if (fate === 'cut') this.cut(from, to)
        return fate
      },
    }
  }

  #break(a: PeerId, b: PeerId, reason: Error, protocol?: string): void {
    for (const open of this.#between(a, b)) {
      if (protocol !== undefined && open.protocol !== protocol) continue
      open.opener.fail(reason)
      open.acceptor.fail(reason)
    }
  }

  #between(a: PeerId, b: PeerId): OpenStream[] {
    return [...this.#streams].filter(({ ends }) => ends.includes(a) && ends.includes(b))
  }
}

interface Served {
  readonly options: ProtocolOptions
  readonly handler: (stream: LinkStream) => void | Promise<void>
}

/** One node of a {@link LoopbackNet}. */
export class LoopbackSwarm implements Swarm {
  readonly id: PeerId
  readonly addresses: readonly string[]
  readonly #net: LoopbackNet
  readonly #served = new Map<string, Served>()
  readonly #distrusted = new Set<PeerId>()
  readonly #events = new Broadcast<LinkEvent>((missed) => ({ type: 'down', peer: '', reason: `${missed} events missed` }))

  constructor(id: PeerId, net: LoopbackNet) {
    this.id = id
    this.addresses = [`/memory/${id}/p2p/${id}`]
    this.#net = net
  }

  handle(protocol: string, options: ProtocolOptions, handler: (stream: LinkStream) => void | Promise<void>): () => void {
    const served: Served = { options, handler }
    this.#served.set(protocol, served)
    return () => {
      if (this.#served.get(protocol) === served) this.#served.delete(protocol)
    }
  }

  open(peer: PeerId, protocol: string, options: OpenOptions): Promise<LinkStream> {
    return this.#net.open(this, peer, protocol, options)
  }

  links(): readonly LinkInfo[] {
    return this.#net.neighbours(this.id).map((peer) => ({
      peer,
      address: `/memory/${peer}`,
      direction: peer < this.id ? 'inbound' : 'outbound',
      since: this.#net.linkedSince(this.id, peer) ?? 0,
      encryption: 'tls',
    }))
  }

  linked(peer: PeerId): boolean {
    return this.#net.linkedSince(this.id, peer) !== undefined
  }

  async cut(peer: PeerId, reason: string): Promise<void> {
    this.#net.cut(this.id, peer, reason)
  }

  events(signal?: AbortSignal): AsyncIterableIterator<LinkEvent> {
    return this.#events.listen(signal)
  }

  /** Makes a peer a stranger: neither side can open streams to the other. */
  distrust(peer: PeerId): void {
    this.#distrusted.add(peer)
    this.#net.cut(this.id, peer, 'distrusted')
  }

  /** Is the peer a stranger? */
  distrusted(peer: PeerId): boolean {
    return this.#distrusted.has(peer)
  }

  /** What serves a protocol here. */
  served(protocol: string): Served | undefined {
    return this.#served.get(protocol)
  }

  /** Tells listeners of a link. */
  notify(event: LinkEvent): void {
    this.#events.emit(event)
  }
}

async function serve(stream: LoopbackStream, { handler }: Served): Promise<void> {
  try {
    await handler(stream)
  } catch (error) {
    stream.abort(ShoalError.from(error))
  }
}

function key(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
