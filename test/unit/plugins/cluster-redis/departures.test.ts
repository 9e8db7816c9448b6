import { describe, expect, it } from 'vitest'
import { Departures } from '../../../../src/plugins/cluster-redis/departures.js'

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('departures', () => {
  it('go in the order of the calls, those with one addressee together', async () => {
    const carried: string[] = []
    const departures = new Departures(async (to, messages) => {
      carried.push(`${to || 'all'}: ${messages.map(({ body }) => Buffer.from(body)).join(' ')}`)
      return 2
    })
    const body = bytes('a')
    const calls = [
      departures.send('', 't', body),
      departures.send('', 't', bytes('b')),
      departures.send('ben', 't', bytes('c')),
      departures.send('', 't', bytes('d')),
    ]
    body.fill(0)
    expect(await Promise.all(calls)).toEqual([2, 2, 2, 2])
    expect(carried).toEqual(['all: a b', 'ben: c', 'all: d'])
  })

  it('are refused beyond a limit, and a failure is that of its own messages', async () => {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    let failing = true
    const departures = new Departures(async () => {
      await gate
      if (failing) throw new Error('lost')
      return 1
    })
    const large = new Uint8Array(256 * 1024)
    const calls = Array.from({ length: 70 }, () =>
      departures.send('', 't', large).catch((error: { code?: string; message: string }) => error.code ?? error.message),
    )
    await Promise.resolve()
    failing = true
    open()
    const outcomes = await Promise.all(calls)
    expect(outcomes.filter((one) => one === 'ERR_OVERLOADED').length).toBe(6)
    expect(outcomes.filter((one) => one === 'lost').length).toBe(64)
    failing = false
    expect(await departures.send('', 't', bytes('x'))).toBe(1)
  })
})
