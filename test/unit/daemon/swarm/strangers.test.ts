import type { MultiaddrConnection } from '@libp2p/interface'
import { describe, expect, it, vi } from 'vitest'
import { PendingConnections } from '../../../../src/daemon/swarm/pending.js'
import { Strangers } from '../../../../src/daemon/swarm/strangers.js'

const wire = (): { abort: ReturnType<typeof vi.fn<(reason: string) => void>> } => ({ abort: vi.fn<(reason: string) => void>() })

describe('Strangers', () => {
  it('have a few places, one each', () => {
    const strangers = new Strangers({ max: 2, time: 1000, idle: 500 })
    expect([strangers.admit('a'), strangers.admit('a'), strangers.admit('b'), strangers.admit('c')]).toEqual([true, false, true, false])
    const [first, second] = [wire(), wire()]
    expect([strangers.seat('a', first), strangers.seat('a', second), strangers.seat('x', second)]).toEqual([true, false, false])
    strangers.leave('a', second)
    expect(strangers.size).toBe(2)
    strangers.leave('a', first)
    expect(strangers.admit('c')).toBe(true)
    strangers.clear()
    expect(strangers.size).toBe(0)
  })

  it('are cut when they do nothing, and when their time is over', () => {
    vi.useFakeTimers()
    try {
      const strangers = new Strangers({ max: 2, time: 1000, idle: 300 })
      const [lazy, busy] = [wire(), wire()]
      strangers.admit('lazy')
      strangers.seat('lazy', lazy)
      strangers.admit('busy')
      strangers.seat('busy', busy)
      strangers.busy('busy')
      vi.advanceTimersByTime(310)
      expect([lazy.abort.mock.calls.length, busy.abort.mock.calls.length]).toEqual([1, 0])
      vi.advanceTimersByTime(700)
      expect(busy.abort).toHaveBeenCalledOnce()
      expect(strangers.size).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('have fewer places from one host, so that it cannot take all', () => {
    const strangers = new Strangers({ max: 4, time: 1000, idle: 500, perHost: 2 })
    const admitted = ['a', 'b', 'c'].map((peer) => strangers.admit(peer, '10.0.0.1'))
    expect([...admitted, strangers.admit('d', '10.0.0.2'), strangers.admit('e', '10.0.0.3'), strangers.admit('f', '10.0.0.4')]).toEqual([
      ...[true, true, false],
      ...[true, true, false],
    ])
    strangers.clear()
  })

  it('stay longer while persons decide, and then take no place of others', () => {
    vi.useFakeTimers()
    try {
      const strangers = new Strangers({ max: 1, time: 1000, idle: 300 })
      const waiting = wire()
      strangers.admit('waiting')
      strangers.seat('waiting', waiting)
      strangers.busy('waiting')
      strangers.stay('waiting', 5000)
      strangers.stay('unknown', 5000)
      expect([strangers.admit('next'), strangers.admit('third')]).toEqual([true, false])
      vi.advanceTimersByTime(4900)
      expect(waiting.abort).not.toHaveBeenCalled()
      vi.advanceTimersByTime(200)
      expect(waiting.abort).toHaveBeenCalledOnce()
    } finally {
      vi.useRealTimers()
    }
  })

  it('may be dialled while this node joins them, however often it does', () => {
    const strangers = new Strangers({ max: 2, time: 1000, idle: 300 })
    const [one, two] = [strangers.join('a'), strangers.join('a')]
    one()
    one()
    expect(strangers.joining('a')).toBe(true)
    two()
    expect(strangers.joining('a')).toBe(false)
  })
})

describe('PendingConnections', () => {
  /** A connection from a host that never says who it is. */
  function silent(host: string): { connection: MultiaddrConnection; cut: () => boolean } {
    const target = new EventTarget()
    const abort = vi.fn()
    const connection = Object.assign(target, { remoteAddr: `/ip4/${host}/tcp/1000`, abort })
    return { connection: connection as unknown as MultiaddrConnection, cut: () => abort.mock.calls.length > 0 }
  }

  it('cuts the oldest of a host, then the oldest of all; those that end by themselves are told', () => {
    const failed: string[] = []
    const pending = new PendingConnections({ max: 5, perHost: 3 }, (host) => failed.push(host))
    const flood = Array.from({ length: 4 }, () => silent('10.0.0.1'))
    for (const { connection } of flood) pending.add(connection)
    expect(flood.map(({ cut }) => cut())).toEqual([true, false, false, false])
    const others = ['10.0.0.2', '10.0.0.3', '10.0.0.4'].map(silent)
    for (const { connection } of others) pending.add(connection)
    expect(flood.map(({ cut }) => cut())).toEqual([true, true, false, false])
    expect(others.some(({ cut }) => cut())).toBe(false)
    for (const { connection } of others) pending.done(connection)
    expect(pending.size).toBe(2)
    flood[2]?.connection.dispatchEvent(new Event('close'))
    expect(pending.size).toBe(1)
    expect(failed).toEqual(['10.0.0.1'])
  })
})
