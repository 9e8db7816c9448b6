/** `ekuiper://PLUGIN/SYMBOL?key=value&datasource=topic`: which symbol, and what it is told. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ShoalError } from '../../../errors.js'

/** What a URL says. */
export interface SymbolRequest {
  readonly symbol: string
  /** Of the query: JSON where it is JSON, else text; dots nest. */
  readonly config: Readonly<Record<string, unknown>>
  /** What a source reads: a topic, a table. Empty where none is given. */
  readonly datasource: string
  /** Section of the source's file over `default`. */
  readonly confKey?: string
  /** Source: frames hold `{"message":…,"meta":…}` instead of the message alone. */
  readonly envelope: boolean
}

type Tree = { [key: string]: unknown }

/** Keys of the query that are not the plugin's. */
const datasourceKey = 'datasource'
const confKeyKey = 'CONF_KEY'
const envelopeKey = 'shoal.envelope'

const maxDepth = 16
const forbidden = ['__proto__', 'constructor', 'prototype']

/** Reads a URL; `symbols` are those there are. Throws `ERR_URL_INVALID`. */
export function readSymbolUrl(url: URL, kind: 'source' | 'sink', symbols: readonly string[]): SymbolRequest {
  const symbol = url.pathname.slice(1)
  if (!symbols.includes(symbol)) {
    const known = symbols.length > 0 ? `It has ${symbols.join(', ')}.` : 'It has none.'
    throw new ShoalError('ERR_URL_INVALID', `The plugin ${url.host} has no ${kind} ${symbol || '(no name)'}. ${known}`)
  }
  const config: Tree = {}
  const own = new Map<string, string>()
  for (const [key, value] of url.searchParams) {
    if ([datasourceKey, confKeyKey, envelopeKey].includes(key)) own.set(key, value)
    else place(config, key.split('.'), readValue(value))
  }
  const confKey = own.get(confKeyKey)
  const envelope = own.get(envelopeKey) === 'true'
  return { symbol, config, datasource: own.get(datasourceKey) ?? '', envelope, ...(confKey !== undefined && { confKey }) }
}

/**
 * What a source is configured with: `default` of its file `sources/SYMBOL.yaml`, the section of `confKey` over it, and the
 * URL's own over both, as eKuiper does. Rejects with `ERR_PLUGIN_CONFIG`.
 */
export async function sourceConfig(folder: string, request: SymbolRequest): Promise<Tree> {
  const file = join('sources', `${request.symbol}.yaml`)
  const sections = isTree(await readYaml(join(folder, file), file)) ?? {}
  const { confKey } = request
  const section = confKey === undefined ? undefined : Object.hasOwn(sections, confKey) ? sections[confKey] : missing(file, confKey)
  return { ...isTree(sections['default']), ...isTree(section), ...request.config }
}

function missing(file: string, confKey: string): never {
  throw new ShoalError('ERR_PLUGIN_CONFIG', `${file} has no section ${confKey}.`)
}

async function readYaml(path: string, shown: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => '')
  try {
    return parse(text, { maxAliasCount: 100 })
  } catch (cause) {
    throw new ShoalError('ERR_PLUGIN_CONFIG', `${shown} of the plugin is no YAML.`, { cause })
  }
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isTree(value: unknown): Tree | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

function place(tree: Tree, keys: readonly string[], value: unknown): void {
  const [first = '', ...rest] = keys
  if (first === '' || keys.length > maxDepth || forbidden.includes(first))
    throw new ShoalError('ERR_URL_INVALID', `The key ${keys.join('.').slice(0, 100) || '(empty)'} of the URL is no name of a setting.`)
  if (rest.length === 0) {
    tree[first] = value
    return
  }
  const below = Object.hasOwn(tree, first) ? (isTree(tree[first]) ?? {}) : {}
  place(below, rest, value)
  tree[first] = below
}
