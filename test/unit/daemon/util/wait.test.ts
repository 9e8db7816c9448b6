import { describe, expect, it } from 'vitest'
import { linkSignals } from '../../../../src/daemon/util/linked-signal.js'
import { Throttle, TokenBucket } from '../../../../src/daemon/util/rate.js'
import { abortable, Backoff, deadline, delay, within } from '../../../../src/daemon/util/wait.js'
import { ShoalError } from '../../../../src/errors.js'

describe('waiting', () => {
  it('ends with the reason of the signal', async () => {
    const stop = new AbortController()
    const waiting = delay(60_000, stop.signal)
    stop.abort(new ShoalError('ERR_STOPPING'))
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    await expect(delay(1, stop.signal)).rejects.toMatchObject({ code: 'ERR_STOPPING' })
  })

  it('gives up a promise that is too slow', async () => {
    await expect(within(new Promise(() => {}), 1, 'ERR_TIMEOUT', 'too slow')).rejects.toMatchObject({ code: 'ERR_TIMEOUT', message: 'too slow' })
    expect(await within(Promise.resolve(7), 1000, 'ERR_TIMEOUT')).toBe(7)
  })

  it('passes on the outcome of an abortable promise', async () => {
    expect(await abortable(Promise.resolve(1), undefined)).toBe(1)
    await expect(abortable(Promise.reject(new Error('no')), new AbortController().signal)).rejects.toThrow('no')
    await expect(abortable(new Promise(() => {}), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  })

  it('follows a parent', () => {
    const parent = new AbortController()
    const { signal, done } = deadline(60_000, 'ERR_TIMEOUT', undefined, parent.signal)
    parent.abort(new Error('parent'))
    expect(signal.reason).toMatchObject({ message: 'parent' })
    done()
  })

  it('joins signals, and lets go of them', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    const link = linkSignals(a.signal, undefined, b.signal)
    b.abort(new Error('b'))
    a.abort(new Error('a'))
    expect(link.signal.reason).toMatchObject({ message: 'b' })
    const other = new AbortController()
    const loose = linkSignals(other.signal)
    loose.done()
    other.abort()
    expect(loose.signal.aborted).toBe(false)
    expect(linkSignals(AbortSignal.abort()).signal.aborted).toBe(true)
  })
})

describe('Backoff', () => {
  it('doubles to its limit, with jitter', () => {
    const backoff = new Backoff({ min: 100, max: 1000, random: () => 1 })
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000])
    backoff.reset()
    expect(backoff.next()).toBe(100)
    expect(new Backoff({ min: 100, max: 1000, random: () => 0 }).next()).toBe(50)
  })
})

describe('rates', () => {
  it('refills tokens with time', () => {
    let now = 0
    const bucket = new TokenBucket({ rate: 10, burst: 2, now: () => now })
    expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false])
    now = 100
    expect([bucket.take(), bucket.take()]).toEqual([true, false])
  })

  it('counts what it held back', () => {
    let now = 0
    const seen: number[] = []
    const throttle = new Throttle(1000, () => now)
    for (let i = 0; i < 5; i++) throttle.run((held) => seen.push(held))
    now = 1000
    throttle.run((held) => seen.push(held))
    expect(seen).toEqual([0, 4])
  })
})
