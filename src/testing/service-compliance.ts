/** What services of the slots `cache`, `permission`, `authentication`, `logger` and `monitoring` have to do right. */

import { createHash } from 'node:crypto'
import type {
  Action,
  Authentication,
  Cache,
  Credentials,
  DigestAlgorithm,
  DigestResponse,
  LogLine,
  LogSink,
  Monitoring,
  Permission,
  Principal,
} from '../services.js'
import { codeOf, type TestApi, until } from './test-api.js'

/** Runs the suite for a `cache`. `factory` makes an empty one. */
export function cacheCompliance({ describe, it, expect }: TestApi, name: string, factory: () => Cache | Promise<Cache>): void {
  describe(`${name} as a cache`, () => {
    it('gives back copies of what was set, and nothing for a missing key', async () => {
      const cache = await factory()
      const value = new Uint8Array([1, 2])
      await cache.set('key', value, 60_000)
      value[0] = 9
      const first = await cache.get('key')
      expect([...(first ?? [])]).toEqual([1, 2])
      first?.fill(7)
      expect([...((await cache.get('key')) ?? [])]).toEqual([1, 2])
      expect(await cache.get('other')).toBeUndefined()
    })

    it('forgets a key after its time, when it is deleted, and all when it is cleared', async () => {
      const cache = await factory()
      await cache.set('short', new Uint8Array([1]), 20)
      for (const key of ['a', 'b', 'c']) await cache.set(key, new Uint8Array([1]), 60_000)
      await until('the key to expire', async () => (await cache.get('short')) === undefined, 1000)
      await cache.delete('a')
      await cache.delete('never set')
      expect([await cache.get('a'), (await cache.get('b'))?.[0]]).toEqual([undefined, 1])
      await cache.clear()
      expect([await cache.get('b'), await cache.get('c')]).toEqual([undefined, undefined])
    })

    it('does not keep what has no time to live', async () => {
      const cache = await factory()
      await cache.set('key', new Uint8Array([1]), 60_000)
      await cache.set('key', new Uint8Array([2]), 0)
      expect(await cache.get('key')).toBeUndefined()
    })
  })
}

/** Everybody a permission may be asked about. */
const principals: readonly Principal[] = [
  { kind: 'owner', id: 'owner' },
  { kind: 'peer', id: '12D3KooWSomePeer' },
  { kind: 'client', id: 'anonymous', address: '192.0.2.1' },
  { kind: 'client', id: 'anonymous', address: '127.0.0.1', local: true },
  { kind: 'client', id: 'ada', address: '192.0.2.1' },
]
const actions: readonly Action['action'][] = ['stream.read', 'stream.publish', 'payload.send', 'api.call']
const targets = ['live/cam', '', '../x', '__proto__', 'x'.repeat(255)]

/** Runs the suite for a `permission`. */
export function permissionCompliance({ describe, it, expect }: TestApi, name: string, factory: () => Permission | Promise<Permission>): void {
  describe(`${name} as permission`, () => {
    it('answers every question with a boolean or a sentence', async () => {
      const permission = await factory()
      for (const who of principals) {
        for (const action of actions) {
          for (const target of targets) {
            const answer = await permission.allows(who, { action, target })
            expect(typeof answer === 'boolean' || (typeof answer === 'string' && answer.length > 0)).toBe(true)
          }
        }
      }
    })

    it('lets nobody from outside call the API', async () => {
      const permission = await factory()
      for (const who of principals.filter(({ kind, id }) => kind !== 'owner' && id !== 'ada')) {
        expect((await permission.allows(who, { action: 'api.call', target: 'peers.forget' })) === true).toBe(false)
      }
    })

    it('refuses what it does not know', async () => {
      const permission = await factory()
      const odd: unknown = { action: 'world.rule', target: 'x' }
      expect((await permission.allows({ kind: 'client', id: 'anonymous', local: true }, odd as Action)) === true).toBe(false)
    })

    it('tells of changes, if it does at all, until it is told to stop', async () => {
      const permission = await factory()
      const ending = new AbortController()
      let over = false
      const listening = (async () => {
        for await (const _ of permission.changes?.(ending.signal) ?? []);
        over = true
      })()
      ending.abort()
      await until('the end of the changes', () => over)
      await listening
    })
  })
}

/** What to test of an `authentication`. */
export interface AuthenticationComplianceOptions {
  readonly factory: () => Authentication | Promise<Authentication>
  /** Credentials that are right. */
  readonly right: Credentials
  /** Its own sort of credentials, and wrong. */
  readonly wrong: readonly Credentials[]
  /** Credentials of another sort. */
  readonly foreign: readonly Credentials[]
  /** It can do Digest for the user of `right`, in this realm. */
  readonly digest?: { readonly realm: string }
}

/** An answer to a challenge, as a client makes it. */
function answerOf(algorithm: DigestAlgorithm, realm: string, { via, user = '', password = '' }: Credentials, counted: boolean): DigestResponse {
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')
  const [method, uri, nonce, count, cnonce] = ['DESCRIBE', 'rtsp://host/live/cam', 'abc', '00000001', 'def']
  const asked = counted ? `${nonce}:${count}:${cnonce}:auth` : nonce
  const response = hash(`${hash(`${user}:${realm}:${password}`)}:${asked}:${hash(`${method}:${uri}`)}`)
  return { via, user, algorithm, realm, method, uri, nonce, response, ...(counted && { count, cnonce }) }
}

