/** Discovery on the LAN without a server: mDNS of our own, one socket for each interface, with or without a default route. */

import type { Logger, PeerId } from '../../plugin.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { monotonic } from '../util/wait.js'
import { type InterfaceAddress, interfaceAddresses, isLoopback, parseAddress, Subnets } from './addresses.js'
import { maxAnnouncedAddresses, readAnnouncement, serviceTag, writeAnnouncement } from './announcement.js'
import { type Candidate, Candidates } from './candidates.js'
import { MdnsSocket } from './mdns-socket.js'

/** Times in ms of {@link Discovery}. */
export interface DiscoveryTimes {
  /** Between queries, ± 20 %; one heard from another node counts, as everybody answers to everybody. */
  readonly query: number
  /** Between looks at the interfaces. */
  readonly scan: number
  /** Shortest time between two answers on one interface. */
  readonly answer: number
}

const defaultTimes: DiscoveryTimes = { query: 10_000, scan: 3000, answer: 1000 }

/** When the first queries go out on an interface, ms after it came. */
const burst = [0, 500, 1500, 3500]

/** ms between two looks at what is due, at least. */
const shortestNap = 10

/** Members of the cluster that are remembered. */
const maxMembers = 1024

/** Longest random pause before an answer, ms: nodes that answer one query do not all speak at once. */
const answerJitter = 100

/** What discovery needs. */
export interface DiscoveryOptions {
  readonly id: PeerId
  /** This node's display name. */
  name?(): string
  /** All multiaddrs on which this node listens; see `Node.listening`. */
  listening(): readonly string[]
  /** Is it a trusted peer? Such are never pushed out by others. */
  isKnown(peer: PeerId): boolean
  /** What this node is known by to members of its cluster; absent without a cluster secret. */
  readonly memberTag?: string
  /** Is that the tag of a member of this cluster? Nobody can forge one for an id of his own. */
  isMember?(peer: PeerId, tag: string): boolean
  /** Does this node take requests to pair? */
  open?(): boolean
  readonly log: Logger
  /** UDP port. Default 5353. */
  readonly port?: number
  /** Service tag. Default {@link serviceTag}. */
  readonly tag?: string
  /** Also on loopback; it is used anyway when this host has no other interface. */
  readonly loopback?: boolean
  readonly times?: Partial<DiscoveryTimes>
  /** This host's interface addresses. */
  interfaces?(): InterfaceAddress[]
}

/** `seen`: a node not heard of before; `updated`: with other addresses, or after a silence; `network`: this host's interfaces changed. */
export type DiscoveryEvent =
  | { readonly type: 'seen' | 'updated'; readonly peer: PeerId }
  | { readonly type: 'network' }
  | { readonly type: 'lagged'; readonly missed: number }

/** A socket and its clock. */
interface Place {
  readonly on: InterfaceAddress
  readonly socket: MdnsSocket
  readonly since: number
  /** Sent so far; the first goes out when it opens. */
  queries: number
  nextQuery: number
  answered: number
  answering: NodeJS.Timeout | undefined
}

