/** A web service decides who may do what. Fills the slot `permission`; off by default. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import { JsonCall, serviceUrl } from '../../backends/json-call.js'
import { isShoalError } from '../../errors.js'
import { definePlugin, type Logger, type Plugin } from '../../plugin.js'
import type { Action, Permission, Principal } from '../../services.js'
import { type Answer, Answers } from './answers.js'

/** Configuration of permission-http. */
export interface PermissionHttpConfig {
  /** Who is asked. */
  readonly url: string
  /** Shown to it as a bearer token; default none. */
  readonly token: string
  /** ms for an answer; default 3,000. */
  readonly timeout: number
  /** ms an answer is kept; default 2,000. */
  readonly ttl: number
  /** ms after which what runs is asked for again; 0 = never, the default. */
  readonly recheck: number
  /** Questions at a time; default 64. */
  readonly concurrent: number
  /** Plain http to another machine; default false. */
  readonly insecure: boolean
}

/** Its schema. */
export const permissionHttpSchema = Type.Object(
  {
    url: Type.String({ default: '', maxLength: 2048, description: 'Asked by POST about each action; https, or http on this machine.' }),
    token: Type.String({ default: '', maxLength: 4096, secret: true, description: 'Shown to the service as a bearer token.' }),
    timeout: Type.Integer({ default: 3000, minimum: 50, maximum: 4500, description: 'ms for an answer; then it is refused.' }),
    ttl: Type.Integer({ default: 2000, minimum: 0, maximum: 3_600_000, description: 'ms an answer is kept; 0 = not at all.' }),
    recheck: Type.Integer({ default: 0, minimum: 0, maximum: 3_600_000, description: 'ms after which what runs is asked for again; 0 = never.' }),
    concurrent: Type.Integer({ default: 64, minimum: 1, maximum: 1024, description: 'Questions at a time; more are refused.' }),
    insecure: Type.Boolean({ default: false, description: 'Allow http to another machine.' }),
  },
  { additionalProperties: false },
)

/** Answers kept. */
const maxKept = 10_000
/** Characters kept of a reason. */
const maxReason = 500

/** Makes the plugin. */
export function permissionHttp(): Plugin<PermissionHttpConfig> {
  return definePlugin<PermissionHttpConfig>({
    name: 'permission-http',
    info: { description: 'Asks a web service who may do what.' },
    config: permissionHttpSchema,
    provides: ['permission'],
    start(ctx) {
      const { url, insecure } = ctx.config
      const service = new JsonCall({ ...ctx.config, retries: 0, url: serviceUrl(url, insecure) })
      ctx.provide('permission', new WebPermission(service, ctx.config, ctx.log, ctx.signal))
    },
  })
}

/** Asks, and keeps what it heard. */
class WebPermission implements Permission {
  readonly #service: JsonCall
  readonly #config: PermissionHttpConfig
  readonly #log: Logger
  readonly #signal: AbortSignal
  readonly #kept = new Answers(maxKept)
  /** Questions under way: the same one is asked once. */
  readonly #asked = new Map<string, Promise<Answer>>()
  #refused = 0
  #said = Number.NEGATIVE_INFINITY

  constructor(service: JsonCall, config: PermissionHttpConfig, log: Logger, signal: AbortSignal) {
    this.#service = service
    this.#config = config
    this.#log = log
    this.#signal = signal
  }

  allows(who: Principal, what: Action): Answer | Promise<Answer> {
    // whoever can open the control socket can also take this plugin out; a service that is away must not lock the owner out
    if (who.kind === 'owner' && who.local === true && who.address === undefined) return true
    const { kind, id, address, local } = who
    const key = JSON.stringify([kind, id, address ?? null, local ?? null, what.action, what.target])
    const kept = this.#kept.get(key) ?? this.#asked.get(key)
    if (kept !== undefined) return kept
    const asked = this.#ask({ who: { kind, id, address, local }, what: { action: what.action, target: what.target } }, key)
    this.#asked.set(key, asked)
    return asked
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    const { recheck } = this.#config
    if (recheck === 0) return
    for (;;) {
      await sleep(recheck, undefined, { signal, ref: false }).catch(() => {})
      if (signal.aborted) return
      yield
    }
  }

  async #ask(question: { readonly who: Readonly<Record<string, unknown>>; readonly what: Action }, key: string): Promise<Answer> {
    try {
      const { status, body } = await this.#service.post(question, this.#signal)
      if (status !== 200) return this.#failed(`it answered ${status}`)
      const { allow, reason }: { allow?: unknown; reason?: unknown } = Object(body)
      if (typeof allow !== 'boolean') return this.#failed('it did not answer {"allow": true} or {"allow": false}')
      const answer = allow || (typeof reason === 'string' && reason !== '' ? reason.slice(0, maxReason) : false)
      this.#kept.set(key, answer, this.#config.ttl)
      return answer
    } catch (error) {
      if (isShoalError(error, 'ERR_OVERLOADED')) return this.#failed('too many questions are under way')
      return this.#failed(error instanceof Error ? error.message : 'unknown reason')
    } finally {
      this.#asked.delete(key)
    }
  }

  /** A refusal that is not kept. A service that is away does not fill the log. */
  #failed(reason: string): string {
    this.#refused++
    const now = performance.now()
    if (!this.#signal.aborted && now - this.#said > 10_000) {
      this.#said = now
      this.#log.warn('the permission service gave no answer; refused', { reason, refused: this.#refused })
    }
    return 'Who may do this could not be found out.'
  }
}
