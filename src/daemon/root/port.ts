/** The daemon as the API sees it. */

import { ShoalError } from '../../errors.js'
import type { PeerInfo } from '../../plugin.js'
import type { PullOptions } from '../../stream.js'
import type {
  ConfigPort,
  DaemonPort,
  InvitesPort,
  NodePort,
  PairingPort,
  PeersPort,
  PluginStorePort,
  PluginsPort,
  PullsPort,
  PushesPort,
  RemoteStream,
  StreamsPort,
} from '../api/port.js'
import type { Output } from '../api/table.js'
import type { LoadedConfig } from '../config/config.js'
import type { Log } from '../log.js'
import type { Outbox } from '../payloads/outbox.js'
import type { JobInfo } from '../streams/job.js'
import { normalizePath } from '../streams/path.js'
import type { PullInfo } from '../streams/pulls.js'
import { parseShoalUrl } from '../streams/shoal-url.js'
import type { KeptJobs } from './kept-jobs.js'
import type { Media } from './media.js'
import type { Network } from './network.js'
import type { ShownCode } from './pairing-desk.js'
import type { PeerList } from './peer-list.js'
import { PortableDesk, type PortableDeskOptions } from './portable-desk.js'
import type { Trust } from './trust.js'

/** The parts that the port speaks to. */
export interface PortParts {
  readonly node: NodePort
  readonly log: Log
  readonly config: LoadedConfig
  /** Makes a changed configuration count where it can. */
  applyConfig(): void
  readonly network: Network
  readonly peers: PeerList
  readonly trust: Trust
  readonly rename: PeersPort['rename']
  readonly media: Media
  readonly keptPulls: KeptJobs
  readonly keptPushes: KeptJobs
  readonly outbox: Outbox
  readonly plugins: PluginsPort
  readonly store: PluginStorePort
  readonly host: PortableDeskOptions['host']
}

/** Makes it. */
export function daemonPort(parts: PortParts): DaemonPort {
  const { node, log, outbox, plugins, host, store } = parts
  const port: DaemonPort = {
    node,
    log,
    config: configPort(parts),
    peers: peersPort(parts),
    trust: parts.trust,
    invites: invitesPort(parts.network),
    pairing: pairingPort(parts.network, parts.peers),
    streams: streamsPort(parts.media),
    pulls: pullsPort(parts),
    pushes: pushesPort(parts),
    payloads: outbox,
    plugins,
    store,
    portables: new PortableDesk({ host, store: () => port.store }),
  }
  return port
}

function configPort({ config, applyConfig, plugins }: PortParts): ConfigPort {
  return {
    shown: () => config.shown(),
    sources: () => config.sources(),
    get: (key) => config.get(key),
    get schema() {
      return config.schema
    },
    set: async (key, value) => {
      const change = await config.setRuntime(key, value)
      if (!change.restart) applyConfig()
      const plugin = plugins.waiting(change.key)
      return { ...change, ...(plugin !== undefined && { plugin }) }
    },
  }
}

function peersPort({ network, peers, rename }: PortParts): PeersPort {
  return {
    list: () => peers.list(),
    find: (peer): PeerInfo => peers.find(peer),
    discovered: () => (network.discovery?.candidates() ?? []).filter(({ peer }) => !peers.has(peer)),
    rename,
    join: (ticket, signal) => joinEvents(network, peers, ticket, signal),
    events: (options) => peers.events(options),
  }
}

async function* joinEvents(network: Network, peers: PeerList, ticket: string, signal: AbortSignal): AsyncGenerator<Output<'join'>, void, undefined> {
  yield { type: 'progress', step: 'dialling', message: 'looking for the node that made the ticket' }
  const { peer, code } = await network.pairing.join(ticket, signal)
  const name = peers.nameOf(peer)
  yield { type: 'code', code, peer, name }
  yield { type: 'joined', code, peer, name, peers: peers.list().length }
}

function invitesPort(network: Network): InvitesPort {
  return {
    issue: async ({ ttl }) => network.pairing.issue(ttl),
    list: () => network.invites.list(),
    revoke: (id) => network.invites.revoke(id),
  }
}

