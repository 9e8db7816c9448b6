/** Where a WHIP or WHEP URL leads: `whep://` and `whip://` stand for http, `wheps://` and `whips://` for https. */

import { ShoalError } from '../../errors.js'

/** An endpoint and how to log in there. */
export interface Address {
  /** `http:` or `https:`, without user and password. */
  readonly url: URL
  /** Of the header `Authorization`: `Basic` for user and password, `Bearer` for a user alone, which is a token. */
  readonly authorization?: string
}

/** URL schemes of streams that are pulled, and of those that are pushed. */
export const schemes = { pull: ['whep', 'wheps'], push: ['whip', 'whips'] } as const

/** Reads one. Throws `ERR_URL_INVALID`. */
export function parseAddress(given: URL): Address {
  const { protocol, host, pathname, search } = given
  if (host === '') throw new ShoalError('ERR_URL_INVALID', `A ${protocol.slice(0, -1)} URL needs a host.`)
  const secure = protocol === 'wheps:' || protocol === 'whips:'
  let url: URL
  try {
    url = new URL(`${secure ? 'https' : 'http'}://${host}${pathname === '' ? '/' : pathname}${search}`)
  } catch (cause) {
    throw new ShoalError('ERR_URL_INVALID', `No ${protocol.slice(0, -1)} endpoint can be at that address.`, { cause })
  }
  const authorization = authorizationOf(given)
  return { url, ...(authorization !== undefined && { authorization }) }
}

/** Where an answer leads: user and password go along to the same origin only. Throws `ERR_SOURCE_FAILED` for what is no http address. */
export function redirected({ url, authorization }: Address, location: string): Address {
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined
  const leaks = url.protocol === 'https:' && target?.protocol === 'http:'
  if (!target || leaks || !/^https?:$/.test(target.protocol)) throw new ShoalError('ERR_SOURCE_FAILED', `${url.host} leads to an address that cannot be used.`)
  target.username = ''
  target.password = ''
  target.hash = ''
  return { url: target, ...(authorization !== undefined && target.origin === url.origin && { authorization }) }
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const [user, secret] = [decoded(username), decoded(password)]
  if (password === '') return `Bearer ${token(user)}`
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
}

/** Throws `ERR_URL_INVALID`: a token is one word of ASCII. */
function token(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new ShoalError('ERR_URL_INVALID', 'The token in the URL must be one word of ASCII.')
}

/** Throws `ERR_URL_INVALID`: what is no text, or would end the header. */
function decoded(text: string): string {
  try {
    const plain = decodeURIComponent(text)
    if (!/[^\x20-\x7e\u00a0-\uffff]/.test(plain)) return plain
  } catch {
    // said below
  }
  throw new ShoalError('ERR_URL_INVALID', 'User or password of the URL cannot be read.')
}
