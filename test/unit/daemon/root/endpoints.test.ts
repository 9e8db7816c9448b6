import { describe, expect, it } from 'vitest'
import type { Provider } from '../../../../src/daemon/host/provider.js'
import { Claims } from '../../../../src/daemon/payloads/claims.js'
import { ClientKinds } from '../../../../src/daemon/root/client-kinds.js'
import { Endpoints } from '../../../../src/daemon/root/endpoints.js'
import { Grants } from '../../../../src/daemon/root/grants.js'
import { BoundedQueue } from '../../../../src/daemon/util/queue.js'
import { ShoalError } from '../../../../src/errors.js'
import type { Authentication, Endpoint, EndpointDoor, Permission } from '../../../../src/services.js'
import { memoryLog } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const self = '12D3KooWSelf'
const bytes = new Uint8Array([1])
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An endpoint that keeps its door. */
class Door implements Endpoint {
  door: EndpointDoor | undefined
  closed = 0
  signal: AbortSignal | undefined
  readonly name: string
  readonly #calls: string[]

  constructor(name: string, calls: string[] = []) {
    this.name = name
    this.#calls = calls
  }

  async open(door: EndpointDoor, signal: AbortSignal): Promise<{ address: string }> {
    this.#calls.push(`open ${this.name}`)
    this.door = door
    this.signal = signal
    return { address: `test:${this.name}` }
  }

  async close(): Promise<void> {
    this.#calls.push(`close ${this.name}`)
    this.closed++
  }
}

function node(
  endpoints: readonly Endpoint[],
  authenticate: Authentication['authenticate'] = async ({ user }) => (user === 'ann' ? { kind: 'client', id: 'ann' } : false),
) {
  const log = memoryLog()
  const list: Provider<Endpoint>[] = endpoints.map((service, at) => ({ plugin: at === 0 ? 'default' : `p${at}`, service }))
  const sent: string[] = []
  const verdicts = new BoundedQueue<number>({ limit: 10 })
  const answers = new BoundedQueue<number>({ limit: 10 })
  const claims = new Claims()
  let changed = (): void => {}
  const denied = new Set<string>()
  const permission: Permission = {
    allows: async (_, { target }) => {
      await turn()
      return denied.has(target) ? 'it is denied' : true
    },
    changes: () => answers,
  }
  const grants = new Grants({ permission, log })
  const kinds = new ClientKinds((kind) => claims.addSpare('clients', kind))
  const parts = new Endpoints({
    providers: () => list,
    watch: (watcher) => {
      changed = watcher
      return () => {}
    },
    authentication: { authenticate, changes: () => verdicts },
    session: {
      self,
      find: (peer) => {
        if (peer !== 'far') throw new ShoalError('ERR_PEER_UNKNOWN')
        return '12D3KooWFar'
      },
      payloads: {
        send: async (peer, kind) => void sent.push(`${peer} ${kind}`),
        request: (_, __, body) => (body.length > 1 ? new Promise(() => {}) : Promise.resolve(body)),
      },
      permission,
      grants,
      kinds,
    },
    log,
    openLimit: 50,
  })
  grants.start()
  return { parts, log, list, sent, verdicts, answers, claims, denied, kinds, grants, change: () => changed() }
}

async function opened(authenticate?: Authentication['authenticate']) {
  const door = new Door('web')
  const all = node([new Door('http'), door], authenticate)
  await all.parts.openDefault()
  await all.parts.open()
  const login = (user = 'ann') => (door.door as EndpointDoor).login({ user, password: 'x' })
  return { ...all, door, login }
}

