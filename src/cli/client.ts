/** The command line's one door: the API over the daemon's unix socket, typed by the route table. */

import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Output, type Request, type RouteId, requestPath, routes, type StreamRouteId } from '../daemon/api/table.js'
import { type Paths, resolvePaths } from '../daemon/paths.js'
import { isErrorCode, ShoalError } from '../errors.js'
import { readEvents } from './sse.js'

export type { Input, Output as Answer, RouteId } from '../daemon/api/table.js'

/** Which daemon. */
export interface ClientOptions {
  readonly home?: string
}

/** Largest answer that is read, in bytes. */
const maxAnswer = 64 * 1024 * 1024

/** Client of one daemon. Every call rejects with a `ShoalError`; `ERR_NOT_RUNNING` when nobody listens. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  readonly #options: ClientOptions
  #paths: Paths | undefined

  constructor(options: ClientOptions = {}) {
    this.#options = options
  }

  /** Where the files of this home are. */
  get paths(): Paths {
    this.#paths ??= resolvePaths({ ...this.#options, env: process.env })
    return this.#paths
  }

  /** Calls a route that answers once. */
  async call<Id extends Exclude<RouteId, StreamRouteId>>(id: Id, ...rest: OptionalRequest<Id>): Promise<Output<Id>> {
    const [request, signal] = rest
    return (await answer(await this.#send(id, (request ?? {}) as Request<Id>, signal))) as Output<Id>
  }

  /** Follows a route that answers with events; ends with the daemon's side. */
  async *events<Id extends StreamRouteId>(id: Id, request: Request<Id>, signal?: AbortSignal): AsyncGenerator<Output<Id>, void, undefined> {
    for await (const value of eventsOf(await this.#send(id, request, signal))) yield value as Output<Id>
  }

  /** Calls a JSON route of a plugin, such as `GET /messaging/status`. `Answer` is what the plugin's `api.ts` says. */
  async plugin<Answer>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return (await answer(await this.#exchange(method, path, text, signal))) as Answer
  }

  /** Follows a route of a plugin that answers with events. */
  async *pluginEvents<Event>(path: string, signal?: AbortSignal): AsyncGenerator<Event, void, undefined> {
    for await (const value of eventsOf(await this.#exchange('GET', path, undefined, signal))) yield value as Event
  }

  /** Opens a raw path, such as `/live/cam.flv`. */
  async open(path: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#exchange('GET', path, undefined, signal)
    if ((response.statusCode ?? 500) >= 400) throw errorOf(parse(await readAll(response)), response.statusCode ?? 500)
    return response
  }

  /** Lets idle connections go. */
  close(): void {
    this.#agent.destroy()
  }

  async #send<Id extends RouteId>(id: Id, request: Request<Id>, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const body = 'body' in request && request.body !== undefined ? JSON.stringify(request.body) : undefined
    return await this.#exchange(routes[id].method, requestPath(id, request), body, signal)
  }

  #exchange(method: string, path: string, body: string | undefined, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const headers = { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) }
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.paths.socket, agent: this.#agent, method, path, headers, ...(signal && { signal }) }
      const request: ClientRequest = httpRequest(options, resolve)
      request.on('error', (error: NodeJS.ErrnoException) => reject(refused(error, this.paths.socket)))
      request.end(body)
    })
  }
}

type OptionalRequest<Id extends RouteId> =
  Request<Id> extends { readonly params: unknown } | { readonly body: unknown }
    ? [request: Request<Id>, signal?: AbortSignal]
    : [request?: Request<Id>, signal?: AbortSignal]

/** The JSON of an answer; throws the error that it stands for. */
async function answer(response: IncomingMessage): Promise<unknown> {
  const value = parse(await readAll(response))
  if ((response.statusCode ?? 500) >= 400) throw errorOf(value, response.statusCode ?? 500)
  return value
}

/** The events of an answer, until either side ends it. */
async function* eventsOf(response: IncomingMessage): AsyncGenerator<unknown, void, undefined> {
  if ((response.statusCode ?? 500) >= 400) throw errorOf(parse(await readAll(response)), response.statusCode ?? 500)
  try {
    for await (const event of readEvents(response)) {
      const value = parse(event.data)
      if (event.event === 'error') throw errorOf(value, 500)
      yield value
    }
  } catch (error) {
    throw error instanceof ShoalError ? error : connectionLost(error)
  } finally {
    response.destroy()
  }
}

/** Why no exchange took place. */
function refused(error: NodeJS.ErrnoException, socket: string): ShoalError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return new ShoalError('ERR_NOT_RUNNING', 'The daemon is not running.', { cause: error })
  if (error.code === 'EACCES' || error.code === 'EPERM') return new ShoalError('ERR_FORBIDDEN', `The control socket ${socket} is not yours.`, { cause: error })
  if (error.name === 'AbortError') return new ShoalError('ERR_ABORTED', 'Interrupted.', { cause: error })
  return connectionLost(error)
}

function connectionLost(error: unknown): ShoalError {
  return new ShoalError('ERR_NOT_RUNNING', 'The connection to the daemon broke.', { cause: error })
}

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length
      if (size > maxAnswer) throw new ShoalError('ERR_PROTOCOL', 'The answer of the daemon is too long.')
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof ShoalError ? error : connectionLost(error)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ShoalError('ERR_PROTOCOL', 'The answer of the daemon is not JSON.', { cause: error })
  }
}

/** An error answer as the error it stands for. */
function errorOf(value: unknown, status: number): ShoalError {
  const error = (value as { error?: { code?: unknown; message?: unknown; hint?: unknown; data?: unknown } } | null)?.error
  const code = typeof error?.code === 'string' && isErrorCode(error.code) ? error.code : 'ERR_INTERNAL'
  const message = typeof error?.message === 'string' ? error.message : `The daemon answered with status ${status}.`
  const data = typeof error?.data === 'object' && error.data !== null ? { data: error.data as Record<string, unknown> } : {}
  return new ShoalError(code, message, { ...(typeof error?.hint === 'string' && { hint: error.hint }), ...data })
}
