/** An HTTP GET that follows redirects, and never from https to http. Source: RFC 9110, 15.4. */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { ShoalError } from '../../../errors.js'

/** What a download may do. */
export interface DownloadLimits {
  /** Also take http from other machines. Default: http from this machine only. */
  readonly allowHttp?: boolean
}

/** How one is opened. */
export interface DownloadOptions extends DownloadLimits {
  readonly signal: AbortSignal
  /** ms without a byte. */
  readonly idle: number
}

const maxRedirects = 5
const redirects = new Set([301, 302, 303, 307, 308])

/** Follows redirects to the answer whose body is wanted. Rejects with `ERR_SOURCE_FAILED`, `ERR_URL_INVALID`, `ERR_TIMEOUT`, or the signal's reason. */
export async function openDownload(url: URL, options: DownloadOptions): Promise<IncomingMessage> {
  let at = url
  checkHop(undefined, at, options)
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const response = await get(at, options)
    const { statusCode = 0, headers } = response
    if (statusCode === 200) return response
    response.destroy()
    if (!redirects.has(statusCode) || headers.location === undefined)
      throw new ShoalError('ERR_SOURCE_FAILED', `${at.host} answered with status ${statusCode}.`, { data: { status: statusCode } })
    if (!URL.canParse(headers.location, at)) throw new ShoalError('ERR_SOURCE_FAILED', `${at.host} redirects to what is no URL.`)
    const next = new URL(headers.location, at)
    checkHop(at, next, options)
    at = next
  }
  throw new ShoalError('ERR_SOURCE_FAILED', `${url.host} redirects more than ${maxRedirects} times.`)
}

/** May the second URL be asked, after the first redirected to it? Throws `ERR_URL_INVALID`. */
export function checkHop(from: URL | undefined, to: URL, { allowHttp = false }: DownloadLimits): void {
  if (to.protocol === 'https:') return
  if (to.protocol !== 'http:') throw new ShoalError('ERR_URL_INVALID', `A download goes by https, not by ${to.protocol.slice(0, 40)}`)
  if (from?.protocol === 'https:') throw new ShoalError('ERR_URL_INVALID', `${from.host} redirects from https to http, which is refused.`)
  if (!allowHttp && !isLoopback(to.hostname))
    throw new ShoalError('ERR_URL_INVALID', `http://${to.host} is not protected on its way.`, { hint: 'Use https, or say --allow-http, best with --sha256.' })
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function get(url: URL, { signal, idle }: DownloadOptions): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    // compressed or partial answers would have another length and hash
    const sent = request(url, { signal, timeout: idle, headers: { accept: 'application/zip, */*', 'accept-encoding': 'identity', 'user-agent': 'shoal' } })
    let answer: IncomingMessage | undefined
    sent.once('response', (response) => {
      answer = response
      resolve(response)
    })
    sent.once('timeout', () => {
      const late = new ShoalError('ERR_TIMEOUT', `${url.host} sent nothing for ${idle / 1000} s.`)
      // the error of a request that was answered reaches nobody who reads the answer
      answer?.destroy(late)
      sent.destroy(late)
    })
    // also later errors of a request that was answered
    sent.on('error', (error) =>
      reject(error instanceof ShoalError ? error : new ShoalError('ERR_SOURCE_FAILED', `${url.host} cannot be reached: ${error.message}`, { cause: error })),
    )
    sent.end()
  })
}
