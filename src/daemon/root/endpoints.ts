/** All endpoints of a node: opened last, closed first, and the one way in for their clients. */

import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { Authentication, Credentials, Endpoint, EndpointDoor, EndpointSession, Principal } from '../../services.js'
import { contain, describe } from '../host/containment.js'
import type { Provider } from '../host/provider.js'
import { within } from '../util/wait.js'
import { ClientSession, type SessionParts } from './client-session.js'

/** What they need. */
export interface EndpointsOptions {
  /** Who fills the slot now; the default has the plugin `default`. */
  readonly providers: () => readonly Provider<Endpoint>[]
  /** Calls back when that changes. Returns the undo. */
  readonly watch: (changed: () => void) => () => void
  readonly authentication: Authentication & {
    /** As `authenticate`, of those who are in already; default the same. */
    confirm?(credentials: Credentials): Promise<Principal | null | false>
  }
  readonly session: SessionParts
  readonly log: Logger
  /** ms that `open` has; default 30,000. */
  readonly openLimit?: number
}

/** An endpoint as lists show it. */
export interface EndpointInfo {
  readonly name: string
  readonly plugin: string
  /** Where it listens. */
  readonly address?: string
  /** Why it does not. */
  readonly error?: string
  readonly sessions: number
}

interface Entry {
  readonly provider: Provider<Endpoint>
  readonly name: string
  readonly closing: AbortController
  readonly sessions: Map<ClientSession, Credentials>
  address?: string
  error?: string
}

const maxSessions = 1000
const maxLogins = 100
/** Sessions asked about at a time after a change. */
const maxAsked = 8
/** ms. */
const loginLimit = 10_000
const closeLimit = 5000

/** The endpoints of one daemon. */
export class Endpoints {
  readonly #options: EndpointsOptions
  readonly #entries = new Map<Provider<Endpoint>['service'], Entry>()
  readonly #stopping = new AbortController()
  #logins = 0
  /** Times that verdicts may have changed. */
  #rounds = 0
  #work: Promise<void> = Promise.resolve()
  #unwatch: (() => void) | undefined

  constructor(options: EndpointsOptions) {
    this.#options = options
  }

