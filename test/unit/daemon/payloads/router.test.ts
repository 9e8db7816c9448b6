import { describe, expect, it } from 'vitest'
import { Ledger, type Outcome } from '../../../../src/daemon/payloads/ledger.js'
import { type Answer, type Deliver, Router } from '../../../../src/daemon/payloads/router.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { waitFor } from '../../../wait-for.js'

const body = (size = 1): Uint8Array => new Uint8Array(size)
const ok = (reply: Uint8Array = new Uint8Array()): Outcome => ({ code: '', message: '', reply })

function made(deliver: Deliver = async () => undefined, limits = {}): { router: Router; log: ReturnType<typeof memoryLog>; kinds: (readonly string[])[] } {
  const log = memoryLog()
  const kinds: (readonly string[])[] = []
  return { router: new Router({ log, deliver, limits, claimsChanged: (now) => kinds.push(now) }), log, kinds }
}

/** Hands a payload over and waits for its outcome. */
const handle = (router: Router, id: number, kind = 'k', size = 1, src = 'peer', instance = 'i'): Promise<Outcome> =>
  new Promise((resolve) => {
    router.receive(src, instance, { id, kind, body: body(size), wantsReply: true }, resolve)
  })

describe('Router', () => {
  it('gives a kind to the first that claims it and shows the others', async () => {
    const called: string[] = []
    const { router, log, kinds } = made(async (plugin) => {
      called.push(plugin)
      return undefined
    })
    const undo = router.claim('first', ['k', 'j'])
    router.claim('second', ['k'])
    expect(router.claims()).toEqual([
      { kind: 'k', plugin: 'first', shadowed: ['second'] },
      { kind: 'j', plugin: 'first', shadowed: [] },
    ])
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { kind: 'k', plugin: 'first', shadowed: 'second' } }])
    router.open()
    await handle(router, 1)
    undo()
    undo()
    await handle(router, 2)
    expect(called).toEqual(['first', 'second'])
    expect(kinds.at(-1)).toEqual(['k'])
  })

  it('answers in the same turn where the handler does, and keeps the order with those that take longer', async () => {
    const handled: number[] = []
    const { router } = made((_plugin, _src, _kind, bytes) => {
      handled.push(bytes.byteLength)
      if (bytes.byteLength === 9) throw new Error('no nines')
      return bytes.byteLength === 2 ? new Promise((resolve) => setImmediate(() => resolve(bytes))) : bytes
    })
    router.claim('p', ['k'])
    router.open()
    const answered: string[] = []
    const take = (id: number, size: number): void =>
      router.receive(
        'peer',
        'i',
        { id, kind: 'k', body: body(size), wantsReply: true },
        ({ code, reply }) => void answered.push(`${id} ${code}${reply.byteLength}`),
      )
    take(1, 1)
    take(2, 9)
    expect(answered).toEqual(['1 1', '2 ERR_PAYLOAD_REJECTED0'])
    take(3, 2)
    take(4, 4)
    expect(handled).toEqual([1, 9, 2])
    await waitFor('the rest', () => answered.length === 4)
    expect(answered.slice(2)).toEqual(['3 2', '4 4'])
    expect(router.counters).toMatchObject({ handled: 3, rejected: 1 })
  })

  it('hands out nothing that waits of a peer that is forgotten, and goes on for others', async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const handled: string[] = []
    const { router } = made(async (_, src) => {
      handled.push(src)
      if (handled.length === 1) await held
      return undefined
    })
    router.claim('p', ['k'])
    router.open()
    const outcomes = [1, 2, 3].map((id) => handle(router, id, 'k', 1, 'gone'))
    router.forget('gone')
    expect((await Promise.all(outcomes.slice(1))).map(({ code }) => code)).toEqual(['ERR_PEER_FORGOTTEN', 'ERR_PEER_FORGOTTEN'])
    release()
    expect(await outcomes[0]).toMatchObject({ code: '' })
    expect(await handle(router, 1, 'k', 1, 'other')).toMatchObject({ code: '' })
    expect(handled).toEqual(['gone', 'other'])
  })

  it('refuses claims that are no kinds', () => {
    const { router } = made()
    expect(() => router.claim('p', ['ok', ''])).toThrow(expect.objectContaining({ code: 'ERR_KIND_INVALID' }))
    expect(router.claims()).toEqual([])
  })

  it('gives a copy of a payload the same outcome and does not handle it again', async () => {
    let runs = 0
    const { router } = made(async () => Uint8Array.of(++runs))
    router.claim('p', ['k'])
    router.open()
    const first = await handle(router, 5)
    expect(await handle(router, 5)).toEqual(first)
    expect(runs).toBe(1)
    expect(router.counters).toMatchObject({ handled: 1, duplicates: 1 })
    // another peer and another run of the same peer are other payloads
    await handle(router, 5, 'k', 1, 'other')
    await handle(router, 5, 'k', 1, 'peer', 'next')
    expect(runs).toBe(3)
  })

  it('remembers refusals too: a refused payload must not overtake on its second try', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { router } = made(() => held.then(() => undefined), { kindItems: 1 })
    router.claim('p', ['k'])
    router.open()
    const running = handle(router, 1)
    const waiting = handle(router, 2)
    expect(await handle(router, 3)).toMatchObject({ code: 'ERR_OVERLOADED' })
    release?.()
    await Promise.all([running, waiting])
    expect(await handle(router, 3)).toMatchObject({ code: 'ERR_OVERLOADED' })
  })

  it('bounds bytes of a kind and items of a peer', async () => {
    const { router } = made(() => new Promise(() => {}), { kindBytes: 100, peerItems: 3 })
    router.claim('p', ['k', 'j'])
    router.open()
    void handle(router, 1, 'k', 90)
    void handle(router, 2, 'k', 90)
    expect(await handle(router, 3, 'k', 11)).toMatchObject({ code: 'ERR_OVERLOADED' })
    void handle(router, 4, 'j')
    void handle(router, 5, 'j')
    void handle(router, 6, 'j')
    expect(await handle(router, 7, 'j')).toMatchObject({ code: 'ERR_OVERLOADED', message: '3 payloads wait already.' })
    expect(router.counters.overloaded).toBe(2)
  })

  it('refuses what a sender should have refused', async () => {
    const { router } = made(undefined, { maxPayload: 10 })
    router.claim('p', ['k'])
    router.open()
    expect(await handle(router, 1, 'k', 11)).toMatchObject({ code: 'ERR_PAYLOAD_TOO_LARGE' })
    expect(await handle(router, 2, 'ü')).toMatchObject({ code: 'ERR_KIND_INVALID' })
    expect(await handle(router, 3, 'none')).toMatchObject({ code: 'ERR_KIND_UNCLAIMED' })
  })

  it('holds back a queue whose receipts are not taken, and goes on when taking one fails', async () => {
    const handled: number[] = []
    const { router } = made(async (_p, _s, _k, bytes) => {
      handled.push(bytes[0] ?? 0)
      return undefined
    })
    router.claim('p', ['k'])
    router.open()
    let fail: ((error: Error) => void) | undefined
    const stuck: Answer = () => new Promise((_, reject) => (fail = reject))
    router.receive('peer', 'i', { id: 1, kind: 'k', body: Uint8Array.of(1), wantsReply: false }, stuck)
    const second = new Promise((resolve) => router.receive('peer', 'i', { id: 2, kind: 'k', body: Uint8Array.of(2), wantsReply: false }, resolve))
    await new Promise(setImmediate)
    expect(handled).toEqual([1])
    fail?.(new Error('gone'))
    await second
    expect(handled).toEqual([1, 2])
  })

  it('closes: what waits is answered, what runs is awaited, nothing new is taken', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { router } = made(() => held.then(() => undefined))
    router.claim('p', ['k'])
    router.open()
    const running = handle(router, 1)
    const waiting = handle(router, 2)
    const closed = router.close()
    expect(await waiting).toMatchObject({ code: 'ERR_STOPPING' })
    expect(await handle(router, 3)).toMatchObject({ code: 'ERR_STOPPING' })
    release?.()
    expect(await running).toMatchObject({ code: '' })
    await closed
  })
})

