/** `msg`: messages to the people at other nodes. */

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { isShoalError, ShoalError } from '../../errors.js'
import type {
  ConversationList,
  HistoryPage,
  MessagingEvent,
  ReadAnswer,
  RemoveAnswer,
  SendAnswer,
  ShownConversation,
  ShownMessage,
} from '../../plugins/messaging/api.js'
import type { Client } from '../client.js'
import { action, seconds, wholeNumber } from '../command.js'
import { ago, clean, count, table } from '../output.js'

/** Adds it. A first word that is none of its commands is a peer: `shoal msg attic hello`. */
export function registerMsg(program: Command): void {
  const msg = program.command('msg').description('messages to people at other nodes: shoal msg PEER TEXT').helpCommand(true)
  registerSend(msg)
  registerHistory(msg)
  const list = msg.command('conversations').description('with whom, how much is unread, and the last message')
  action(list, async ({ client, out }) => out.result(await ask<ConversationList>(client, 'GET', '/conversations'), conversationsText))
  registerRead(msg)
  const rm = msg.command('rm').argument('<peer>').argument('[id]', 'one message; without it the whole conversation')
  action(rm.description('delete here; what was not delivered yet is withdrawn'), async ({ client, out }, peer, id) => {
    const path = id === undefined ? of(peer) : `${of(peer)}/messages/${encodeURIComponent(id)}`
    out.result(await ask<RemoveAnswer>(client, 'DELETE', path), ({ removed }) => `${count(removed, 'message')} deleted`)
  })
  const watch = msg.command('watch').argument('[peer]', 'only this conversation').description('messages and their states as they come')
  action(watch, async ({ client, out, signal }, peer) => {
    const names = await namesOf(client)
    const query = peer === undefined ? '' : `?peer=${encodeURIComponent(peer)}`
    for await (const event of follow(client, `/watch${query}`, signal)) out.item(event, (item) => eventText(item, names))
  })
}

function registerSend(msg: Command): void {
  const send = msg.command('send', { isDefault: true }).argument('<peer>').argument('<text>', '- reads standard input')
  send.description('write to a peer; the word send may be left out')
  send.option('--wait <s>', 'seconds to wait until it is delivered, at most 20', '2')
  action<{ wait: string }>(send, async ({ client, out, options, signal }, peer, given = '') => {
    const text = given === '-' ? typed(readFileSync(0)) : given
    const wait = Math.min(20_000, seconds('--wait', options.wait))
    const sent = await ask<SendAnswer>(client, 'POST', `${of(peer)}/messages`, { text, wait }, signal)
    out.result(sent, ({ message }) => `${stateText(message)}   ${short(message.id)}`)
    if (sent.message.state === 'pending') out.note(`${clean(sent.name)} is not there. The message waits, also over restarts.`)
    return sent.message.state === 'failed' ? 1 : 0
  })
}

function registerHistory(msg: Command): void {
  const history = msg.command('history').argument('<peer>').description('the messages of a conversation, oldest first')
  history.option('-n, --limit <count>', 'the latest so many, at most 500', '50').option('--before <id>', 'older ones than this message')
  action<{ limit: string; before?: string }>(history, async ({ client, out, options }, peer) => {
    const before = options.before === undefined ? '' : `&before=${encodeURIComponent(options.before)}`
    const page = await ask<HistoryPage>(client, 'GET', `${of(peer)}/messages?limit=${wholeNumber('--limit', options.limit)}${before}`)
    out.result(page, historyText)
    const [oldest] = page.messages
    if (page.more && oldest) out.note(`There are older ones: --before ${short(oldest.id)}`)
  })
}

function registerRead(msg: Command): void {
  const read = msg.command('read').argument('<peer>').description('show what is unread, and tell the writer that it was read')
  action(read, async ({ client, out }, peer) => {
    const { page, messages } = await unread(client, peer)
    const last = messages.at(-1)
    const none: ReadAnswer = { peer: page.peer, marked: 0, unread: page.unread }
    // only what is shown here counts as read, not what comes meanwhile
    const answer = last ? await ask<ReadAnswer>(client, 'POST', `${of(peer)}/read`, { upTo: last.id }) : none
    out.result({ ...answer, name: page.name, messages }, (shown) => (shown.messages.length > 0 ? historyText(shown) : 'Nothing is unread.'))
  })
}

