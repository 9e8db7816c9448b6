/** Nodes that pair as daemons do, without the rest of a daemon: keystore, swarm, discovery on loopback, and the pairing desk. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClusterSecret } from '../../src/daemon/keystore/cluster-secret.js'
import { createIdentity } from '../../src/daemon/keystore/identity.js'
import { PeerBook } from '../../src/daemon/keystore/peer-book.js'
import { PairingDesk } from '../../src/daemon/root/pairing-desk.js'
import type { InterfaceAddress } from '../../src/daemon/swarm/addresses.js'
import { Discovery } from '../../src/daemon/swarm/discovery.js'
import { createNode, type Node } from '../../src/daemon/swarm/node.js'
import type { PeerEvent } from '../../src/plugin.js'
import { type MemoryLog, memoryLog } from '../../src/testing/memory-log.js'
import { memoryKeyValue } from '../unit/daemon/keystore/memory-key-value.js'

const loopback: InterfaceAddress = { name: 'lo', address: '127.0.0.1', family: 4, cidr: '127.0.0.1/8', internal: true }

/** A node that can pair. */
export interface TestDesk {
  readonly name: string
  readonly id: string
  readonly node: Node
  readonly book: PeerBook
  readonly desk: PairingDesk
  readonly discovery: Discovery
  readonly log: MemoryLog
  readonly events: PeerEvent[]
}

/** The desks of one test file. */
export class TestDesks {
  readonly #folder = mkdtempSync(join(tmpdir(), 'shoal-desks-'))
  readonly #port = 40_000 + Math.floor(Math.random() * 20_000)
  readonly #running: TestDesk[] = []

  /** Starts one. */
  async add(name: string, options: { readonly secret?: string } = {}): Promise<TestDesk> {
    const identity = await createIdentity(join(this.#folder, `${name}-${Math.random()}.key`))
    const log = memoryLog()
    const book = await PeerBook.open(memoryKeyValue(), { identity, log })
    const secret = options.secret === undefined ? undefined : await ClusterSecret.derive(options.secret, { takes: (peer) => !book.isForgotten(peer) })
    const desk = new PairingDesk({ self: identity.id, name, book, ...(secret && { secret }), log })
    const node = await createNode({
      privateKeyRaw: identity.privateKeyRaw(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      isTrusted: (peer) => book.isTrusted(peer),
      pairingOpen: (peer) => desk.mayPair(peer),
      log,
    })
    const discovery = new Discovery({
      id: identity.id,
      name: () => name,
      listening: () => node.listening,
      isKnown: (peer) => book.isTrusted(peer),
      ...(secret && { memberTag: secret.tagOf(identity.id), isMember: (peer: string, tag: string) => secret.isMember(peer, tag) }),
      open: () => desk.window.current !== undefined,
      log,
      port: this.#port,
      interfaces: () => [loopback],
      times: { query: 200, scan: 50, answer: 50 },
    })
    await node.start()
    discovery.start()
    desk.start({ node, discovery, onTrusted: () => {} })
    const made = { name, id: identity.id, node, book, desk, discovery, log, events: collect(book) }
    this.#running.push(made)
    return made
  }

  /** Stops those that run. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#running.splice(0).map(async ({ desk, discovery, node, book }) => {
        await desk.stop()
        await discovery.stop()
        await node.stop()
        await book.close()
      }),
    )
  }

  /** Stops all and removes their files. */
  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function collect(book: PeerBook): PeerEvent[] {
  const events: PeerEvent[] = []
  const listen = async (): Promise<void> => {
    for await (const event of book.events()) events.push(event)
  }
  listen().catch(() => {})
  return events
}
