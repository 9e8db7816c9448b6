/** The routes under `/messaging/`. */

import { Type } from 'typebox'
import { ShoalError } from '../../errors.js'
import type { Http, HttpRequest, PeerInfo, Peers } from '../../plugin.js'
import type {
  ConversationList,
  HistoryPage,
  MessagingEvent,
  MessagingStatus,
  ReadAnswer,
  RemoveAnswer,
  SendAnswer,
  ShownConversation,
  ShownMessage,
} from './api.js'
import type { Conversation, Entry } from './conversation.js'
import type { Feed } from './feed.js'
import type { Mailbox } from './mailbox.js'

/** Longest wait for a delivery, ms; below what a route has. */
const maxWait = 20_000

const closed = { additionalProperties: false }
const id = Type.String({ minLength: 8, maxLength: 32, pattern: '^[0-9a-fA-F]+$', description: 'Id of a message, or its first 8 digits and more.' })
const writeBody = Type.Object(
  {
    text: Type.String(),
    wait: Type.Optional(Type.Integer({ minimum: 0, maximum: maxWait, default: 0, description: 'ms to wait until it is delivered, if the peer is there.' })),
  },
  closed,
)
const historyQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'The latest so many.' })),
    before: Type.Optional(id),
  },
  closed,
)
const readBody = Type.Object({ upTo: Type.Optional(id) }, closed)
const watchQuery = Type.Object({ peer: Type.Optional(Type.String({ description: 'Only this conversation.' })) }, closed)

/** What the routes need. */
export interface RouteParts {
  readonly mailbox: Mailbox
  readonly feed: Feed
  readonly peers: Pick<Peers, 'get'>
}

/** Adds them. */
export function addRoutes(http: Http, parts: RouteParts): void {
  const { mailbox } = parts
  const peerOf = ({ params }: HttpRequest): PeerInfo => mailbox.peer(params['peer'] ?? '')
  const one = '/conversations/:peer'
  http.route({ method: 'GET', path: '/status', summary: 'Counts of messages', handler: () => status(mailbox) })
  http.route({ method: 'GET', path: '/conversations', summary: 'Conversations, the latest first', handler: () => conversations(parts) })
  const messages = `${one}/messages`
  http.route({
    method: 'GET',
    path: messages,
    summary: 'Messages, oldest first',
    query: historyQuery,
    handler: (request) => history(mailbox, peerOf(request), request),
  })
  http.route({ method: 'POST', path: messages, summary: 'Write to a peer', body: writeBody, handler: (request) => write(parts, peerOf(request), request) })
  http.route({
    method: 'POST',
    path: `${one}/read`,
    summary: 'Mark messages as read',
    body: readBody,
    handler: (request) => read(mailbox, peerOf(request), request),
  })
  http.route({ method: 'DELETE', path: one, summary: 'Delete a conversation here', handler: (request) => remove(mailbox, peerOf(request)) })
  const removeOne = (request: HttpRequest): Promise<RemoveAnswer> => remove(mailbox, peerOf(request), request.params['id'] ?? '')
  http.route({ method: 'DELETE', path: `${messages}/:id`, summary: 'Delete one message here', handler: removeOne })
  http.route({
    method: 'GET',
    path: '/watch',
    summary: 'Messages and their states as they come',
    query: watchQuery,
    handler: (request) => watch(parts, request),
  })
}

function status(mailbox: Mailbox): MessagingStatus {
  const all = mailbox.conversations().filter(({ size }) => size > 0)
  const sum = (of: (conversation: Conversation) => number): number => all.reduce((total, one) => total + of(one), 0)
  return { conversations: all.length, unread: sum(({ unread }) => unread), queued: sum(({ queued }) => queued), ...mailbox.counters }
}

async function conversations({ mailbox, peers }: RouteParts): Promise<ConversationList> {
  const rows = await Promise.all(mailbox.conversations().map((one) => summary(mailbox, one, peers.get(one.peer))))
  return { conversations: rows.filter((row) => row !== undefined).sort((a, b) => b.last.stored - a.last.stored) }
}

async function summary(mailbox: Mailbox, one: Conversation, peer: PeerInfo | undefined): Promise<ShownConversation | undefined> {
  const [last] = await mailbox.show(one, one.list().slice(-1))
  if (!last || !peer) return undefined
  const { size, unread, queued, problem } = one
  const shown = { peer: peer.id, name: peer.name, connected: peer.connected, messages: size, unread, queued, last }
  return queued > 0 && problem !== undefined ? { ...shown, problem } : shown
}

async function history(mailbox: Mailbox, peer: PeerInfo, { query }: HttpRequest): Promise<HistoryPage> {
  const { limit = 50, before } = query
  const one = mailbox.conversation(peer.id)
  const first = before === undefined ? undefined : found(one, String(before))
  const older = one?.list().filter(({ at }) => first === undefined || at < first.at) ?? []
  const page = older.slice(-Number(limit))
  const messages = one ? await mailbox.show(one, page) : []
  return { peer: peer.id, name: peer.name, messages, more: page.length < older.length, unread: one?.unread ?? 0 }
}

function found(one: Conversation | undefined, wanted: string): Entry {
  if (!one) throw new ShoalError('ERR_NOT_FOUND', 'There is no conversation with this peer.')
  return one.find(wanted)
}

async function write(parts: RouteParts, peer: PeerInfo, { body, signal }: HttpRequest): Promise<SendAnswer> {
  const { text, wait } = fields(body)
  const stop = new AbortController()
  const events = parts.feed.watch(stop.signal)
  try {
    const message = await parts.mailbox.write(peer.id, typeof text === 'string' ? text : '')
    return { name: peer.name, message: await delivered(message, events, peer.connected ? Number(wait ?? 0) : 0, [signal, stop]) }
  } finally {
    stop.abort()
  }
}

/** The message as it stands when it was delivered, has failed, or the time is up. */
async function delivered(
  message: ShownMessage,
  events: AsyncIterable<MessagingEvent>,
  wait: number,
  [signal, stop]: readonly [AbortSignal, AbortController],
): Promise<ShownMessage> {
  const end = (): void => stop.abort()
  const timer = setTimeout(end, wait)
  signal.addEventListener('abort', end, { once: true })
  let shown = message
  try {
    for await (const event of events) {
      if (event.type !== 'state' || event.id !== message.id) continue
      shown = { ...shown, state: event.state, ...(event.reason !== undefined && { reason: event.reason }) }
      if (event.state !== 'sent') break
    }
    return shown
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

async function read(mailbox: Mailbox, peer: PeerInfo, { body }: HttpRequest): Promise<ReadAnswer> {
  const { upTo } = fields(body)
  const marked = await mailbox.read(peer.id, typeof upTo === 'string' ? upTo : undefined)
  return { peer: peer.id, marked, unread: mailbox.conversation(peer.id)?.unread ?? 0 }
}

async function remove(mailbox: Mailbox, peer: PeerInfo, wanted?: string): Promise<RemoveAnswer> {
  return { peer: peer.id, removed: await mailbox.remove(peer.id, wanted) }
}

function watch({ mailbox, feed }: RouteParts, { query, signal }: HttpRequest): AsyncIterable<MessagingEvent> {
  const { peer } = query
  if (peer === undefined) return feed.watch(signal)
  return only(mailbox.peer(String(peer)).id, feed.watch(signal))
}

async function* only(peer: string, events: AsyncIterable<MessagingEvent>): AsyncGenerator<MessagingEvent, void, undefined> {
  for await (const event of events) if (!('peer' in event) || event.peer === peer) yield event
}

/** The members of a body that has been checked against its schema; none when there is no body. */
function fields(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}