/** Every unread message, page by page from the latest. */
async function unread(client: Client, peer: string): Promise<{ page: HistoryPage; messages: ShownMessage[] }> {
  const messages: ShownMessage[] = []
  for (let before = ''; ; ) {
    const page = await ask<HistoryPage>(client, 'GET', `${of(peer)}/messages?limit=500${before}`)
    messages.unshift(...page.messages.filter(({ from, state }) => from === 'peer' && state === 'received'))
    const [oldest] = page.messages
    if (!page.more || !oldest || messages.length >= page.unread) return { page, messages }
    before = `&before=${oldest.id}`
  }
}

async function ask<Answer>(client: Client, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  try {
    return await client.plugin<Answer>(method, `/messaging${path}`, body, signal)
  } catch (error) {
    throw explained(error)
  }
}

async function* follow(client: Client, path: string, signal: AbortSignal): AsyncGenerator<MessagingEvent, void, undefined> {
  try {
    yield* client.pluginEvents<MessagingEvent>(`/messaging${path}`, signal)
  } catch (error) {
    throw explained(error)
  }
}

/** Without the plugin there is no such route, which means nothing to a person. */
function explained(error: unknown): unknown {
  if (!isShoalError(error, 'ERR_ROUTE_UNKNOWN')) return error
  return new ShoalError('ERR_PLUGIN_UNKNOWN', 'The plugin messaging does not run on this node.', { hint: 'See shoal plugins info messaging.', cause: error })
}

function of(peer: string): string {
  return `/conversations/${encodeURIComponent(peer)}`
}

/** What came through a pipe: lines end in LF, and the last end of line is not part of it. */
function typed(input: Buffer): string {
  return input.toString('utf8').replace(/\r\n/g, '\n').replace(/\n$/, '')
}

async function namesOf(client: Client): Promise<ReadonlyMap<string, string>> {
  const { peers } = await client.call('peers.list')
  return new Map(peers.map(({ id, name }) => [id, name]))
}

function conversationsText({ conversations }: ConversationList): string {
  return table(
    conversations,
    [
      ['PEER', (row) => row.name],
      ['STATE', (row) => (row.connected ? 'connected' : 'away')],
      ['MESSAGES', (row) => row.messages],
      ['UNREAD', (row) => row.unread],
      ['WAITING', (row) => waitingText(row)],
      ['LAST', (row) => ago(row.last.stored)],
      ['', (row) => `${row.last.from === 'me' ? 'me: ' : ''}${oneLine(row.last.text)}`],
    ],
    'No messages yet. Write one with: shoal msg PEER TEXT',
  )
}

function waitingText({ queued, problem }: ShownConversation): string {
  return problem === undefined ? `${queued}` : `${queued} (${problem})`
}

/** The first words of a text. */
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 50 ? `${line.slice(0, 49)}…` : line
}

function historyText({ name, messages }: Pick<HistoryPage, 'name' | 'messages'>): string {
  if (messages.length === 0) return `No messages with ${clean(name)}.`
  return messages.map((message) => messageText(message, name)).join('\n')
}

/** One message; further lines of its text are set in. */
function messageText(message: ShownMessage, name: string): string {
  const [first = '', ...more] = message.text.split('\n').map((line) => clean(line.replaceAll('\t', '    ')))
  const who = message.from === 'me' ? 'me' : clean(name)
  return [`${clock(message.time)}  ${short(message.id)}  ${stateText(message).padEnd(9)}  ${who}: ${first}`, ...more.map((line) => `    ${line}`)].join('\n')
}

function stateText({ from, state, reason }: ShownMessage): string {
  if (from === 'peer') return state === 'received' ? 'new' : ''
  return reason === undefined ? state : `${state} (${reason})`
}

function eventText(event: MessagingEvent, names: ReadonlyMap<string, string>): string {
  if (event.type === 'lagged') return `(${event.missed} events missed)`
  const name = names.get(event.peer) ?? event.peer
  if (event.type === 'message') return messageText(event.message, name)
  if (event.type === 'state') return `${clean(name)}: ${short(event.id)} ${event.state}${event.reason === undefined ? '' : ` (${event.reason})`}`
  if (event.type === 'read') return `${clean(name)}: read, ${event.unread} unread`
  if (event.type === 'removed') return `${clean(name)}: ${count(event.removed, 'message')} deleted`
  return `${clean(name)}: forgotten`
}

/** Enough of an id for a person to copy. */
function short(id: string): string {
  return id.slice(0, 8)
}

/** Local time, to the second. The writer's clock may say anything. */
function clock(time: number): string {
  const date = new Date(time)
  const two = (part: number): string => String(part).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
