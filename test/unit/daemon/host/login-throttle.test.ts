import { describe, expect, it } from 'vitest'
import { LoginThrottle } from '../../../../src/daemon/host/login-throttle.js'
import type { Credentials } from '../../../../src/services.js'

const far = (user: string, address = '192.0.2.7'): Credentials => ({ via: 'http', user, password: 'x', address, local: false })

function throttle() {
  let time = 0
  const made = new LoginThrottle(() => time)
  const fail = (credentials: Credentials, count: number): void => {
    for (let i = 0; i < count; i++) made.failed(credentials)
  }
  return { made, fail, pass: (ms: number) => (time += ms) }
}

describe('a throttle of logins', () => {
  it('lets a few mistakes pass, then pauses that grow to a minute', () => {
    const { made, fail, pass } = throttle()
    fail(far('ann'), 4)
    expect(made.take(far('ann'))).toBe(0)
    const waits = Array.from({ length: 9 }, () => {
      made.failed(far('ann'))
      const wait = made.take(far('ann'))
      pass(wait)
      expect(made.take(far('ann'))).toBe(0)
      return wait
    })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('lets one try at a time through after a pause', () => {
    const { made, fail, pass } = throttle()
    fail(far('ann'), 6)
    pass(2000)
    expect(made.take(far('ann'))).toBe(0)
    expect(made.take(far('ann'))).toBe(2000)
    made.undecided(far('ann'))
    expect(made.take(far('ann'))).toBe(0)
  })

  it('holds up neither other users nor other addresses', () => {
    const { made, fail } = throttle()
    fail(far('ann'), 10)
    expect(made.take(far('bob'))).toBe(0)
    expect(made.take(far('ann', '192.0.2.8'))).toBe(0)
  })

  it('forgets a user who was right, and everything in ten minutes', () => {
    const { made, fail, pass } = throttle()
    fail(far('ann'), 8)
    made.succeeded(far('ann'))
    expect(made.take(far('ann'))).toBe(0)
    fail(far('bob'), 60)
    pass(600_001)
    expect(made.take(far('bob'))).toBe(0)
    made.failed(far('bob'))
    expect(made.take(far('bob'))).toBe(0)
  })

  it('counts an address that tries many users or tokens, whoever of them is right', () => {
    const { made } = throttle()
    for (let i = 0; i < 55; i++) {
      made.failed(i % 2 === 0 ? far(`u${i}`) : { via: 'http', token: `t${i}`, address: '192.0.2.7' })
      made.succeeded(far('own'))
    }
    // the one who was right there begins anew, the address does not
    made.failed(far('other'))
    expect(made.take(far('new'))).toBeGreaterThan(0)
  })

  it('takes a network of IPv6 for one address', () => {
    const { made, fail } = throttle()
    fail(far('ann', '2001:db8::1'), 8)
    expect(made.take(far('ann', '2001:db8:0:0:ffff::9'))).toBeGreaterThan(0)
    expect(made.take(far('ann', '2001:db8:0:1::1'))).toBe(0)
  })

  it('never holds up a token of this machine, nor a unix socket, nor users of a proxy for each other', () => {
    const { made, fail } = throttle()
    const here = { via: 'http', address: '127.0.0.1', local: true }
    fail({ ...here, token: 'wrong' }, 1000)
    fail({ ...here, user: 'ann' }, 1000)
    fail({ via: 'http', user: 'ann' }, 1000)
    expect(made.take({ ...here, token: 'right' })).toBe(0)
    expect(made.take({ via: 'http', user: 'ann' })).toBe(0)
    expect(made.take({ ...here, user: 'bob' })).toBe(0)
    expect(made.take({ ...here, user: 'ann' })).toBeGreaterThan(0)
  })

  it('is bounded', () => {
    const { made } = throttle()
    for (let i = 0; i < 12_000; i++) made.failed(far('x'.repeat(i % 300), `10.0.${i >> 8}.${i & 255}`))
    expect(made.size).toBeLessThanOrEqual(10_000)
  })
})