describe('endpoints', () => {
  it('open in order, the default first, and close in reverse without it', async () => {
    const calls: string[] = []
    const { parts } = node(['http', 'one', 'two'].map((name) => new Door(name, calls)))
    await parts.openDefault()
    expect(calls).toEqual(['open http'])
    await parts.open()
    expect(parts.list().map(({ name, address }) => `${name} ${address}`)).toEqual(['http test:http', 'one test:one', 'two test:two'])
    await parts.close()
    expect(calls).toEqual(['open http', 'open one', 'open two', 'close two', 'close one'])
  })

  it('that throw, hang or say nothing are named, and hold up nobody', async () => {
    const broken = (open: Endpoint['open']): Endpoint => ({ name: 'broken', open, close: () => Promise.reject(new Error('no')) })
    const good = new Door('good')
    const { parts, log } = node([
      new Door('http'),
      broken(() => Promise.reject(new Error('the port is in use'))),
      broken(() => new Promise(() => {})),
      broken((async () => undefined) as unknown as Endpoint['open']),
      good,
    ])
    await parts.open()
    expect(good.door).toBeDefined()
    expect(parts.list().map(({ error }) => error)).toEqual(
      [undefined, 'the port is in use', expect.stringContaining('did not finish'), expect.stringContaining('where'), undefined]
        .filter((_, at) => at !== 0)
        .toSpliced(0, 0, undefined),
    )
    expect(log.lines.filter(({ level }) => level === 'error').length).toBe(3)
    await parts.close()
  })

  it('come and go while the node runs', async () => {
    const { parts, list, door, login, change } = await opened()
    const session = await login()
    list.splice(1, 1)
    change()
    await waitFor('the door to close', () => door.closed === 1)
    expect([session.signal.aborted, door.signal?.aborted]).toEqual([true, true])
    await expect(login()).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    const late = new Door('late')
    list.push({ plugin: 'late', service: late })
    change()
    await waitFor('the new door', () => late.door)
    await parts.close()
    expect(late.closed).toBe(1)
  })
})

describe('a login', () => {
  it('is judged by authentication, and nobody gets past it', async () => {
    const { login, door } = await opened()
    expect((await login()).principal).toEqual({ kind: 'client', id: 'ann' })
    await expect(login('bob')).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
    await expect((door.door as EndpointDoor).login({})).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
    const nobodys = await opened(async () => null)
    await expect(nobodys.login()).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
  })

  it('says through which door it came, whatever the endpoint claims', async () => {
    const seen: unknown[] = []
    const { door } = await opened(async (credentials) => {
      seen.push(credentials)
      return false
    })
    const odd = { user: 'ann', via: 'http', local: 'yes', password: 7, extra: 1 }
    await expect((door.door as EndpointDoor).login(odd as never)).rejects.toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
    expect(seen).toEqual([{ via: 'web', user: 'ann' }])
  })

  it('is refused when too many are under way, or logged in', async () => {
    const hanging = await opened(() => new Promise(() => {}))
    for (let at = 0; at < 100; at++) hanging.login().catch(() => {})
    await expect(hanging.login()).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    const { login } = await opened()
    for (let at = 0; at < 1000; at++) await login()
    await expect(login()).rejects.toMatchObject({ code: 'ERR_LIMIT' })
  })

  it('that would not be let in any more ends', async () => {
    let known = ['ann', 'bob']
    const { login, verdicts } = await opened(async ({ user = '' }) => known.includes(user) && { kind: 'client', id: user })
    const [ann, bob] = [await login('ann'), await login('bob')]
    known = ['ann']
    verdicts.push(1)
    await waitFor('bob to go', () => bob.signal.aborted)
    expect(bob.signal.reason).toMatchObject({ code: 'ERR_UNAUTHENTICATED' })
    expect(ann.signal.aborted).toBe(false)
  })
})

