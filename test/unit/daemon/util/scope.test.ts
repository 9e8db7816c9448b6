import { describe, expect, it } from 'vitest'
import { Scope } from '../../../../src/daemon/util/scope.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

const quick = { min: 1, max: 2 }
const make = (parent?: AbortSignal): Scope => new Scope({ name: 'test', log: memoryLog(), ...(parent && { parent }) })
const untilAborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

describe('Scope', () => {
  it('runs a task to its end and forgets it', async () => {
    const scope = make()
    const task = scope.run('once', () => {})
    await task.done
    expect(task.state).toBe('done')
    await scope.close()
    expect(scope.tree()).toEqual([])
  })

  it('keeps a failure in its task', async () => {
    const scope = make()
    const bad = scope.run('bad', () => {
      throw new Error('boom')
    })
    const good = scope.run('good', ({ signal }) => untilAborted(signal))
    await expect(bad.done).rejects.toThrow('boom')
    expect([bad.state, good.state]).toEqual(['failed', 'running'])
    expect(await scope.close()).toEqual([])
    expect(good.state).toBe('stopped')
  })

  it('restarts on failure, up to a limit', async () => {
    let runs = 0
    const scope = make()
    const task = scope.run(
      'flaky',
      () => {
        runs++
        throw new Error('again')
      },
      { restart: 'on-failure', backoff: quick, maxRetries: 3 },
    )
    await expect(task.done).rejects.toThrow('again')
    expect(runs).toBe(4)
  })

  it('restarts always, until it is stopped', async () => {
    let runs = 0
    const scope = make()
    const { promise, resolve } = Promise.withResolvers<void>()
    const task = scope.run(
      'loop',
      () => {
        if (++runs === 5) resolve()
      },
      { restart: 'always', backoff: quick },
    )
    await promise
    await task.stop()
    expect(task.state).toBe('stopped')
  })

  it('aborts children before it ends', async () => {
    const order: string[] = []
    const scope = make()
    const parent = scope.run('parent', async (inner) => {
      inner.run('child', async ({ signal }) => {
        await untilAborted(signal)
        await Promise.resolve()
        order.push('child')
      })
      await untilAborted(inner.signal)
      order.push('parent')
    })
    expect(scope.tree()[0]?.children[0]?.name).toBe('child')
    await parent.stop()
    expect(order.sort()).toEqual(['child', 'parent'])
  })

  it('names tasks that do not end in time', async () => {
    const scope = make()
    const { promise, resolve } = Promise.withResolvers<void>()
    scope.run('hung', () => promise)
    expect(await scope.close(undefined, 5)).toEqual(['test/hung'])
    resolve()
  })

  it('runs nothing once it has ended', async () => {
    const parent = new AbortController()
    const scope = make(parent.signal)
    parent.abort()
    let ran = false
    const task = scope.run('late', () => {
      ran = true
    })
    await task.done
    expect([ran, task.state]).toEqual([false, 'stopped'])
  })

  it('limits the number of tasks', async () => {
    const scope = make()
    for (let i = 0; i < 10_000; i++) scope.run(`t${i}`, ({ signal }) => untilAborted(signal))
    expect(() => scope.run('one more', () => {})).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
    await scope.close()
  })
})

describe('report', () => {
  it('shows how far a task is, by its newest word', async () => {
    const scope = new Scope({ name: 'root', log: memoryLog() })
    const task = scope.run('copy', async (own) => {
      own.report?.({ text: 'begins' })
      own.report?.({ text: 'x'.repeat(500), done: 1, total: 4 })
      await new Promise((resolve) => own.signal.addEventListener('abort', resolve))
    })
    expect(scope.tree()[0]?.progress).toEqual({ text: 'x'.repeat(200), done: 1, total: 4 })
    await task.stop()
  })
})
