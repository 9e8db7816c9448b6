/** One YAML file as plain data with the place of every value. Source: YAML 1.2.2, core schema. */

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, type YAMLError, type YAMLMap, type YAMLSeq } from 'yaml'
import { dotted, isMapping, type KeyPath, pointerOf } from './key-path.js'
import type { Place, Problem } from './problem.js'

/** Bytes of one file. */
export const maxFileSize = 1024 * 1024
const maxDepth = 32
/** Values of one file with aliases followed, so that a few lines cannot become a billion values. */
const maxValues = 20_000

/** A file's data. With problems the value is what could be read, for checking the rest too. */
export interface YamlData {
  readonly value: Record<string, unknown>
  /** JSON pointer → where the value stands; with a trailing `/` where its key stands. */
  readonly places: ReadonlyMap<string, Place>
  readonly problems: readonly Problem[]
  /** The file is not YAML: checking its values would only repeat the problem. */
  readonly broken: boolean
}

/** Reads and parses a file; `undefined` when it does not exist. What cannot be read is a problem, not a throw. */
export async function readYaml(file: string): Promise<YamlData | undefined> {
  const wrong = (message: string, at: Place = {}): YamlData => ({ broken: true, value: {}, places: new Map(), problems: [{ file, path: '', ...at, message }] })
  let bytes: Uint8Array
  try {
    bytes = await readBytes(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : wrong(`cannot be read: ${message}`)
  }
  if (bytes.length > maxFileSize) return wrong(`is larger than ${maxFileSize / 1024 / 1024} MiB`)
  return parseYamlBytes(bytes, file)
}

async function readBytes(file: string): Promise<Uint8Array> {
  // without O_NONBLOCK a pipe of that name would hold up the start for ever
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file')
    const buffer = Buffer.alloc(maxFileSize + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length)
    }
  } finally {
    await handle.close()
  }
}

/** Parses bytes that must be UTF-8; a byte order mark is skipped. */
export function parseYamlBytes(bytes: Uint8Array, file: string): YamlData {
  try {
    return parseYaml(new TextDecoder('utf-8', { fatal: true }).decode(bytes), file)
  } catch {
    const { line, column } = firstBadByte(bytes)
    return { broken: true, value: {}, places: new Map(), problems: [{ file, line, column, path: '', message: 'is not UTF-8 text' }] }
  }
}

/** Where decoding fails, found by halving. */
function firstBadByte(bytes: Uint8Array): { line: number; column: number } {
  const decodes = (length: number): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true })
      return true
    } catch {
      return false
    }
  }
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodes(middle)) good = middle
    else bad = middle
  }
  const before = Buffer.from(bytes.subarray(0, good)).toString('latin1')
  return { line: before.split('\n').length, column: good - before.lastIndexOf('\n') }
}

/** Parses text. Never throws for what the text holds. */
export function parseYaml(text: string, file: string): YamlData {
  const counter = new LineCounter()
  const strange = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text)
  if (strange) {
    const lines = text.slice(0, strange.index).split('\n')
    const place = { file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
    return { broken: true, value: {}, places: new Map(), problems: [{ ...place, path: '', message: 'holds a control character' }] }
  }
  try {
    // its own check for duplicate keys takes quadratic time; logLevel `silent` would also pass over second documents
    const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, stringKeys: true, uniqueKeys: false, logLevel: 'error' })
    return new Reader(document, file, counter).read()
  } catch (error) {
    // brackets nested thousands deep exhaust the parser's stack
    const message = error instanceof RangeError ? 'is nested too deeply' : `cannot be parsed: ${String(error).slice(0, 200)}`
    return { broken: true, value: {}, places: new Map(), problems: [{ file, line: 1, column: 1, path: '', message }] }
  }
}