describe('a change of who is who', () => {
  it('that comes while somebody logs in counts for that one too', async () => {
    const asked: ((verdict: { kind: 'client'; id: string } | false) => void)[] = []
    const { login, verdicts } = await opened(() => new Promise((resolve) => asked.push(resolve)))
    const entering = login('ann')
    verdicts.push(1)
    await turn()
    asked[0]?.({ kind: 'client', id: 'ann' })
    const session = await entering
    await waitFor('the second question', () => asked.length === 2)
    asked[1]?.(false)
    await waitFor('ann to go', () => session.signal.aborted)
  })

  it('reaches all, though a provider hangs with some', async () => {
    let changed = false
    const { login, verdicts } = await opened(({ user = '' }) =>
      changed ? (user === 'slow' ? new Promise(() => {}) : Promise.resolve(false)) : Promise.resolve({ kind: 'client', id: user }),
    )
    const slow = [await login('slow'), await login('slow')]
    const others = await Promise.all(Array.from({ length: 20 }, () => login('ann')))
    slow.push(await login('slow'))
    changed = true
    verdicts.push(1)
    await waitFor('the others to go', () => others.every(({ signal }) => signal.aborted))
    expect(slow.map(({ signal }) => signal.aborted)).toEqual([false, false, false])
  })
})

describe('a session', () => {
  it('asks for permission of each message, and keeps their order', async () => {
    const { login, sent, denied } = await opened()
    const session = await login()
    denied.add('secret')
    const results = await Promise.allSettled(['a', 'secret', 'b', 'c'].map((kind) => session.send(kind === 'b' ? 'far' : 'self', kind, bytes)))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: { code: 'ERR_FORBIDDEN', message: 'it is denied' } })
    expect(sent).toEqual([`${self} a`, '12D3KooWFar b', `${self} c`])
    await expect(session.send('nobody', 'a', bytes)).rejects.toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    await expect(session.send('self', 'a', 'text' as never)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(await session.request('self', 'a', bytes)).toEqual(bytes)
  })

  it('has a bounded number of messages under way', async () => {
    const { login } = await opened()
    const session = await login()
    const calls = Array.from({ length: 64 }, () => session.request('self', 'a', new Uint8Array(2)))
    for (const call of calls) call.catch(() => {})
    await expect(session.request('self', 'a', bytes)).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    session.close()
    await expect(session.send('self', 'a', bytes)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('takes kinds that no plugin has, together with others, until it ends', async () => {
    const { login, claims, kinds } = await opened()
    const [one, two] = [await login(), await login()]
    claims.add('plugin', ['t.claimed'])
    await expect(one.subscribe('t.claimed', () => true)).rejects.toMatchObject({ code: 'ERR_KIND_CLAIMED' })
    await expect(one.subscribe('täg', () => true)).rejects.toMatchObject({ code: 'ERR_KIND_INVALID' })
    const got: string[] = []
    await one.subscribe('t.news', () => got.push('one') > 0)
    const leave = await two.subscribe('t.news', () => got.push('two') > 0)
    await expect(two.subscribe('t.news', () => true)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    kinds.receive('12D3KooWFar', 't.news', bytes)
    leave()
    kinds.receive('12D3KooWFar', 't.news', bytes)
    expect(got).toEqual(['one', 'two', 'one'])
    expect(claims.find('t.news')).toBe('clients')
    claims.add('plugin', ['t.news'])
    expect(claims.find('t.news')).toBe('plugin')
    one.close()
    expect(claims.kinds()).toEqual(['t.claimed', 't.news'])
    expect(() => kinds.receive('12D3KooWFar', 't.news', bytes)).toThrow(expect.objectContaining({ code: 'ERR_OVERLOADED' }))
  })

  it('registers nothing that is denied, and ends when a permission is taken back', async () => {
    const { login, claims, denied, answers } = await opened()
    const session = await login()
    denied.add('secret.news')
    const both = ['secret.news', 't.news'].map((kind) => session.subscribe(kind, () => true))
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(claims.kinds()).toEqual(['t.news'])
    denied.add('t.news')
    answers.push(1)
    await waitFor('the end', () => session.signal.aborted)
    expect(session.signal.reason).toMatchObject({ code: 'ERR_FORBIDDEN' })
    expect(claims.kinds()).toEqual([])
  })

  it('may take a hundred kinds', async () => {
    const { login } = await opened()
    const session = await login()
    for (let at = 0; at < 100; at++) await session.subscribe(`t.${at}`, () => true)
    await expect(session.subscribe('t.more', () => true)).rejects.toMatchObject({ code: 'ERR_LIMIT' })
    session.close()
  })
})
