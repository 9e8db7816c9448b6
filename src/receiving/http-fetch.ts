/** GET over HTTP for pullers: credentials, redirects, limits, errors that say what happened. */

import { ShoalError } from '../errors.js'

/** What to get. */
export interface FetchOptions {
  readonly signal: AbortSignal
  /** ms until the answer begins, and for a body that is read whole until it is there. */
  readonly timeout: number
  /** First byte and number of bytes. */
  readonly range?: { readonly from: number; readonly length: number }
  /** Where the pull began, with its user and password: sent to that origin alone. */
  readonly login?: URL
}

/** An answer that began well. */
export interface Fetched {
  /** After redirects: what relative URLs in the answer are relative to. */
  readonly url: URL
  readonly body: AsyncIterable<Uint8Array>
}

/** Without user and password. */
export function withoutLogin(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  return plain
}

/** Begins a request. `statusOf` of the error's data holds the status where it was refused. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_TIMEOUT`, or the reason of the signal. */
export async function fetchStream(url: URL, { signal, timeout, range, login }: FetchOptions): Promise<Fetched> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new ShoalError('ERR_TIMEOUT', `${shown(url)} did not answer within ${timeout} ms.`)), timeout)
  const both = AbortSignal.any([signal, late.signal])
  try {
    const response = await fetch(withoutLogin(url), { signal: both, headers: { ...loginHeader(url, login), ...rangeHeader(range) } })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw refusal(url, response.status)
    }
    const skip = range && response.status === 200 ? range : undefined
    return { url: new URL(response.url), body: skip ? cut(response.body, skip.from, skip.length) : response.body }
  } catch (error) {
    throw failure(url, error, both)
  } finally {
    clearTimeout(timer)
  }
}

/** Gets a whole body of at most `limit` bytes. Rejects as {@link fetchStream}. */
export async function fetchWhole(url: URL, limit: number, options: FetchOptions): Promise<{ readonly url: URL; readonly bytes: Buffer }> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new ShoalError('ERR_TIMEOUT', `${shown(url)} did not come within ${options.timeout} ms.`)), options.timeout)
  const signal = AbortSignal.any([options.signal, late.signal])
  const parts: Uint8Array[] = []
  let size = 0
  try {
    const { url: final, body } = await fetchStream(url, { ...options, signal })
    for await (const part of body) {
      size += part.length
      if (size > limit) throw new ShoalError('ERR_SOURCE_FAILED', `${shown(url)} is larger than ${limit} bytes.`)
      parts.push(part)
    }
    return { url: final, bytes: Buffer.concat(parts, size) }
  } catch (error) {
    throw failure(url, error, signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Without what may be secret: no user, no query. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`
}

function loginHeader(url: URL, login: URL | undefined): Record<string, string> {
  const from = url.username !== '' ? url : login && login.origin === url.origin && login.username !== '' ? login : undefined
  if (!from) return {}
  const text = `${decodeURIComponent(from.username)}:${decodeURIComponent(from.password)}`
  return { Authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

function rangeHeader(range: FetchOptions['range']): Record<string, string> {
  return range ? { Range: `bytes=${range.from}-${range.from + range.length - 1}` } : {}
}

/** The part that was asked for, of a server that sends all. */
async function* cut(body: AsyncIterable<Uint8Array>, from: number, length: number): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of body) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, from + length - at))
    at += chunk.length
    if (part.length > 0) yield part
    if (at >= from + length) return
  }
}

function refusal(url: URL, status: number): ShoalError {
  const code = status === 401 || status === 403 ? 'ERR_UNAUTHENTICATED' : 'ERR_SOURCE_FAILED'
  return new ShoalError(code, `${shown(url)} answered ${status}.`, { data: { status } })
}

function failure(url: URL, error: unknown, signal: AbortSignal): unknown {
  if (error instanceof ShoalError) return error
  if (signal.aborted && signal.reason instanceof ShoalError) return signal.reason
  if (signal.aborted) return signal.reason
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const why = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause)
  return new ShoalError('ERR_SOURCE_FAILED', `${shown(url)} cannot be read: ${why}.`, { cause: error })
}
