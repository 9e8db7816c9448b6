import { describe, expect, it } from 'vitest'
import { Copies } from '../../../../src/daemon/root/copies.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'
import { waitFor } from '../../../wait-for.js'

function watchCopies() {
  const time = { now: 0 }
  const log = memoryLog()
  const told: string[] = []
  const events = new Broadcast<{ type: string; newest?: boolean }>(() => ({ type: 'lagged' }))
  let watcher: (event: { type: string; peer?: string }) => void = () => {}
  let instance = ''
  let refused = 0
  const copies = new Copies({
    self: 'self',
    name: 'me',
    events: (signal) => events.listen(signal),
    control: {
      watch: (given) => {
        watcher = given
        return () => {}
      },
      hello: () => ({ instance }),
    },
    announce: (peer) => void told.push(peer),
    refuse: () => void refused++,
    log,
    now: () => time.now,
  })
  copies.start()
  const meet = (run: string, type = 'ready'): void => {
    instance = run
    watcher({ type, peer: 'attic' })
  }
  return { copies, events, meet, told, time, refused: () => refused }
}

describe('copies of a peer', () => {
  it('are seen when a run comes back that another had replaced; a restart is none', () => {
    const { copies, meet, told, time } = watchCopies()
    for (const run of ['a', 'a', 'b', 'b', 'c']) meet(run)
    expect([copies.peers(), told]).toEqual([[], []])
    meet('b', 'updated')
    meet('c')
    meet('b')
    expect([copies.peers(), told]).toEqual([['attic'], ['attic']])
    time.now += 600_000
    expect(copies.peers()).toEqual([])
    meet('c')
    expect([copies.peers(), told]).toEqual([['attic'], ['attic', 'attic']])
    copies.forget('attic')
    expect(copies.peers()).toEqual([])
  })
})

describe('a copy of this node', () => {
  it('makes the newer one serve nobody, once', async () => {
    const { copies, events, told, refused } = watchCopies()
    expect(copies.refusal).toBeUndefined()
    events.emit({ type: 'reachable' })
    events.emit({ type: 'copied', newest: true })
    events.emit({ type: 'copied', newest: true })
    await waitFor('the refusal', () => copies.refusal)
    await copies.close()
    expect([copies.refusal?.code, copies.copied, refused(), told]).toEqual(['ERR_IDENTITY_COPIED', true, 1, ['self']])
  })

  it('leaves the older one alone', async () => {
    const { copies, events, refused } = watchCopies()
    events.emit({ type: 'copied', newest: false })
    await waitFor('the news', () => copies.copied)
    await copies.close()
    expect([copies.refusal, refused()]).toEqual([undefined, 0])
  })
})
