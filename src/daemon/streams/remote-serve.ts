/** `shoal://`, the serving side: local streams to trusted peers, over `/shoal/stream/1.0.0`. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { SubscribeOptions } from '../../stream.js'
import { defaultQuotas } from '../swarm/quotas.js'
import type { LinkStream, Swarm } from '../swarm/swarm.js'
import { linkSignals } from '../util/linked-signal.js'
import { deadline, within } from '../util/wait.js'
import type { FanOut } from './fan-out.js'
import { maxBatch } from './frame-header.js'
import { normalizePath } from './path.js'
import { PeerQuota } from './peer-quota.js'
import { Permit, type PermitPorts } from './permit.js'
import type { RemoteSessions } from './remote-sessions.js'
import { hopsVia } from './routes.js'
import { type SealKeys, Seals } from './seal.js'
import { ServedStream, type SourceSubscription } from './served-stream.js'
import {
  decodeStreamMessage,
  encodeStreamMessage,
  maxHops,
  type PublicationId,
  type StreamOpen,
  type StreamPosition,
  type StreamRefuse,
  streamProtocol,
} from './stream-messages.js'

/** What the server needs of the hub. */
export interface StreamSource {
  subscribe(path: string, options: SubscribeOptions & { readonly resume?: StreamPosition }): Promise<SourceSubscription>
  /** Resolves once the path has a publisher; starts it where it can be started on demand. */
  published(path: string, signal: AbortSignal): Promise<void>
  /** Random 32 bits of the present publication. Throws `ERR_STREAM_NOT_FOUND`. */
  epoch(path: string): number
}

/** What serving needs of the daemon. */
export interface ServePorts extends PermitPorts {
  readonly swarm: Swarm
  readonly source: StreamSource
  readonly sessions: RemoteSessions
  readonly fanOut: FanOut
  /** Seals what is published here; absent = frames go out without seals. */
  readonly seals?: SealKeys
  /** The peer broke the protocol. */
  readonly violated: (peer: PeerId, error: ShoalError) => void
  /** Streams for one peer. Default 256. */
  readonly maxStreams?: number
  /** Where a puller names none: ms it may be behind. Default 3,000. */
  readonly maxLatency?: number
  /** ms without a record after which a keep-alive is sent. Default 1,000. */
  readonly keepAlive?: number
}

/** ms in which StreamOpen must come. */
const openTimeout = 10_000

/** Serves the protocol until the undo is called. */
export function serveStreams(ports: ServePorts): () => void {
  const { maxStreams = defaultQuotas.streams } = ports
  const quota = new PeerQuota(maxStreams)
  // some beyond the limit, so that they can be refused with a reason
  return ports.swarm.handle(streamProtocol, { maxFrame: maxBatch, maxInbound: maxStreams + 32 }, async (stream) => {
    const { peer } = stream
    const undo = ports.sessions.add(peer, { describe: () => undefined, abort: (reason) => stream.abort(reason) })
    try {
      await serveOne(stream, ports, quota.enter(peer))
    } finally {
      undo()
      quota.leave(peer)
    }
  })
}

async function serveOne(stream: LinkStream, ports: ServePorts, tooMany: ShoalError | undefined): Promise<void> {
  const frames = stream.frames[Symbol.asyncIterator]()
  try {
    const open = await readOpen(frames)
    if (!open) return stream.abort(new ShoalError('ERR_ABORTED', 'The peer closed the stream.'))
    await answer(stream, frames, open, ports, tooMany)
  } catch (error) {
    const reason = ShoalError.from(error)
    if (isShoalError(reason, 'ERR_PROTOCOL')) ports.violated(stream.peer, reason)
    else ports.log.debug('a served stream ended', { peer: stream.peer, err: reason })
    stream.abort(reason)
  }
}

async function readOpen(frames: AsyncIterator<Uint8Array>): Promise<StreamOpen | undefined> {
  const first = await within(frames.next(), openTimeout, 'ERR_TIMEOUT', 'The peer did not say which stream it wants.')
  if (first.done) return undefined
  const message = decodeStreamMessage(first.value)
  if (message.type !== 'open') throw new ShoalError('ERR_PROTOCOL', 'The first message of a stream is not StreamOpen.')
  return message.value
}

