/** Peers: who is trusted, who was seen, how trust is made and ended. */

import { route } from './table-route.js'
import { either, flag, integer, list, number, oneOf, optional, record, tag, text } from './table-schema.js'
import { peerParams, peerRow, v1 } from './table-shapes.js'

const inviteRow = record({
  id: text(),
  expires: number(),
  triesLeft: integer(),
  used: flag(),
  usedBy: optional(text({ description: 'Peer id.' })),
  code: optional(text({ description: 'Six digits that both screens show, once it was used.' })),
})

const joinEvent = either(
  record({ type: tag('progress'), step: text({ description: 'dialling, proving, waiting …' }), message: text() }),
  record({ type: tag('code'), code: text({ description: 'Six digits; both screens show the same.' }), peer: text(), name: text() }),
  record({ type: tag('joined'), code: text(), peer: text(), name: text(), peers: integer({ description: 'Peers trusted now.' }) }),
)

const forgetReport = record({
  schema: v1,
  peer: text({ description: 'Peer id.' }),
  name: text(),
  forgot: flag({ description: 'False for a dry run.' }),
  dryRun: flag(),
  scope: oneOf(['cluster', 'here']),
  members: list(record({ id: text(), name: text(), now: flag({ description: 'False: it is away and hears of it when it returns.' }) }), {
    description: 'Members that are told; none where the scope is here.',
  }),
  linksCut: integer(),
  linksCutMs: number({ description: 'ms until every link and stream was cut.' }),
  streamsCut: integer({ description: 'Streams that went to it or came from it.' }),
  plugins: list(
    record({ plugin: text(), outcome: oneOf(['ok', 'failed', 'timeout', 'pending']), took: number({ description: 'ms.' }), message: optional(text()) }),
  ),
  problems: list(text(), { description: 'What did not go as it should.' }),
})

/** Their routes. */
export const peerRoutes = {
  'invites.create': route({
    method: 'POST',
    path: '/api/invites',
    summary: 'Make a one-use ticket.',
    access: 'owner',
    body: record({ expires: optional(integer({ minimum: 1000, maximum: 604_800_000, description: 'ms until it expires; default 600,000.' })) }),
    response: record({ schema: v1, id: text(), ticket: text(), expires: number(), addresses: list(text()) }),
  }),
  'invites.list': route({
    method: 'GET',
    path: '/api/invites',
    summary: 'Tickets that are out, without their secrets.',
    access: 'owner',
    response: record({ schema: v1, invites: list(inviteRow) }),
  }),
  'invites.remove': route({
    method: 'DELETE',
    path: '/api/invites/:id',
    summary: 'Withdraw a ticket.',
    access: 'owner',
    params: record({ id: text({ minLength: 1, maxLength: 100 }) }),
    response: record({ schema: v1, removed: flag() }),
  }),
  join: route({
    method: 'POST',
    path: '/api/join',
    summary: 'Use a ticket: progress, the code to compare, and the outcome as events.',
    access: 'owner',
    stream: 'sse',
    body: record({ ticket: text({ minLength: 1, maxLength: 4096 }) }),
    response: joinEvent,
  }),
  'peers.list': route({
    method: 'GET',
    path: '/api/peers',
    summary: 'Trusted peers.',
    access: 'owner',
    response: record({ schema: v1, peers: list(peerRow) }),
  }),
  'peers.discovered': route({
    method: 'GET',
    path: '/api/peers/discovered',
    summary: 'Nodes seen on this network that are not trusted.',
    access: 'owner',
    response: record({
      schema: v1,
      discovered: list(
        record({
          id: text(),
          name: optional(text()),
          addresses: list(text()),
          lastSeen: number(),
          open: flag({ description: 'It says that it takes requests to pair.' }),
        }),
      ),
    }),
  }),
  'peers.info': route({
    method: 'GET',
    path: '/api/peers/:peer',
    summary: 'One trusted peer.',
    access: 'owner',
    params: peerParams,
    response: record({ schema: v1, peer: peerRow }),
  }),
  'peers.forget': route({
    method: 'DELETE',
    path: '/api/peers/:peer',
    summary: 'Forget a peer: cut its links and streams, tell every plugin.',
    access: 'owner',
    timeout: 60_000,
    params: peerParams,
    query: record({
      dryRun: flag({ default: false, description: 'Only say what would happen.' }),
      scope: optional(oneOf(['cluster', 'here'], { description: 'Where it counts. Default: cluster for a peer that members introduced, else here.' })),
    }),
    response: forgetReport,
  }),
  'peers.rename': route({
    method: 'PUT',
    path: '/api/peers/:peer/name',
    summary: 'Give a peer another display name here.',
    access: 'owner',
    params: peerParams,
    body: record({ name: text({ minLength: 1, maxLength: 64 }) }),
    response: record({ schema: v1, peer: peerRow }),
  }),
} as const
