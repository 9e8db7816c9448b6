/** A lab with its daemons, made and taken away as one. */

import { type HostPlan, Lab } from './lab.js'
import { LanNode } from './lan-node.js'

/** A lab and one node for each of its hosts. */
export class Nodes {
  readonly lab: Lab
  readonly #nodes: readonly LanNode[]

  private constructor(lab: Lab, nodes: readonly LanNode[]) {
    this.lab = lab
    this.#nodes = nodes
  }

  /** Builds the lab and starts a daemon on each of its hosts, but for those in `idle`; `env` is added to the environment of each. */
  static async start(hosts: readonly HostPlan[], idle: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Nodes> {
    const nodes = await Nodes.open(
      hosts.filter(({ name }) => !idle.includes(name)).map(({ name }) => name),
      hosts,
      env,
    )
    try {
      await Promise.all(nodes.#nodes.map((node) => node.start()))
    } catch (error) {
      await nodes.dispose()
      throw error
    }
    return nodes
  }

  /** Builds the lab, with nodes of these names that are not started yet. */
  static async open(names: readonly string[], hosts: readonly HostPlan[] = names.map((name) => ({ name })), env: NodeJS.ProcessEnv = {}): Promise<Nodes> {
    const lab = await Lab.open(hosts)
    return new Nodes(
      lab,
      names.map((name) => new LanNode(lab, name, env)),
    )
  }

  /** Every node, in the order of their names in the plan. */
  get all(): readonly LanNode[] {
    return this.#nodes
  }

  /** The node on a host. */
  get(name: string): LanNode {
    const found = this.#nodes.find((node) => node.name === name)
    if (!found) throw new Error(`there is no node ${name}`)
    return found
  }

  /** Ends daemons and lab. */
  async dispose(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.dispose()))
    await this.lab.close()
  }
}
