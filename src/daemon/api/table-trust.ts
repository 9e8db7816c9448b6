/** Trust that is ended or refused: who was forgotten, who is blocked. */

import { route } from './table-route.js'
import { flag, integer, list, number, oneOf, optional, record, text } from './table-schema.js'
import { peerParams, v1 } from './table-shapes.js'

const blockedRow = record({
  id: text({ description: 'Peer id.' }),
  name: text({ description: 'Name it had; empty where none was known.' }),
  since: number(),
})

const tombstoneRow = record({
  id: text({ description: 'Peer id.' }),
  name: text(),
  time: number(),
  scope: oneOf(['cluster', 'here'], { description: 'cluster: introductions of a higher version lift it; here: only pairing with this node does.' }),
  version: integer({ description: 'Counts the decisions about this peer over all members.' }),
  by: optional(text({ description: 'Peer id of the member on whose word it was forgotten.' })),
  byName: optional(text()),
  applied: integer({ description: 'Members that have published that they forgot it too.' }),
  members: integer({ description: 'Members there are.' }),
})

/** Their routes. */
export const trustRoutes = {
  'peers.forgotten': route({
    method: 'GET',
    path: '/api/forgotten',
    summary: 'Peers that were forgotten, and where that counts.',
    access: 'owner',
    response: record({ schema: v1, forgotten: list(tombstoneRow) }),
  }),
  'peers.blocked': route({
    method: 'GET',
    path: '/api/blocked',
    summary: 'Ids that are refused for ever.',
    access: 'owner',
    response: record({ schema: v1, blocked: list(blockedRow) }),
  }),
  'peers.block': route({
    method: 'PUT',
    path: '/api/blocked/:peer',
    summary: "Refuse an id for ever, also a stranger's. A trusted peer is forgotten, here alone; nobody is told.",
    access: 'owner',
    timeout: 60_000,
    params: peerParams,
    response: record({ schema: v1, blocked: blockedRow, forgot: flag({ description: 'It was trusted until now.' }) }),
  }),
  'peers.unblock': route({
    method: 'DELETE',
    path: '/api/blocked/:peer',
    summary: 'Lift a block. The peer is then a stranger, or forgotten.',
    access: 'owner',
    params: peerParams,
    response: record({ schema: v1, unblocked: blockedRow }),
  }),
} as const
