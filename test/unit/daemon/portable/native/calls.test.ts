import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Calls } from '../../../../../src/daemon/portable/native/calls.js'
import { answerOf } from '../../../../../src/daemon/portable/native/codec.js'
import { maxCalls } from '../../../../../src/daemon/portable/native/limits.js'
import { MessagePipe } from '../../../../../src/daemon/portable/native/pipe.js'
import { ShoalError } from '../../../../../src/errors.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

function make(): Calls {
  const output = new PassThrough().resume()
  return new Calls(new MessagePipe(new PassThrough(), output, { message: () => {}, broken: () => {}, ended: () => {}, flooded: () => {} }), 'test')
}

describe('Calls', () => {
  it('matches answers by id, in any order', async () => {
    const calls = make()
    const both = [calls.call({ shutdown: {} }, { what: 'a' }), calls.call({ shutdown: {} }, { what: 'b' })]
    calls.answer(2, answerOf({ path: 'second' }))
    calls.answer(1, answerOf({ path: 'first' }))
    expect((await Promise.all(both)).map(({ path }) => path)).toEqual(['first', 'second'])
    expect(calls.size).toBe(0)
  })

  it('passes errors on', async () => {
    const calls = make()
    const call = codeOf(() => calls.call({ shutdown: {} }, { what: 'a' }))
    calls.answer(1, answerOf({ code: 'ERR_FORBIDDEN', message: 'no' }))
    expect(await call).toBe('ERR_FORBIDDEN')
  })

  it('has limits in time and number', async () => {
    const calls = make()
    expect(await codeOf(() => calls.call({ shutdown: {} }, { what: 'a', timeout: 5 }))).toBe('ERR_TIMEOUT')
    const open = Array.from({ length: maxCalls }, () => codeOf(() => calls.call({ shutdown: {} }, { what: 'a' })))
    expect(await codeOf(() => calls.call({ shutdown: {} }, { what: 'a' }))).toBe('ERR_OVERLOADED')
    calls.end(new ShoalError('ERR_PLUGIN_FAILED'))
    expect(new Set(await Promise.all(open))).toEqual(new Set(['ERR_PLUGIN_FAILED']))
    expect(await codeOf(() => calls.call({ shutdown: {} }, { what: 'a' }))).toBe('ERR_PLUGIN_FAILED')
  })

  it('ignores late answers and refuses invented ones', async () => {
    const calls = make()
    await codeOf(() => calls.call({ shutdown: {} }, { what: 'a', timeout: 5 }))
    calls.answer(1, answerOf({}))
    for (const id of [0, 2, 1000]) expect(await codeOf(() => calls.answer(id, answerOf({})))).toBe('ERR_PROTOCOL')
  })

  it('waits a while for the answer of a call that was aborted', async () => {
    const calls = make()
    const stop = new AbortController()
    const reason = new ShoalError('ERR_ABORTED')
    const patient = codeOf(() => calls.call({ shutdown: {} }, { what: 'a', signal: stop.signal, linger: 60_000 }))
    const hasty = codeOf(() => calls.call({ shutdown: {} }, { what: 'a', signal: stop.signal }))
    const brief = codeOf(() => calls.call({ shutdown: {} }, { what: 'a', signal: stop.signal, linger: 5 }))
    stop.abort(reason)
    expect(await hasty).toBe('ERR_ABORTED')
    expect(await brief).toBe('ERR_ABORTED')
    calls.answer(1, answerOf({}))
    expect(await patient).toBeUndefined()
    expect(await codeOf(() => calls.call({ shutdown: {} }, { what: 'a', signal: stop.signal }))).toBe('ERR_ABORTED')
  })
})
