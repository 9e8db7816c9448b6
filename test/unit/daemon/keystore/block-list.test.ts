import { describe, expect, it } from 'vitest'
import { BlockList } from '../../../../src/daemon/keystore/block-list.js'
import { peerIdOf } from '../../../../src/daemon/keystore/peer-id.js'
import { memoryKeyValue } from './memory-key-value.js'

const idOf = (seed: number): string => peerIdOf(new Uint8Array(32).map((_, at) => (at < 2 ? (seed >> (8 * at)) & 255 : 7)))
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('blocked ids', () => {
  it('are kept over a restart, oldest first, and can be lifted', async () => {
    const store = memoryKeyValue()
    let now = 0
    const list = await BlockList.open(store, () => ++now)
    await list.add(idOf(1), 'attic')
    await list.add(idOf(2))
    expect(await list.add(idOf(1), 'other')).toEqual({ id: idOf(1), name: 'attic', since: 1 })
    const again = await BlockList.open(store)
    expect(again.list()).toEqual([
      { id: idOf(1), name: 'attic', since: 1 },
      { id: idOf(2), name: '', since: 2 },
    ])
    expect(await again.remove(idOf(1))).toBe(true)
    expect(await again.remove(idOf(1))).toBe(false)
    expect([again.has(idOf(1)), again.has(idOf(2))]).toEqual([false, true])
    expect(store.map.size).toBe(1)
  })

  it('are ids, and not too many', async () => {
    const list = await BlockList.open(memoryKeyValue())
    await expect(list.add('attic')).rejects.toEqual(code('ERR_REQUEST_INVALID'))
    for (let seed = 0; seed < 1000; seed++) await list.add(idOf(seed))
    await expect(list.add(idOf(1000))).rejects.toEqual(code('ERR_LIMIT'))
    await list.remove(idOf(3))
    await list.add(idOf(1000))
  })

  it('count only once they are on the disk, and stop the start when damaged', async () => {
    const store = memoryKeyValue()
    const list = await BlockList.open(store)
    store.full = true
    await expect(list.add(idOf(1))).rejects.toEqual(code('ERR_STORE_READ_ONLY'))
    expect(list.has(idOf(1))).toBe(false)
    for (const text of ['', '{}', '[]', '{"id":"x","name":"","since":1}', `{"id":"${idOf(1)}","name":1,"since":1}`]) {
      store.map.set(idOf(1), new TextEncoder().encode(text))
      await expect(BlockList.open(store), text).rejects.toEqual(code('ERR_STORE_DAMAGED'))
    }
  })
})