/** Discovery of one node. It proposes; it never dials. */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #times: DiscoveryTimes
  readonly #tag: string
  readonly #candidates: Candidates
  readonly #members = new Set<PeerId>()
  readonly #places = new Map<string, Place>()
  readonly #events = new Broadcast<DiscoveryEvent>((missed) => ({ type: 'lagged', missed }))
  readonly #trouble = new Throttle(60_000)
  #subnets = new Subnets([])
  #timer: NodeJS.Timeout | undefined
  #nextScan = 0
  #stopped = false

  constructor(options: DiscoveryOptions) {
    this.#options = options
    this.#times = { ...defaultTimes, ...options.times }
    this.#tag = options.tag ?? serviceTag
    this.#candidates = new Candidates({ isKnown: (peer) => options.isKnown(peer) || this.isMember(peer), subnets: () => this.#subnets })
  }

  /** Begins to ask and to answer. Never fails: an interface that cannot be used is tried again. */
  start(): void {
    if (this.#timer || this.#stopped) return
    this.#scan(false)
    this.#arm()
  }

  /** Says goodbye and frees all sockets. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    clearTimeout(this.#timer)
    const places = [...this.#places.values()]
    this.#places.clear()
    await Promise.all(places.map(({ on, socket }) => socket.respond(this.#records(on, true))))
    await Promise.all(places.map((place) => this.#close(place)))
    this.#events.close()
  }

  /** Nodes heard of lately, the latest first. */
  candidates(): Candidate[] {
    return this.#candidates.list()
  }

  /** One of them. */
  candidate(peer: PeerId): Candidate | undefined {
    return this.#candidates.get(peer)
  }

  /** Has it shown the tag of a member of this cluster? That says nothing of who sent it: a connection proves the id. */
  isMember(peer: PeerId): boolean {
    return this.#members.has(peer)
  }

  /** What is said of a peer's addresses, the latest first. */
  addressesOf(peer: PeerId): readonly string[] {
    return this.#candidates.addressesOf(peer)
  }

  events(signal?: AbortSignal): AsyncIterableIterator<DiscoveryEvent> {
    return this.#events.listen(signal)
  }

  /** Interfaces in use, and packets refused on each. */
  interfaces(): { name: string; address: string; refused: number }[] {
    return [...this.#places.values()].map(({ on, socket }) => ({ name: on.name, address: on.address, refused: socket.refused }))
  }

  /** Tells and asks at once, on all interfaces. */
  announce(): void {
    for (const place of this.#places.values()) {
      this.#answer(place)
      place.socket.query(this.#tag)
    }
  }

  /** Wakes when something is due: the next look at the interfaces, or a question. */
  #arm(): void {
    const due = [...this.#places.values()].reduce((first, { nextQuery }) => Math.min(first, nextQuery), this.#nextScan)
    this.#timer = setTimeout(
      () => {
        this.#tick()
        if (!this.#stopped) this.#arm()
      },
      Math.max(shortestNap, due - monotonic()),
    )
  }

  #tick(): void {
    const now = monotonic()
    if (now >= this.#nextScan) this.#scan(true)
    for (const place of this.#places.values()) {
      if (now < place.nextQuery) continue
      const start = burst[++place.queries]
      place.nextQuery = start === undefined ? this.#later() : place.since + start
      place.socket.query(this.#tag)
    }
  }

  #later(): number {
    return monotonic() + this.#times.query * (0.8 + Math.random() * 0.4)
  }

  /** Opens a socket on each new interface and closes those whose interface is gone: cables, DHCP, new networks. */
  #scan(report: boolean): void {
    this.#nextScan = monotonic() + this.#times.scan
    const all = (this.#options.interfaces ?? interfaceAddresses)()
    this.#subnets = new Subnets(all)
    const wanted = new Map(chosen(all, this.#options.loopback ?? false).map((on) => [`${on.name} ${on.cidr}`, on]))
    let changed = false
    for (const [key, place] of this.#places) {
      if (wanted.has(key)) continue
      this.#places.delete(key)
      this.#close(place).catch(() => {})
      changed = true
    }
    for (const [key, on] of wanted) {
      if (this.#places.has(key)) continue
      this.#open(key, on)
      changed = true
    }
    if (changed && report) this.#events.emit({ type: 'network' })
  }

  #open(key: string, on: InterfaceAddress): void {
    const { log, port = 5353 } = this.#options
    const socket = new MdnsSocket(
      { on, port },
      {
        query: (names) => this.#asked(key, names),
        answers: (records, source) => this.#heard(readAnnouncement(records, this.#tag), source),
        failed: (error, fatal) => {
          this.#trouble.run((heldBack) => log.warn('discovery trouble on an interface', { interface: on.name, address: on.address, err: error, heldBack }))
          if (fatal) this.#drop(key, socket)
        },
      },
    )
    const now = monotonic()
    const place: Place = { on, socket, since: now, queries: 1, nextQuery: now + (burst[1] ?? 0), answered: Number.NEGATIVE_INFINITY, answering: undefined }
    this.#places.set(key, place)
    this.#answer(place)
    socket.query(this.#tag)
  }

  /** The next scan opens it again. */
  #drop(key: string, socket: MdnsSocket): void {
    const place = this.#places.get(key)
    if (place?.socket !== socket) return
    this.#places.delete(key)
    this.#close(place).catch(() => {})
  }

  #close(place: Place): Promise<void> {
    if (place.answering) clearTimeout(place.answering)
    return place.socket.close()
  }

  #asked(key: string, names: readonly string[]): void {
    const place = this.#places.get(key)
    if (!place || !names.some((name) => name.toLowerCase() === this.#tag)) return
    if (place.queries >= burst.length) place.nextQuery = this.#later()
    if (place.answering) return
    const pause = Math.max(place.answered + this.#times.answer - monotonic(), 0) + Math.random() * answerJitter
    place.answering = setTimeout(() => {
      place.answering = undefined
      this.#answer(place)
    }, pause)
  }

  #answer(place: Place): void {
    place.answered = monotonic()
    place.socket.respond(this.#records(place.on, false)).catch(() => {})
  }

  #records(on: InterfaceAddress, gone: boolean): ReturnType<typeof writeAnnouncement> {
    const { id, name, memberTag, open } = this.#options
    const flags = { ...(memberTag !== undefined && { tag: memberTag }), ...(open?.() && { open: true as const }) }
    return writeAnnouncement({ peer: id, ...(name && { name: name() }), addresses: this.#addressesOn(on), ...flags, gone }, this.#tag)
  }

  /** Where this node is reached by those who hear it on one interface. */
  #addressesOn(on: InterfaceAddress): string[] {
    const same = new Set((this.#options.interfaces ?? interfaceAddresses)().flatMap(({ name, address }) => (name === on.name ? [address] : [])))
    const listening = this.#options.listening().flatMap((text) => parseAddress(text) ?? [])
    const here = listening.filter(({ host }) => (on.internal ? true : same.has(host)))
    here.sort((a, b) => Number(isLoopback(b.host)) - Number(isLoopback(a.host)))
    return here.slice(0, maxAnnouncedAddresses).map(({ text }) => text)
  }

  #heard(announcement: ReturnType<typeof readAnnouncement>, source: string): void {
    if (!announcement || announcement.peer === this.#options.id) return
    this.#noteMember(announcement.peer, announcement.tag)
    const news = this.#candidates.take(announcement, source)
    if (news) this.#events.emit({ type: news, peer: announcement.peer })
  }

  #noteMember(peer: PeerId, tag: string | undefined): void {
    if (tag === undefined || this.#members.has(peer) || !this.#options.isMember?.(peer, tag)) return
    const oldest = this.#members.values().next().value
    if (this.#members.size >= maxMembers && oldest !== undefined) this.#members.delete(oldest)
    this.#members.add(peer)
  }
}

/** One IPv4 address for each network of each interface; loopback only where asked for, or where there is nothing else. */
function chosen(all: readonly InterfaceAddress[], loopback: boolean): InterfaceAddress[] {
  const v4 = all.filter(({ family }) => family === 4)
  const outside = v4.filter(({ internal }) => !internal)
  return loopback || outside.length === 0 ? v4 : outside
}
