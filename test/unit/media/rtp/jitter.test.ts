import { expect, it } from 'vitest'
import { Jitter } from '../../../../src/media/rtp/jitter.js'

it('is none where packets come as they were sent, also over the wrap', () => {
  const jitter = new Jitter(90_000)
  for (let i = 0; i < 50; i++) jitter.packet((2 ** 32 - 9000 + i * 3600) >>> 0, 1000 + i * 40)
  expect(jitter.ticks).toBe(0)
})

it('comes near to how far packets are off, and forgets a clock that was set', () => {
  const jitter = new Jitter(8000)
  for (let i = 0; i < 200; i++) jitter.packet(i * 160, i * 20 + (i % 2 === 0 ? 0 : 10))
  expect(jitter.ms).toBeGreaterThan(9.9)
  expect(jitter.ms).toBeLessThanOrEqual(10)
  const before = jitter.ticks
  jitter.packet(1_000_000_000, 4000)
  expect(jitter.ticks).toBe(before)
})
