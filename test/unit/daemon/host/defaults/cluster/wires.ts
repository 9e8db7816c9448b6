/** Messages on their way between nodes of a simulation: in order for each pair; the test says which arrives and which is lost. */

/** All wires. */
export class Wires<M> {
  readonly #nodes: readonly string[]
  readonly #queues = new Map<string, M[]>()
  readonly #cut = new Set<string>()

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes
  }

  send(from: string, to: string, message: M): void {
    if (!this.#cut.has(from) && !this.#cut.has(to)) this.#queue(from, to).push(structuredClone(message))
  }

  /** The pairs on whose wire something is, in order. */
  busy(): { readonly from: string; readonly to: string }[] {
    const pairs = this.#nodes.flatMap((from) => this.#nodes.map((to) => ({ from, to })))
    return pairs.filter(({ from, to }) => this.#queue(from, to).length > 0)
  }

  take(from: string, to: string): M | undefined {
    return this.#queue(from, to).shift()
  }

  /** Nothing goes to or from a node any more, and what was on its way is lost. */
  cut(node: string): void {
    this.#cut.add(node)
    for (const other of this.#nodes) {
      this.#queues.delete(`${node} ${other}`)
      this.#queues.delete(`${other} ${node}`)
    }
  }

  mend(node: string): void {
    this.#cut.delete(node)
  }

  #queue(from: string, to: string): M[] {
    const key = `${from} ${to}`
    const queue = this.#queues.get(key) ?? []
    this.#queues.set(key, queue)
    return queue
  }
}
