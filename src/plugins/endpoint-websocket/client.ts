/** One client: its login, its messages, its payloads. */

import type { WebSocket } from 'ws'
import { ShoalError } from '../../errors.js'
import type { EndpointDoor, EndpointPayload, EndpointSession, Principal } from '../../services.js'
import type { WebSocketConfig } from './config.js'
import { Intake } from './intake.js'
import { type Demand, faultOf, idOf, parseText, type Result, readDemand, writeBatch, writeBody } from './messages.js'

/** What a client is made of. */
export interface ClientInit {
  readonly web: WebSocket
  readonly door: EndpointDoor
  readonly config: WebSocketConfig
  readonly place: { readonly address: string; readonly local: boolean }
  /** Present where the header of the handshake logged it in. */
  readonly session: EndpointSession | undefined
  /** Told when it is cut because it does not read. */
  readonly cut: () => void
}

/** Close codes of RFC 6455 7.4.1. */
const goingAway = 1001
const unsupported = 1003
const policy = 1008

/** Serves until the connection is over. */
export class Client {
  readonly #init: ClientInit
  /** Time to log in. */
  readonly #late: NodeJS.Timeout
  readonly #taken = new Map<string, () => void>()
  readonly #intake: Intake
  #session: EndpointSession | undefined
  #loggingIn = false

  constructor(init: ClientInit) {
    this.#init = init
    const { web, config, session } = init
    this.#late = setTimeout(() => this.#leave(policy, 'ERR_TIMEOUT'), config.loginTimeout)
    this.#intake = new Intake(web, (text) => this.#take(text))
    const stopPings = keepAlive(web, config.pingInterval)
    // ws closes the connection by itself; without a listener the error would end the process
    web.on('error', () => {})
    web.on('message', (data, isBinary) => {
      if (isBinary) this.#leave(unsupported, 'ERR_REQUEST_INVALID')
      else this.#intake.push(Buffer.isBuffer(data) ? data.toString('utf8') : String(data))
    })
    web.once('close', () => {
      clearTimeout(this.#late)
      stopPings()
      this.#intake.end()
      this.#session?.close()
    })
    if (session) this.#enter(session)
  }

  /** The daemon goes. */
  close(): void {
    this.#leave(goingAway, 'ERR_STOPPING')
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#init.web.terminate()
  }

  #enter(session: EndpointSession): void {
    clearTimeout(this.#late)
    this.#session = session
    const over = (): void => {
      const { code } = ShoalError.from(session.signal.reason, 'ERR_ABORTED')
      this.#leave(code === 'ERR_STOPPING' ? goingAway : policy, code)
    }
    if (session.signal.aborted) over()
    else session.signal.addEventListener('abort', over, { once: true })
  }

  #leave(code: number, reason: string): void {
    this.#intake.end()
    this.#init.web.close(code, reason)
  }

  async #take(text: string): Promise<void> {
    let value: unknown
    try {
      value = parseText(text)
    } catch (error) {
      this.#answer({ ok: false, error: faultOf(error) })
      return
    }
    this.#answer(Array.isArray(value) ? await this.#batch(value) : await this.#one(value))
  }

  /** All at once, in order; one result each. */
  async #batch(values: readonly unknown[]): Promise<Result> {
    const { maxBatch } = this.#init.config
    if (values.length > 0 && values.length <= maxBatch) return writeBatch(await Promise.all(values.map((value) => this.#one(value))))
    return { type: 'batch', ok: false, error: { code: 'ERR_REQUEST_INVALID', message: `A batch has 1 to ${maxBatch} messages.` } }
  }

  /** One message; never rejects. */
  async #one(value: unknown): Promise<Result> {
    const id = idOf(value)
    try {
      return { ...id, ok: true, ...(await this.#do(readDemand(value))) }
    } catch (error) {
      return { ...id, ok: false, error: faultOf(error) }
    }
  }

  async #do(demand: Demand): Promise<Record<string, unknown>> {
    if (demand.type === 'login') return { principal: await this.#login(demand.credentials) }
    const session = this.#session
    if (!session) throw this.#stranger()
    switch (demand.type) {
      case 'send':
        await session.send(demand.to, demand.kind, demand.body, demand)
        return {}
      case 'request':
        return { ...writeBody(await session.request(demand.to, demand.kind, demand.body, demand)) }
      case 'subscribe':
        return await this.#subscribe(session, demand.kinds)
      case 'unsubscribe':
        return this.#unsubscribe(demand.kinds)
      default:
        return {}
    }
  }

  /** Whoever begins with anything else than a login is answered once. */
  #stranger(): ShoalError {
    if (!this.#loggingIn) setImmediate(() => this.#leave(policy, 'ERR_UNAUTHENTICATED'))
    return new ShoalError('ERR_UNAUTHENTICATED', 'Log in first.')
  }

  /** A wrong login is answered, and is the last message. */
  async #login(credentials: Extract<Demand, { type: 'login' }>['credentials']): Promise<Pick<Principal, 'kind' | 'id'>> {
    if (this.#session || this.#loggingIn) throw new ShoalError('ERR_USAGE', 'This client logs in once.')
    this.#loggingIn = true
    const { door, place, web } = this.#init
    try {
      const session = await door.login({ ...credentials, ...place })
      if (web.readyState !== web.OPEN) session.close()
      this.#enter(session)
      const { kind, id } = session.principal
      return { kind, id }
    } catch (error) {
      setImmediate(() => this.#leave(policy, faultOf(error).code))
      throw error
    }
  }

  /** Each kind by itself: one that is refused takes no other with it. */
  async #subscribe(session: EndpointSession, kinds: readonly string[]): Promise<Record<string, unknown>> {
    const outcomes = await Promise.all(
      [...new Set(kinds)].map(async (kind) => {
        try {
          this.#taken.set(kind, await session.subscribe(kind, (payload) => this.#receive(payload)))
          return { kind }
        } catch (error) {
          return { kind, error: faultOf(error) }
        }
      }),
    )
    const refused = outcomes.filter(({ error }) => error !== undefined)
    const registered = outcomes.filter(({ error }) => error === undefined).map(({ kind }) => kind)
    return { ok: refused.length === 0, partial: refused.length > 0 && registered.length > 0, registered, refused }
  }

  #unsubscribe(kinds: readonly string[]): Record<string, unknown> {
    const removed = [...new Set(kinds)].filter((kind) => this.#taken.has(kind))
    for (const kind of removed) {
      this.#taken.get(kind)?.()
      this.#taken.delete(kind)
    }
    return { removed }
  }

  #receive({ from, kind, body }: EndpointPayload): boolean {
    return this.#answer({ type: 'payload', from, kind, ...writeBody(body) })
  }

  /** Sends, unless too much waits already: then the client is cut. */
  #answer(message: object): boolean {
    const { web, config, cut } = this.#init
    if (web.readyState !== web.OPEN) return false
    const text = JSON.stringify(message)
    // an empty queue takes one of any length, or a long reply could not be had at all
    if (web.bufferedAmount > 0 && web.bufferedAmount + text.length > config.maxOutput) {
      cut()
      web.terminate()
      return false
    }
    web.send(text)
    return true
  }
}

/** Pings; a client that did not answer one until the next is gone. Returns the undo. */
function keepAlive(web: WebSocket, interval: number): () => void {
  let answered = true
  web.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    // one that is held back is not heard
    if (!answered && !web.isPaused) return web.terminate()
    answered = false
    web.ping()
  }, interval)
  return () => clearInterval(timer)
}
