/** Digest authentication with what the service keeps of passwords. */

import { isDigestSecret, provesDigest } from '../../backends/digest.js'
import { ShoalError } from '../../errors.js'
import type { DigestAlgorithm, DigestAuthentication, DigestResponse, Principal } from '../../services.js'

/** ms for which a secret is kept: each request of a session brings an answer of its own. */
const keepTime = 10_000

/** Secrets that are kept. */
const maxKept = 1000

/** What the service said of a user. */
export interface DigestVerdict {
  readonly verdict: Principal | null | false
  /** H(user:realm:password), where it knows the user. */
  readonly secret: unknown
}

interface Kept {
  readonly who: Principal
  readonly secret: string
  /** ms, monotonic. */
  readonly until: number
}

/** Judges answers to challenges. The service never sees them, and has to know each user's secret. */
export class HttpDigest implements DigestAuthentication {
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #ask: (answer: DigestResponse) => Promise<DigestVerdict>
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()

  /** `ask` rejects where the service gave no clear answer. */
  constructor(algorithms: readonly DigestAlgorithm[], ask: (answer: DigestResponse) => Promise<DigestVerdict>, now = () => performance.now()) {
    this.#algorithms = algorithms
    this.#ask = ask
    this.#now = now
  }

  algorithms(): readonly DigestAlgorithm[] {
    return this.#algorithms
  }

  /** As {@link DigestAuthentication.verify}. Rejects as `ask`, and with `ERR_SOURCE_FAILED` for a secret that is none. */
  async verify(answer: DigestResponse): Promise<Principal | null | false> {
    const name = JSON.stringify([answer.via, answer.address, answer.algorithm, answer.realm, answer.user])
    const kept = this.#recall(name)
    if (kept) return provesDigest(kept.secret, answer) && kept.who
    const { verdict, secret } = await this.#ask(answer)
    if (!verdict) return verdict
    if (typeof secret !== 'string' || !isDigestSecret(answer.algorithm, secret.toLowerCase()))
      throw new ShoalError('ERR_SOURCE_FAILED', `The service answered 200 without the ${answer.algorithm} secret of the user: {"id": "NAME", "secret": "HEX"}.`)
    const known = { who: verdict, secret: secret.toLowerCase(), until: this.#now() + keepTime }
    const isRight = provesDigest(known.secret, answer)
    // wrong answers shall not push out what right ones need
    if (isRight) this.#keep(name, known)
    return isRight && verdict
  }

  #recall(name: string): Kept | undefined {
    const kept = this.#kept.get(name)
    if (!kept || this.#now() < kept.until) return kept
    this.#kept.delete(name)
    return undefined
  }

  #keep(name: string, known: Kept): void {
    this.#kept.delete(name)
    this.#kept.set(name, known)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest)
  }
}
