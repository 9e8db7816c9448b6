import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createIdentity, type Identity } from '../../../../src/daemon/keystore/identity.js'
import { PeerBook } from '../../../../src/daemon/keystore/peer-book.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { verifyTombstone } from '../../../../src/daemon/keystore/tombstone.js'
import type { PeerEvent } from '../../../../src/plugin.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { type MemoryKeyValue, memoryKeyValue } from './memory-key-value.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-peers-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let identity: Identity
beforeAll(async () => {
  identity = await createIdentity(join(root, 'identity.key'))
})

const newId = (): string => peerIdOf(new Uint8Array(generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)))
const code = (expected: string) => expect.objectContaining({ code: expected })
const peer = (name: string, id = newId(), addresses = ['/ip4/10.0.0.1/tcp/4710']) => ({ id, name, addresses, trustedBy: 'ticket' as const })

async function newBook(store: MemoryKeyValue = memoryKeyValue()) {
  const time = { wall: 1_000_000, mono: 0 }
  const log = memoryLog()
  const book = await PeerBook.open(store, { identity, log, now: () => time.wall, clock: () => time.mono })
  return { book, store, time, log, reload: () => PeerBook.open(store, { identity, log }) }
}

function collect(book: PeerBook): PeerEvent[] {
  const events: PeerEvent[] = []
  const listen = book.events()
  void (async () => {
    for await (const event of listen) events.push(event)
  })()
  return events
}

describe('trust', () => {
  it('is kept over a restart, and seen as an event once', async () => {
    const { book, reload } = await newBook()
    const events = collect(book)
    const row = await book.trust(peer('attic'))
    await book.trust({ ...peer('other name', row.id), addresses: ['/ip4/10.0.0.2/tcp/1'] })
    expect(book.isTrusted(row.id)).toBe(true)
    const again = (await reload()).get(row.id)
    expect(again).toMatchObject({ name: 'attic', addresses: ['/ip4/10.0.0.2/tcp/1', '/ip4/10.0.0.1/tcp/4710'], trustedSince: 1_000_000, trustedBy: 'ticket' })
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['trusted']))
    await book.close()
  })

  it('is not there when the disk took no write', async () => {
    const { book, store } = await newBook()
    store.full = true
    const attic = peer('attic')
    await expect(book.trust(attic)).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    expect(book.isTrusted(attic.id)).toBe(false)
    expect(book.list()).toEqual([])
  })

  it('refuses this node itself and what is no id', async () => {
    const { book } = await newBook()
    for (const id of [identity.id, 'nobody', `${newId()}x`, newId().replace('12D3KooW', '12D3KooX'), '']) {
      await expect(book.trust(peer('x', id)), id).rejects.toEqual(code('ERR_REQUEST_INVALID'))
    }
  })

  it('gives a second peer of a known name another name, and never touches the first', async () => {
    const { book } = await newBook()
    const first = await book.trust(peer('attic'))
    const second = await book.trust(peer('ATTIC'))
    const third = await book.trust(peer('attic'))
    expect([first.name, second.name, third.name]).toEqual(['attic', 'ATTIC-2', 'attic-3'])
    expect(book.get(first.id)).toEqual(first)
    expect(book.find('attic')).toEqual(first)
  })

  it.each([
    ['e\u0301tage', 'étage'],
    ['  two   words\n', 'two words'],
    ['evil\u202Egnp.exe', 'evilgnp.exe'],
    ['zero\u200bwidth', 'zerowidth'],
    ['\x1b[31mred\x07', '[31mred'],
    ['a/b', 'a-b'],
    ['x'.repeat(200), 'x'.repeat(63)],
  ])('makes the name %j fit: %j', async (given, stored) => {
    expect((await (await newBook()).book.trust(peer(given))).name).toBe(stored)
  })

  it.each(['', ' \n\t', '\u200b', '12D3KooWfaked'])('replaces the name %j', async (given) => {
    const row = await (await newBook()).book.trust(peer(given))
    expect(row.name).toBe(`peer-${row.id.slice(-6)}`)
  })

  it('shortens a long name that is taken', async () => {
    const { book } = await newBook()
    await book.trust(peer('x'.repeat(63)))
    expect((await book.trust(peer('x'.repeat(63)))).name).toBe(`${'x'.repeat(61)}-2`)
  })
})