describe('Ledger', () => {
  const limits = { age: 1000, entries: 3, replyBytes: 100 }

  it('forgets the oldest settled payloads, and tells what is older from what is new', () => {
    const ledger = new Ledger(limits, () => 0)
    for (let id = 1; id <= 5; id++) {
      expect(ledger.enter('p', 'i', id)).toBe('new')
      ledger.settle('p', 'i', id, ok())
    }
    expect(ledger.size('p')).toBe(3)
    expect(ledger.enter('p', 'i', 2)).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(ledger.enter('p', 'i', 3)).toEqual(ok())
    expect(ledger.enter('p', 'i', 6)).toBe('new')
    expect(ledger.enter('p', 'i', 6)).toBe('pending')
  })

  it('forgets by age, but never what is not settled', () => {
    let now = 0
    const ledger = new Ledger(limits, () => now)
    ledger.enter('p', 'i', 1)
    ledger.enter('p', 'i', 2)
    ledger.settle('p', 'i', 2, ok())
    now = 2000
    expect(ledger.enter('p', 'i', 2)).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(ledger.enter('p', 'i', 1)).toBe('pending')
  })

  it('bounds the bytes of replies it keeps', () => {
    const ledger = new Ledger({ age: 1000, entries: 10, replyBytes: 100 }, () => 0)
    for (let id = 1; id <= 3; id++) {
      ledger.enter('p', 'i', id)
      ledger.settle('p', 'i', id, ok(body(50)))
    }
    expect(ledger.enter('p', 'i', 1)).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(ledger.enter('p', 'i', 2)).toMatchObject({ code: '', reply: body(50) })
  })

  it('stays flat over many payloads', () => {
    const ledger = new Ledger({ age: 1e9, entries: 100, replyBytes: 1000 }, () => 0)
    for (let id = 1; id <= 20_000; id++) {
      ledger.enter('p', 'i', id)
      ledger.settle('p', 'i', id, ok(body(id % 50)))
    }
    expect(ledger.size('p')).toBe(100)
    expect(ledger.enter('p', 'i', 19_999)).toMatchObject({ code: '' })
  })

  it('keeps peers and instances apart and forgets a peer whole', () => {
    const ledger = new Ledger(limits, () => 0)
    ledger.enter('p', 'i', 1)
    expect(ledger.enter('q', 'i', 1)).toBe('new')
    expect(ledger.enter('p', 'j', 1)).toBe('new')
    ledger.settle('p', 'i', 1, ok())
    expect(ledger.enter('p', 'j', 1)).toBe('pending')
    ledger.forget('p')
    expect(ledger.size('p')).toBe(0)
  })
})