const coreTags = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`))

type Node = ParsedNode | null

class Reader {
  readonly #document: Document.Parsed
  readonly #file: string
  readonly #counter: LineCounter
  readonly #places = new Map<string, Place>()
  readonly #problems: Problem[] = []
  // the library looks an alias up by walking the document, which a file of many aliases would make slow
  readonly #anchors = new Map<string, ParsedNode>()
  #values = 0

  constructor(document: Document.Parsed, file: string, counter: LineCounter) {
    this.#document = document
    this.#file = file
    this.#counter = counter
  }

  read(): YamlData {
    // tags are judged where they stand, in #value
    const warnings = this.#document.warnings.filter((fault) => fault.code !== 'TAG_RESOLVE_FAILED')
    const faults = [...this.#document.errors, ...warnings]
    const deepest = faults.find((fault) => fault.message.startsWith('Maximum call stack'))
    if (deepest) this.#problem(deepest.pos[0], [], 'is nested too deeply')
    else for (const fault of faults) this.#problem(fault.pos[0], [], syntaxMessage(fault))
    if (this.#document.directives?.yaml.explicit && this.#document.directives.yaml.version !== '1.2') {
      this.#problem(0, [], 'asks for an older YAML; remove the %YAML line')
    }
    const broken = this.#document.errors.length > 0
    const root = this.#document.contents
    const value = root === null || isNull(root) ? {} : this.#value(root, [])
    if (isMapping(value)) return { value, places: this.#places, problems: this.#problems, broken }
    if (!broken) this.#problem(root?.range[0] ?? 0, [], 'must hold keys with values, as in "node:", at its top level')
    return { value: {}, places: this.#places, problems: this.#problems, broken }
  }

  #value(node: Node, path: KeyPath): unknown {
    if (this.#values++ >= maxValues) {
      if (this.#values === maxValues + 1) this.#problem(node?.range[0] ?? 0, path, `is one value too many: a file may hold ${maxValues} with aliases followed`)
      return undefined
    }
    if (path.length > maxDepth) {
      this.#problem(node?.range[0] ?? 0, path, `is nested deeper than ${maxDepth} levels`)
      return undefined
    }
    if (node && !this.#places.has(pointerOf(path))) this.#places.set(pointerOf(path), this.#place(node.range[0]))
    if (node === null) return null
    if (isAlias(node)) return this.#alias(node.source, node.range?.[0] ?? 0, path)
    if (node.tag !== undefined && !coreTags.has(node.tag)) this.#problem(node.range[0], path, `the tag ${node.tag.slice(0, 80)} is not supported`)
    if (node.anchor) this.#anchors.set(node.anchor, node)
    if (isMap(node)) return this.#mapping(node as YAMLMap.Parsed, path)
    if (isSeq(node)) return (node as YAMLSeq.Parsed).items.map((item, index) => this.#value(item as Node, [...path, index]))
    return isScalar(node) ? this.#scalar(node.value, node.source ?? '', node.range[0], path, node.type === 'PLAIN') : null
  }

  #alias(name: string, offset: number, path: KeyPath): unknown {
    const target = this.#anchors.get(name)
    if (target) return this.#value(target, path)
    this.#problem(offset, path, `refers to *${name}, which is not defined above`)
    return undefined
  }

  #mapping(node: YAMLMap.Parsed, path: KeyPath): Record<string, unknown> {
    const entries = new Map<string, unknown>()
    for (const { key, value } of node.items) {
      const offset = key?.range?.[0] ?? node.range[0]
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined
      if (name === undefined) this.#problem(offset, path, 'has a key that is not text')
      else if (name === '<<') this.#problem(offset, [...path, name], 'merge keys are not supported; repeat the keys')
      else if (name === '__proto__') this.#problem(offset, [...path, name], 'is not allowed as a key')
      else {
        const at = [...path, name]
        if (entries.has(name)) this.#problem(offset, at, 'this key stands here for the second time')
        else this.#places.set(`${pointerOf(at)}/`, this.#place(offset))
        entries.set(name, this.#value(value as Node, at))
      }
    }
    return Object.fromEntries(entries)
  }

  #scalar(value: unknown, source: string, offset: number, path: KeyPath, plain: boolean): unknown {
    if (typeof value === 'bigint' || (typeof value === 'number' && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))))) {
      this.#problem(offset, path, `${source.slice(0, 40)} is not a number that can be used`)
      return undefined
    }
    if (plain && typeof value === 'number' && /^[-+]?0\d/.test(source)) {
      this.#problem(offset, path, `${source.slice(0, 40)} begins with 0, which some read as octal; write it without the 0, or in quotes`)
      return undefined
    }
    return value
  }

  #problem(offset: number, path: KeyPath, message: string): void {
    if (this.#problems.length < 100) this.#problems.push({ ...this.#place(offset), path: dotted(path), message })
  }

  #place(offset: number): Place {
    const { line, col } = this.#counter.linePos(offset)
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) }
  }
}

function isNull(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null
}

/** The parser's messages, made clearer where people meet them often. */
function syntaxMessage(error: YAMLError): string {
  if (error.code === 'TAB_AS_INDENT') return 'tabs cannot indent; use spaces'
  if (error.code === 'MULTIPLE_DOCS') return 'a second document starts here; a file holds one'
  return error.message.slice(0, 300).replace(/^[A-Z]/, (letter) => letter.toLowerCase())
}
