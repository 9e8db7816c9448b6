/** Handlers of forgetting and blocking. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { HandlersOf } from './call.js'
import type { DaemonPort } from './port.js'
import type { Output, RouteId } from './table.js'
import type { trustRoutes } from './table-trust.js'

/** Makes them. */
export function trustHandlers({ trust }: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof trustRoutes>> {
  return {
    'peers.forgotten': () => ({
      schema: 1,
      forgotten: trust.forgotten().map(({ id, name, time, here, version, source, sourceName, applied, members }) => ({
        ...{ id, name, time, scope: here ? ('here' as const) : ('cluster' as const), version },
        ...(source !== undefined && { by: source }),
        ...(sourceName !== undefined && { byName: sourceName }),
        applied,
        members,
      })),
    }),
    'peers.blocked': () => ({ schema: 1, blocked: [...trust.blocked()] }),
    'peers.block': async ({ params }) => ({ schema: 1, ...(await trust.block(params.peer)) }),
    'peers.unblock': async ({ params }) => ({ schema: 1, unblocked: await trust.unblock(params.peer) }),
  }
}

interface Target {
  readonly id: PeerId
  readonly name: string
  readonly linksCut: number
  readonly streamsCut: number
}

/** Handles `peers.forget`. */
export async function forget(port: DaemonPort, peer: string, options: { dryRun: boolean; scope?: 'cluster' | 'here' }): Promise<Output<'peers.forget'>> {
  const target = findTarget(port, peer, options.scope)
  const { dryRun, scope = port.trust.usualScope(target.id) } = options
  const { id, name, linksCut, streamsCut } = target
  const members = scope === 'cluster' ? port.peers.list().filter((member) => member.id !== id) : []
  const told = members.map((member) => ({ id: member.id, name: member.name, now: member.connected || member.hops !== undefined }))
  const base = { schema: 1, peer: id, name, dryRun, scope, members: told, linksCut, streamsCut } as const
  if (dryRun) {
    const running = linksCut + streamsCut === 0 && !isKnown(port, id) ? [] : port.plugins.list().filter((plugin) => plugin.state === 'running')
    const plugins = running.map((plugin) => ({ plugin: plugin.name, outcome: 'pending' as const, took: 0 }))
    return { ...base, forgot: false, linksCutMs: 0, plugins, problems: [] }
  }
  const report = await port.trust.forget(id, scope)
  const plugins = report.plugins.map(({ plugin, outcome, ms, error }) => ({ plugin, outcome, took: ms, ...(error !== undefined && { message: error }) }))
  return { ...base, forgot: report.forgot, linksCutMs: report.linksCutMs, plugins, problems: [...report.problems] }
}

/** A trusted peer; or, for the cluster, one that was forgotten here alone. Throws `ERR_PEER_UNKNOWN`, `ERR_PEER_AMBIGUOUS`. */
function findTarget(port: DaemonPort, peer: string, scope: 'cluster' | 'here' | undefined): Target {
  try {
    const { id, name, connected } = port.peers.find(peer)
    return { id, name, linksCut: connected ? 1 : 0, streamsCut: port.streams.countOf(id) }
  } catch (error) {
    if (!isShoalError(error, 'ERR_PEER_UNKNOWN')) throw error
    const tombstone = port.trust.findForgotten(peer)
    if (!tombstone) throw error
    if (scope === 'cluster') return { id: tombstone.id, name: tombstone.name, linksCut: 0, streamsCut: 0 }
    const hint = tombstone.here ? `In the whole cluster: shoal peers forget ${tombstone.id} --cluster` : 'See shoal peers forgotten.'
    throw new ShoalError('ERR_PEER_UNKNOWN', `${tombstone.name} is forgotten already.`, { hint })
  }
}

function isKnown(port: DaemonPort, id: PeerId): boolean {
  return port.peers.list().some((peer) => peer.id === id)
}
