import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { configSchema, defaultYaml, loadConfig } from '../../../../src/daemon/config/config.js'
import { coreSchema } from '../../../../src/daemon/config/schema.js'
import { type SchemaView, schemaView } from '../../../../src/daemon/config/schema-walk.js'
import { editDistance, suggest } from '../../../../src/daemon/config/suggest.js'

const pluginSchemas = {
  rtmp: Type.Object({ port: Type.Integer({ default: 1935, description: 'TCP port.' }), streamKey: Type.Optional(Type.String({ secret: true })) }),
  plain: undefined,
}

/** Keys that may be left out and have no default: the sample shows an example of them. */
const withoutDefault = [
  ...['log.file', 'swarm.networkKey', 'swarm.networkKeyFile', 'cluster.secret', 'cluster.secretFile'],
  ...['pulls[].url', 'pulls[].path', 'pulls[].standby'],
]

/** Every key with its schema. */
function leaves(schema: SchemaView, path: string): [string, SchemaView][] {
  if (schema.properties) return Object.entries(schema.properties).flatMap(([name, part]) => leaves(part, path === '' ? name : `${path}.${name}`))
  return schema.items?.properties ? [[path, schema], ...leaves(schema.items, `${path}[]`)] : [[path, schema]]
}

describe('the schema', () => {
  const all = leaves(schemaView(coreSchema), '')
  it('explains every key, with its default and its unit', () => {
    for (const [key, schema] of all) {
      expect(schema.description?.length, key).toBeGreaterThan(10)
      if (!withoutDefault.includes(key)) expect(schema.default ?? schema.defaultText, key).toBeDefined()
      if (/(Time|Timeout|Latency|Delay|timeout)$/.test(key)) expect(schema.unit, key).toBe('ms')
      if (/(Bytes|Size)$/.test(key)) expect(schema.unit, key).toBe('bytes')
    }
  })

  it('bounds every number, text and list', () => {
    for (const [key, schema] of all) {
      if (schema.type === 'integer' || schema.type === 'number') expect([typeof schema.minimum, typeof schema.maximum], key).toEqual(['number', 'number'])
      if (schema.type === 'array') expect(schema.maxItems, key).toBeDefined()
      if (schema.type === 'string' && !schema.enum) expect(schema.maxLength, key).toBeDefined()
    }
  })

  it('for editors takes a file that leaves anything out, and refuses what loading refuses', () => {
    const schema = JSON.parse(JSON.stringify(configSchema({ pluginSchemas }))) as SchemaView
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
    for (const good of [
      {},
      { http: {} },
      { http: { port: 1 } },
      { plugins: { rtmp: { port: 1 } } },
      { plugins: { mine: { use: './x', a: 1 } } },
      { pulls: [{ url: 'a:b' }] },
    ]) {
      expect(Value.Check(schema, good), JSON.stringify(good)).toBe(true)
    }
    for (const bad of [
      { htp: {} },
      { http: { prot: 1 } },
      { plugins: { rtmp: { prot: 1 } } },
      { plugins: { mine: { a: 1 } } },
      { pulls: [{}] },
      { node: { name: '' } },
    ]) {
      expect(Value.Check(schema, bad), JSON.stringify(bad)).toBe(false)
    }
  })
})

describe('the sample', () => {
  const write = async (text: string): Promise<unknown> => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-sample-'))
    try {
      writeFileSync(join(folder, 'shoal.yaml'), text)
      return (await loadConfig({ file: join(folder, 'shoal.yaml'), pluginSchemas, nodeName: 'kitchen' })).config
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('changes nothing as it is, and with every # taken away says the defaults', async () => {
    const sample = defaultYaml({ pluginSchemas })
    const defaults = await write('')
    expect(await write(sample)).toEqual(defaults)
    const open = sample
      .split('\n')
      .slice(3)
      .map((line) => line.replace(/^#/, ''))
      .join('\n')
    const sections = JSON.parse(JSON.stringify(await write(open))) as Record<string, Record<string, unknown>>
    for (const [section = '', key = ''] of withoutDefault.map((each) => each.split('.'))) delete sections[section]?.[key]
    expect(sections).toEqual(defaults)
  })

  it('names every key', () => {
    const sample = defaultYaml({ pluginSchemas })
    for (const [key] of leaves(configSchema({ pluginSchemas }), '')) {
      const name = key.split('.').at(-1) ?? ''
      if (!name.includes('[]')) expect(sample, key).toMatch(new RegExp(`^# *(# +)?${name}:`, 'm'))
    }
  })
})

describe('suggestions', () => {
  it('are the nearest words', () => {
    expect(suggest('prot', ['port', 'host'])).toEqual(['port'])
    expect(suggest('buffer_time', ['bufferTime', 'bufferBytes'])).toEqual(['bufferTime'])
    expect(suggest('PORT', ['part', 'port'])).toEqual(['port'])
    expect(suggest('prt', ['part', 'port', 'xxxx'])).toEqual(['part', 'port'])
    expect(suggest('xy', ['ab', 'x'])).toEqual(['x'])
    expect(suggest('', ['a'])).toEqual([])
  })

  it('measure a distance that is symmetric, zero for the same, and at most the longer length', () => {
    const word = fc.string({ maxLength: 8 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b, 100)
        return distance === editDistance(b, a, 100) && (distance === 0) === (a === b) && distance <= Math.max(a.length, b.length)
      }),
    )
    expect(editDistance('ab', 'ba')).toBe(1)
    expect(editDistance('kitten', 'sitting', 5)).toBe(3)
    expect(editDistance('a', 'abcdef')).toBe(3)
  })
})
