import { describe, expect, it } from 'vitest'
import { RecordInbox } from '../../../../src/daemon/cluster/record-inbox.js'
import { sign } from './sim-node.js'

const record = (sequence: number) => sign({ author: 'a', epoch: 1, sequence, slot: 'streams/1', body: new Uint8Array([1]) })

describe('the inbox', () => {
  it('goes on with a peer when what follows from its records fails, and says so', async () => {
    const failures: string[] = []
    const accepted: number[] = []
    const inbox = new RecordInbox({
      judge: () => 'check',
      verify: () => true,
      accept: (_, records) => {
        if (records[0]?.sequence === 1) throw new Error('boom')
        accepted.push(...records.map(({ sequence }) => sequence))
      },
      violated: () => {},
      delayed: () => {},
      failed: (peer, error) => failures.push(`${peer} ${String(error)}`),
      rate: { rate: 10, burst: 10 },
    })
    inbox.take('b', [record(1)])
    inbox.take('b', [record(2)])
    await inbox.settled()
    expect([failures, accepted]).toEqual([['b Error: boom'], [2]])
  })
})
