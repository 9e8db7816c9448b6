/** JSON with the place of every value, so that a manifest's faults can be shown where they stand. Source: RFC 8259. */

import { type KeyPath, pointerOf } from '../../config/key-path.js'

/** A place in a text, both from 1. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

/** What is wrong with a text that should be JSON. */
export interface JsonFault extends TextPlace {
  /** A sentence without the full stop. */
  readonly message: string
}

/** A text that was read. With a fault, the value is what stands before it and is of no use. */
export interface JsonText {
  readonly value: unknown
  readonly fault?: JsonFault
  /** Where a value stands; with `atKey` where its key stands. The place of the nearest value above it where there is none. */
  placeOf(path: KeyPath, atKey?: boolean): TextPlace
}

const maxDepth = 32

/** Reads a text. Never throws. A key that stands twice is a fault: readers differ in which one counts. */
export function readJson(text: string): JsonText {
  const reader = new Reader(text)
  const { value, fault } = reader.read()
  const at = (offset: number): TextPlace => placeAt(text, offset)
  const placeOf = (path: KeyPath, atKey = false): TextPlace => {
    const offset = (atKey ? reader.places.get(`${pointerOf(path)}/`) : undefined) ?? reader.places.get(pointerOf(path))
    if (offset !== undefined || path.length === 0) return at(offset ?? 0)
    return placeOf(path.slice(0, -1))
  }
  return { value, placeOf, ...(fault && { fault: { ...at(fault.offset), message: fault.message } }) }
}

function placeAt(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

class Fault extends Error {
  readonly offset: number
  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

const space = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const word = /true|false|null/y

class Reader {
  /** JSON pointer → offset; with a trailing `/` that of the key. */
  readonly places = new Map<string, number>()
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): { value: unknown; fault?: Fault } {
    try {
      const value = this.#value([])
      this.#take(space)
      if (this.#at < this.#text.length) throw new Fault(this.#at, 'more text stands after the end of the value')
      return { value }
    } catch (error) {
      if (error instanceof Fault) return { value: undefined, fault: error }
      throw error
    }
  }

  #value(path: KeyPath): unknown {
    this.#take(space)
    if (path.length > maxDepth) throw new Fault(this.#at, `it is nested deeper than ${maxDepth} levels`)
    this.places.set(pointerOf(path), this.#at)
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(path)
    if (first === '[') return this.#array(path)
    if (first === '"') return this.#string('a text')
    const literal = this.#take(number) || this.#take(word)
    if (literal) return JSON.parse(literal)
    throw this.#unexpected('a value')
  }

  #object(path: KeyPath): Record<string, unknown> {
    const entries = new Map<string, unknown>()
    this.#at++
    if (this.#next('}')) return {}
    do {
      this.#take(space)
      const offset = this.#at
      const key = this.#string('a key in double quotes')
      if (entries.has(key)) throw new Fault(offset, `the key ${JSON.stringify(key.slice(0, 60))} stands here for the second time`)
      this.places.set(`${pointerOf([...path, key])}/`, offset)
      if (!this.#next(':')) throw this.#unexpected('a colon')
      entries.set(key, this.#value([...path, key]))
    } while (this.#next(','))
    if (!this.#next('}')) throw this.#unexpected('a comma or }')
    return Object.fromEntries(entries)
  }

  #array(path: KeyPath): unknown[] {
    const items: unknown[] = []
    this.#at++
    if (this.#next(']')) return items
    do items.push(this.#value([...path, items.length]))
    while (this.#next(','))
    if (!this.#next(']')) throw this.#unexpected('a comma or ]')
    return items
  }

  #string(what: string): string {
    const text = this.#take(string)
    if (!text)
      throw this.#text[this.#at] === '"'
        ? new Fault(this.#at, 'the text that begins here has no end, or holds what JSON does not allow')
        : this.#unexpected(what)
    return JSON.parse(text)
  }

  /** Passes over space, and over `mark` if it comes then. */
  #next(mark: string): boolean {
    this.#take(space)
    if (this.#text[this.#at] !== mark) return false
    this.#at++
    return true
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }

  #unexpected(expected: string): Fault {
    const found = this.#text[this.#at]
    return new Fault(this.#at, `${expected} is expected, not ${found === undefined ? 'the end' : JSON.stringify(found)}`)
  }
}
