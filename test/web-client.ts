/** A client of endpoint-websocket for tests: results by id, payloads in a list. */

import { WebSocket } from 'ws'
import { waitFor } from './wait-for.js'

/** What came back. */
export interface WebResult {
  readonly id?: number
  readonly ok: boolean
  readonly partial?: boolean
  readonly error?: { readonly code: string; readonly message: string }
  readonly text?: string
  readonly base64?: string
  readonly results?: readonly WebResult[]
  readonly registered?: readonly string[]
  readonly refused?: readonly { readonly kind: string; readonly error: { readonly code: string } }[]
  readonly principal?: { readonly kind: string; readonly id: string }
}

/** One connection. */
export class WebClient {
  readonly received: (WebResult & { readonly type?: string; readonly kind?: string; readonly from?: string })[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly web: WebSocket
  #next = 1

  constructor(address: string, options: { readonly headers?: Record<string, string>; readonly protocol?: string; readonly autoPong?: boolean } = {}) {
    this.web = new WebSocket(address, options.protocol ?? 'shoal-1', { headers: options.headers ?? {}, autoPong: options.autoPong ?? true })
    this.web.on('message', (data) => void this.received.push(JSON.parse(String(data))))
    this.web.on('error', () => {})
    this.web.once('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
  }

  /** A connection that is open. */
  static async open(address: string, options: { readonly headers?: Record<string, string>; readonly autoPong?: boolean } = {}): Promise<WebClient> {
    const client = new WebClient(address, options)
    await waitFor('the handshake', () => client.web.readyState !== client.web.CONNECTING)
    return client
  }

  /** A connection that is logged in. */
  static async login(address: string, user: string, password: string): Promise<WebClient> {
    const client = await WebClient.open(address)
    const { ok } = await client.ask({ type: 'login', user, password })
    if (!ok) throw new Error(`${user} cannot log in`)
    return client
  }

  /** Sends a message and waits for its result. */
  async ask(message: Record<string, unknown>): Promise<WebResult> {
    const id = this.#next++
    this.web.send(JSON.stringify({ id, ...message }))
    return await waitFor(
      'the result',
      () => this.received.find((one) => one.id === id) ?? (this.closed && { ok: false, error: { code: 'closed', message: '' } }),
    )
  }

  /** Sends a batch and waits for its results. */
  async askAll(messages: readonly unknown[]): Promise<WebResult> {
    const before = this.received.filter(({ type }) => type === 'batch').length
    this.web.send(JSON.stringify(messages))
    return await waitFor('the results', () => this.received.filter(({ type }) => type === 'batch')[before])
  }

  /** Payloads that came. */
  get payloads(): readonly string[] {
    return this.received.filter(({ type }) => type === 'payload').map(({ kind, text }) => `${kind} ${text}`)
  }
}

/** How a refused handshake was answered. */
export async function handshakeStatus(
  address: string,
  options: { readonly headers?: Record<string, string>; readonly protocol?: string } = {},
): Promise<number> {
  const client = new WebClient(address, options)
  return await new Promise<number>((resolve) => {
    client.web.once('unexpected-response', (_, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    client.web.once('open', () => {
      client.web.close()
      resolve(101)
    })
  })
}
