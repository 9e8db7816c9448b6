import { describe, expect, it } from 'vitest'
import type { PeerInfo } from '../../../../src/plugin.js'
import { PeerPins } from '../../../../src/plugins/rules/peer-pins.js'
import type { KeyValue } from '../../../../src/services.js'
import { fakePeer } from '../../../../src/testing/fake-peers.js'
import { memoryStorage } from '../../../../src/testing/memory-storage.js'

const one = fakePeer({ id: '12D3KooWOne', name: 'kitchen' })
const two = fakePeer({ id: '12D3KooWTwo', name: 'kitchen' })

async function pins(peers: readonly PeerInfo[] | undefined, store: KeyValue = memoryStorage().open('rules')) {
  const known = { peers }
  const failures: unknown[] = []
  const made = new PeerPins({
    find: (ref) => {
      if (!known.peers) throw new Error('peers are not known yet')
      return known.peers.find(({ id, name }) => id === ref || name === ref)
    },
    store,
    failed: (error) => failures.push(error),
  })
  await made.load()
  return { pins: made, known, store, failures }
}

describe('a name in the rules', () => {
  it('means nobody while peers are not known, and an id means itself', async () => {
    const { pins: book, known } = await pins(undefined)
    expect([book.means('kitchen', one.id), book.means(one.id, one.id), book.nameOf(one.id)]).toEqual([false, true, undefined])
    known.peers = [one]
    expect([book.means('kitchen', one.id), book.means('kitchen', two.id)]).toEqual([true, false])
  })

  it('is open again once its peer is forgotten: also when that happened while the rules were off', async () => {
    const { pins: book, known, store } = await pins([one])
    expect(book.means('kitchen', one.id)).toBe(true)
    known.peers = [two]
    // not before it is settled: until then the name means the peer it meant
    expect(book.means('kitchen', two.id)).toBe(false)
    expect(book.settle(['kitchen'])).toEqual({ unknown: [], renamed: [] })
    expect(book.means('kitchen', two.id)).toBe(true)

    known.peers = [one]
    const later = await pins([one], store)
    later.pins.settle(['kitchen'])
    expect([later.pins.means('kitchen', one.id), later.pins.means('kitchen', two.id)]).toEqual([true, false])
  })

  it('that is in no rule any more is let go', async () => {
    const { pins: book, store } = await pins([one])
    book.settle(['kitchen'])
    book.settle([])
    await Promise.resolve()
    const left: string[] = []
    for await (const [key] of store.entries()) left.push(key)
    expect(left).toEqual([])
  })

  it('goes on to work when it cannot be written down', async () => {
    const broken: KeyValue = { ...memoryStorage().open('x'), set: async () => Promise.reject(new Error('disk full')), entries: async function* () {} }
    const { pins: book, failures } = await pins([one], broken)
    expect(book.means('kitchen', one.id)).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures).toHaveLength(1)
  })
})
