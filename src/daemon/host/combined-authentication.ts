/** The `authentication` slot: providers asked in order; what they said is kept for a moment. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { Authentication, Cache, Credentials, DigestAlgorithm, DigestAuthentication, LoginCount, Principal } from '../../services.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { monotonic } from '../util/wait.js'
import { contain, describe, type Outcome } from './containment.js'
import { LoginThrottle } from './login-throttle.js'
import type { Provider } from './provider.js'

/** How it is made. */
export interface CombinedAuthenticationOptions {
  readonly providers: () => readonly Provider<Authentication>[]
  readonly cache: () => Cache
  readonly log: Logger
  /** ms a provider has. */
  readonly limit: number
  /** Told when a provider threw, hung or answered nonsense. */
  readonly failed?: (plugin: string, error: unknown) => void
  /** Told of each verdict on credentials. */
  readonly judged?: (login: LoginCount) => void
  /** Monotonic ms. */
  readonly now?: () => number
}

type Verdict = Principal | null | false

/** `failed`: it says more about a provider than about the credentials. */
interface Judgement {
  readonly verdict: Verdict
  readonly failed: boolean
}

/** ms a verdict is kept. */
const keep = 10_000
/** A refusal that took longer than this many ms says more about the provider's day than about the credentials. */
const slow = 2_000
/** ms the cache has to answer. */
const cacheLimit = 500
/** ms for which a cache that did not answer is not asked: each login would wait for it twice. */
const cacheRest = 10_000
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
  readonly #throttle: LoginThrottle
  #restsUntil = Number.NEGATIVE_INFINITY
  /** Offered where every plugin can; answers to it are not kept, for each counts once. */
  readonly digest: DigestAuthentication = {
    algorithms: () => this.#algorithms(),
    verify: (answer) => this.#login(answer, () => this.#ask('digest.verify', ({ digest }) => digest?.verify(answer) ?? null)),
  }
  /** One waiting change says as much as many. */
  readonly #changes = new Broadcast<'changed'>(() => 'changed', 1)

  constructor(options: CombinedAuthenticationOptions) {
    this.#options = options
    this.#now = options.now ?? monotonic
    this.#throttle = new LoginThrottle(this.#now)
  }

  /** Forgets every kept verdict; also of calls that are under way. */
  invalidate(): void {
    this.#key = randomBytes(32)
    this.#changes.emit('changed')
  }

  /** Yields when kept verdicts were dropped: those of before may not hold any more. */
  changes(signal: AbortSignal): AsyncIterable<unknown> {
    return this.#changes.listen(signal)
  }

  /** Drops kept verdicts whenever a provider says that its answers changed. Returns the undo. */
  follow(plugin: string, service: { changes(signal: AbortSignal): AsyncIterable<unknown> }): () => void {
    const following = new AbortController()
    void this.#follow(plugin, service, following.signal)
    return () => following.abort()
  }

  async #follow(plugin: string, service: { changes(signal: AbortSignal): AsyncIterable<unknown> }, signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of service.changes(signal)) this.invalidate()
    } catch (error) {
      if (!signal.aborted) this.#options.log.error('authentication plugin tells of no changes any more', { plugin, reason: describe(error) })
    }
  }

  /** Rejects with `ERR_LIMIT` while too many logins from there were wrong. */
  async authenticate(credentials: Credentials): Promise<Verdict> {
    return this.#login(credentials, () => this.#judge(credentials))
  }

  async #login(credentials: Credentials, judge: () => Promise<Judgement>): Promise<Verdict> {
    const { via, token, user } = credentials
    const named = token !== undefined || user !== undefined
    const refuse = (): void => void (named && this.#options.judged?.({ allowed: false, via, count: 1 }))
    const wait = named ? this.#throttle.take(credentials) : 0
    if (wait > 0) {
      refuse()
      throw tooMany(wait)
    }
    const { verdict, failed } = await judge()
    if (named) this.#tally(credentials, verdict, failed)
    if (verdict) this.#options.judged?.({ allowed: true, via, kind: verdict.kind, count: 1 })
    else refuse()
    return verdict
  }

  /** Do these still hold, of somebody who was let in with them? Is no login, and counts as none. */
  async confirm(credentials: Credentials): Promise<Verdict> {
    return (await this.#judge(credentials)).verdict
  }

  #tally(credentials: Credentials, verdict: Verdict, failed: boolean): void {
    if (verdict) this.#throttle.succeeded(credentials)
    else if (failed) this.#throttle.undecided(credentials)
    else this.#throttle.failed(credentials)
  }

  async #judge(credentials: Credentials): Promise<Judgement> {
    const key = this.#key
    const name = `authentication/${mac(key, canonical(credentials)).toString('hex')}`
    const kept = await this.#recall(key, name)
    if (kept !== undefined) return { verdict: kept, failed: false }
    const started = this.#now()
    const judgement = await this.#ask('authenticate', (service) => service.authenticate(credentials))
    const { verdict, failed } = judgement
    const sure = !failed && (verdict !== false || this.#now() - started < slow)
    if (sure) await this.#remember(key, name, verdict)
    return judgement
  }

  /** The default, behind all plugins, knows no passwords. */
  #algorithms(): readonly DigestAlgorithm[] {
    const plugins = this.#options.providers().filter(({ plugin }) => plugin !== 'default')
    const offers = plugins.map(({ service }) => service.digest?.algorithms() ?? [])
    return (offers[0] ?? []).filter((algorithm) => offers.every((offer) => offer.includes(algorithm)))
  }

  async #ask(what: string, call: (service: Authentication) => Verdict | Promise<Verdict>): Promise<Judgement> {
    for (const { plugin, service } of this.#options.providers()) {
      const outcome = await contain(`${plugin}.${what}`, async () => call(service), this.#options.limit)
      if (outcome.kind !== 'done') return this.#failed(plugin, describe(outcome.error))
      const verdict = outcome.value
      if (verdict === null) continue
      if (verdict !== false && !isPrincipal(verdict)) return this.#failed(plugin, 'the answer is not a principal')
      return { verdict, failed: false }
    }
    return { verdict: null, failed: false }
  }

  #failed(plugin: string, reason: string): Judgement {
    this.failures++
    this.#options.failed?.(plugin, reason)
    this.#notice.run((more) => this.#options.log.error('authentication plugin failed; refused', { plugin, reason, more }))
    return { verdict: false, failed: true }
  }

  async #recall(key: Buffer, name: string): Promise<Verdict | undefined> {
    const outcome = await this.#cached('cache.get', (cache) => cache.get(name))
    if (outcome?.kind !== 'done' || !(outcome.value instanceof Uint8Array) || outcome.value.length <= markLength) return undefined
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
    await this.#cached('cache.set', (cache) => cache.set(name, value, keep))
  }

  /** `undefined`: it rests. */
  async #cached<T>(what: string, call: (cache: Cache) => Promise<T>): Promise<Outcome<T> | undefined> {
    if (this.#now() < this.#restsUntil) return undefined
    const outcome = await contain(what, () => call(this.#options.cache()), cacheLimit)
    if (outcome.kind === 'hung') this.#restsUntil = this.#now() + cacheRest
    return outcome
  }
}

function tooMany(wait: number): ShoalError {
  const seconds = Math.ceil(wait / 1000)
  return new ShoalError('ERR_LIMIT', `Too many logins were wrong; try again in ${seconds} s.`, { data: { retryAfter: seconds } })
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
