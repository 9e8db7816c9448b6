/**
 * Users and passwords from a file. Fills the slot `authentication`; off by default. A change of the file counts at once; a file
 * with a mistake changes nothing. The file holds scrypt hashes, as `shoal config hash` prints them.
 */

import { stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestAlgorithms, digestSecret, provesDigest } from '../../backends/digest.js'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin.js'
import type { Authentication, Credentials, DigestAlgorithm, DigestAuthentication, DigestResponse, Principal } from '../../services.js'
import { type AuthFileConfig, authFileSchema } from './config.js'
import { costOf, hashPassword, isPassword, type PasswordHash, parseHash } from './password.js'
import { Turns } from './turns.js'
import { readUsers, type Users } from './users.js'

/** ms between looks at the file: watching is not reliable on every file system. */
const lookInterval = 500
/** Each takes a core and its memory; the host waits 5 s for an answer. */
const turnLimits = { active: 2, waiting: 64, patience: 4000 }

/** Makes the plugin. `folder`: where a relative path begins; the plugin's own folder where there is none. */
export function authFile(folder?: string): Plugin<AuthFileConfig> {
  return definePlugin<AuthFileConfig>({
    name: 'auth-file',
    info: { description: 'Knows users and their passwords from a file of scrypt hashes.' },
    config: authFileSchema,
    provides: ['authentication'],
    async start(ctx) {
      const { file } = ctx.config
      const users = new UsersFile(ctx, isAbsolute(file) ? file : resolve(folder ?? ctx.dataDir, file))
      await users.open()
      ctx.provide('authentication', users)
    },
  })
}

/** The users of one daemon. */
class UsersFile implements Authentication {
  readonly #ctx: PluginContext<AuthFileConfig>
  readonly #file: string
  readonly #turns = new Turns(turnLimits)
  readonly #listeners = new Set<() => void>()
  #users: Users = new Map()
  /** What a user who is not there is checked against, so that it takes as long. */
  #decoy: PasswordHash | undefined
  #seen = ''
  #algorithms: readonly DigestAlgorithm[] = []
  readonly digest: DigestAuthentication = { algorithms: () => this.#algorithms, verify: async (answer) => this.#verify(answer) }

  constructor(ctx: PluginContext<AuthFileConfig>, file: string) {
    this.#ctx = ctx
    this.#file = file
  }

  /** Reads the file and begins to look at it. Rejects as {@link readUsers}. */
  async open(): Promise<void> {
    this.#seen = await this.#look()
    await this.#take(await readUsers(this.#file))
    this.#ctx.run('watch file', ({ signal }) => this.#watch(signal), { restart: 'on-failure' })
  }

  async authenticate({ user, password, token }: Credentials): Promise<Principal | null | false> {
    // a token is another's to judge
    if (user === undefined || (password === undefined && token !== undefined)) return null
    const name = user.normalize('NFC')
    const known = this.#users.get(name)
    const hash = known?.password ?? this.#decoy
    const right = hash !== undefined && (await this.#turns.take(() => isPassword(password ?? '', hash)))
    if (!known) return this.#ctx.config.unknown === 'pass' ? null : false
    // a user who was removed meanwhile is none
    return right && password !== undefined && this.#users.get(name) === known && { kind: 'client', id: name }
  }

  #verify(answer: DigestResponse): Principal | null | false {
    const name = answer.user.normalize('NFC')
    const known = this.#users.get(name)
    // made for everybody: who is not there, or has no such secret, takes as long
    const decoy = digestSecret(answer.algorithm, name, '')
    const secret = known?.digests.get(answer.algorithm)
    const right = provesDigest(secret ?? decoy, answer)
    if (!known) return this.#ctx.config.unknown === 'pass' ? null : false
    return right && secret !== undefined && { kind: 'client', id: name }
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#listeners.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        this.#listeners.add(done)
        signal.addEventListener('abort', done, { once: true })
      })
      if (!signal.aborted) yield
    }
  }

  async #take(users: Users): Promise<void> {
    const known = [...users.values()]
    const hashes = known.map(({ password }) => password)
    const dearest = hashes.reduce<PasswordHash | undefined>((best, one) => (best && costOf(best) >= costOf(one) ? best : one), undefined)
    this.#decoy = parseHash(await hashPassword('', dearest))
    this.#users = users
    // who has a hash alone must be able to show a password
    this.#algorithms = known.length === 0 ? [] : digestAlgorithms.filter((each) => known.every(({ digests }) => digests.has(each)))
    for (const listener of [...this.#listeners]) listener()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(lookInterval, undefined, { signal }).catch(() => {})
      const now = await this.#look()
      if (signal.aborted || now === this.#seen) continue
      this.#seen = now
      await this.#reload()
    }
  }

  /** All or nothing: a file that is wrong, or gone, leaves the users as they are. */
  async #reload(): Promise<void> {
    try {
      const users = await readUsers(this.#file)
      await this.#take(users)
      this.#ctx.log.info('users loaded', { file: this.#file, users: users.size })
    } catch (err) {
      this.#ctx.log.error('the users file is wrong: the users from before it was changed stay', { file: this.#file, err })
    }
  }

  /** Changes whenever the file does. */
  async #look(): Promise<string> {
    try {
      const { mtimeNs, ctimeNs, size, ino } = await stat(this.#file, { bigint: true })
      return `${mtimeNs} ${ctimeNs} ${size} ${ino}`
    } catch {
      return 'none'
    }
  }
}
