import { describe, expect, it } from 'vitest'
import { PeerQuota } from '../../../../src/daemon/streams/peer-quota.js'

describe('the streams of a peer', () => {
  it('one more than it may have is refused, and none of another peer', () => {
    const quota = new PeerQuota(3)
    const say = (peer: string) => quota.enter(peer)?.code
    expect([say('a'), say('a'), say('a'), say('a')]).toEqual([undefined, undefined, undefined, 'ERR_QUOTA_STREAMS'])
    expect(say('b')).toBeUndefined()
    quota.leave('a')
    // the refused one counts until it is gone
    expect(say('a')).toBe('ERR_QUOTA_STREAMS')
    for (let i = 0; i < 3; i++) quota.leave('a')
    expect(say('a')).toBeUndefined()
    expect(quota.refused).toBe(2)
  })

  it('opened and closed again and again are refused after a while', () => {
    const quota = new PeerQuota(256)
    let taken = 0
    for (let i = 0; i < 10_000; i++) {
      if (!quota.enter('flooder')) taken++
      quota.leave('flooder')
    }
    expect(taken).toBeGreaterThanOrEqual(2 * 256)
    expect(taken).toBeLessThan(2000)
    expect(quota.enter('other')).toBeUndefined()
  })

  it('peers beyond a thousand are remembered only while they have streams', () => {
    const quota = new PeerQuota(1)
    for (let i = 0; i < 5000; i++) {
      quota.enter(`p${i}`)
      quota.leave(`p${i}`)
    }
    expect(quota.size).toBeLessThanOrEqual(1001)
    expect(quota.enter('p4999')).toBeUndefined()
  })
})
