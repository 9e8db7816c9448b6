import { describe, expect, it } from 'vitest'
import { checkAnswer, SymbolUse } from '../../../../../src/daemon/portable/ekuiper/symbol-use.js'
import { ShoalError } from '../../../../../src/errors.js'

describe('a symbol at work', () => {
  it('is told as eKuiper tells it: JSON in JSON, the data source in both spellings', () => {
    const use = new SymbolUse({ kind: 'source', symbol: 'random', user: 'a/b', datasource: 'topic', config: { interval: 5 } })
    const { cmd, arg } = JSON.parse(Buffer.from(use.command('start')).toString()) as { cmd: string; arg: string }
    expect(cmd).toBe('start')
    expect(JSON.parse(arg)).toEqual({
      ...{ symbolName: 'random', pluginType: 'source', dataSource: 'topic', datasource: 'topic', config: { interval: 5 } },
      meta: { ruleId: expect.stringMatching(/^shoal[0-9a-f]{16}$/), opId: 'source', instanceId: 0 },
    })
    expect(use.socketName).toMatch(/^shoal[0-9a-f]{16}_source_0$/)
    expect(new SymbolUse({ kind: 'source', symbol: 'random', user: 'a/b' }).socketName).not.toBe(use.socketName)
    expect(new SymbolUse({ kind: 'func', symbol: 'echo', user: 'echo' }).meta).toEqual({ ruleId: '', opId: '', instanceId: 0 })
  })

  it('is done when the answer is ok', () => {
    expect(() => checkAnswer(Buffer.from('ok'), 'source x')).not.toThrow()
    expect(() => checkAnswer(Buffer.from('symbol not found'), 'source x')).toThrow('The source x says: symbol not found')
    expect(() => checkAnswer(Buffer.from(''), 'source x')).toThrow(expect.objectContaining({ code: 'ERR_SOURCE_FAILED' }))
  })

  it('ends for its user', () => {
    const use = new SymbolUse({ kind: 'sink', symbol: 'file', user: 'a' })
    use.fail(new ShoalError('ERR_STOPPING'))
    expect(use.signal.reason).toMatchObject({ code: 'ERR_STOPPING' })
  })
})
