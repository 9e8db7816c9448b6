import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedQueue, Broadcast } from '../../../../src/daemon/util/queue.js'

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

describe('BoundedQueue', () => {
  it('refuses what is over the limit and counts it', async () => {
    const queue = new BoundedQueue<number>({ limit: 2 })
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false])
    expect(queue.dropped).toBe(1)
    queue.close()
    expect(await collect(queue)).toEqual([1, 2])
  })

  it('drops the oldest where asked', () => {
    const queue = new BoundedQueue<number>({ limit: 2, overflow: 'drop-oldest' })
    for (const n of [1, 2, 3]) queue.push(n)
    expect(queue.drain()).toEqual([2, 3])
  })

  it('limits weight, but lets one heavy item pass', () => {
    const queue = new BoundedQueue<number>({ limit: 10, maxWeight: 10, weigh: (n) => n })
    expect([queue.push(50), queue.push(1)]).toEqual([true, false])
    queue.shift()
    expect([queue.push(4), queue.push(6), queue.push(1)]).toEqual([true, true, false])
    expect(queue.weight).toBe(10)
  })

  it('hands over what is queued before it fails', async () => {
    const queue = new BoundedQueue<number>({ limit: 5 })
    queue.push(1)
    queue.fail(new Error('broken'))
    const seen: number[] = []
    await expect(
      (async () => {
        for await (const n of queue) seen.push(n)
      })(),
    ).rejects.toThrow('broken')
    expect(seen).toEqual([1])
  })

  it('behaves as a list with a limit', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
        const queue = new BoundedQueue<number>({ limit: 5 })
        const model: number[] = []
        for (const step of steps) {
          if (step === undefined) expect(queue.shift()).toBe(model.shift())
          else if (queue.push(step)) model.push(step)
          else expect(model.length).toBe(5)
        }
        expect(queue.size).toBe(model.length)
      }),
    )
  })
})

describe('Broadcast', () => {
  const lagged = (missed: number): number => -missed

  it('gives every listener every event', async () => {
    const channel = new Broadcast<number>(lagged)
    const [a, b] = [channel.listen(), channel.listen()]
    for (const n of [1, 2, 3]) channel.emit(n)
    channel.close()
    expect([await collect(a), await collect(b)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  it('tells a slow listener what it missed, and goes on', async () => {
    const channel = new Broadcast<number>(lagged, 2)
    const slow = channel.listen()
    for (let n = 1; n <= 5; n++) channel.emit(n)
    expect([(await slow.next()).value, (await slow.next()).value, (await slow.next()).value]).toEqual([1, 2, -3])
    channel.emit(6)
    expect((await slow.next()).value).toBe(6)
  })

  it('lets go of a listener that stops', async () => {
    const channel = new Broadcast<number>(lagged)
    const stop = new AbortController()
    const listener = channel.listen(stop.signal)
    channel.emit(1)
    expect((await listener.next()).value).toBe(1)
    const pending = listener.next()
    stop.abort()
    expect((await pending).done).toBe(true)
    expect(channel.listeners).toBe(0)
    expect((await channel.listen(stop.signal).next()).done).toBe(true)
  })
})