describe('find', () => {
  it('takes an id, a prefix and a name in any case', async () => {
    const { book } = await newBook()
    const attic = await book.trust(peer('Étage 2'))
    await book.trust(peer('cellar'))
    expect(book.find(attic.id)).toBe(book.get(attic.id))
    expect(book.find(attic.id.slice(0, 20)).id).toBe(attic.id)
    expect(book.find('e\u0301TAGE 2').id).toBe(attic.id)
  })

  it('says what was meant, what is ambiguous, and what was forgotten', async () => {
    const { book } = await newBook()
    const attic = await book.trust(peer('attic'))
    await book.trust(peer('cellar'))
    const thrown = (text: string): unknown => {
      try {
        return book.find(text)
      } catch (error) {
        return error
      }
    }
    expect(thrown('atic')).toMatchObject({ code: 'ERR_PEER_UNKNOWN', hint: expect.stringContaining('attic') })
    expect(thrown('nothing like it')).toMatchObject({ code: 'ERR_PEER_UNKNOWN', hint: 'See shoal peers.' })
    expect(thrown('12D3KooW')).toMatchObject({ code: 'ERR_PEER_AMBIGUOUS', message: expect.stringContaining('cellar') })
    expect(thrown('12D3Koo')).toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    expect(thrown('')).toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    expect(thrown(newId())).toMatchObject({ code: 'ERR_PEER_UNKNOWN' })
    await book.tombstone(attic.id)
    expect(thrown('attic')).toMatchObject({ code: 'ERR_PEER_UNKNOWN', hint: expect.stringContaining('forgotten') })
    expect(thrown(attic.id)).toMatchObject({ code: 'ERR_PEER_UNKNOWN', hint: expect.stringContaining('forgotten') })
  })
})

describe('rename', () => {
  it('frees the old name and is kept', async () => {
    const { book, reload } = await newBook()
    const events = collect(book)
    const row = await book.trust(peer('attic'))
    await book.rename('attic', '  roof  ')
    expect(book.find('roof').id).toBe(row.id)
    expect(() => book.find('attic')).toThrow(code('ERR_PEER_UNKNOWN'))
    expect((await reload()).find('roof').id).toBe(row.id)
    await book.rename('roof', 'ROOF')
    expect(book.get(row.id)?.name).toBe('ROOF')
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['trusted', 'renamed', 'renamed']))
  })

  it('refuses a taken name, also to two at once', async () => {
    const { book } = await newBook()
    await Promise.all([book.trust(peer('a')), book.trust(peer('b'))])
    await expect(book.rename('a', 'B')).rejects.toEqual(code('ERR_NAME_TAKEN'))
    const both = await Promise.allSettled([book.rename('a', 'same'), book.rename('b', 'same')])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  it.each(['', '   ', 'x'.repeat(64), 'a/b', 'tab\there', 'zero\u200bwidth', '12D3KooWx', '\ud800'])('refuses the name %j', async (name) => {
    const { book } = await newBook()
    await book.trust(peer('a'))
    await expect(book.rename('a', name)).rejects.toEqual(code('ERR_REQUEST_INVALID'))
  })
})

