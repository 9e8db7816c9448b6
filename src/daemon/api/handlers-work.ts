/** Handlers of payloads, configuration, log and events. */

import { ShoalError } from '../../errors.js'
import type { LogLevel } from '../../services.js'
import { lineMatches } from '../log.js'
import { monotonic } from '../util/wait.js'
import { sourceAnswer } from './answers.js'
import type { HandlersOf } from './call.js'
import { nodeEvents } from './events.js'
import type { DaemonPort } from './port.js'
import type { Input, Output, RouteId } from './table.js'
import type { workRoutes } from './table-work.js'

/** Largest payload, in bytes; see `ERR_PAYLOAD_TOO_LARGE`. */
const maxPayload = 1024 * 1024

/** Makes them. */
export function workHandlers(port: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof workRoutes>> {
  const { config, log } = port
  return {
    send: ({ body }, { signal }) => send(port, body, signal),
    'config.show': () => ({ schema: 1, config: config.shown() }),
    'config.sources': () => ({ schema: 1, sources: config.sources().map(sourceAnswer) }),
    'config.schema': () => ({ ...config.schema }),
    'config.get': ({ params }) => {
      const { key, value, sources } = config.get(params.key)
      return { schema: 1, key, value: value ?? null, sources: sources.map(sourceAnswer) }
    },
    'config.set': async ({ params, body }) => {
      const { key, value, restart, file, plugin } = await config.set(params.key, body.value ?? undefined)
      return { schema: 1, key, value: value ?? null, restart, file, ...(plugin !== undefined && { plugin }) }
    },
    'log.tail': ({ query }) => ({ schema: 1, lines: log.tail(tailOptions(query)) }),
    'log.follow': ({ query }, { signal }) => followLog(port, query, signal),
    'log.levels': () => ({ schema: 1, ...log.levels() }),
    'log.setLevel': ({ body }) => {
      log.setLevel(body.module, body.level)
      return { schema: 1, ...log.levels() }
    },
    events: ({ query }, { signal }) => nodeEvents(port, query.types, signal),
  }
}

async function send(port: DaemonPort, body: Input<'send'>['body'], signal: AbortSignal): Promise<Output<'send'>> {
  const { kind, wantReply, timeout } = body
  const bytes = decodeBody(body.body ?? '', body.encoding ?? 'utf8')
  const peer = addressee(port, body.peer)
  const options = { signal, ...(timeout !== undefined && { timeout }) }
  const started = monotonic()
  const reply = wantReply ? await port.payloads.request(peer, kind, bytes, options) : await port.payloads.send(peer, kind, bytes, options)
  return { schema: 1, peer, kind, took: Math.round(monotonic() - started), ...(reply && { reply: encodeReply(reply) }) }
}

/** A peer, or this node itself: its plugins answer as those of a peer would. A name that both have means neither. */
function addressee(port: DaemonPort, peer: string): string {
  const { id, name } = port.node
  if (peer === id) return id
  if (peer !== name) return port.peers.find(peer).id
  if (port.peers.list().some((each) => each.name === name))
    throw new ShoalError('ERR_PEER_AMBIGUOUS', `Both this node and a peer are named ${name}.`, { hint: 'Give the peer id.' })
  return id
}

function decodeBody(text: string, encoding: 'utf8' | 'base64'): Uint8Array {
  // Buffer.from skips what is no base64, which would send something else than was meant
  if (encoding === 'base64' && !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new ShoalError('ERR_REQUEST_INVALID', 'The request is wrong: body.body: must be base64.')
  const bytes = new Uint8Array(Buffer.from(text, encoding))
  if (bytes.length > maxPayload) throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `The payload has ${bytes.length} bytes; ${maxPayload} is the most.`)
  return bytes
}

function encodeReply(reply: Uint8Array): { readonly body: string; readonly encoding: 'utf8' | 'base64' } {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(reply), encoding: 'utf8' }
  } catch {
    return { body: Buffer.from(reply).toString('base64'), encoding: 'base64' }
  }
}

interface LineFilter {
  readonly lines?: number
  readonly since?: number
  readonly module?: string
  readonly level?: LogLevel
}

function tailOptions({ lines, since, module, level }: LineFilter): LineFilter {
  return {
    ...(lines !== undefined && { lines }),
    ...(since !== undefined && { since }),
    ...(module !== undefined && { module }),
    ...(level !== undefined && { level }),
  }
}

/** Begins to listen at once, so that no line falls between the old ones and the new ones. */
function followLog(port: DaemonPort, query: Input<'log.follow'>['query'], signal: AbortSignal): AsyncIterable<Output<'log.follow'>> {
  const live = port.log.listen(signal)
  const old = port.log.tail(tailOptions(query))
  return (async function* () {
    for (const line of old) yield { type: 'line', line }
    for await (const event of live) if (event.type === 'lagged' || lineMatches(event.line, query)) yield event
  })()
}
