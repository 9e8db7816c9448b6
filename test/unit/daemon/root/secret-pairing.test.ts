import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ClusterSecret } from '../../../../src/daemon/keystore/cluster-secret.js'
import { SecretPairing } from '../../../../src/daemon/root/secret-pairing.js'
import type { Candidate } from '../../../../src/daemon/swarm/candidates.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

const forgotten = new Set<string>()
const secret = await ClusterSecret.derive('correct horse battery', { takes: (peer) => !forgotten.has(peer) })
const candidate = (peer: string, tagged = true): Candidate => ({
  ...{ peer, addresses: ['/ip4/10.0.0.2/tcp/4710'], seen: 0, source: '10.0.0.2' },
  ...(tagged && { tagged: true as const }),
})

function suitor(self = 'a') {
  const world = { candidates: [] as Candidate[], members: new Set<string>(), trusted: new Set<string>() }
  const dials: string[] = []
  const pending: ((error?: Error) => void)[] = []
  const log = memoryLog()
  const pairing = new SecretPairing({
    self,
    secret,
    isTrusted: (peer) => world.trusted.has(peer),
    candidates: () => world.candidates,
    isMember: (peer) => world.members.has(peer),
    join: (peer) => {
      dials.push(peer)
      return new Promise((resolve, reject) => pending.push((error) => (error ? reject(error) : resolve(undefined))))
    },
    log,
  })
  pairing.start()
  const answer = async (error?: Error): Promise<void> => {
    for (const settle of pending.splice(0)) settle(error)
    await vi.advanceTimersByTimeAsync(1)
  }
  return { world, dials, pending, log, pairing, answer }
}

describe('SecretPairing', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    forgotten.clear()
  })

  it('dials nobody whose tag is not of this cluster, however many announce one, and says so once a minute', async () => {
    const { world, dials, log, pairing } = suitor()
    world.candidates = Array.from({ length: 256 }, (_, at) => candidate(`p${at}`, at % 2 === 0))
    await vi.advanceTimersByTimeAsync(59_000)
    expect(dials).toEqual([])
    expect(pairing.strangers()).toHaveLength(128)
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    await pairing.stop()
  })

  it('dials a member at once, two at a time, and leaves the first dial to a lower id for a while', async () => {
    const { world, dials, pairing, answer } = suitor('m')
    world.candidates = ['n', 'o', 'p', 'b'].map((peer) => candidate(peer))
    world.members = new Set(['n', 'o', 'p', 'b'])
    await vi.advanceTimersByTimeAsync(1000)
    expect(dials).toEqual(['n', 'o'])
    world.trusted = new Set(['n', 'o'])
    await answer()
    await vi.advanceTimersByTimeAsync(600)
    expect(dials).toEqual(['n', 'o', 'p'])
    await vi.advanceTimersByTimeAsync(4000)
    expect(dials).toEqual(['n', 'o', 'p', 'b'])
    await answer()
    await pairing.stop()
  })

  it('tries again with growing pauses, not what was forgotten, and ends when it stops', async () => {
    const { world, dials, pairing, answer, log } = suitor()
    world.candidates = [candidate('b')]
    world.members = new Set(['b'])
    for (let at = 0; at < 600; at++) {
      await vi.advanceTimersByTimeAsync(1000)
      await answer(new Error('not there'))
    }
    expect(dials.length).toBeGreaterThan(5)
    expect(dials.length).toBeLessThan(20)
    expect(log.lines.some(({ msg }) => msg.includes('could not be paired'))).toBe(true)
    const before = dials.length
    forgotten.add('b')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(dials).toHaveLength(before)
    await pairing.stop()
    forgotten.clear()
    await vi.advanceTimersByTimeAsync(600_000)
    expect(dials).toHaveLength(before)
  })
})
