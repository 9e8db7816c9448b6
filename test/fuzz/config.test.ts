/** Configuration from any bytes: right, or problems that say where. Never a throw, never a slow one. */

import fc from 'fast-check'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { environmentLayer } from '../../src/daemon/config/environment.js'
import { problemText } from '../../src/daemon/config/problem.js'
import { resolveLayers } from '../../src/daemon/config/resolve.js'
import { parseYamlBytes } from '../../src/daemon/config/yaml-file.js'
import { fuzz, runs } from './typed-errors.js'

const known = { pluginSchemas: { rtmp: Type.Object({ port: Type.Integer({ default: 1935 }) }), plain: undefined } }
const base = { kind: 'default' as const, value: { node: { name: 'x' } }, places: new Map(), problems: [] }

/** Reads, checks, and holds the outcome to its promise. Checking costs far more than reading, so `parseOnly` leaves it out. */
function load(bytes: Uint8Array, parseOnly = false): void {
  const data = parseYamlBytes(bytes, 'f')
  if (data.broken && data.problems.length === 0) throw new Error('broken without a problem')
  if (parseOnly) return
  const { config, problems } = resolveLayers([base, { kind: 'file', ...data }], known)
  if ((config === undefined) !== problems.length > 0) throw new Error('neither right nor wrong')
  for (const problem of problems) {
    if (problem.file !== 'f' || !(Number(problem.line) >= 1) || problem.message === '') throw new Error(`no place: ${problemText(problem)}`)
  }
}

const good = Buffer.from('node:\n  name: k\nhttp:\n  port: 80\n  allowedHosts: [a, "b"]\nplugins:\n  rtmp: {port: 1}\npulls:\n  - url: a:b\n')
const pieces = [
  'node',
  ': ',
  '\n',
  '  ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  "'",
  '&a ',
  '*a',
  '!!str ',
  '#',
  '|',
  '>',
  '?',
  '---\n',
  '%YAML 1.2\n',
  'http',
  'port',
  '1',
  'null',
  '~',
  '<<',
  '\t',
  '\u00e9',
  '__proto__',
]
const mutation = fc.array(fc.tuple(fc.nat(good.length), fc.constantFrom('cut', 'set', 'add'), fc.nat(255)), { minLength: 1, maxLength: 4 })

function mutate(changes: [number, 'cut' | 'set' | 'add', number][]): Uint8Array {
  let bytes = Buffer.from(good)
  for (const [at, how, value] of changes) {
    const end = how === 'cut' ? at + (value % 16) : how === 'set' ? at + 1 : at
    bytes = Buffer.concat([bytes.subarray(0, at), how === 'cut' ? Buffer.alloc(0) : Buffer.from([value]), bytes.subarray(end)])
  }
  return bytes
}

describe('configuration', () => {
  it('of random bytes', () => fuzz(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(3)), runs, ([bytes, way]) => load(bytes, way > 0)))
  it('of random pieces of YAML', () =>
    fuzz(fc.array(fc.constantFrom(...pieces), { maxLength: 16 }), Math.ceil(runs / 10), (parts) => load(Buffer.from(parts.join('')))))
  it('of a right file with changes', () => fuzz(fc.tuple(mutation, fc.nat(9)), runs, ([changes, way]) => load(mutate(changes), way > 0)))

  it('of random variables', () => {
    const name = fc
      .array(fc.constantFrom('HTTP', 'PORT', '__', '_', 'RTMP', 'PLUGINS', 'LOG', 'LEVELS', '__proto__', 'x', 'é', '-', '.'), { maxLength: 6 })
      .map((parts) => `SHOAL_${parts.join('')}`)
    fuzz(fc.dictionary(name, fc.string({ maxLength: 12 }), { maxKeys: 3 }), Math.ceil(runs / 10), (env) => {
      const layer = environmentLayer(env, known, ['rtmp', 'plain'])
      const { config, problems } = resolveLayers([base, layer], known)
      if ((config === undefined) !== problems.length > 0) throw new Error('neither right nor wrong')
    })
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})
