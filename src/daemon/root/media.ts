/** Streams of one node, put together: the hub, pulls and pushes, and `shoal://` to and from peers. */

import type { Logger, PeerId } from '../../plugin.js'
import type { Permission } from '../../services.js'
import { Announcer } from '../cluster/announcer.js'
import type { Config } from '../config/config.js'
import { Hub } from '../streams/hub.js'
import { Pulls } from '../streams/pulls.js'
import { Pushes } from '../streams/pushes.js'
import { RemoteStreams } from '../streams/remote.js'
import type { Network } from './network.js'
import type { PeerList } from './peer-list.js'

/** What it needs. */
export interface MediaOptions {
  readonly network: Network
  readonly peers: PeerList
  readonly permission: Permission
  readonly config: Config['streams']
  log(module: string): Logger
}

/** Everything about streams. */
export class Media {
  readonly hub: Hub
  readonly pulls: Pulls
  readonly pushes: Pushes
  readonly announcer: Announcer
  readonly remote: RemoteStreams
  readonly #undo: () => void

  constructor(options: MediaOptions) {
    const { network, peers, permission, config } = options
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
    })
    this.pulls = new Pulls({ hub: this.hub, log: options.log('pulls') })
    this.pushes = new Pushes({ hub: this.hub, log: options.log('pushes') })
    this.announcer = new Announcer({ self, streams: this.hub, control: network.control, log: options.log('directory') })
    this.remote = new RemoteStreams({
      swarm: network.node,
      source: this.hub,
      locate: (path) => this.announcer.find(path),
      findPeer: (ref) => peers.find(ref).id,
      allows: async (peer, path) => {
        const answer = await permission.allows({ kind: 'peer', id: peer }, { action: 'stream.read', target: path })
        return answer === false ? `${path} is not permitted.` : answer
      },
      violated: (peer, error) => network.strikes.add(peer, error),
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

  /** Ends every stream that goes to a peer or comes from it. */
  async cut(peer: PeerId): Promise<void> {
    this.remote.cutPeer(peer)
  }

  async close(): Promise<void> {
    this.#undo()
    this.remote.close()
    await this.announcer.close()
    await this.pushes.close()
    await this.pulls.close()
    this.hub.close()
  }
}
