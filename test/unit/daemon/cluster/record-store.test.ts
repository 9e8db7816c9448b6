import { describe, expect, it } from 'vitest'
import { RecordStore } from '../../../../src/daemon/cluster/record-store.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { memoryKeyValue } from '../keystore/memory-key-value.js'
import { sign } from './sim-node.js'

const record = (sequence: number, slot = 'trust/x') => sign({ author: 'a', epoch: 0, sequence, slot, body: new Uint8Array([1]) })

describe('the kept records', () => {
  it('that change again and again are written no faster than the disk takes them, the newest last', async () => {
    const store = memoryKeyValue()
    const records = new RecordStore(store, memoryLog())
    let open = (): void => {}
    store.gate = new Promise((resolve) => {
      open = resolve
    })
    for (let sequence = 1; sequence <= 500; sequence++) void records.save(record(sequence))
    void records.save(record(1, 'trust/y'))
    void records.drop('a', 'trust/y')
    open()
    await records.settled()
    expect(store.writes).toBeLessThan(10)
    expect((await records.load()).map(({ slot, sequence }) => `${slot} ${sequence}`)).toEqual(['trust/x 500'])
  })

  it('count the starts', async () => {
    const records = new RecordStore(memoryKeyValue(), memoryLog())
    expect([await records.nextEpoch(), await records.nextEpoch()]).toEqual([1, 2])
    await records.saveEpoch(7)
    expect(await records.nextEpoch()).toBe(8)
  })
})
