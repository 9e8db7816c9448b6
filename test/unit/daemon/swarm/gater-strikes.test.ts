import type { MultiaddrConnection } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { createGater } from '../../../../src/daemon/swarm/gater.js'
import { Strangers } from '../../../../src/daemon/swarm/strangers.js'
import { Strikes } from '../../../../src/daemon/swarm/strikes.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

const peer = '12D3KooWBad'
const id = { toString: () => peer }
const connection = { remoteAddr: { toString: () => '/ip4/192.0.2.1/tcp/4710' } } as unknown as MultiaddrConnection

describe('a peer with three strikes', () => {
  it('may not come in for a minute, and then may', () => {
    const log = memoryLog()
    let now = 0
    const cut: string[] = []
    const strikes = new Strikes({ log, refuse: (bad) => cut.push(bad), now: () => now })
    const { gater, counts } = createGater({
      isTrusted: () => true,
      pairingOpen: () => true,
      refuses: (one) => strikes.refused(one),
      keyed: false,
      strangers: new Strangers({ max: 4, time: 1000, idle: 1000, perHost: 3 }),
      pending: { max: 10, perHost: 10 },
      closed: () => false,
      log,
    })
    const denied = (): unknown => gater.denyInboundEncryptedConnection?.(id as never, connection)
    for (let i = 0; i < 2; i++) strikes.add(peer, new Error('nonsense'))
    expect(denied()).toBe(false)
    strikes.add(peer, new Error('nonsense'))
    expect(cut).toEqual([peer])
    expect(denied()).toBe(true)
    now = 59_999
    expect(denied()).toBe(true)
    now = 60_000
    expect(denied()).toBe(false)
    expect(counts).toMatchObject({ struck: 2, strangers: 0 })
  })
})
