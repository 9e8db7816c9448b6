/** Pairing by short code: who may ask, who asks, and what persons decide. */

import { route } from './table-route.js'
import { either, flag, integer, list, number, oneOf, optional, record, tag, text } from './table-schema.js'
import { peerParams, v1 } from './table-shapes.js'

const codeText = { description: 'Six digits that both screens show.' }

const requestRow = record({
  peer: text({ description: 'Peer id.' }),
  name: text({ description: 'As it calls itself.' }),
  address: text({ description: 'Multiaddr of the other node.' }),
  code: text(codeText),
  asked: flag({ description: 'This node asked; otherwise the other did.' }),
  expires: number(),
  acceptedHere: flag(),
  acceptedThere: flag(),
})

const windowRow = record({ until: number(), triesLeft: integer() })

const askEvent = either(
  record({ type: tag('progress'), step: text(), message: text() }),
  record({ type: tag('code'), code: text(codeText), peer: text(), name: text() }),
  record({ type: tag('paired'), code: text(), peer: text(), name: text(), peers: integer({ description: 'Peers trusted now.' }) }),
)

/** Their routes. */
export const pairingRoutes = {
  'pairing.status': route({
    method: 'GET',
    path: '/api/pairing',
    summary: 'Whether requests to pair are taken, and those that wait for a person.',
    access: 'owner',
    response: record({ schema: v1, window: optional(windowRow), requests: list(requestRow) }),
  }),
  'pairing.open': route({
    method: 'POST',
    path: '/api/pairing',
    summary: 'Take requests to pair for a while.',
    access: 'owner',
    body: record({ time: optional(integer({ minimum: 1000, maximum: 3_600_000, description: 'ms; default 120,000.' })) }),
    response: record({ schema: v1, until: number(), triesLeft: integer() }),
  }),
  'pairing.close': route({
    method: 'DELETE',
    path: '/api/pairing',
    summary: 'Take no more requests to pair.',
    access: 'owner',
    response: record({ schema: v1, open: flag() }),
  }),
  'pairing.ask': route({
    method: 'POST',
    path: '/api/pairing/ask',
    summary: 'Ask a discovered node to pair: progress, the code to compare, and the outcome as events. Accept on both nodes.',
    access: 'owner',
    stream: 'sse',
    body: record({ peer: text({ minLength: 1, maxLength: 256, description: 'Name, id, or the beginning of the id.' }) }),
    response: askEvent,
  }),
  'pairing.accept': route({
    method: 'POST',
    path: '/api/pairing/:peer/accept',
    summary: 'Both screens show the same code: accept.',
    access: 'owner',
    params: peerParams,
    body: record({ code: optional(text({ minLength: 1, maxLength: 32, description: 'What the other screen shows; another code ends the pairing.' })) }),
    response: record({ schema: v1, peer: text(), state: oneOf(['paired', 'waiting'], { description: 'waiting: for the other person.' }) }),
  }),
  'pairing.reject': route({
    method: 'POST',
    path: '/api/pairing/:peer/reject',
    summary: 'The codes differ, or it is not wanted: reject.',
    access: 'owner',
    params: peerParams,
    response: record({ schema: v1, peer: text(), rejected: flag() }),
  }),
} as const
