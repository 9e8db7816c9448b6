import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { startOrder } from '../../../../src/daemon/host/order.js'
import { checkPlugin, isPluginName, resolveConfig } from '../../../../src/daemon/host/validate.js'
import { ShoalError } from '../../../../src/errors.js'

describe('checkPlugin', () => {
  const handlePayload = (): void => {}
  const bad: [string, unknown, RegExp][] = [
    ['undefined', undefined, /not an object/],
    ['null', null, /null/],
    ['a function', () => {}, /function/],
    ['no name', {}, /name/],
    ['upper case', { name: 'Abc' }, /"Abc"/],
    ['a digit first', { name: '1a' }, /name/],
    ['an underscore', { name: 'a_b' }, /name/],
    ['a slash', { name: 'a/b' }, /name/],
    ['dots', { name: '..' }, /name/],
    ['41 characters', { name: 'a'.repeat(41) }, /40/],
    ['a reserved name', { name: 'api' }, /reserved/],
    ['start', { name: 'a', start: 'x' }, /start is not a function/],
    ['shutdown', { name: 'a', shutdown: {} }, /shutdown is not a function/],
    ['onPeerForgotten', { name: 'a', onPeerForgotten: true }, /onPeerForgotten is not a function/],
    ['handlePayload', { name: 'a', handlePayload: 1 }, /handlePayload is not a function/],
    ['kinds without a handler', { name: 'a', payloadKinds: ['k'] }, /no handlePayload/],
    ['kinds not a list', { name: 'a', handlePayload, payloadKinds: 'k' }, /not a list/],
    ['an empty kind', { name: 'a', handlePayload, payloadKinds: [''] }, /printable/],
    ['a kind that is not ASCII', { name: 'a', handlePayload, payloadKinds: ['ä'] }, /printable/],
    ['a kind with a line end', { name: 'a', handlePayload, payloadKinds: ['a\n'] }, /printable/],
    ['a kind of 256', { name: 'a', handlePayload, payloadKinds: ['a'.repeat(256)] }, /printable/],
    ['a kind that is undefined', { name: 'a', handlePayload, payloadKinds: [undefined] }, /printable/],
    ['a kind twice', { name: 'a', handlePayload, payloadKinds: ['k', 'k'] }, /twice/],
    ['config a string', { name: 'a', config: 'x' }, /JSON Schema/],
    ['provides a string', { name: 'a', provides: 'cache' }, /provides is not a list/],
    ['requires with a number', { name: 'a', requires: [1] }, /requires/],
    ['provides twice', { name: 'a', provides: ['cache', 'cache'] }, /twice/],
    ['info a string', { name: 'a', info: 'x' }, /info/],
    ['info.version a number', { name: 'a', info: { version: 1 } }, /info.version/],
  ]
  for (const [what, plugin, reason] of bad) {
    it(`refuses ${what}`, () => {
      expect(() => checkPlugin(plugin)).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_INVALID', message: expect.stringMatching(reason) }))
    })
  }

  it('accepts the smallest plugin, and class instances', () => {
    class Own {
      readonly name = 'own'
      readonly payloadKinds = ['a b', 'k'.repeat(255)]
      handlePayload(): void {}
    }
    checkPlugin({ name: 'a' })
    checkPlugin({ name: `a${'-'.repeat(39)}` })
    checkPlugin(new Own())
    expect(isPluginName('simple-tcp')).toBe(true)
  })

  it('throws nothing but ERR_PLUGIN_INVALID, whatever it is given', () => {
    const keys = fc.constantFrom('name', 'info', 'payloadKinds', 'config', 'provides', 'requires', 'start', 'shutdown')
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(keys, fc.anything())), (value) => {
        try {
          checkPlugin(value)
        } catch (error) {
          expect(error instanceof ShoalError && error.code).toBe('ERR_PLUGIN_INVALID')
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('resolveConfig', () => {
  const config = Type.Object(
    {
      port: Type.Integer({ default: 1935, minimum: 0 }),
      tls: Type.Optional(Type.Object({ cert: Type.String(), mode: Type.Enum(['a', 'b'], { default: 'a' }) }, { additionalProperties: false })),
      list: Type.Array(Type.Object({ weight: Type.Number({ default: 1 }) }), { default: [] }),
    },
    { additionalProperties: false },
  )
  const plain = {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'number', default: 5 }, deep: { type: 'object', default: {}, properties: { b: { default: 'x' } } } },
  }
  const fill = (given: unknown, schema: object = config) => resolveConfig({ name: 'p', config: schema }, given)

  it('fills in defaults, nested ones and those of plain JSON Schema too', () => {
    expect(fill(undefined)).toEqual({ port: 1935, list: [] })
    expect(fill({ tls: { cert: 'x' }, list: [{}, { weight: 3 }] })).toEqual({ port: 1935, tls: { cert: 'x', mode: 'a' }, list: [{ weight: 1 }, { weight: 3 }] })
    expect(fill({}, plain)).toEqual({ a: 5, deep: { b: 'x' } })
    expect([fill(undefined, { default: 3, type: 'number' }), fill(null)]).toEqual([3, { port: 1935, list: [] }])
    expect(resolveConfig({ name: 'p' }, { anything: 1 })).toEqual({ anything: 1 })
  })

  it('leaves what it was given as it was, and freezes the result throughout', () => {
    const given = { tls: { cert: 'x' } }
    const result = fill(given)
    expect(given).toEqual({ tls: { cert: 'x' } })
    expect(() => Object.assign((result as typeof given).tls, { cert: 'y' })).toThrow(TypeError)
  })

  const bad: [unknown, RegExp][] = [
    [{ port: '1935' }, /port must be integer/],
    [{ port: 1.5 }, /port must be integer/],
    [{ port: -1 }, /port must be >= 0/],
    [{ port: null }, /port must be integer/],
    [{ prot: 1 }, /prot is not a key it knows/],
    [{ tls: {} }, /tls must have required properties cert/],
    [{ tls: { cert: 'x', mode: 'c' } }, /tls\.mode must be one of a, b/],
    [{ tls: { cert: 'x', 'a/b': 1 } }, /tls\.a\/b is not a key it knows/],
    [{ list: [{ weight: 1 }, { weight: 'x' }] }, /list\.1\.weight must be number/],
    ['text', /\(whole\) must be object/],
    [[], /\(whole\) must be object/],
    [{ port: () => 1 }, /not plain data/],
  ]
  for (const [given, reason] of bad) {
    it(`refuses ${typeof given === 'string' ? given : JSON.stringify(given)}`, () => {
      expect(() => fill(given)).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_CONFIG', message: expect.stringMatching(reason) }))
    })
  }

  it('says so when the schema itself cannot be used', () => {
    expect(() => fill({}, { properties: { a: { pattern: '[', default: 'x' } } })).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_INVALID' }))
  })
})

describe('startOrder', () => {
  it('puts providers first and is stable otherwise, for any set of plugins without a circle', () => {
    const plugin = fc.record({ rank: fc.nat(9), requires: fc.array(fc.nat(9), { maxLength: 4 }) })
    fc.assert(
      fc.property(fc.array(plugin, { maxLength: 20 }), (list) => {
        // a plugin may need lower ranks only, so there is no circle
        const plugins = list.map(({ rank, requires }, at) => ({
          name: `${at}`,
          provides: [`s${rank}`],
          requires: requires.filter((other) => other < rank).map((other) => `s${other}`),
        }))
        const ordered = startOrder(plugins)
        expect(ordered.toSorted(byName)).toEqual(plugins.toSorted(byName))
        for (const [at, one] of ordered.entries()) {
          const later = ordered.slice(at + 1)
          expect(later.some((other) => other.provides.some((slot) => one.requires.includes(slot)))).toBe(false)
        }
        const free = ordered.filter(({ requires }) => requires.length === 0).map(({ name }) => Number(name))
        expect(free).toEqual(free.toSorted((a, b) => a - b))
      }),
    )
  })

  it('names the plugins of a circle and no others', () => {
    const needs = (name: string, provides: string[], requires: string[]) => ({ name, provides, requires })
    const plugins = [needs('outside', [], ['x']), needs('a', ['x'], ['z']), needs('b', ['y'], ['x']), needs('c', ['z'], ['y'])]
    expect(() => startOrder(plugins)).toThrow(/: a needs c needs b needs a\./)
    expect(() => startOrder([needs('self', ['x'], ['x'])])).toThrow(/: self needs self\./)
  })
})

function byName(a: { name: string }, b: { name: string }): number {
  return Number(a.name) - Number(b.name)
}
