/** The `authentication` slot: providers asked in order; what they said is kept for a moment. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Logger } from '../../plugin.js'
import type { Authentication, Cache, Credentials, Principal } from '../../services.js'
import { Throttle } from '../util/rate.js'
import { monotonic } from '../util/wait.js'
import { contain, describe } from './containment.js'
import type { Provider } from './provider.js'

/** How it is made. */
export interface CombinedAuthenticationOptions {
  readonly providers: () => readonly Provider<Authentication>[]
  readonly cache: () => Cache
  readonly log: Logger
  /** ms a provider has. */
  readonly limit: number
  /** Monotonic ms. */
  readonly now?: () => number
}

type Verdict = Principal | null | false

/** ms a verdict is kept. */
const keep = 10_000
/** A refusal that took longer than this many ms says more about the provider's day than about the credentials. */
const slow = 2_000
/** ms the cache has to answer. */
const cacheLimit = 500
/** Bytes of the mark that shows a kept verdict to be ours. */
const markLength = 32

/**
 * The first answer that is not `null` decides. A provider that throws, hangs or answers nonsense refuses. Verdicts are
 * kept under an HMAC of the credentials with a key made for this run, and marked with it, so that a cache that others
 * can write to neither learns credentials nor makes principals.
 */
export class CombinedAuthentication implements Authentication {
  /** Times a provider threw, hung or answered nonsense. */
  failures = 0
  #key = randomBytes(32)
  readonly #options: CombinedAuthenticationOptions
  readonly #now: () => number
  readonly #notice = new Throttle(10_000)

  constructor(options: CombinedAuthenticationOptions) {
    this.#options = options
    this.#now = options.now ?? monotonic
  }

  /** Forgets every kept verdict; also of calls that are under way. */
  invalidate(): void {
    this.#key = randomBytes(32)
  }

  async authenticate(credentials: Credentials): Promise<Verdict> {
    const key = this.#key
    const name = `authentication/${mac(key, canonical(credentials)).toString('hex')}`
    const kept = await this.#recall(key, name)
    if (kept !== undefined) return kept
    const started = this.#now()
    const { verdict, failed } = await this.#ask(credentials)
    const sure = !failed && (verdict !== false || this.#now() - started < slow)
    if (sure) await this.#remember(key, name, verdict)
    return verdict
  }

  async #ask(credentials: Credentials): Promise<{ verdict: Verdict; failed: boolean }> {
    for (const { plugin, service } of this.#options.providers()) {
      const outcome = await contain(`${plugin}.authenticate`, () => service.authenticate(credentials), this.#options.limit)
      if (outcome.kind !== 'done') return this.#failed(plugin, describe(outcome.error))
      const verdict = outcome.value
      if (verdict === null) continue
      if (verdict !== false && !isPrincipal(verdict)) return this.#failed(plugin, 'the answer is not a principal')
      return { verdict, failed: false }
    }
    return { verdict: null, failed: false }
  }

  #failed(plugin: string, reason: string): { verdict: false; failed: true } {
    this.failures++
    this.#notice.run((more) => this.#options.log.error('authentication plugin failed; refused', { plugin, reason, more }))
    return { verdict: false, failed: true }
  }

  async #recall(key: Buffer, name: string): Promise<Verdict | undefined> {
    const outcome = await contain('cache.get', () => this.#options.cache().get(name), cacheLimit)
    if (outcome.kind !== 'done' || !(outcome.value instanceof Uint8Array) || outcome.value.length <= markLength) return undefined
    const mark = outcome.value.subarray(0, markLength)
    const body = outcome.value.subarray(markLength)
    if (!timingSafeEqual(mark, mac(key, name, body))) return undefined
    const { verdict, until }: { verdict: Verdict; until: number } = JSON.parse(Buffer.from(body).toString())
    // a cache that keeps values too long shall not keep a verdict alive
    return this.#now() < until ? verdict : undefined
  }

  async #remember(key: Buffer, name: string, verdict: Verdict): Promise<void> {
    const body = Buffer.from(JSON.stringify({ verdict, until: this.#now() + keep }))
    const value = Buffer.concat([mac(key, name, body), body])
    await contain('cache.set', () => this.#options.cache().set(name, value, keep), cacheLimit)
  }
}

function mac(key: Buffer, ...parts: (string | Uint8Array)[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** One text for equal credentials and different ones for different credentials. */
function canonical(credentials: Credentials): string {
  const { via, token, user, password, address, local } = credentials
  return JSON.stringify([via, token ?? null, user ?? null, password ?? null, address ?? null, local ?? null])
}

function isPrincipal(value: unknown): value is Principal {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('id' in value)) return false
  return (value.kind === 'owner' || value.kind === 'peer' || value.kind === 'client') && typeof value.id === 'string' && value.id !== ''
}
