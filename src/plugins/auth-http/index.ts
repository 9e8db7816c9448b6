/** Users whom a web service knows. Fills the slot `authentication`; off by default. */

import { Type } from 'typebox'
import { JsonCall, serviceUrl } from '../../backends/json-call.js'
import { ShoalError } from '../../errors.js'
import { definePlugin, type Plugin } from '../../plugin.js'
import type { Credentials, DigestAlgorithm, DigestResponse, Principal } from '../../services.js'
import { HttpDigest } from './http-digest.js'

/** Configuration of auth-http. */
export interface AuthHttpConfig {
  /** Who is asked. */
  readonly url: string
  /** Shown to it as a bearer token; default none. */
  readonly token: string
  /** ms for an answer; default 3,000. */
  readonly timeout: number
  /** Tries after the first; default 1. */
  readonly retries: number
  /** Logins asked about at a time; default 64. */
  readonly concurrent: number
  /** Plain http to another machine; default false. */
  readonly insecure: boolean
  /** Whether the service may name an owner; default false. */
  readonly owners: boolean
  /** Digest algorithms of which the service has everybody's secret; default none. */
  readonly digest: readonly DigestAlgorithm[]
}

/** Its schema. */
export const authHttpSchema = Type.Object(
  {
    url: Type.String({ default: '', maxLength: 2048, description: 'Asked by POST about each login; https, or http on this machine.' }),
    token: Type.String({ default: '', maxLength: 4096, secret: true, description: 'Shown to the service as a bearer token.' }),
    timeout: Type.Integer({ default: 3000, minimum: 50, maximum: 4500, description: 'ms for an answer, all tries together; then the login is refused.' }),
    retries: Type.Integer({
      default: 1,
      minimum: 0,
      maximum: 5,
      description: 'Tries after the first when the service cannot be reached or answers 500 and more.',
    }),
    concurrent: Type.Integer({ default: 64, minimum: 1, maximum: 1024, description: 'Logins asked about at a time; more are refused.' }),
    insecure: Type.Boolean({ default: false, description: 'Allow http to another machine: passwords are then readable on the way.' }),
    owners: Type.Boolean({ default: false, description: 'Believe the service when it says that somebody is an owner of this node.' }),
    digest: Type.Array(Type.Union([Type.Literal('SHA-256'), Type.Literal('MD5')]), {
      default: [],
      uniqueItems: true,
      maxItems: 2,
      description: 'Digest algorithms for which the service tells the secret of each user: RTSP offers them then.',
    }),
  },
  { additionalProperties: false },
)

/** Makes the plugin. */
export function authHttp(): Plugin<AuthHttpConfig> {
  return definePlugin<AuthHttpConfig>({
    name: 'auth-http',
    info: { description: 'Asks a web service who a client is.' },
    config: authHttpSchema,
    provides: ['authentication'],
    start(ctx) {
      const { url, insecure, owners, digest } = ctx.config
      const service = new JsonCall({ ...ctx.config, url: serviceUrl(url, insecure) })
      const ask = async (answer: DigestResponse) => {
        const { status, body } = await service.post(askedOf(answer), ctx.signal)
        const { secret }: { secret?: unknown } = Object(body)
        return { verdict: verdictOf(status, body, owners), secret }
      }
      ctx.provide('authentication', {
        authenticate: async (credentials) => {
          if (credentials.user === undefined && credentials.token === undefined) return null
          const { status, body } = await service.post(shownOf(credentials), ctx.signal)
          return verdictOf(status, body, owners)
        },
        ...(digest.length > 0 && { digest: new HttpDigest(digest, ask) }),
      })
    },
  })
}

/** What the service is told. */
function shownOf({ user, password, token, via, address, local }: Credentials): Record<string, unknown> {
  return { via, user, password, token, address, local }
}

/** What the service is asked about a user who answered a challenge. */
function askedOf({ user, algorithm, realm, via, address, local }: DigestResponse): Record<string, unknown> {
  return { via, user, digest: { algorithm, realm }, address, local }
}

/** 200 = who it is; 401 and 403 = wrong; 404 and 204 = not known there. Throws for everything else: the host refuses then, and does not keep it. */
function verdictOf(status: number, body: unknown, owners: boolean): Principal | null | false {
  if (status === 401 || status === 403) return false
  if (status === 404 || status === 204) return null
  if (status !== 200) throw new ShoalError('ERR_SOURCE_FAILED', `The service answered ${status}.`)
  const { id, kind = 'client' }: { id?: unknown; kind?: unknown } = Object(body)
  if (typeof id !== 'string' || id === '' || id === 'anonymous' || id.length > 200)
    throw new ShoalError('ERR_SOURCE_FAILED', 'The service answered 200 without saying who it is: {"id": "NAME"}.')
  if (kind === 'client') return { kind, id }
  if (kind === 'owner' && owners) return { kind, id }
  throw new ShoalError('ERR_SOURCE_FAILED', 'The service named a kind of user that it may not name.', {
    hint: 'Only client, unless plugins.auth-http.owners is true.',
  })
}
