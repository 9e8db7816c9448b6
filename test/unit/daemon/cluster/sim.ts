/** A cluster in virtual time: many record sets, links that delay, random faults from a seed, and what it all cost. */

import { recordSize, streamSlot } from '../../../../src/daemon/cluster/record.js'
import type { RecordState } from '../../../../src/daemon/cluster/record-state.js'
import { type Announcement, encodeStreams } from '../../../../src/daemon/cluster/stream-body.js'
import type { ControlMessage } from '../../../../src/daemon/swarm/control-messages.js'
import { SimNode } from './sim-node.js'
import { stream } from './view.js'

/** ms after which neighbours notice a crash, as pings do. */
const noticed = 8000

/** ms in which changes are gathered. */
const gather = 20

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Numbers from a seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** The cluster. */
export class Sim {
  readonly nodes = new Map<string, SimNode>()
  readonly random: () => number
  readonly ids: readonly string[]
  /** Links that should be, as `a b` with a < b; a partition or a crash takes some of them away. */
  readonly wanted = new Set<string>()
  now = 0
  messages = 0
  bytes = 0
  readonly #trusted: ReadonlySet<string>
  readonly #up = new Set<string>()
  readonly #epochs = new Map<string, number>()
  readonly #streams = new Map<string, Map<string, Announcement>>()
  readonly #soon = new Set<string>()
  readonly #due: Due[] = []
  #order = 0

  constructor(seed: number, count: number) {
    this.random = randomOf(seed)
    this.ids = Array.from({ length: count }, (_, at) => `12D3KooWSim${String(at).padStart(41, 'x')}`)
    this.#trusted = new Set(this.ids)
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T
  }

  /** A ring, which holds together, and chords: each node has about `degree` links. */
  mesh(degree: number): void {
    const count = this.ids.length
    for (let at = 0; at < count; at++) this.wanted.add(edge(this.ids[at] as string, this.ids[(at + 1) % count] as string))
    while (this.wanted.size < (count * degree) / 2) {
      const [a, b] = [this.pick(this.ids), this.pick(this.ids)]
      if (a !== b) this.wanted.add(edge(a, b))
    }
  }

  /** A node begins, anew after a crash: with nothing but a higher epoch. */
  start(id: string, state?: RecordState): SimNode {
    const epoch = (this.#epochs.get(id) ?? 0) + 1
    this.#epochs.set(id, epoch)
    const wires = { send: (from: string, to: string, message: ControlMessage) => this.#send(from, to, message), soon: (node: string) => this.#flushSoon(node) }
    const node = new SimNode(id, wires, { epoch, trusted: this.#trusted, ...(state && { state }) })
    this.nodes.set(id, node)
    for (const slot of this.#streams.get(id)?.keys() ?? []) this.#streams.get(id)?.delete(slot)
    if (!state) node.introduce()
    return node
  }

  link(a: string, b: string): void {
    if (this.#up.has(edge(a, b)) || !this.nodes.has(a) || !this.nodes.has(b)) return
    this.#up.add(edge(a, b))
    this.nodes.get(a)?.link(b)
    this.nodes.get(b)?.link(a)
  }

  /** A link that is up from the start, and known to all. */
  assume(a: string, b: string): void {
    this.#up.add(edge(a, b))
  }

  cut(a: string, b: string): void {
    if (!this.#up.delete(edge(a, b))) return
    this.nodes.get(a)?.unlink(b)
    this.nodes.get(b)?.unlink(a)
  }

  /** The node is gone at once; its neighbours notice later. */
  crash(id: string): void {
    this.nodes.delete(id)
    for (const link of [...this.#up]) {
      const [a, b] = link.split(' ') as [string, string]
      if (a !== id && b !== id) continue
      const other = a === id ? b : a
      this.#up.delete(link)
      const gone = this.nodes.get(other)
      this.after(noticed * (0.3 + 0.7 * this.random()), () => {
        if (this.nodes.get(other) === gone && !this.#up.has(link)) gone?.unlink(id)
      })
    }
  }

  /** Makes every link that should be and is not. */
  heal(allowed: (a: string, b: string) => boolean = () => true): void {
    for (const link of this.wanted) {
      const [a, b] = link.split(' ') as [string, string]
      if (allowed(a, b)) this.after(this.random() * 30, () => this.link(a, b))
      else this.cut(a, b)
    }
  }

  publish(id: string, path: string): void {
    const node = this.nodes.get(id)
    if (!node) return
    const slot = streamSlot(path)
    const streams = this.#streams.get(id) ?? new Map<string, Announcement>()
    this.#streams.set(id, streams)
    if (!streams.delete(path)) streams.set(path, stream(path, id))
    const inSlot = [...streams.values()].filter((one) => streamSlot(one.path) === slot)
    node.step({ type: 'own', slot, body: encodeStreams(id, inSlot) })
  }

  after(ms: number, run: () => void): void {
    push(this.#due, { at: this.now + ms, order: this.#order++, run })
  }

  /** A round of digests of every node within `ms`. */
  compare(ms: number): void {
    for (const [id, node] of this.nodes) {
      this.after(this.random() * ms, () => {
        if (this.nodes.get(id) === node) node.step({ type: 'compare' })
      })
    }
  }

  /** Runs until nothing is due, or for `ms`. */
  run(ms = Number.POSITIVE_INFINITY): void {
    const end = this.now + ms
    for (;;) {
      const next = this.#due[0]
      if (!next || next.at > end) break
      pop(this.#due)
      this.now = next.at
      next.run()
    }
    if (Number.isFinite(end)) this.now = end
  }

  /** Different marks among the nodes that run. */
  marks(): number {
    return new Set([...this.nodes.values()].map(({ mark }) => mark)).size
  }

  #flushSoon(id: string): void {
    if (this.#soon.has(id)) return
    this.#soon.add(id)
    const node = this.nodes.get(id)
    this.after(gather, () => {
      this.#soon.delete(id)
      const now = this.nodes.get(id)
      if (now === node) now?.step({ type: 'flush' })
      else if (now && now.state.outbox.size > 0) this.#flushSoon(id)
    })
  }

  #send(from: string, to: string, message: ControlMessage): void {
    this.messages++
    this.bytes += sizeOf(message)
    const link = edge(from, to)
    const node = this.nodes.get(to)
    this.after(1 + this.random() * 4, () => {
      if (this.nodes.get(to) === node && this.#up.has(link)) node?.take(from, message)
    })
  }
}

/** Bytes of a message on the wire, roughly. */
function sizeOf(message: ControlMessage): number {
  if (message.type === 'records') return message.value.reduce((sum, record) => sum + recordSize(record), 6)
  if (message.type !== 'digest') return 0
  const { authors, wants } = message.value
  return 16 + authors.length * 68 + wants.reduce((sum, { held }) => sum + 58 + held.length * 30, 0)
}

function edge(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Into a binary heap. */
function push(heap: Due[], item: Due): void {
  let at = heap.length
  heap.push(item)
  while (at > 0) {
    const up = (at - 1) >> 1
    const parent = heap[up] as Due
    if (!before(item, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = item
}

function pop(heap: Due[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (;;) {
    let down = 2 * at + 1
    if (down >= heap.length) break
    if (down + 1 < heap.length && before(heap[down + 1] as Due, heap[down] as Due)) down++
    if (!before(heap[down] as Due, last)) break
    heap[at] = heap[down] as Due
    at = down
  }
  heap[at] = last
}
