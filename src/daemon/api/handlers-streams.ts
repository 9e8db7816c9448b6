/** Handlers of streams, pulls and pushes. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { pullAnswer, pushAnswer, streamAnswer } from './answers.js'
import type { HandlersOf } from './call.js'
import { pullEvents } from './events.js'
import type { DaemonPort } from './port.js'
import type { Input, Output, RouteId } from './table.js'
import type { streamRoutes } from './table-streams.js'

/** Makes them. */
export function streamHandlers(port: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof streamRoutes>> {
  const { streams, pulls, pushes } = port
  return {
    'streams.list': ({ query }) => ({ schema: 1, streams: listStreams(port, query.scope) }),
    'streams.info': ({ params }) => streamInfo(port, params.path),
    'streams.stop': ({ params, query }) => {
      streams.stop(params.path, query.reason)
      return { schema: 1, ok: true }
    },
    'pulls.list': () => ({ schema: 1, pulls: pulls.list().map(pullAnswer) }),
    'pulls.create': ({ body }) => createPull(port, body),
    'pulls.remove': async ({ params }) => {
      await pulls.remove(params.path)
      return { schema: 1, ok: true }
    },
    'pulls.watch': ({ params }, { signal }) => pullEvents(port, params.path, signal),
    'pushes.list': () => ({ schema: 1, pushes: pushes.list().map(pushAnswer) }),
    'pushes.create': async ({ body }) => ({ schema: 1, push: pushAnswer(await pushes.create(body.path, body.url, body.options)) }),
    'pushes.remove': ({ params }) => removePush(port, params.id),
  }
}

/** Here first, then at the peers; by path. */
function listStreams(port: DaemonPort, scope: 'all' | 'local'): Output<'streams.list'>['streams'] {
  const nameOf = namesOf(port)
  const self = port.node.id
  const here = port.streams.list().map((stream) => streamAnswer(stream, { self, at: self, nameOf }))
  const there = scope === 'local' ? [] : port.streams.remote().map((stream) => streamAnswer(stream, { self, at: stream.at, nameOf }))
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
  return [...here.sort(byPath), ...there.sort(byPath)]
}

/** Names of this node and its peers. */
function namesOf({ node, peers }: DaemonPort): (peer: PeerId) => string | undefined {
  const names = new Map([[node.id, node.name], ...peers.list().map(({ id, name }) => [id, name] as const)])
  return (peer) => names.get(peer)
}

function streamInfo(port: DaemonPort, path: string): Output<'streams.info'> {
  const stream = port.streams.info(path)
  if (!stream) throw new ShoalError('ERR_STREAM_NOT_FOUND', `There is no stream ${path} on this node.`)
  const self = port.node.id
  const readers = port.streams.subscribers(stream.path).map(({ reader, since, behind, dropped, bytesOut }) => ({ reader, since, behind, dropped, bytesOut }))
  return { schema: 1, stream: streamAnswer(stream, { self, at: self, nameOf: namesOf(port) }), readers, versions: [...port.streams.versions(stream.path)] }
}

async function createPull(port: DaemonPort, body: Input<'pulls.create'>['body']): Promise<Output<'pulls.create'>> {
  const { url, path, onDemand, idleDelay, options } = body
  const given = { ...(onDemand !== undefined && { onDemand }), ...(idleDelay !== undefined && { idleDelay }), ...(options && { options }) }
  return { schema: 1, pull: pullAnswer(await port.pulls.create(url, path, given)) }
}

async function removePush(port: DaemonPort, id: string): Promise<Output<'pushes.remove'>> {
  const push = port.pushes.list().find((one) => pushAnswer(one).id === id)
  if (!push) throw new ShoalError('ERR_NOT_FOUND', `There is no push ${id}.`, { hint: 'See shoal pushes.' })
  await port.pushes.remove(push.path, push.url)
  return { schema: 1, ok: true }
}
