/** `shoal://`, the serving side: local streams to trusted peers, over `/shoal/stream/1.0.0`. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { SubscribeOptions } from '../../stream.js'
import type { LinkStream, Swarm } from '../swarm/swarm.js'
import { deadline, within } from '../util/wait.js'
import { maxBatch } from './frame-header.js'
import type { RemoteSessions, Route } from './remote-sessions.js'
import { ServedStream, type SourceSubscription } from './served-stream.js'
import { decodeStreamMessage, encodeStreamMessage, maxHops, type StreamOpen, type StreamPosition, streamProtocol } from './stream-messages.js'

/** What the server needs of the hub. */
export interface StreamSource {
  subscribe(path: string, options: SubscribeOptions & { readonly resume?: StreamPosition }): Promise<SourceSubscription>
  /** Resolves once the path has a publisher; starts it where it can be started on demand. */
  published(path: string, signal: AbortSignal): Promise<void>
}

/** What serving needs of the daemon. */
export interface ServePorts {
  readonly swarm: Swarm
  readonly source: StreamSource
  readonly sessions: RemoteSessions
  readonly log: Logger
  /** May the peer read the path? Anything but `true` refuses; a text is the reason. A throw refuses too. */
  readonly allows: (peer: PeerId, path: string) => Promise<true | string>
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
  const counts = new Map<PeerId, number>()
  const { maxStreams = 256 } = ports
  // some beyond the limit, so that they can be refused with a reason
  return ports.swarm.handle(streamProtocol, { maxFrame: maxBatch, maxInbound: maxStreams + 32 }, async (stream) => {
    const { peer } = stream
    const undo = ports.sessions.add(peer, { describe: () => undefined, abort: (reason) => stream.abort(reason) })
    const open = counts.get(peer) ?? 0
    counts.set(peer, open + 1)
    try {
      await serveOne(stream, ports, open >= maxStreams)
    } finally {
      undo()
      const left = (counts.get(peer) ?? 1) - 1
      if (left > 0) counts.set(peer, left)
      else counts.delete(peer)
    }
  })
}

async function serveOne(stream: LinkStream, ports: ServePorts, full: boolean): Promise<void> {
  const frames = stream.frames[Symbol.asyncIterator]()
  try {
    const open = await readOpen(frames)
    if (!open) return stream.abort(new ShoalError('ERR_ABORTED', 'The peer closed the stream.'))
    await answer(stream, frames, open, ports, full)
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

async function answer(stream: LinkStream, frames: AsyncIterator<Uint8Array>, open: StreamOpen, ports: ServePorts, full: boolean): Promise<void> {
  let subscription: SourceSubscription
  try {
    if (full) throw new ShoalError('ERR_LIMIT', `A peer may pull ${ports.maxStreams ?? 256} streams.`)
    await checkAllowed(stream.peer, open.path, ports)
    subscription = await subscribe(stream, open, ports)
  } catch (error) {
    return await refuse(stream, ShoalError.from(error))
  }
  const { swarm, sessions, log, maxLatency = 3000, keepAlive = 1000 } = ports
  const route = routeOf(ports.sessions.routes.get(subscription.path), subscription, swarm.id)
  if (route.hops.length > maxHops) {
    subscription.close()
    return await refuse(stream, new ShoalError('ERR_LIMIT', `The stream has passed ${maxHops} nodes already.`))
  }
  const served = new ServedStream(stream, subscription, { log, route, keepAlive, maxLatency: open.maxLatency || maxLatency })
  const undo = sessions.add(stream.peer, served)
  try {
    await served.run(frames)
  } finally {
    undo()
  }
}

/** The nodes a stream has passed, with this one. */
function routeOf(pulled: Route | undefined, subscription: SourceSubscription, self: PeerId): Route {
  return pulled ? { hops: [...pulled.hops, self], originEpoch: pulled.originEpoch } : { hops: [self], originEpoch: subscription.epoch }
}

async function checkAllowed(peer: PeerId, path: string, { allows, log }: ServePorts): Promise<void> {
  let answered: true | string
  try {
    answered = await allows(peer, path)
  } catch (error) {
    log.warn('a permission could not be decided, so it is refused', { peer, path, err: error })
    answered = ''
  }
  if (answered !== true) throw new ShoalError('ERR_FORBIDDEN', answered || `${path} may not be read by this peer.`)
}

async function subscribe(stream: LinkStream, open: StreamOpen, { source, maxLatency = 3000 }: ServePorts): Promise<SourceSubscription> {
  const { path, tracks, start, resume, wait } = open
  const options = {
    start,
    maxLatency: open.maxLatency || maxLatency,
    signal: stream.signal,
    reader: `shoal ${stream.peer}`,
    ...(tracks.length > 0 && { tracks }),
    ...(resume && { resume }),
  }
  try {
    return await source.subscribe(path, options)
  } catch (error) {
    if (wait === 0 || !isShoalError(error, 'ERR_STREAM_NOT_FOUND')) throw error
  }
  const { signal, done } = deadline(wait, 'ERR_STREAM_NOT_FOUND', `No publisher of ${path} came within ${wait} ms.`, stream.signal)
  try {
    await source.published(path, signal)
  } finally {
    done()
  }
  return await source.subscribe(path, options)
}

async function refuse(stream: LinkStream, { code, message }: ShoalError): Promise<void> {
  stream.send(encodeStreamMessage({ type: 'refuse', value: { code, message } }))
  await stream.close()
}
