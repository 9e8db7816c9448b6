import { expect, it, vi } from 'vitest'
import { SourceGauge } from '../../../../src/daemon/streams/source-gauge.js'
import type { SourceStats } from '../../../../src/stream.js'

it('asks once a second at most', () => {
  let lost = 0
  const ask = vi.fn(() => ({ lost: lost++ }))
  const gauge = new SourceGauge(ask)
  expect([0, 1, 999, 1000, 1500].map((now) => gauge.read(now)?.lost)).toEqual([0, 0, 0, 1, 1])
  expect(ask).toHaveBeenCalledTimes(2)
})

it('takes numbers that can be, and nothing else', () => {
  const told = { received: 1, lost: -1, late: Number.NaN, rtt: '4', jitter: 0.5, secret: 7 } as unknown as SourceStats
  expect(new SourceGauge(() => told).read(0)).toEqual({ received: 1, jitter: 0.5 })
  expect(new SourceGauge(() => ({})).read(0)).toBeUndefined()
  expect(new SourceGauge(() => null as unknown as SourceStats).read(0)).toBeUndefined()
})

it('a publisher that throws tells nothing', () => {
  const tell = (): SourceStats => {
    throw new Error('not now')
  }
  expect(new SourceGauge(tell).read(0)).toBeUndefined()
})
