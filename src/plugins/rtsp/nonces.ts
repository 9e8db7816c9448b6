/** Nonces of Digest challenges (RFC 7616 section 3.3): made without being kept, so that challenges cost nothing; kept once they were used. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** ms for which a nonce may be answered. */
const lifetime = 300_000

/** Nonces with a count that are kept; of older ones than those that were dropped no answer is taken. */
const maxUsed = 4096

/** What became of an answer: `stale` = right, but too late or for the second time. */
export type NonceCheck = 'fresh' | 'stale' | 'foreign'

/** The nonces of one server. */
export class Nonces {
  readonly #key = randomBytes(32)
  readonly #now: () => number
  readonly #limit: number
  /** The newest count by nonce, in the order in which they were used first. */
  readonly #used = new Map<string, { count: number; readonly made: number }>()
  /** ms: nonces that were made until then are stale. */
  #floor = Number.NEGATIVE_INFINITY

  /** `now`: monotonic ms. */
  constructor(now: () => number = () => performance.now(), limit = maxUsed) {
    this.#now = now
    this.#limit = limit
  }

  /** Nonces that are kept. */
  get size(): number {
    return this.#used.size
  }

  /** A new nonce for a client at `address`. */
  make(address: string): string {
    const body = Buffer.alloc(20)
    body.writeDoubleBE(this.#now())
    randomBytes(12).copy(body, 8)
    return Buffer.concat([body, this.#mark(body, address)]).toString('base64url')
  }

  /** Looks at a nonce without counting: was it made here, for this address, a short time ago? */
  check(nonce: string, address: string): NonceCheck {
    const bytes = Buffer.from(nonce, 'base64url')
    if (bytes.length !== 36 || bytes.toString('base64url') !== nonce) return 'foreign'
    const body = bytes.subarray(0, 20)
    if (!timingSafeEqual(this.#mark(body, address), bytes.subarray(20))) return 'foreign'
    const made = body.readDoubleBE()
    return made <= this.#floor || this.#now() - made > lifetime ? 'stale' : 'fresh'
  }

  /** Takes `count` of a nonce that is fresh and whose answer is right; false where it was there before. */
  use(nonce: string, count: number): boolean {
    const made = Buffer.from(nonce, 'base64url').readDoubleBE()
    const known = this.#used.get(nonce)
    if (made <= this.#floor || (known && count <= known.count)) return false
    if (known) known.count = count
    else this.#used.set(nonce, { count, made })
    this.#trim()
    return true
  }

  #trim(): void {
    for (const [nonce, { made }] of this.#used) {
      const expired = this.#now() - made > lifetime
      if (!expired && this.#used.size <= this.#limit) return
      this.#used.delete(nonce)
      if (!expired) this.#floor = Math.max(this.#floor, made)
    }
  }

  #mark(body: Uint8Array, address: string): Buffer {
    return createHmac('sha256', this.#key).update(body).update(address).digest().subarray(0, 16)
  }
}
