import { describe, expect, it } from 'vitest'
import { hungSteps, Lifecycle, type Step } from '../../../src/daemon/lifecycle.js'
import { ShoalError } from '../../../src/errors.js'
import { memoryLog } from '../../../src/testing/memory-log.js'

const never = (): Promise<never> => new Promise(() => {})
const code = (expected: string) => expect.objectContaining({ code: expected })
const outcomes = (report: { steps: readonly { name: string; outcome: string }[] } | undefined) => report?.steps.map(({ name, outcome }) => `${name} ${outcome}`)

/** Steps that note what is done to them; `change` replaces parts of one. */
function newSteps(names: string, change: Record<string, Partial<Step>> = {}) {
  const calls: string[] = []
  const steps = [...names].map(
    (name): Step => ({
      name,
      start: () => {
        calls.push(`+${name}`)
      },
      stop: async () => {
        calls.push(`-${name}`)
      },
      ...change[name],
    }),
  )
  return { calls, steps }
}

describe('a lifecycle', () => {
  it('starts in order, stops in reverse, and reports both', async () => {
    const { calls, steps } = newSteps('abc')
    const life = new Lifecycle(steps)
    expect(life.state).toBe('created')
    const started = await life.start()
    expect(life.state).toBe('running')
    expect(started).toMatchObject({ ok: true, steps: [{ name: 'a', outcome: 'ok', ms: expect.any(Number) }, { name: 'b' }, { name: 'c' }] })
    expect(life.startReport).toBe(started)
    const stopped = await life.stop()
    expect(calls.join(' ')).toBe('+a +b +c -c -b -a')
    expect(outcomes(stopped)).toEqual(['c ok', 'b ok', 'a ok'])
    expect(life.stopReport).toBe(stopped)
    expect(life.state).toBe('stopped')
  })

  it('does each once, however often it is asked', async () => {
    const { calls, steps } = newSteps('ab')
    const life = new Lifecycle(steps)
    const starts = await Promise.all([life.start(), life.start()])
    expect(starts[0]).toBe(starts[1])
    expect(await life.start()).toBe(starts[0])
    const stops = await Promise.all([life.stop(), life.stop()])
    expect(stops[0]).toBe(stops[1])
    expect(await life.stop()).toBe(stops[0])
    expect(calls.join(' ')).toBe('+a +b -b -a')
  })

  it('waits for one step before the next', async () => {
    const order: string[] = []
    const step = (name: string): Step => ({
      name,
      start: async () => {
        order.push(`${name} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(`${name} is up`)
      },
    })
    await new Lifecycle([step('a'), step('b')]).start()
    expect(order).toEqual(['a begins', 'a is up', 'b begins', 'b is up'])
  })

  it('stopped before it was started, never starts', async () => {
    const { calls, steps } = newSteps('a')
    const life = new Lifecycle(steps)
    expect(await life.stop()).toMatchObject({ ok: true, steps: [] })
    await expect(life.start()).rejects.toEqual(code('ERR_STOPPING'))
    expect(calls).toEqual([])
  })

  it('without steps works too', async () => {
    const life = new Lifecycle([])
    expect(await life.start()).toMatchObject({ ok: true, steps: [] })
    expect(await life.stop()).toMatchObject({ ok: true, steps: [] })
  })
})

describe('a failing start', () => {
  const boom = new ShoalError('ERR_PORT_IN_USE', 'port 1935 is in use', { hint: 'Set rtmp.port.' })

  it.each<[string, Partial<Step>]>([
    ['rejects', { start: () => Promise.reject(boom) }],
    [
      'throws',
      {
        start: () => {
          throw boom
        },
      },
    ],
  ])('that %s stops what was started, the failing step too, and names it', async (_name, part) => {
    const { calls, steps } = newSteps('abcd', { c: part })
    const log = memoryLog()
    const life = new Lifecycle(steps, { log })
    const error = await life.start().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_START_FAILED', message: 'c did not start: port 1935 is in use', cause: boom, hint: 'Set rtmp.port.' })
    expect(calls.join(' ')).toBe('+a +b -c -b -a')
    expect(outcomes(life.startReport)).toEqual(['a ok', 'b ok', 'c failed'])
    expect(outcomes(life.stopReport)).toEqual(['c ok', 'b ok', 'a ok'])
    expect(life.state).toBe('stopped')
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    await expect(life.start()).rejects.toBe(error)
    expect(calls).toHaveLength(5)
  })

  it('that hangs is aborted, stopped and named', async () => {
    let reason: unknown
    const { calls, steps } = newSteps('ab', {
      b: {
        startTimeout: 10,
        start: (signal) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason
          })
          return never()
        },
      },
    })
    const life = new Lifecycle(steps)
    await expect(life.start()).rejects.toMatchObject({ code: 'ERR_START_FAILED', message: 'b did not start: not up within 10 ms', cause: code('ERR_TIMEOUT') })
    expect(reason).toEqual(code('ERR_TIMEOUT'))
    expect(calls.join(' ')).toBe('+a -b -a')
    expect(outcomes(life.startReport)).toEqual(['a ok', 'b timeout'])
  })

  it('that fails after it was given up is nobody’s unhandled rejection', async () => {
    const { steps } = newSteps('a', {
      a: { startTimeout: 5, start: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => setImmediate(reject, new Error('late')))) },
    })
    await expect(new Lifecycle(steps).start()).rejects.toEqual(code('ERR_START_FAILED'))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  })

  it('keeps its error when its stop fails too', async () => {
    const { steps } = newSteps('ab', { a: { stop: () => Promise.reject(new Error('no')) }, b: { start: () => Promise.reject(boom) } })
    const life = new Lifecycle(steps)
    await expect(life.start()).rejects.toMatchObject({ cause: boom })
    expect(outcomes(life.stopReport)).toEqual(['b ok', 'a failed'])
  })

  it('wraps what is no error', async () => {
    const { steps } = newSteps('a', { a: { start: () => Promise.reject('a string') } })
    await expect(new Lifecycle(steps).start()).rejects.toMatchObject({ code: 'ERR_START_FAILED', message: 'a did not start: a string' })
  })
})

describe('a stop during the start', () => {
  it('aborts the step under way, waits for it, begins no other, and stops all', async () => {
    const { calls, steps } = newSteps('abc', {
      b: {
        start: (signal) =>
          new Promise((_, reject) => {
            calls.push('+b')
            signal.addEventListener('abort', () =>
              setImmediate(() => {
                calls.push('b gave up')
                reject(signal.reason)
              }),
            )
          }),
      },
    })
    const life = new Lifecycle(steps)
    const starting = life.start().catch((error: unknown) => error)
    while (!calls.includes('+b')) await new Promise((resolve) => setImmediate(resolve))
    const report = await life.stop()
    expect(await starting).toMatchObject({ code: 'ERR_ABORTED', message: 'The start was cancelled at b.' })
    expect(calls.join(' ')).toBe('+a +b b gave up -b -a')
    expect(outcomes(report)).toEqual(['b ok', 'a ok'])
    expect(outcomes(life.startReport)).toEqual(['a ok', 'b aborted'])
    expect(life.state).toBe('stopped')
  })

  it('does not wait for ever for a step that will not give up', async () => {
    const { calls, steps } = newSteps('ab', { b: { start: never, stopTimeout: 10 } })
    const life = new Lifecycle(steps)
    const starting = life.start().catch((error: unknown) => error)
    while (!calls.includes('+a')) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    await life.stop()
    expect(await starting).toEqual(code('ERR_ABORTED'))
    expect(calls.join(' ')).toBe('+a -b -a')
  })

  it('before the next step begins, leaves that out', async () => {
    const { calls, steps } = newSteps('ab')
    const life = new Lifecycle(steps)
    const starting = life.start().catch((error: unknown) => error)
    const report = await life.stop()
    expect(await starting).toEqual(code('ERR_ABORTED'))
    expect(calls.filter((call) => call.startsWith('+')).map((call) => call[1])).toEqual(report.steps.map(({ name }) => name).reverse())
    expect(life.state).toBe('stopped')
  })

  it('a start during the stop is the start that was', async () => {
    const { steps } = newSteps('a')
    const life = new Lifecycle(steps)
    const started = await life.start()
    const stopping = life.stop()
    expect(await life.start()).toBe(started)
    await stopping
    expect(life.state).toBe('stopped')
  })
})

describe('a stop', () => {
  it('goes on past steps that fail, throw or hang, and names those that hang', async () => {
    const { calls, steps } = newSteps('abcde', {
      b: { stop: never, stopTimeout: 10 },
      c: {
        stop: () => {
          throw new Error('thrown')
        },
      },
      d: { stop: () => Promise.reject(new Error('rejected')) },
    })
    const log = memoryLog()
    const life = new Lifecycle(steps, { log })
    await life.start()
    const report = await life.stop()
    expect(report.ok).toBe(false)
    expect(outcomes(report)).toEqual(['e ok', 'd failed', 'c failed', 'b timeout', 'a ok'])
    expect(report.steps.map(({ error }) => error)).toEqual([undefined, 'rejected', 'thrown', 'not down within 10 ms', undefined])
    expect(hungSteps(report)).toEqual(['b'])
    expect(calls.filter((call) => call.startsWith('-')).join(' ')).toBe('-e -a')
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(3)
  })

  it('leaves no timer', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const life = new Lifecycle(newSteps('abc').steps)
    await life.start()
    await life.stop()
    expect(timers()).toBeLessThanOrEqual(before)
  })
})