/** Runs the suite for an `authentication`. */
export function authenticationCompliance({ describe, it, expect }: TestApi, name: string, options: AuthenticationComplianceOptions): void {
  describe(`${name} as authentication`, () => {
    it('knows the right credentials', async () => {
      const principal = await (await options.factory()).authenticate(options.right)
      expect(principal ? ['owner', 'peer', 'client'].includes(principal.kind) && principal.id !== '' : principal).toBe(true)
    })

    it('refuses wrong ones, and leaves those of others alone', async () => {
      const authentication = await options.factory()
      for (const credentials of options.wrong) expect(await authentication.authenticate(credentials)).toBe(false)
      for (const credentials of [...options.foreign, { via: 'http' }]) expect(await authentication.authenticate(credentials)).toBe(null)
    })

    it('can do Digest, where it says so, for the right password alone', async () => {
      const { digest } = await options.factory()
      const { realm } = options.digest ?? {}
      expect(digest !== undefined && digest.algorithms().length > 0).toBe(realm !== undefined)
      if (!digest || realm === undefined) return
      for (const algorithm of digest.algorithms()) {
        for (const counted of [true, false]) {
          const answer = answerOf(algorithm, realm, options.right, counted)
          const who = await digest.verify(answer)
          expect(who ? [who.kind, who.id] : who).toEqual(['client', options.right.user])
          const others = [
            { method: 'PLAY' },
            { uri: 'rtsp://host/' },
            { nonce: 'abd' },
            { response: 'f'.repeat(answer.response.length) },
            { response: '' },
            { user: 'nobody' },
          ]
          for (const other of others) expect((await digest.verify({ ...answer, ...other })) || null).toBe(null)
        }
      }
    })

    it('does not throw on odd input', async () => {
      const authentication = await options.factory()
      const odd = ['', '\0', 'ä'.repeat(10_000), '__proto__'].flatMap((text) => [{ token: text }, { user: text, password: text }])
      for (const credentials of odd) {
        const call = authentication.authenticate({ via: 'http', ...credentials })
        expect(await codeOf(() => call)).toBeUndefined()
        expect((await call) || null).toBe(null)
      }
    })
  })
}

/** Runs the suite for a `logger`. `written` gives the messages that arrived, in order. */
export function loggerCompliance(
  { describe, it, expect }: TestApi,
  name: string,
  factory: () => { readonly sink: LogSink; written(): Promise<readonly string[]>; close?(): Promise<void> },
): void {
  const line = (msg: string, fields: Record<string, unknown> = {}): LogLine => ({ level: 'info', time: 1_700_000_000_000, module: 'test', msg, fields })
  describe(`${name} as a logger`, () => {
    it('writes all lines in order, at once, and flushes', async () => {
      const { sink, written, close } = factory()
      const messages = Array.from({ length: 100 }, (_, at) => `message ${at}`)
      for (const msg of messages) expect(sink.write(line(msg))).toBeUndefined()
      await sink.flush?.()
      await until('the lines', async () => (await written()).length >= 100)
      expect(await written()).toEqual(messages)
      await close?.()
    })

    it('does not throw on fields of any sort', async () => {
      const { sink, close } = factory()
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      const odd = { circle, big: 1n, symbol: Symbol('x'), error: new Error('x'), bytes: new Uint8Array(10), nothing: undefined, text: 'two\nlines' }
      expect(await codeOf(() => sink.write(line('odd', odd)))).toBeUndefined()
      await sink.flush?.()
      await close?.()
    })
  })
}

/** Runs the suite for a `monitoring`. `flush`: makes it tell at once what it keeps back, where it keeps anything. */
export function monitoringCompliance(
  { describe, it, expect }: TestApi,
  name: string,
  factory: () => Monitoring | Promise<Monitoring>,
  flush: (monitoring: Monitoring) => void = () => {},
): void {
  const line: LogLine = { level: 'warn', time: 1_700_000_000_000, module: 'test', msg: 'careful', fields: {} }
  describe(`${name} as monitoring`, () => {
    it('takes everything at once, says nothing and does not throw', async () => {
      const monitoring = await factory()
      const payload = { direction: 'in', kind: 't.x', outcome: 'ok', count: 2, bytes: 20 } as const
      for (const level of ['warn', 'error', 'fatal'] as const) expect(monitoring.onError?.({ ...line, level })).toBeUndefined()
      for (const kind of ['', '__proto__', 'x'.repeat(255)]) expect(monitoring.onPayload?.({ ...payload, kind })).toBeUndefined()
      for (const allowed of [true, false]) expect(monitoring.onLogin?.({ allowed, via: 'http', count: 1 })).toBeUndefined()
      for (const type of ['published', 'unpublished', 'subscribed', 'unsubscribed'] as const) expect(monitoring.onStream?.({ type, count: 1 })).toBeUndefined()
      expect(await codeOf(() => flush(monitoring))).toBeUndefined()
    })
  })
}