describe('addresses and last seen', () => {
  it('writes what changes again and again no faster than the disk takes it', async () => {
    const { book, store } = await newBook()
    const { id } = await book.trust(peer('attic'))
    let open = (): void => {}
    store.gate = new Promise((resolve) => {
      open = resolve
    })
    const before = store.writes
    const moves = Array.from({ length: 500 }, (_, at) => book.setAddresses(id, [`/ip4/10.0.${at >> 8}.${at & 255}/tcp/1`]))
    const raises = Array.from({ length: 500 }, (_, at) => book.confirm(id, { version: at + 2 }))
    open()
    await Promise.all([...moves, ...raises])
    expect(store.writes - before).toBeLessThan(10)
    expect(book.get(id)?.addresses[0]).toBe('/ip4/10.0.1.243/tcp/1')
    expect(book.standing(id)?.version).toBe(501)
  })

  it('keeps the 16 newest addresses once each, and writes only changes', async () => {
    const { book, store, reload } = await newBook()
    const { id } = await book.trust(peer('a'))
    await book.setAddresses(id, [...Array.from({ length: 20 }, (_, at) => `/ip4/10.0.0.${at}/tcp/1`), 'no multiaddr', `/${'x'.repeat(300)}`, '/a b'])
    expect(book.get(id)?.addresses).toEqual(Array.from({ length: 16 }, (_, at) => `/ip4/10.0.0.${at}/tcp/1`))
    await book.setAddresses(id, ['/ip4/10.0.0.5/tcp/1', '/ip4/1.1.1.1/tcp/1'])
    expect(book.get(id)?.addresses.slice(0, 3)).toEqual(['/ip4/10.0.0.5/tcp/1', '/ip4/1.1.1.1/tcp/1', '/ip4/10.0.0.0/tcp/1'])
    const { writes } = store
    await book.setAddresses(id, [...(book.get(id)?.addresses ?? [])])
    await book.setAddresses(newId(), ['/ip4/1.1.1.1/tcp/1'])
    expect(store.writes).toBe(writes)
    expect((await reload()).get(id)).toEqual(book.get(id))
  })

  it('writes last seen at most once a minute, at a disconnect, and at the end', async () => {
    const { book, store, time, reload } = await newBook()
    const { id } = await book.trust(peer('a'))
    const { writes } = store
    for (let at = 0; at < 1000; at++) {
      time.wall++
      time.mono += 50
      book.touch(id)
    }
    await book.flush()
    expect(store.writes).toBe(writes)
    expect(book.get(id)?.lastSeen).toBe(1_001_000)
    time.mono += 20_000
    book.touch(id)
    book.touch(id)
    await vi.waitFor(() => expect(store.writes).toBe(writes + 1))
    time.wall++
    book.touch(id, { flush: true })
    await book.flush()
    expect((await reload()).get(id)?.lastSeen).toBe(1_001_001)
    time.wall++
    book.touch(id)
    book.touch(newId())
    await book.close()
    expect((await reload()).get(id)?.lastSeen).toBe(1_001_002)
  })

  it('survives a disk that takes nothing', async () => {
    const { book, store, log } = await newBook()
    const { id } = await book.trust(peer('a'))
    store.full = true
    book.touch(id, { flush: true })
    await expect(book.flush()).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    await book.close()
    expect(log.lines.filter(({ level }) => level === 'warn').length).toBeGreaterThan(0)
  })
})

describe('a tombstone', () => {
  it('takes effect at once, is signed, and stands after a restart', async () => {
    const { book, reload } = await newBook()
    const events = collect(book)
    const row = await book.trust(peer('attic'))
    const burying = book.tombstone(row.id)
    expect(book.isTrusted(row.id)).toBe(false)
    expect(book.isForgotten(row.id)).toBe(true)
    expect(book.list()).toEqual([])
    const tombstone = await burying
    expect(verifyTombstone(tombstone)).toBe(true)
    expect(tombstone).toMatchObject({ id: row.id, name: 'attic', by: identity.id })
    expect(tombstone.sequence).toBeGreaterThan(row.sequence)
    expect(await book.tombstone(row.id)).toBe(tombstone)
    const again = await reload()
    expect(again.isTrusted(row.id)).toBe(false)
    expect(again.tombstones()).toEqual([tombstone])
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['trusted', 'forgotten']))
  })

  it('is lifted by trusting anew, with a later sequence, also after a restart', async () => {
    const { book, reload } = await newBook()
    const row = await book.trust(peer('attic'))
    const tombstone = await book.tombstone(row.id)
    const again = await reload()
    const lifted = await again.trust(peer('attic', row.id))
    expect(lifted.sequence).toBeGreaterThan(tombstone.sequence)
    expect(again.isForgotten(row.id)).toBe(false)
    expect((await reload()).isTrusted(row.id)).toBe(true)
  })

  it('stands against everything that was under way', async () => {
    const { book, store, reload } = await newBook()
    const row = await book.trust(peer('attic'))
    let open = (): void => {}
    store.gate = new Promise((resolve) => {
      open = resolve
    })
    book.touch(row.id, { flush: true })
    const pending = [book.setAddresses(row.id, ['/ip4/9.9.9.9/tcp/9']), book.trust(peer('attic', row.id)), book.rename(row.id, 'roof')]
    const burying = book.tombstone(row.id)
    const late = book.setAddresses(row.id, ['/ip4/8.8.8.8/tcp/8'])
    book.touch(row.id, { flush: true })
    expect(book.isTrusted(row.id)).toBe(false)
    open()
    await Promise.allSettled([...pending, burying, late])
    await book.flush()
    expect(book.isTrusted(row.id)).toBe(false)
    expect((await reload()).isForgotten(row.id)).toBe(true)
  })

  it('counts in memory while the disk is full, and is written when it is not', async () => {
    const { book, store, reload } = await newBook()
    const row = await book.trust(peer('attic'))
    store.full = true
    await expect(book.tombstone(row.id)).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    expect(book.isTrusted(row.id)).toBe(false)
    expect((await reload()).isTrusted(row.id)).toBe(true)
    store.full = false
    await book.trust(peer('cellar'))
    await vi.waitFor(async () => expect((await reload()).isForgotten(row.id)).toBe(true))
  })

  it('of nobody is an error; erased, nothing is left', async () => {
    const { book, store, reload } = await newBook()
    await expect(book.tombstone(newId())).rejects.toEqual(code('ERR_PEER_UNKNOWN'))
    const row = await book.trust(peer('attic'))
    await book.tombstone(row.id)
    await book.erase(row.id)
    expect(store.map.size).toBe(0)
    expect((await reload()).isForgotten(row.id)).toBe(false)
  })
})

