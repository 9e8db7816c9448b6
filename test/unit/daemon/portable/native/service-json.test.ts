import { describe, expect, it } from 'vitest'
import { fromServiceJson, maxBlobs, serviceArguments, toServiceJson } from '../../../../../src/daemon/portable/native/service-json.js'
import { codeOf } from '../../../../../src/testing/test-api.js'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('service JSON', () => {
  it('takes bytes out and puts them back, wherever they are', () => {
    const value = ['key', bytes(1, 2), { deep: [Buffer.from('x'), null, true] }, 5]
    const { json, blobs } = toServiceJson(value)
    expect(Buffer.from(json).toString()).toBe('["key",{"$blob":0},{"deep":[{"$blob":1},null,true]},5]')
    expect(fromServiceJson(json, blobs, 'it')).toEqual(['key', bytes(1, 2), { deep: [Buffer.from('x'), null, true] }, 5])
  })

  it('leaves what looks like a blob alone where there are none', () => {
    expect(fromServiceJson(Buffer.from('{"$blob":0}'), [], 'it')).toEqual({ $blob: 0 })
    expect(fromServiceJson(new Uint8Array(), [], 'it')).toBeNull()
    expect(toServiceJson(undefined).json).toEqual(Buffer.from('null'))
  })

  it('refuses bytes that are not there, too many of them, and what is no list', async () => {
    for (const text of ['{"$blob":1}', '{"$blob":-1}', '{"$blob":"0"}', '{"$blob":0.5}'])
      expect(await codeOf(() => fromServiceJson(Buffer.from(text), [bytes(1)], 'it'))).toBe('ERR_PROTOCOL')
    expect(await codeOf(() => toServiceJson(Array.from({ length: maxBlobs + 1 }, () => bytes(1))))).toBe('ERR_LIMIT')
    expect(await codeOf(() => serviceArguments({ arguments: Buffer.from('{}'), blobs: [] }, 'it'))).toBe('ERR_PROTOCOL')
    expect(serviceArguments({ arguments: new Uint8Array(), blobs: [] }, 'it')).toEqual([])
  })

  it('makes no prototypes', () => {
    const value = fromServiceJson(Buffer.from('{"__proto__":{"$blob":0}}'), [bytes(7)], 'it')
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value ?? {})).toEqual(['__proto__'])
  })
})
