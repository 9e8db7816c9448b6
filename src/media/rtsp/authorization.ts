/** Basic and digest authentication, as RTSP takes them from HTTP (RFC 7616, 7617). */

import { createHash } from 'node:crypto'

/** What a server asks for. */
export interface Challenge {
  readonly scheme: 'basic' | 'digest'
  readonly realm: string
  readonly nonce: string
  readonly algorithm: 'MD5' | 'SHA-256'
  readonly opaque: string | undefined
  /** The server knows `qop=auth`. */
  readonly qop: boolean
}

/** User and password. */
export interface Login {
  readonly user: string
  readonly password: string
}

/** The strongest challenge among `WWW-Authenticate` values: SHA-256, MD5, Basic; undefined when there is none that is known. */
export function chooseChallenge(values: readonly string[]): Challenge | undefined {
  const strength = ({ scheme, algorithm }: Challenge): number => (scheme === 'basic' ? 0 : algorithm === 'MD5' ? 1 : 2)
  return values
    .slice(0, 16)
    .flatMap(parseChallenge)
    .toSorted((a, b) => strength(b) - strength(a))[0]
}

function parseChallenge(value: string): Challenge[] {
  const scheme = /^\s*(basic|digest)\b/i.exec(value)?.[1]?.toLowerCase()
  if (scheme !== 'basic' && scheme !== 'digest') return []
  const parameters = parseParameters(value.replace(/^\s*\S+/, ''))
  const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase()
  const nonce = parameters.get('nonce')
  if (scheme === 'digest' && (nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256'))) return []
  const qop = (parameters.get('qop') ?? '').split(',').some((each) => each.trim().toLowerCase() === 'auth')
  return [
    {
      scheme,
      realm: parameters.get('realm') ?? '',
      nonce: nonce ?? '',
      algorithm: algorithm === 'SHA-256' ? 'SHA-256' : 'MD5',
      opaque: parameters.get('opaque'),
      qop,
    },
  ]
}

/** `name=value` and `name="value"`. */
function parseParameters(text: string): Map<string, string> {
  const found = text.slice(0, 4096).matchAll(/([a-z][\w-]*)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi)
  return new Map([...found].map(([, name = '', quoted, plain]) => [name.toLowerCase(), quoted ?? plain ?? '']))
}

/** Answers challenges on one connection. */
export class Authorizer {
  readonly #challenge: Challenge
  readonly #login: Login
  readonly #cnonce: string
  #count = 0

  /** `cnonce`: some random text. */
  constructor(challenge: Challenge, login: Login, cnonce: string) {
    this.#challenge = challenge
    this.#login = login
    this.#cnonce = cnonce
  }

  /** The `Authorization` value for a request. */
  value(method: string, uri: string): string {
    const { scheme, realm, nonce, algorithm, opaque, qop } = this.#challenge
    const { user, password } = this.#login
    if (scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    const count = (++this.#count).toString(16).padStart(8, '0')
    const extra = qop ? `${nonce}:${count}:${this.#cnonce}:auth` : nonce
    const hash = (text: string): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex')
    const response = hash(`${hash(`${user}:${realm}:${password}`)}:${extra}:${hash(`${method}:${uri}`)}`)
    const fields = [`username="${quoted(user)}"`, `realm="${quoted(realm)}"`, `nonce="${quoted(nonce)}"`, `uri="${quoted(uri)}"`, `response="${response}"`]
    // Old cameras stumble over parameters that they did not ask for.
    if (algorithm !== 'MD5') fields.push(`algorithm=${algorithm}`)
    if (qop) fields.push('qop=auth', `nc=${count}`, `cnonce="${this.#cnonce}"`)
    if (opaque !== undefined) fields.push(`opaque="${quoted(opaque)}"`)
    return `Digest ${fields.join(', ')}`
  }
}

/** Nothing leaves its quotes or its line. */
function quoted(text: string): string {
  return text.replace(/[\r\n]/g, '').replace(/["\\]/g, '\\$&')
}

/** User and password of a Basic `Authorization` value; undefined for anything else. */
export function parseBasic(value: string): Login | undefined {
  const found = /^\s*basic\s+([A-Za-z0-9+/=_-]{1,4096})\s*$/i.exec(value)
  if (!found) return undefined
  const text = Buffer.from(found[1] as string, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** What a server asks for by Digest. */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: 'MD5' | 'SHA-256'
  /** The credentials were right, the nonce is not any more. */
  readonly stale: boolean
}

/** The `WWW-Authenticate` value of a challenge. */
export function writeChallenge({ realm, nonce, algorithm, stale }: DigestChallenge): string {
  return `Digest realm="${quoted(realm)}", nonce="${quoted(nonce)}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`
}

/** An answer to a challenge, as it stands in `Authorization`. */
export interface DigestAnswer {
  readonly user: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  readonly algorithm: 'MD5' | 'SHA-256'
  /** With `qop=auth` alone: eight hexadecimal digits. */
  readonly count?: string
  readonly cnonce?: string
}

/** Reads a Digest `Authorization` value; undefined for anything else, and for what is incomplete or of another algorithm or `qop`. */
export function parseDigest(value: string): DigestAnswer | undefined {
  if (!/^\s*digest\s/i.test(value) || value.length > maxAnswer) return undefined
  const parameters = answerParameters(value.replace(/^\s*\S+/, ''))
  const [user, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) => parameters.get(name))
  if (user === undefined || realm === undefined || nonce === undefined || uri === undefined || response === undefined) return undefined
  const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase()
  if ((algorithm !== 'MD5' && algorithm !== 'SHA-256') || !/^([0-9a-f]{32}|[0-9a-f]{64})$/i.test(response)) return undefined
  const answer = { user, realm, nonce, uri, response, algorithm } as const
  const qop = parameters.get('qop')
  if (qop === undefined) return answer
  const [count, cnonce] = [parameters.get('nc') ?? '', parameters.get('cnonce')]
  if (qop.toLowerCase() !== 'auth' || !/^[0-9a-f]{8}$/i.test(count) || cnonce === undefined) return undefined
  return { ...answer, count, cnonce }
}

/** Characters of an answer. */
const maxAnswer = 4096

/** As {@link parseParameters}, with what is escaped in quotes. Header values are read as Latin-1: names of users are UTF-8. */
function answerParameters(text: string): Map<string, string> {
  const found = text.matchAll(/([a-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)
  const utf8 = (value: string): string => Buffer.from(value, 'latin1').toString('utf8')
  return new Map([...found].map(([, name = '', inQuotes, plain]) => [name.toLowerCase(), utf8(inQuotes?.replace(/\\(.)/g, '$1') ?? plain ?? '')]))
}
