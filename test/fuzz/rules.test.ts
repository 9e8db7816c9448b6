/** Rules files from any text: rules, or problems that say where. Never a throw, never a slow one. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actionNames } from '../../src/plugins/rules/pattern.js'
import { readRules } from '../../src/plugins/rules/read-rules.js'

const good =
  'stream.read:\n  "*": true\n  home/$who/*: [$who, owner]\nstream.publish:\n  "*": {allow: ["*"], deny: [peer:x]}\npayload.send:\n  "*": [peer:kitchen]\napi.call:\n  "*": [owner]\n'
const pieces = [
  ...actionNames,
  '"*"',
  '*',
  ': ',
  ':\n',
  '\n',
  '  ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '$who',
  'peer:',
  'owner',
  'true',
  'no',
  '&a ',
  '*a',
  '!!str ',
  '<<',
  '---\n',
  '#',
  '\t',
  '?',
  '|',
  '__proto__',
  'constructor',
  '\u0000',
  '\ud800',
]

const peers = { means: (ref: string, peer: string) => ref === peer, nameOf: () => 'kitchen' }

/** Reads, and holds the outcome to its promise. */
function load(text: string): void {
  const { rules, problems } = readRules(text, 'f')
  expect((rules === undefined) === problems.length > 0).toBe(true)
  for (const { file, line, column, message } of problems) expect([file, line >= 1, column >= 1, message.length > 0]).toEqual(['f', true, true, true])
  for (const action of rules ? actionNames : []) {
    const decision = rules?.decide({ kind: 'peer', id: 'p' }, { action, target: 'home/kitchen/x' }, peers)
    // every section has a rule for everything
    expect(decision?.rule).toBeDefined()
  }
}

describe('a rules file', () => {
  it('of pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (parts) => load(parts.join(''))),
      { numRuns: 3000 },
    )
  })

  it('with a few letters changed', () => {
    const change = fc.array(fc.tuple(fc.nat(good.length), fc.nat(3), fc.constantFrom(...pieces)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(change, (changes) => load(changes.reduce((text, [at, cut, piece]) => text.slice(0, at) + piece + text.slice(at + cut), good))),
      { numRuns: 3000 },
    )
  })

  it('of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => load(text)),
      { numRuns: 2000 },
    )
  })

  it('that is large and bad is read in a moment', () => {
    const texts = [
      'a: b\n'.repeat(50_000),
      `stream.read:\n${'  x: maybe\n'.repeat(20_000)}`,
      '['.repeat(200_000),
      `"*": [${'a, '.repeat(60_000)}]`,
      '- '.repeat(100_000),
    ]
    for (const text of texts) {
      const began = performance.now()
      load(text)
      expect(performance.now() - began).toBeLessThan(15_000)
    }
  })
})
