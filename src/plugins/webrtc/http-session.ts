/** The HTTP side of a WHIP or WHEP client (RFC 9725): the offer goes out, the answer and the address of the session come back. */

import { ShoalError } from '../../errors.js'
import { type Address, redirected } from './address.js'
import { sdpType } from './answer.js'

/** Bytes of an answer, and of an error that is read. */
const maxAnswer = 256 * 1024
const maxWords = 16 * 1024

const maxRedirects = 5

/** ms that a server has to take the end of a session. */
const endTimeout = 1000

/** How it is opened. */
export interface HttpSessionOptions {
  readonly signal: AbortSignal
  /** ms until the answer is there. */
  readonly timeout: number
}

/** A session at a server. */
export class HttpSession {
  /** The answer's description. */
  readonly answer: string
  readonly #address: Address | undefined

  /** `address`: of the session, where the server named one. */
  constructor(answer: string, address: Address | undefined) {
    this.answer = answer
    this.#address = address
  }

  /** Posts an offer. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_CODEC_UNSUPPORTED` (406), `ERR_TIMEOUT`, or the reason of the signal. */
  static async open(start: Address, offer: string, { signal, timeout }: HttpSessionOptions): Promise<HttpSession> {
    const late = new AbortController()
    const { host } = start.url
    const timer = setTimeout(() => late.abort(new ShoalError('ERR_TIMEOUT', `${host} did not answer within ${timeout} ms.`)), timeout)
    const both = AbortSignal.any([signal, late.signal])
    try {
      return await post(start, offer, both)
    } catch (error) {
      if (both.aborted) throw both.reason
      throw failure(host, error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Tells the server that the session is over. Never rejects: a server that is gone knows. */
  async end(): Promise<void> {
    if (!this.#address) return
    const { url } = this.#address
    const headers = headersOf(this.#address)
    try {
      const response = await fetch(url, { method: 'DELETE', headers, redirect: 'manual', signal: AbortSignal.timeout(endTimeout) })
      await response.body?.cancel()
    } catch {
      // it ends the session when nothing comes any more
    }
  }
}

async function post(start: Address, offer: string, signal: AbortSignal): Promise<HttpSession> {
  let address = start
  for (let i = 0; i <= maxRedirects; i++) {
    const headers = { ...headersOf(address), 'Content-Type': sdpType, Accept: sdpType }
    const response = await fetch(address.url, { method: 'POST', headers, body: offer, redirect: 'manual', signal })
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel()
      address = redirected(address, location)
      continue
    }
    if (!response.ok) throw await refusal(address.url.host, response)
    const text = await bodyOf(response, maxAnswer)
    if (text === undefined) throw new ShoalError('ERR_SOURCE_FAILED', `The answer of ${address.url.host} is larger than ${maxAnswer} bytes.`)
    if (!/^application\/sdp\s*(;|$)/i.test(response.headers.get('content-type') ?? ''))
      throw new ShoalError('ERR_SOURCE_FAILED', `${address.url.host} answered with something else than a description.`)
    return new HttpSession(text, sessionAt(address, location))
  }
  throw new ShoalError('ERR_SOURCE_FAILED', `${start.url.host} redirects more than ${maxRedirects} times.`)
}

/** Proxies that end TLS make servers name addresses that cannot be used: such a session ends by silence. */
function sessionAt(address: Address, location: string | null): Address | undefined {
  try {
    return location === null ? undefined : redirected(address, location)
  } catch {
    return undefined
  }
}

function headersOf({ authorization }: Address): Record<string, string> {
  return authorization === undefined ? {} : { Authorization: authorization }
}

/** Undefined where it is larger than `limit` bytes. */
async function bodyOf({ body }: Response, limit: number): Promise<string | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > limit) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts, size).toString('utf8')
}

async function refusal(host: string, response: Response): Promise<ShoalError> {
  const { status } = response
  const words = wordsOf((await bodyOf(response, maxWords).catch(() => undefined)) ?? '')
  const code = status === 401 || status === 403 ? 'ERR_UNAUTHENTICATED' : status === 406 ? 'ERR_CODEC_UNSUPPORTED' : 'ERR_SOURCE_FAILED'
  return new ShoalError(code, `${host} answered ${status}${words === '' ? '' : `: “${words}”`}.`, { data: { status } })
}

/** What a server says of an error: the message in its JSON, or a line of text. Nothing of a page. */
function wordsOf(body: string): string {
  const words = messageIn(body) ?? (/^\s*[<{[]/.test(body) ? '' : body)
  const line = words.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\s]+/gu, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 200)}…` : line.replace(/\.$/, '')
}

function messageIn(body: string): string | undefined {
  try {
    const { error, message, detail }: Readonly<Record<string, unknown>> = Object(JSON.parse(body))
    const { message: inner }: Readonly<Record<string, unknown>> = Object(error)
    return [inner, error, message, detail].find((each) => typeof each === 'string')
  } catch {
    return undefined
  }
}

function failure(host: string, error: unknown): ShoalError {
  if (error instanceof ShoalError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause)
  return new ShoalError('ERR_SOURCE_FAILED', `${host} cannot be reached: ${why}.`, { cause: error })
}
