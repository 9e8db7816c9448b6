/** Digest authentication at the door: challenges, and answers to them. */

import { digestRealm } from '../../backends/digest.js'
import { ShoalError } from '../../errors.js'
import { type DigestAnswer, parseDigest, writeChallenge } from '../../media/rtsp/authorization.js'
import { headerOf, type RtspRequest } from '../../media/rtsp/message.js'
import type { PluginContext } from '../../plugin.js'
import type { DigestAlgorithm, Principal } from '../../services.js'
import { pathOf } from './access.js'
import type { Nonces } from './nonces.js'

/** The door for one connection. */
export class DigestDoor {
  readonly #ctx: PluginContext<unknown>
  readonly #nonces: Nonces
  readonly #address: string
  /** The newest nonce of this connection: answers without a count are taken to this one alone. */
  #offered = ''
  #stale = false

  /** `address`: of the client, without port. */
  constructor(ctx: PluginContext<unknown>, nonces: Nonces, address: string) {
    this.#ctx = ctx
    this.#nonces = nonces
    this.#address = address
  }

  /** What a 401 asks for, SHA-256 first: programs that take the last one of a sort know MD5. */
  challenges(): readonly string[] {
    const algorithms = this.#algorithms
    if (algorithms.length > 0) this.#offered = this.#nonces.make(this.#address)
    const digests = algorithms.map((algorithm) => writeChallenge({ realm: digestRealm, nonce: this.#offered, algorithm, stale: this.#stale }))
    this.#stale = false
    return [...digests, `Basic realm="${digestRealm}"`]
  }

  /** Who answers a challenge with this request; undefined where it holds no Digest answer. Rejects with `ERR_UNAUTHENTICATED`, `ERR_LIMIT`. */
  async answered(request: RtspRequest, client: { readonly address: string; readonly local: boolean }): Promise<Principal | undefined> {
    const value = headerOf(request.headers, 'authorization') ?? ''
    if (!/^\s*digest\b/i.test(value)) return undefined
    const answer = parseDigest(value)
    if (!answer || answer.realm !== digestRealm || !this.#algorithms.includes(answer.algorithm) || !isAbout(answer, request)) throw refused()
    const state = this.#nonces.check(answer.nonce, this.#address)
    // without a count nothing tells an answer that somebody else heard from a new one
    const bound = answer.count !== undefined || answer.nonce === this.#offered
    if (state === 'foreign') throw refused()
    if (state === 'stale' || !bound) throw this.#late()
    const who = await this.#ctx.use('authentication').digest?.verify({ ...answer, ...client, via: 'rtsp', method: request.method })
    if (!who) throw refused()
    if (answer.count !== undefined && !this.#nonces.use(answer.nonce, Number.parseInt(answer.count, 16))) throw this.#late()
    return who
  }

  get #algorithms(): readonly DigestAlgorithm[] {
    return this.#ctx.use('authentication').digest?.algorithms() ?? []
  }

  #late(): ShoalError {
    this.#stale = true
    return new ShoalError('ERR_UNAUTHENTICATED', 'The answer is to a challenge of before.')
  }
}

/** Does the answer belong to what is asked for? Some clients leave a slash out, or the host. */
function isAbout({ uri }: DigestAnswer, request: RtspRequest): boolean {
  if (uri === request.uri) return true
  return URL.canParse(uri, request.uri) && pathOf(new URL(uri, request.uri).href) === pathOf(request.uri)
}

function refused(): ShoalError {
  return new ShoalError('ERR_UNAUTHENTICATED', 'The credentials are wrong.')
}
