/** Handlers of peers, tickets and joining. */

import { ShoalError } from '../../errors.js'
import { peerAnswer } from './answers.js'
import type { HandlersOf } from './call.js'
import { forget } from './handlers-trust.js'
import type { DaemonPort } from './port.js'
import type { RouteId } from './table.js'
import type { peerRoutes } from './table-peers.js'

/** Makes them. */
export function peerHandlers(port: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof peerRoutes>> {
  const { peers, invites } = port
  return {
    'invites.create': async ({ body }) => {
      const { id, ticket, expires, addresses } = await invites.issue({ ...(body.expires !== undefined && { ttl: body.expires }) })
      return { schema: 1, id, ticket, expires, addresses }
    },
    'invites.list': () => ({
      schema: 1,
      invites: invites.list().map(({ id, expires, triesLeft, usedBy, code }) => ({
        ...{ id, expires, triesLeft, used: usedBy !== undefined },
        ...(usedBy !== undefined && { usedBy }),
        ...(code !== undefined && { code }),
      })),
    }),
    'invites.remove': ({ params }) => {
      if (!invites.revoke(params.id)) throw new ShoalError('ERR_NOT_FOUND', `There is no ticket ${params.id}.`, { hint: 'See shoal invites.' })
      return { schema: 1, removed: true }
    },
    join: ({ body }, { signal }) => peers.join(body.ticket, signal),
    'peers.list': () => ({ schema: 1, peers: peers.list().map(peerAnswer) }),
    'peers.discovered': () => ({
      schema: 1,
      discovered: peers.discovered().map(({ peer, name, addresses, seen, open }) => ({
        ...{ id: peer, ...(name !== undefined && { name }), addresses, lastSeen: seen },
        open: open === true,
      })),
    }),
    'peers.info': ({ params }) => ({ schema: 1, peer: peerAnswer(peers.find(params.peer)) }),
    'peers.forget': ({ params, query }) => forget(port, params.peer, query),
    'peers.rename': async ({ params, body }) => {
      const { id } = peers.find(params.peer)
      await peers.rename(id, body.name)
      return { schema: 1, peer: peerAnswer(peers.find(id)) }
    },
  }
}
