/** The book's side of trust that members pass on: versions, introductions, tombstones of others, and homes from before there were any. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, type Identity } from '../../../../src/daemon/keystore/identity.js'
import { PeerBook } from '../../../../src/daemon/keystore/peer-book.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { verifyTombstone } from '../../../../src/daemon/keystore/tombstone.js'
import type { Standing } from '../../../../src/daemon/keystore/trust-ledger.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { type MemoryKeyValue, memoryKeyValue } from './memory-key-value.js'

const root = mkdtempSync(join(tmpdir(), 'shoal-decisions-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let identity: Identity
beforeAll(async () => {
  identity = await createIdentity(join(root, 'identity.key'))
})

const newId = (): string => peerIdOf(new Uint8Array(generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)))
const code = (expected: string) => expect.objectContaining({ code: expected })
const [member, id] = [newId(), newId()]
const ticket = (name = 'attic') => ({ id, name, addresses: ['/ip4/10.0.0.1/tcp/4710'], trustedBy: 'ticket' as const })
const word = (version: number, vouched = false) => ({ id, name: 'attic', addresses: [], version, introducedBy: member, vouched })

async function newBook(store: MemoryKeyValue = memoryKeyValue(), isBlocked = (_: string): boolean => false) {
  const book = await PeerBook.open(store, { identity, log: memoryLog(), isBlocked })
  const seen: (readonly [string, Standing | undefined])[] = []
  book.watch((peer, standing) => seen.push([peer, standing]))
  return { book, store, seen, reload: () => PeerBook.open(store, { identity, log: memoryLog() }) }
}

describe('versions', () => {
  it('rise with each pairing and with each forget in the cluster, and above what members use', async () => {
    const { book, reload } = await newBook()
    expect((await book.trust(ticket())).version).toBe(1)
    expect((await book.tombstone(id, { here: true })).version).toBe(1)
    expect((await book.trust(ticket())).version).toBe(2)
    expect((await book.tombstone(id, { here: false })).version).toBe(3)
    book.noteVersion(id, 8)
    book.noteVersion(id, 5)
    expect((await book.trust(ticket())).version).toBe(9)
    expect((await reload()).standing(id)).toEqual({ kind: 'trusted', version: 9, here: false, vouched: true })
  })

  it('do not rise by a cluster secret, which lifts no tombstone', async () => {
    const { book } = await newBook()
    book.noteVersion(id, 8)
    expect((await book.trust({ ...ticket(), trustedBy: 'secret' })).version).toBe(1)
    expect((await book.trust({ ...ticket(), trustedBy: 'secret' })).version).toBe(1)
    await book.tombstone(id)
    await expect(book.trust({ ...ticket(), trustedBy: 'secret' })).rejects.toEqual(code('ERR_PEER_FORGOTTEN'))
  })

  it('are raised without a word to people', async () => {
    const { book, seen, reload } = await newBook()
    await book.introduce(word(1))
    await book.confirm(id, { version: 4, vouched: true })
    await book.confirm(id, { version: 3 })
    await book.confirm(newId(), { version: 3 })
    expect(seen.map(([, standing]) => [standing?.version, standing?.vouched])).toEqual([
      [1, false],
      [4, true],
    ])
    expect((await reload()).standing(id)).toEqual({ kind: 'trusted', version: 4, here: false, vouched: true, source: member })
  })
})

describe('an introduction', () => {
  it('trusts a stranger, and changes nothing about one who is trusted', async () => {
    const { book, reload } = await newBook()
    expect(await book.introduce(word(1))).toMatchObject({ name: 'attic', trustedBy: 'introduction', introducedBy: member, version: 1, vouched: false })
    expect(await book.introduce({ ...word(5), name: 'other' })).toBeUndefined()
    expect((await reload()).get(id)).toMatchObject({ name: 'attic', introducedBy: member })
    // paired with now: it is no longer somebody else's word
    expect(await book.trust(ticket())).not.toHaveProperty('introducedBy')
  })

  it('does not lift a forget of its version, nor one that is for here alone', async () => {
    const { book } = await newBook()
    await book.trust(ticket())
    await book.tombstone(id, { here: false })
    expect(await book.introduce(word(2))).toBeUndefined()
    expect(await book.introduce(word(3))).toBeDefined()
    await book.tombstone(id, { here: true })
    expect(await book.introduce(word(99))).toBeUndefined()
  })

  it('of this node, of nobody, of a blocked id is refused', async () => {
    const { book } = await newBook(memoryKeyValue(), (peer) => peer === id)
    await expect(book.introduce(word(1))).rejects.toEqual(code('ERR_PEER_BLOCKED'))
    await expect(book.trust(ticket())).rejects.toEqual(code('ERR_PEER_BLOCKED'))
    await expect(book.introduce({ ...word(1), id: identity.id })).rejects.toEqual(code('ERR_REQUEST_INVALID'))
    await expect(book.introduce({ ...word(1), id: 'nobody' })).rejects.toEqual(code('ERR_REQUEST_INVALID'))
  })
})

describe("a forget on a member's word", () => {
  it('counts at once, with its version and its source', async () => {
    const { book, seen, reload } = await newBook()
    await book.introduce(word(1))
    const burying = book.tombstone(id, { here: false, version: 2, source: member })
    const standing = { kind: 'forgotten', version: 2, here: false, vouched: true, source: member }
    expect(seen.at(-1)).toEqual([id, standing])
    expect(verifyTombstone(await burying)).toBe(true)
    expect((await reload()).standing(id)).toEqual(standing)
  })

  it('gives way to a pairing that was under way', async () => {
    const { book, store } = await newBook()
    await book.trust(ticket())
    let open = (): void => {}
    store.gate = new Promise((resolve) => {
      open = resolve
    })
    const pairing = book.trust(ticket())
    const burying = book.tombstone(id, { here: false, version: 1, source: member })
    burying.catch(() => {})
    expect(book.isTrusted(id)).toBe(false)
    open()
    await pairing
    await expect(burying).rejects.toEqual(code('ERR_ABORTED'))
    expect(book.standing(id)).toMatchObject({ kind: 'trusted', version: 2 })
  })

  it('of a peer that was never trusted is kept, once', async () => {
    const { book, reload } = await newBook()
    await book.bury(id, 'attic', { version: 3, source: member })
    await book.bury(id, 'other', { version: 9, source: member })
    await book.bury(identity.id, 'me', { version: 9, source: member })
    const again = await reload()
    expect(again.tombstones().map(({ name, version, vouched }) => [name, version, vouched])).toEqual([['attic', 3, false]])
    expect(await again.introduce(word(3))).toBeUndefined()
  })
})

describe('a forget here alone', () => {
  it('can be spread later, and is found by name, id and prefix', async () => {
    const { book, reload } = await newBook()
    await book.trust(ticket())
    await book.tombstone(id)
    expect(book.findForgotten('ATTIC')?.id).toBe(id)
    expect(book.findForgotten(id.slice(0, 20))?.id).toBe(id)
    expect(book.findForgotten('nobody')).toBeUndefined()
    await book.spread(id)
    expect((await reload()).standing(id)).toEqual({ kind: 'forgotten', version: 2, here: false, vouched: true })
    await expect(book.spread(newId())).rejects.toEqual(code('ERR_PEER_UNKNOWN'))
  })
})

describe('a home from before members introduced each other', () => {
  const write = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  const old = { id, name: 'attic', addresses: [], trustedSince: 1, lastSeen: 1, sequence: 1 }

  it('has rows of version 0, vouched for where this node paired', async () => {
    const store = memoryKeyValue()
    store.map.set(id, write({ row: { ...old, trustedBy: 'ticket' } }))
    const { book } = await newBook(store)
    expect(book.standing(id)).toEqual({ kind: 'trusted', version: 0, here: false, vouched: true })
  })

  it('has tombstones that count here alone, and that stay sound when they are written anew', async () => {
    const store = memoryKeyValue()
    const texts = ['shoal-tombstone-v1', id, 'attic', '1', '1', identity.id].map((text) => Buffer.from(text))
    const framed = texts.flatMap((text) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(text.length)
      return [length, text]
    })
    const signature = await identity.sign(new Uint8Array(Buffer.concat(framed)))
    const tombstone = { id, name: 'attic', time: 1, sequence: 1, by: identity.id }
    store.map.set(id, write({ tombstone: { ...tombstone, signature: Buffer.from(signature).toString('base64url') } }))
    const { book, reload } = await newBook(store)
    expect(book.standing(id)).toEqual({ kind: 'forgotten', version: 0, here: true, vouched: false })
    expect(await book.introduce(word(7))).toBeUndefined()
    await book.confirm(id, { version: 3 })
    expect((await reload()).standing(id)).toEqual({ kind: 'forgotten', version: 3, here: true, vouched: false })
    // a signature of the old kind says nothing of a version
    store.map.set(id, write({ tombstone: { ...tombstone, version: 3, here: false, signature: Buffer.from(signature).toString('base64url') } }))
    await expect(reload()).rejects.toEqual(code('ERR_STORE_DAMAGED'))
  })
})
