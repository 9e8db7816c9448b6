import { expect, it } from 'vitest'
import { Nonces } from '../../../../src/plugins/rtsp/nonces.js'

it('knows its nonces by address and age, and keeps none that is not used', () => {
  let now = 1000
  const nonces = new Nonces(() => now)
  const nonce = nonces.make('192.0.2.1')
  expect(nonces.check(nonce, '192.0.2.1')).toBe('fresh')
  expect(nonces.check(nonce, '192.0.2.2')).toBe('foreign')
  for (const other of ['', 'x', nonce.slice(1), `A${nonce.slice(1, -1)}B`, new Nonces(() => now).make('192.0.2.1')])
    expect(nonces.check(other, '192.0.2.1')).toBe('foreign')
  expect(nonces.size).toBe(0)
  now += 300_001
  expect(nonces.check(nonce, '192.0.2.1')).toBe('stale')
})

it('takes each count once, upwards', () => {
  const nonces = new Nonces(() => 5)
  const nonce = nonces.make('a')
  expect([1, 1, 3, 2, 4].map((count) => nonces.use(nonce, count))).toEqual([true, false, true, false, true])
})

it('is bounded: what is dropped is stale, and so is what is older', () => {
  let now = 0
  const nonces = new Nonces(() => ++now, 10)
  const made = Array.from({ length: 20 }, () => nonces.make('a'))
  for (const nonce of made) nonces.use(nonce, 1)
  expect(nonces.size).toBe(10)
  expect(made.map((nonce) => nonces.use(nonce, 1))).not.toContain(true)
  expect(made.slice(0, 10).map((nonce) => nonces.check(nonce, 'a'))).not.toContain('fresh')
  now += 400_000
  nonces.use(nonces.make('a'), 1)
  expect(nonces.size).toBe(1)
})
