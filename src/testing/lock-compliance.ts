/** What services of the slot `locks` have to do right. */

import type { Lock, Locks } from '../services.js'
import { type ClusterSuite, eventually, onThree, partitionTest } from './cluster-subject.js'
import { codeOf, type TestApi } from './test-api.js'

/** Runs the suite for `locks`. A service that cannot work while the cluster is split sets no `partitions`. */
export function locksCompliance(api: TestApi, name: string, suite: ClusterSuite<Locks>): void {
  api.describe(`${name} as locks`, () => {
    tryTests(api, suite)
    lossTests(api, suite)
  })
}

/** Tries until the lock is there. */
async function take(suite: ClusterSuite<Locks>, locks: Locks, name: string): Promise<Lock> {
  let lock: Lock | undefined
  await eventually(suite, `the lock ${name}`, async () => {
    lock = await locks.get(name)
    return lock !== undefined
  })
  if (!lock) throw new Error('no lock')
  return lock
}

function tryTests({ it, expect }: TestApi, suite: ClusterSuite<Locks>): void {
  it('gives a lock to one of a hundred who try at once', () =>
    onThree(suite, async (_, nodes) => {
      const tries = Array.from({ length: 100 }, (__, at) => (nodes[at % 3] ?? nodes[0]).service.get('l'))
      const got = (await Promise.all(tries)).filter((lock) => lock !== undefined)
      expect(got.length).toBe(1)
      expect([got[0]?.name, got[0]?.signal.aborted, typeof got[0]?.token]).toEqual(['l', false, 'string'])
      await got[0]?.release()
    }))

  it('gives it again after its release, with tokens that only rise, whoever takes it', () =>
    onThree(suite, async (_, nodes) => {
      const tokens: string[] = []
      for (let round = 0; round < 12; round++) {
        const lock = await take(suite, (nodes[round % 3] ?? nodes[0]).service, 'l')
        tokens.push(lock.token)
        await lock.release()
        expect(lock.signal.aborted).toBe(true)
      }
      expect([...new Set(tokens)].sort()).toEqual(tokens)
    }))

  it('keeps locks of different names apart', () =>
    onThree(suite, async (_, [a, b]) => {
      const one = await take(suite, a.service, 'one')
      const two = await take(suite, b.service, 'two')
      expect(await b.service.get('one')).toBeUndefined()
      expect(one.token === two.token).toBe(false)
      await Promise.all([one.release(), two.release()])
    }))

  it('lets only the holder release, and a second release do nothing', () =>
    onThree(suite, async (_, [a, b]) => {
      const first = await take(suite, a.service, 'l')
      await first.release()
      const second = await take(suite, b.service, 'l')
      await first.release()
      expect([second.signal.aborted, await a.service.get('l')]).toEqual([false, undefined])
      await second[Symbol.asyncDispose]()
      await (await take(suite, a.service, 'l')).release()
    }))

  it('obeys signal and limits', () =>
    onThree(suite, async (_, [a]) => {
      for (const wrong of ['', 'x'.repeat(201)]) expect(await codeOf(() => a.service.get(wrong))).toBe('ERR_USAGE')
      const stop = AbortSignal.abort(new Error('changed my mind'))
      expect(await codeOf(() => a.service.get('l', { signal: stop }))).toBe('other: changed my mind')
      const later = new AbortController()
      const trying = a.service.get('m', { signal: later.signal })
      later.abort(new Error('too late'))
      const outcome = await codeOf(() => trying)
      expect([undefined, 'other: too late']).toContain(outcome)
      await (await trying.catch(() => undefined))?.release()
      await (await take(suite, a.service, 'm')).release()
    }))
}

function lossTests(api: TestApi, suite: ClusterSuite<Locks>): void {
  const { it, expect } = api
  for (const end of ['stop', 'kill'] as const) {
    for (const at of [0, 1, 2]) {
      it(`${end} of node ${at}: its locks become free, the others keep theirs, tokens rise`, () =>
        onThree(suite, async (subject, nodes) => {
          const own = (await Promise.all(nodes.map(({ service }, index) => take(suite, service, `own-${index}`)))) as [Lock, Lock, Lock]
          await subject[end](at)
          const rest = nodes.filter((_, index) => index !== at)
          const [first, second] = rest
          if (!first || !second) throw new Error('two are left')
          const freed = await take(suite, first.service, `own-${at}`)
          expect(freed.token > (own[at]?.token ?? '')).toBe(true)
          for (const [index, lock] of own.entries()) {
            if (index === at) continue
            expect([lock.signal.aborted, await second.service.get(lock.name), await first.service.get(lock.name)]).toEqual([false, undefined, undefined])
            await lock.release()
            const again = await take(suite, second.service, lock.name)
            expect(again.token > lock.token).toBe(true)
            await again.release()
          }
        }))
    }
  }

  partitionTest(api, suite, 'of two who got a lock in a split, the one with the lower token loses it', async (subject, [a, b, c]) => {
    const before = await take(suite, a.service, 'l')
    await before.release()
    await subject.split([0, 1], [2])
    const there = await take(suite, b.service, 'l')
    const here = await take(suite, c.service, 'l')
    expect(there.token === here.token).toBe(false)
    expect(there.token > before.token && here.token > before.token).toBe(true)
    const [lower, higher] = there.token < here.token ? [there, here] : [here, there]
    await subject.heal()
    await eventually(suite, 'the lower one to be lost', () => lower.signal.aborted)
    expect(higher.signal.aborted).toBe(false)
    expect([await a.service.get('l'), await c.service.get('l')]).toEqual([undefined, undefined])
    await higher.release()
    const after = await take(suite, a.service, 'l')
    expect(after.token > higher.token).toBe(true)
    await after.release()
  })
}