  /** Opens the default alone. Throws what it throws. */
  async openDefault(): Promise<void> {
    const provider = this.#options.providers().find(({ plugin }) => plugin === 'default')
    if (!provider) return
    const entry = this.#enter(provider)
    entry.address = (await provider.service.open(this.#door(entry), entry.closing.signal)).address
  }

  /** Opens all others, and from now on those that come; one that cannot open is logged. */
  async open(): Promise<void> {
    this.#unwatch = this.#options.watch(() => this.#settle())
    void this.#watchVerdicts()
    await this.#settle()
  }

  /** Closes all but the default, the last first, and ends every session. Never rejects. */
  async close(): Promise<void> {
    this.#unwatch?.()
    this.#stopping.abort(new ShoalError('ERR_STOPPING'))
    await this.#work
    for (const entry of [...this.#entries.values()].reverse()) if (entry.provider.plugin !== 'default') await this.#close(entry)
  }

  list(): readonly EndpointInfo[] {
    return [...this.#entries.values()].map(({ name, provider, address, error, sessions }) => ({
      ...{ name, plugin: provider.plugin, sessions: sessions.size },
      ...(address !== undefined && { address }),
      ...(error !== undefined && { error }),
    }))
  }

  /** Opens who has come and closes who has gone, one change after the other. */
  #settle(): Promise<void> {
    this.#work = this.#work.then(async () => {
      if (this.#stopping.signal.aborted) return
      const wanted = this.#options.providers()
      for (const entry of [...this.#entries.values()]) if (!wanted.some(({ service }) => service === entry.provider.service)) await this.#close(entry)
      for (const provider of wanted) if (!this.#entries.has(provider.service)) await this.#open(provider)
    })
    return this.#work
  }

  #enter(provider: Provider<Endpoint>): Entry {
    const name = typeof provider.service.name === 'string' && provider.service.name !== '' ? provider.service.name.slice(0, 40) : provider.plugin
    const entry: Entry = { provider, name, closing: new AbortController(), sessions: new Map() }
    this.#entries.set(provider.service, entry)
    return entry
  }

  async #open(provider: Provider<Endpoint>): Promise<void> {
    const { log, openLimit = 30_000 } = this.#options
    const entry = this.#enter(provider)
    const outcome = await contain(
      `${provider.plugin}.open`,
      () => provider.service.open(this.#door(entry), entry.closing.signal),
      openLimit,
      this.#stopping.signal,
    )
    if (outcome.kind === 'done' && typeof outcome.value?.address === 'string') {
      entry.address = outcome.value.address
      log.info('endpoint open', { endpoint: entry.name, plugin: provider.plugin, address: entry.address })
      return
    }
    entry.error = outcome.kind === 'done' ? 'it did not say where it listens' : describe(outcome.error)
    log.error('endpoint cannot be opened', { endpoint: entry.name, plugin: provider.plugin, reason: entry.error })
  }

  async #close(entry: Entry): Promise<void> {
    const { provider, name, closing, sessions } = entry
    const reason = new ShoalError('ERR_STOPPING', `The endpoint ${name} closes.`)
    closing.abort(reason)
    for (const session of [...sessions.keys()]) session.end(reason)
    const outcome = await contain(`${provider.plugin}.close`, () => provider.service.close(), closeLimit)
    this.#entries.delete(provider.service)
    if (outcome.kind !== 'done')
      this.#options.log.warn('endpoint did not close well', { endpoint: name, plugin: provider.plugin, reason: describe(outcome.error) })
  }

  #door(entry: Entry): EndpointDoor {
    return { login: (credentials) => this.#login(entry, credentials) }
  }

  async #login(entry: Entry, shown: Omit<Credentials, 'via'>): Promise<EndpointSession> {
    entry.closing.signal.throwIfAborted()
    const sessions = [...this.#entries.values()].reduce((sum, one) => sum + one.sessions.size, 0)
    if (sessions + this.#logins >= maxSessions) throw new ShoalError('ERR_LIMIT', `${maxSessions} clients are logged in.`)
    if (this.#logins >= maxLogins) throw new ShoalError('ERR_LIMIT', `${maxLogins} clients are logging in.`)
    const credentials = copyOf(entry.name, shown)
    const round = this.#rounds
    this.#logins++
    try {
      const principal = await this.#judge(credentials, (shown) => this.#options.authentication.authenticate(shown))
      entry.closing.signal.throwIfAborted()
      const session = this.#admit(entry, principal, credentials)
      // the verdict may be one of before a change that came meanwhile
      if (round !== this.#rounds) void this.#askAgain(session, credentials)
      return session
    } finally {
      this.#logins--
    }
  }

  async #judge(credentials: Credentials, ask: Authentication['authenticate']): Promise<Principal> {
    const verdict = await within(ask(credentials), loginLimit, 'ERR_TIMEOUT', 'Whether the credentials are right could not be found out in time.')
    if (!verdict) throw new ShoalError('ERR_UNAUTHENTICATED', 'The credentials are wrong.', { hint: 'Log in with a user and a password, or with a token.' })
    const { address, local } = credentials
    return { ...(address !== undefined && { address }), ...(local !== undefined && { local }), ...verdict }
  }

  #admit(entry: Entry, principal: Principal, credentials: Credentials): ClientSession {
    const session = new ClientSession(principal, this.#options.session)
    entry.sessions.set(session, credentials)
    session.signal.addEventListener('abort', () => entry.sessions.delete(session), { once: true })
    this.#options.log.debug('client logged in', { endpoint: entry.name, who: `${principal.kind} ${principal.id}` })
    return session
  }

  /** Whoever would not be let in any more goes: a user who was removed, a token that was changed. */
  async #watchVerdicts(): Promise<void> {
    const { signal } = this.#stopping
    for await (const _ of this.#options.authentication.changes?.(signal) ?? []) {
      this.#rounds++
      const waiting = [...this.#entries.values()].flatMap(({ sessions }) => [...sessions])
      const turn = async (): Promise<void> => {
        for (let next = waiting.pop(); next; next = waiting.pop()) await this.#askAgain(...next)
      }
      // a provider that is slow with one must not keep all others in
      await Promise.all(Array.from({ length: maxAsked }, turn))
    }
  }

  async #askAgain(session: ClientSession, credentials: Credentials): Promise<void> {
    if (session.signal.aborted || this.#stopping.signal.aborted) return
    const { kind, id } = session.principal
    const { authentication } = this.#options
    const ask: Authentication['authenticate'] = (shown) => (authentication.confirm ? authentication.confirm(shown) : authentication.authenticate(shown))
    const now = await this.#judge(credentials, ask).catch(() => undefined)
    // a verdict that comes while the daemon stops says nothing about the client
    if (this.#stopping.signal.aborted || (now?.kind === kind && now.id === id)) return
    session.end(new ShoalError('ERR_UNAUTHENTICATED', 'The credentials do not hold any more.'))
  }
}

/** What a plugin hands over, member by member: only texts, and `via` is the endpoint's name. */
function copyOf(via: string, { token, user, password, address, local }: Omit<Credentials, 'via'>): Credentials {
  return {
    via,
    ...(typeof token === 'string' && { token }),
    ...(typeof user === 'string' && { user }),
    ...(typeof password === 'string' && { password }),
    ...(typeof address === 'string' && { address }),
    ...(local === true && { local }),
  }
}