async function answer(
  stream: LinkStream,
  frames: AsyncIterator<Uint8Array>,
  open: StreamOpen,
  ports: ServePorts,
  tooMany: ShoalError | undefined,
): Promise<void> {
  let place: ReturnType<FanOut['take']>
  let permit: Permit | undefined
  try {
    const served = await begin()
    if (!(served instanceof ServedStream)) return await refuse(stream, served)
    permit?.signal.addEventListener('abort', () => served.end(ShoalError.from(permit?.signal.reason)), { once: true })
    await serve(served, frames, stream, ports)
  } finally {
    permit?.done()
    place?.leave()
  }

  async function begin(): Promise<ServedStream | StreamRefuse> {
    try {
      const path = normalizePath(open.path)
      if (tooMany) throw tooMany
      permit = new Permit(stream.peer, path, ports)
      await permit.ask()
      checkFed(path, ports)
      place = ports.fanOut.take(path, stream.peer)
      if (!place) return redirect(path, stream.peer, ports)
      const subscription = await subscribe(stream, open, ports, permit.signal)
      permit.signal.throwIfAborted()
      const served = serving(stream, subscription, open, ports)
      place.serve(() => ({ ...served.health(), copy: open.copy }))
      return served
    } catch (error) {
      return ShoalError.from(error)
    }
  }
}

async function serve(served: ServedStream, frames: AsyncIterator<Uint8Array>, { peer }: LinkStream, { sessions }: ServePorts): Promise<void> {
  const undo = sessions.add(peer, served)
  try {
    await served.run(frames)
  } finally {
    undo()
  }
}

/** A copy that looks for a source takes no pullers: what it finds might come from them. */
function checkFed(path: string, { sessions }: ServePorts): void {
  if (sessions.routes.get(path)?.fed === false) throw new ShoalError('ERR_ORIGIN_LOST', `The copy of ${path} here has lost its source.`)
}

/** Refuses, and names those who serve the stream on. */
function redirect(path: string, peer: PeerId, { fanOut, sessions, source, swarm, log }: ServePorts): StreamRefuse {
  const alternatives = fanOut.alternatives(path, peer)
  log.debug('a peer is sent on to those who pull the stream already', { peer, path, alternatives: alternatives.map((copy) => copy.peer) })
  const message = `${path} goes to ${fanOut.limit} peers already.`
  try {
    const publication = sessions.routes.get(path)?.route.publication ?? { origin: swarm.id, path, epoch: source.epoch(path) }
    return { code: 'ERR_FAN_OUT', message, alternatives, publication }
  } catch {
    return { code: 'ERR_FAN_OUT', message }
  }
}

/** The stream as it goes to the peer. Throws `ERR_LIMIT` when it has passed too many nodes. */
function serving(stream: LinkStream, subscription: SourceSubscription, open: StreamOpen, ports: ServePorts): ServedStream {
  const { swarm, sessions, log, seals: keys, maxLatency = 3000, keepAlive = 1000 } = ports
  const { path, epoch } = subscription
  const route = sessions.routes.get(path)?.route
  const hops = hopsVia(route, swarm.id)
  if (!hops) {
    subscription.close()
    throw new ShoalError('ERR_LIMIT', `The stream has passed ${maxHops} nodes already.`)
  }
  const publication: PublicationId = route?.publication ?? { origin: swarm.id, path, epoch }
  const seals = !route && keys ? new Seals(publication, keys) : undefined
  const sealed = route?.sealed ?? keys !== undefined
  const { routes } = sessions
  return new ServedStream(stream, subscription, {
    log,
    self: swarm.id,
    publication,
    hops,
    seals,
    sealed,
    routes,
    keepAlive,
    maxLatency: open.maxLatency || maxLatency,
  })
}

async function subscribe(stream: LinkStream, open: StreamOpen, { source, maxLatency = 3000 }: ServePorts, permitted: AbortSignal): Promise<SourceSubscription> {
  const { path, tracks, start, resume, wait } = open
  const { signal: either } = linkSignals(stream.signal, permitted)
  const options = {
    start,
    maxLatency: open.maxLatency || maxLatency,
    signal: either,
    reader: `shoal ${stream.peer}`,
    ...(tracks.length > 0 && { tracks }),
    ...(resume && { resume }),
  }
  try {
    return await source.subscribe(path, options)
  } catch (error) {
    if (wait === 0 || !isShoalError(error, 'ERR_STREAM_NOT_FOUND')) throw error
  }
  const { signal, done } = deadline(wait, 'ERR_STREAM_NOT_FOUND', `No publisher of ${path} came within ${wait} ms.`, either)
  try {
    await source.published(path, signal)
  } finally {
    done()
  }
  return await source.subscribe(path, options)
}

async function refuse(stream: LinkStream, { code, message, alternatives = [], publication }: StreamRefuse): Promise<void> {
  stream.send(encodeStreamMessage({ type: 'refuse', value: { code, message, alternatives, ...(publication && { publication }) } }))
  await stream.close()
}
