import { describe, expect, it } from 'vitest'
import { readJson } from '../../../../../src/daemon/portable/install/json-text.js'

describe('JSON with places', () => {
  it('reads what JSON.parse reads', () => {
    for (const text of ['{}', '[]', ' {"a": [1, -2.5e3, true, null, "x\\n\\u00e4", {"b": {}}]} ', '"text"', '0', '{"__proto__": 1}']) {
      expect(readJson(text)).toMatchObject({ value: JSON.parse(text) })
      expect(readJson(text).fault).toBeUndefined()
    }
  })

  it('knows where values and keys stand, and the nearest above what is missing', () => {
    const { placeOf } = readJson('{\n  "a": [1,\n    {"b": 2}]\n}')
    expect(placeOf([])).toEqual({ line: 1, column: 1 })
    expect(placeOf(['a'])).toEqual({ line: 2, column: 8 })
    expect(placeOf(['a'], true)).toEqual({ line: 2, column: 3 })
    expect(placeOf(['a', 1, 'b'])).toEqual({ line: 3, column: 11 })
    expect(placeOf(['a', 1, 'c'])).toEqual({ line: 3, column: 5 })
  })

  it.each([
    ['', 1, 1, 'a value is expected, not the end'],
    ['{"a": 1,}', 1, 9, 'a key in double quotes is expected, not "}"'],
    ["{'a': 1}", 1, 2, 'a key in double quotes is expected'],
    ['{"a" 1}', 1, 6, 'a colon is expected, not "1"'],
    ['{"a": 1 "b": 2}', 1, 9, 'a comma or } is expected'],
    ['[1 2]', 1, 4, 'a comma or ] is expected'],
    ['{\n"a": 01}', 2, 7, 'a comma or } is expected'],
    ['{"a": "x\ny"}', 1, 7, 'has no end'],
    ['{"a": 1, "a": 2}', 1, 10, 'for the second time'],
    ['{} x', 1, 4, 'after the end'],
    ['{"a": nul}', 1, 7, 'a value is expected'],
    ['['.repeat(1000), 1, 34, 'nested deeper'],
  ])('%j is refused at %i:%i', (text, line, column, message) => {
    expect(readJson(text).fault).toMatchObject({ line, column, message: expect.stringContaining(message) })
  })

  it('and JSON.parse agree on what is JSON, for texts with one character changed', () => {
    const text = '{"a": [1, -2.5e3, true, null], "b": {"c": "x\\n"}}'
    for (let at = 0; at < text.length; at++) {
      for (const character of ['', '"', ',', '{', ']', '0', '\\', 'e']) {
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        let value: unknown
        try {
          value = JSON.parse(changed)
        } catch {
          expect(readJson(changed).fault, changed).toBeDefined()
          continue
        }
        expect(readJson(changed).fault ? 'the second time' : value, changed).toEqual(readJson(changed).fault ? 'the second time' : readJson(changed).value)
      }
    }
  })
})
