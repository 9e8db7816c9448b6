import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSymbolUrl, sourceConfig } from '../../../../../src/daemon/portable/ekuiper/symbol-url.js'
import { isShoalError } from '../../../../../src/errors.js'

const read = (query: string) => readSymbolUrl(new URL(`ekuiper://My_Plugin/random${query}`), 'source', ['random'])

describe('the URL of a symbol', () => {
  it('gives JSON where the value is JSON, text where it is not, and nests by dots', () => {
    const { config, ...rest } = read('?a=1&b=%22x%22&c=x&d=true&e.f.g=null&e.h=%5B1%2C2%5D&i=007&datasource=a/b.c&CONF_KEY=k')
    expect(config).toEqual({ a: 1, b: 'x', c: 'x', d: true, e: { f: { g: null }, h: [1, 2] }, i: '007' })
    expect(rest).toEqual({ symbol: 'random', datasource: 'a/b.c', confKey: 'k', envelope: false })
    expect(read('?shoal.envelope=true')).toMatchObject({ envelope: true, config: {} })
  })

  it('names the symbols there are', () => {
    expect(() => readSymbolUrl(new URL('ekuiper://p/rando'), 'sink', ['file', 'log'])).toThrow('The plugin p has no sink rando. It has file, log.')
    expect(() => readSymbolUrl(new URL('ekuiper://p/random/x'), 'source', ['random'])).toThrow('no source random/x')
    expect(() => readSymbolUrl(new URL('ekuiper://p'), 'source', [])).toThrow('It has none.')
  })

  it.each(['?=1', '?a..b=1', '?__proto__.x=1', '?a.constructor=1', `?${Array(20).fill('a').join('.')}=1`])('refuses %s', (query) => {
    expect(() => read(query)).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  })

  it('any query is a configuration or a typed error', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (query) => {
        try {
          read(`?${query}`)
        } catch (error) {
          expect(isShoalError(error, 'ERR_URL_INVALID')).toBe(true)
        }
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
      }),
    )
  })
})

describe('the configuration of a source', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-sources-'))
    mkdirSync(join(folder, 'sources'))
    writeFileSync(join(folder, 'sources/random.yaml'), 'default:\n  interval: 1000\n  seed: 1\nfast:\n  interval: 10\n')
    writeFileSync(join(folder, 'sources/bad.yaml'), 'default: [\n')
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const of = (symbol: string, query: string) => sourceConfig(folder, readSymbolUrl(new URL(`ekuiper://p/${symbol}${query}`), 'source', [symbol]))

  it('is that of its file, a section of it, and the URL, each over the one before', async () => {
    expect(await of('random', '')).toEqual({ interval: 1000, seed: 1 })
    expect(await of('random', '?CONF_KEY=fast')).toEqual({ interval: 10, seed: 1 })
    expect(await of('random', '?CONF_KEY=fast&seed=2')).toEqual({ interval: 10, seed: 2 })
    expect(await of('nothing', '?a=1')).toEqual({ a: 1 })
  })

  it('says what is missing or wrong', async () => {
    await expect(of('random', '?CONF_KEY=slow')).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG', message: expect.stringContaining('no section slow') })
    await expect(of('bad', '')).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG', message: expect.stringContaining('no YAML') })
  })
})
