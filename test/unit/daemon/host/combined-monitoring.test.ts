import { describe, expect, it } from 'vitest'
import { CombinedMonitoring } from '../../../../src/daemon/host/combined-monitoring.js'
import type { LogLine, Monitoring, PayloadCount } from '../../../../src/services.js'
import { memoryLog } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'

const line: LogLine = { level: 'warn', time: 0, module: 'swarm', msg: 'careful', fields: {} }
const payload: PayloadCount = { direction: 'in', kind: 't.x', outcome: 'ok', count: 1, bytes: 10 }

function combined(observers: Readonly<Record<string, Monitoring>>, interval = 60_000) {
  const log = memoryLog()
  const list = Object.entries(observers).map(([plugin, service]) => ({ plugin, service }))
  return { log, monitoring: new CombinedMonitoring({ observers: () => list, log, interval }) }
}

describe('monitoring', () => {
  it('counts, and tells every observer once', () => {
    const told: unknown[] = []
    const observer: Monitoring = { onPayload: (one) => void told.push(one), onLogin: (one) => void told.push(one), onStream: (one) => void told.push(one) }
    const { monitoring } = combined({ one: observer, two: observer, three: {} })
    for (let at = 0; at < 3; at++) monitoring.onPayload(payload)
    monitoring.onPayload({ ...payload, outcome: 'ERR_TIMEOUT' })
    for (const allowed of [true, false, true]) monitoring.onLogin({ allowed, via: 'http', count: 1 })
    monitoring.onStream({ type: 'published', count: 1 })
    monitoring.flush()
    const round = [
      { allowed: true, via: 'http', count: 2 },
      { allowed: false, via: 'http', count: 1 },
      { ...payload, count: 3, bytes: 30 },
      { ...payload, outcome: 'ERR_TIMEOUT' },
      { type: 'published', count: 1 },
    ]
    expect(told).toEqual([...round, ...round])
    monitoring.flush()
    expect(told.length).toBe(10)
  })

  it('tells by itself after a moment', async () => {
    const told: PayloadCount[] = []
    const { monitoring } = combined({ one: { onPayload: (one) => void told.push(one) } }, 10)
    monitoring.onPayload(payload)
    expect(told).toEqual([])
    await waitFor('the round', () => told.length === 1)
  })

  it('contains and counts observers that throw, reject or take long; the others are told', async () => {
    let told = 0
    const { monitoring, log } = combined({
      thrower: {
        onPayload: () => {
          throw new Error('no')
        },
      },
      late: { onPayload: (async () => Promise.reject(new Error('never'))) as () => void },
      slow: {
        onPayload: () => {
          for (const end = performance.now() + 120; performance.now() < end; );
        },
      },
      good: { onPayload: () => void told++ },
    })
    monitoring.onPayload(payload)
    monitoring.flush()
    expect(told).toBe(1)
    await waitFor('the late one', () => monitoring.failures.get('late') === 1)
    expect([...monitoring.failures.keys()].sort()).toEqual(['late', 'slow', 'thrower'])
    expect(log.lines.filter(({ msg }) => msg === 'monitoring plugin failed').length).toBe(1)
  })

  it('keeps a bounded number of lines and kinds', () => {
    const told = { lines: 0, kinds: new Map<string, number>() }
    const { monitoring } = combined({ one: { onError: () => void told.lines++, onPayload: ({ kind, count }) => void told.kinds.set(kind, count) } })
    for (let at = 0; at < 1500; at++) {
      monitoring.onError(line)
      monitoring.onPayload({ ...payload, kind: `kind${at}` })
    }
    monitoring.flush()
    expect([told.lines, monitoring.dropped]).toEqual([1000, 500])
    expect([told.kinds.size, told.kinds.get('')]).toEqual([501, 1000])
  })

  it('does not tell an observer of its own lines', () => {
    const told: string[] = []
    const { monitoring } = combined({
      one: { onError: ({ module }) => void told.push(`one ${module}`) },
      two: { onError: ({ module }) => void told.push(`two ${module}`) },
    })
    monitoring.onError({ ...line, module: 'plugin:one' })
    monitoring.flush()
    expect(told).toEqual(['two plugin:one'])
  })

  it('costs nothing where nobody looks on', () => {
    const { monitoring } = combined({})
    for (let at = 0; at < 5000; at++) monitoring.onError(line)
    expect(monitoring.dropped).toBe(0)
  })
})
