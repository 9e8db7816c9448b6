/** Streams of one node, put together: the hub, pulls and pushes, and `shoal://` to and from peers. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { Permission } from '../../services.js'
import { Announcer } from '../cluster/announcer.js'
import type { Gossip } from '../cluster/gossip.js'
import type { Config } from '../config/config.js'
import { FrameKeys } from '../keystore/frame-keys.js'
import type { Identity } from '../keystore/identity.js'
import { Hub } from '../streams/hub.js'
import { Pulls } from '../streams/pulls.js'
import { Pushes } from '../streams/pushes.js'
import { RemoteStreams } from '../streams/remote.js'
import type { Grants } from './grants.js'
import type { Network } from './network.js'
import type { PeerList } from './peer-list.js'

/** What it needs. */
export interface MediaOptions {
  readonly network: Network
  readonly gossip: Gossip
  readonly peers: PeerList
  readonly permission: Permission
  readonly grants: Grants
  readonly config: Config['streams']
  readonly limits: Config['limits']
  readonly identity: Identity
  log(module: string): Logger
}

/** ms for which changes of copies are gathered. */
const announceDelay = 200

/** Everything about streams. */
export class Media {
  readonly hub: Hub
  readonly pulls: Pulls
  readonly pushes: Pushes
  readonly announcer: Announcer
  readonly remote: RemoteStreams
  readonly #undo: () => void
  #announcing: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: MediaOptions) {
    const { network, gossip, peers, permission, grants, config, limits, identity } = options
    const self = network.node.id
    this.hub = new Hub({
      node: self,
      log: options.log('streams'),
      bufferTime: config.bufferTime,
      bufferBytes: config.bufferBytes,
      maxLatency: config.maxLatency,
      publishTimeout: config.publishTimeout,
      stallTimeout: config.slowConsumerTimeout,
      maxPublishers: config.maxPublishers,
      maxSubscribers: config.maxSubscribers,
      maxSubscribersPerStream: config.maxSubscribers,
      claim: (path, takeover) => this.announcer.claim(path, takeover),
      contested: (path) => this.announcer.contested(path),
    })
    this.pulls = new Pulls({ hub: this.hub, log: options.log('pulls') })
    this.pushes = new Pushes({ hub: this.hub, log: options.log('pushes') })
    this.announcer = new Announcer({
      self,
      streams: this.hub,
      gossip,
      log: options.log('directory'),
      taken: async (path, peer) => {
        const may = (await permission.allows({ kind: 'peer', id: peer }, { action: 'stream.publish', target: path })) === true
        if (may) this.#takenOver(path, peers.nameOf(peer))
        return may
      },
      contested: (path, winner) => this.hub.contest(path, winner),
      isFull: (path) => this.remote.isFull(path),
    })
    this.remote = new RemoteStreams({
      swarm: network.node,
      source: this.hub,
      locate: (path) => this.announcer.find(path),
      findPeer: (ref) => peers.find(ref).id,
      allows: async (peer, path) => {
        const answer = await permission.allows({ kind: 'peer', id: peer }, { action: 'stream.read', target: path })
        return answer === false ? `${path} is not permitted.` : answer
      },
      hold: (peer, path, revoke) => grants.hold({ kind: 'peer', id: peer }, { action: 'stream.read', target: path }, revoke),
      violated: (peer, error) => network.strikes.add(peer, error),
      maxStreams: limits.peerStreams,
      fanOut: config.fanOut,
      changed: () => this.#announceSoon(),
      ...(config.seal && { seals: new FrameKeys(identity) }),
      maxLatency: config.maxLatency,
      log: options.log('remote'),
    })
    this.#undo = this.pulls.addFactory(this.remote.puller, 'shoal')
  }

  /** Begins to serve peers. */
  start(): void {
    this.announcer.start()
    this.remote.start()
  }

  #takenOver(path: string, by: string): void {
    const published = this.hub.info(path)
    if (published?.hops === 0) this.hub.stop(path, new ShoalError('ERR_TAKEN_OVER', `${by} took over ${path}.`))
  }

  /** Tells the peers which streams take readers and how far copies are, when that changes; not each change of a moment. */
  #announceSoon(): void {
    if (this.#closed) return
    this.#announcing ??= setTimeout(() => {
      this.#announcing = undefined
      this.announcer.refresh()
    }, announceDelay)
  }

  /** Ends every stream that goes to a peer or comes from it. */
  async cut(peer: PeerId): Promise<void> {
    this.remote.cutPeer(peer)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#undo()
    this.remote.close()
    clearTimeout(this.#announcing)
    await this.announcer.close()
    await this.pushes.close()
    await this.pulls.close()
    this.hub.close()
  }
}
