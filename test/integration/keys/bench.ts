/** What the observations of configuration keys share: nodes that are made when the first one needs them. */

import { connect } from 'node:net'
import { freePort } from '../../free-port.js'
import { type NodeOptions, Nodes, type TestNode } from '../nodes.js'

/** Sees the effect of one key; throws when there is none. */
export type Observation = () => Promise<void>

/** Makes nodes, each once. */
export class Bench {
  readonly nodes = new Nodes()
  readonly #made = new Map<string, Promise<TestNode>>()
  readonly #ports = new Map<string, number>()

  /** The node of that name. */
  node(name: string, options: NodeOptions | (() => Promise<NodeOptions>) = {}): Promise<TestNode> {
    const known = this.#made.get(name)
    if (known) return known
    const made = (async () => await this.nodes.start(name, typeof options === 'function' ? await options() : options))()
    this.#made.set(name, made)
    return made
  }

  /** A node with the defaults: what a key is compared with. */
  plain(): Promise<TestNode> {
    return this.node('plain')
  }

  /** A port that was free, the same for each call with that name. */
  async port(name: string): Promise<number> {
    const port = this.#ports.get(name) ?? (await freePort())
    this.#ports.set(name, port)
    return port
  }

  dispose(): Promise<void> {
    return this.nodes.dispose()
  }
}

/** Does anybody listen there? */
export function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

/** A JSON route of a plugin. */
export async function read<T>(node: TestNode, path: string): Promise<T> {
  const parts: Buffer[] = []
  for await (const part of (await node.client.open(path)) as AsyncIterable<Buffer>) parts.push(part)
  return JSON.parse(Buffer.concat(parts).toString()) as T
}