describe('a record that was tampered with', () => {
  const edit = async (change: (json: { row?: Record<string, unknown>; tombstone?: Record<string, unknown> }) => unknown, forget: boolean) => {
    const { book, store, reload } = await newBook()
    const { id } = await book.trust(peer('attic'))
    if (forget) await book.tombstone(id)
    const json = JSON.parse(new TextDecoder().decode(store.map.get(id)))
    store.map.set(id, new TextEncoder().encode(JSON.stringify(change(json))))
    return reload()
  }

  it.each<[string, boolean, (json: { row?: Record<string, unknown>; tombstone?: Record<string, unknown> }) => unknown]>([
    ['another name on a tombstone', true, ({ tombstone }) => ({ tombstone: { ...tombstone, name: 'other' } })],
    ['another time on a tombstone', true, ({ tombstone }) => ({ tombstone: { ...tombstone, time: 5 } })],
    ['another author of a tombstone', true, ({ tombstone }) => ({ tombstone: { ...tombstone, by: newId() } })],
    ['another peer on a tombstone', true, ({ tombstone }) => ({ tombstone: { ...tombstone, id: newId() } })],
    ['no signature', true, ({ tombstone }) => ({ tombstone: { ...tombstone, signature: '' } })],
    ['another peer in a row', false, ({ row }) => ({ row: { ...row, id: newId() } })],
    ['no name', false, ({ row }) => ({ row: { ...row, name: 7 } })],
    ['an unknown source', false, ({ row }) => ({ row: { ...row, trustedBy: 'rumour' } })],
    ['an array', false, () => []],
    ['null', false, () => null],
    ['nothing in it', false, () => ({})],
  ])('stops the start: %s', async (_name, forget, change) => {
    await expect(edit(change, forget)).rejects.toEqual(code('ERR_STORE_DAMAGED'))
  })

  it('stops the start when it is no JSON', async () => {
    const { store, reload } = await newBook()
    store.map.set(newId(), Uint8Array.of(1, 2, 3))
    await expect(reload()).rejects.toEqual(code('ERR_STORE_DAMAGED'))
  })
})

describe('announce', () => {
  it('passes network events on under the display name, and ends with the book', async () => {
    const { book } = await newBook()
    const { id } = await book.trust(peer('attic'))
    const events = book.events()
    const stranger = newId()
    book.announce('connected', id, 'what it calls itself')
    book.announce('seen', stranger, 'stranger')
    await book.close()
    const got: PeerEvent[] = []
    for await (const event of events) got.push(event)
    expect(got).toMatchObject([
      { type: 'connected', peer: id, name: 'attic' },
      { type: 'seen', peer: stranger, name: 'stranger' },
    ])
  })
})
