/** Calls to a web service that takes and answers JSON: bounded in time, in size and in number. */

import { setTimeout as sleep } from 'node:timers/promises'
import { ShoalError } from '../errors.js'

/** How a service is called. */
export interface JsonCallOptions {
  readonly url: URL
  /** Sent as `Authorization: Bearer …`. Empty = none. */
  readonly token: string
  /** ms for all tries together. */
  readonly timeout: number
  /** Tries after the first, when the service cannot be reached or answers 500 and more. */
  readonly retries: number
  /** Calls at a time; more are refused. */
  readonly concurrent: number
}

/** An answer that came. */
export interface JsonAnswer {
  readonly status: number
  /** Absent where there was none, or no JSON. */
  readonly body?: unknown
}

/** Bytes of an answer. */
const maxAnswer = 64 * 1024
/** ms before another try. */
const pause = 100

/** A URL from a configuration. Throws `ERR_PLUGIN_CONFIG` when it is none, or would carry secrets in the clear to another machine. */
export function serviceUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw new ShoalError('ERR_PLUGIN_CONFIG', 'url: not an http or https URL.')
  if (url.username !== '' || url.password !== '') throw new ShoalError('ERR_PLUGIN_CONFIG', 'url: holds credentials.', { hint: 'Set token instead.' })
  if (url.protocol === 'http:' && !insecure && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname))
    throw new ShoalError('ERR_PLUGIN_CONFIG', 'url: http to another machine would show everybody on the way what is asked.', {
      hint: 'Use https, or set insecure: true.',
    })
  return url
}

/** One service. Connections are kept and used again. */
export class JsonCall {
  /** Calls that had no answer. */
  failures = 0
  readonly #options: JsonCallOptions
  #active = 0

  constructor(options: JsonCallOptions) {
    this.#options = options
  }

  /** Posts `value`. Rejects with `ERR_OVERLOADED`, `ERR_TIMEOUT`, `ERR_SOURCE_FAILED`, and the signal's reason. Errors say nothing of what was posted. */
  async post(value: unknown, signal: AbortSignal): Promise<JsonAnswer> {
    const { concurrent, timeout } = this.#options
    if (this.#active >= concurrent) throw new ShoalError('ERR_OVERLOADED', `${concurrent} calls are under way.`)
    this.#active++
    const late = new AbortController()
    const stop = (): void => late.abort(signal.reason)
    const timer = setTimeout(() => late.abort(new ShoalError('ERR_TIMEOUT', `No answer came within ${timeout} ms.`)), timeout)
    signal.addEventListener('abort', stop, { once: true })
    try {
      signal.throwIfAborted()
      return await this.#try(JSON.stringify(value), late.signal)
    } catch (error) {
      this.failures++
      throw late.signal.aborted ? late.signal.reason : error
    } finally {
      this.#active--
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  async #try(body: string, signal: AbortSignal): Promise<JsonAnswer> {
    const { retries } = this.#options
    for (let left = retries; ; left--) {
      try {
        const answer = await this.#once(body, signal)
        if (answer.status < 500 || left <= 0) return answer
      } catch (error) {
        if (left <= 0 || signal.aborted) throw new ShoalError('ERR_SOURCE_FAILED', `The service cannot be reached: ${causeOf(error)}`, { cause: error })
      }
      await sleep(pause, undefined, { signal })
    }
  }

  async #once(body: string, signal: AbortSignal): Promise<JsonAnswer> {
    const { url, token } = this.#options
    const headers = { 'content-type': 'application/json', accept: 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) }
    // a redirect would take what is posted to where nobody meant it to go
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    const text = await readAnswer(response)
    return { status: response.status, ...parsed(text) }
  }
}

/** Reads to the end, so that the connection can be used again. */
async function readAnswer(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > maxAnswer) throw new Error(`the answer is larger than ${maxAnswer / 1024} KiB`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parsed(text: string): { readonly body?: unknown } {
  try {
    return { body: JSON.parse(text) }
  } catch {
    return {}
  }
}

/** `fetch` says "fetch failed" and hides the reason. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return 'unknown reason'
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}