function pairingPort({ pairing }: Network, peers: PeerList): PairingPort {
  return {
    window: () => pairing.window.current,
    requests: () => pairing.requests.list(),
    open: (time) => pairing.open(time),
    close: () => pairing.close(),
    ask: (peer, signal) => askEvents(pairing, peers, peer, signal),
    accept: (peer, code) => pairing.requests.accept(peer, code),
    reject: (peer) => pairing.requests.reject(peer),
  }
}

async function* askEvents(
  pairing: Network['pairing'],
  peers: PeerList,
  text: string,
  signal: AbortSignal,
): AsyncGenerator<Output<'pairing.ask'>, void, undefined> {
  yield { type: 'progress', step: 'asking', message: 'looking for the node' }
  const shown = Promise.withResolvers<ShownCode>()
  const pairingUp = pairing.ask(text, shown.resolve, signal)
  const first = await Promise.race([shown.promise, pairingUp])
  if (!('by' in first)) yield { type: 'code', ...first }
  const { peer, code } = await pairingUp
  yield { type: 'paired', code, peer, name: peers.nameOf(peer), peers: peers.list().length }
}

function streamsPort({ hub, announcer, remote, pulls }: Media): StreamsPort {
  return {
    list: () => hub.list(),
    remote: () => announcer.list().map(remoteStream),
    info: (path) => hub.info(path),
    subscribers: (path) => hub.subscribers(path),
    versions: (path) => pulls.versions(path),
    countOf: (peer) => remote.sessions().filter((session) => session.peer === peer).length,
    stop: (path, reason) =>
      hub.stop(path, new ShoalError('ERR_STREAM_STOPPED', reason === undefined ? `${path} was stopped.` : `${path} was stopped: ${reason}`)),
    events: (options) => hub.events(options),
  }
}

/** A peer's copy in the shape of a local stream; what only the peer knows is 0. */
function remoteStream(copy: ReturnType<Media['announcer']['list']>[number]): RemoteStream {
  const { path, origin, hops, since, contested, peer: at } = copy
  const other = contested === undefined ? {} : { contested }
  const tracks = copy.tracks.map((track, index) => ({ id: index + 1, ...track }))
  return {
    path,
    at,
    publisher: 'shoal',
    origin,
    hops: hops + 1,
    tracks,
    subscribers: 0,
    since,
    framesIn: 0,
    bytesIn: 0,
    framesDropped: 0,
    bitrate: 0,
    ...other,
  }
}

/** A mistyped peer is an error at once; one that is away is waited for. */
function checkPeer(url: string, peers: PeerList): void {
  if (!/^shoal:/i.test(url)) return
  const { peer } = parseShoalUrl(new URL(url))
  if (peer !== undefined) peers.find(peer)
}

function pullsPort({ media: { pulls }, keptPulls, peers }: PortParts): PullsPort {
  const known = (path: string): PullInfo => {
    const info = pulls.get(path)
    if (!info) throw new ShoalError('ERR_NOT_FOUND', `Nothing is pulled into ${path}.`)
    return info
  }
  return {
    list: () => pulls.list(),
    create: async (url, path, options: PullOptions) => {
      if (URL.canParse(url)) checkPeer(url, peers)
      const pull = pulls.pull(url, path, { ...options, owner: 'api' })
      await keptPulls.keep({ path: pull.path, url, shown: pull.url, options: { ...options } })
      return known(pull.path)
    },
    remove: async (path) => {
      const name = normalizePath(path)
      known(name)
      await keptPulls.drop(name)
      await pulls.remove(name)
    },
    watch: (path, signal) => {
      known(path)
      return pulls.watch(path, signal)
    },
    events: (signal) => pulls.events(signal),
  }
}

function pushesPort({ media: { pushes }, keptPushes }: PortParts): PushesPort {
  return {
    list: () => pushes.list(),
    create: async (path, url, options): Promise<JobInfo> => {
      const push = pushes.push(path, url, { owner: 'api', ...(options && { options }) })
      await keptPushes.keep({ path: push.path, url, shown: push.url, options: options ?? {} })
      const info = pushes.get(push.path).find((one) => one.url === push.url)
      if (!info) throw new ShoalError('ERR_INTERNAL', 'The push ended at once.')
      return info
    },
    remove: async (path, url) => {
      const name = normalizePath(path)
      await pushes.remove(name, url)
      await keptPushes.drop(name, url)
    },
  }
}
