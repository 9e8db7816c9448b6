import { describe, expect, it } from 'vitest'
import { beyond, type Table, type TableChange, TableStorage } from '../../../src/backends/table-storage.js'

/** A table that writes when it is let to. */
function slowTable(): { readonly table: Table; readonly groups: TableChange[][]; readonly gates: ReturnType<typeof Promise.withResolvers<void>>[] } {
  const groups: TableChange[][] = []
  const gates: ReturnType<typeof Promise.withResolvers<void>>[] = []
  const write = (changes: readonly TableChange[]): Promise<void> => {
    groups.push([...changes])
    const gate = Promise.withResolvers<void>()
    gates.push(gate)
    return gate.promise
  }
  return { groups, gates, table: { get: async () => undefined, page: async () => [], write } }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a storage over a table', () => {
  it('writes what comes in one turn as one group, and what comes meanwhile as the next', async () => {
    const { table, groups, gates } = slowTable()
    const store = new TableStorage(table).open('a')
    const first = [store.set('1', Buffer.from('x')), store.delete('2'), store.clear()]
    await turn()
    const second = [store.set('3', Buffer.from('y')), store.set('4', Buffer.from('y'))]
    await turn()
    expect(groups.map((group) => group.length)).toEqual([3])
    gates[0]?.resolve()
    await Promise.all(first)
    await turn()
    expect(groups.map((group) => group.length)).toEqual([3, 2])
    gates[1]?.reject(new Error('no'))
    expect((await Promise.allSettled(second)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('refuses a name space that a database would not take: the writes of others would fail with it', () => {
    expect(() => new TableStorage(slowTable().table).open('a\u0000b')).toThrow(expect.objectContaining({ code: 'ERR_KEY_INVALID' }))
  })

  it('refuses more than may wait, and everything once it is closed, after it has written what waits', async () => {
    const { table, gates } = slowTable()
    const storage = new TableStorage(table)
    const store = storage.open('a')
    const large = new Uint8Array(1 << 20)
    const outcomes = Array.from({ length: 40 }, (_, at) =>
      store.set(`${at}`, large).then(
        () => 'written',
        (error: { code: string }) => error.code,
      ),
    )
    await turn()
    const closing = storage.close()
    expect(await store.set('late', large).catch((error: { code: string }) => error.code)).toBe('ERR_STOPPING')
    gates[0]?.resolve()
    await closing
    const counted = await Promise.all(outcomes)
    expect(counted.filter((one) => one === 'ERR_OVERLOADED').length).toBeGreaterThanOrEqual(8)
    expect(counted.filter((one) => one === 'written').length).toBe(40 - counted.filter((one) => one === 'ERR_OVERLOADED').length)
  })

  it('knows the end of a prefix', () => {
    expect(beyond(new Uint8Array())).toBeUndefined()
    expect([...(beyond(Buffer.from('ab')) ?? [])]).toEqual([97, 99])
  })
})
