/** Which targets a rule is about: text, `$name` for one segment, and `*` at the end for the rest. Nothing is compiled. */

import type { Action } from '../../services.js'
import { didYouMean } from './suggest.js'

/** Name of an action, and of the section of its rules. */
export type ActionName = Action['action']

/** All actions, in the order in which a file should have them. */
export const actionNames: readonly ActionName[] = ['stream.read', 'stream.publish', 'payload.send', 'api.call']

/** Bytes of a pattern: those of the longest path and kind. */
const maxPatternBytes = 255

type Part = { readonly text: string } | { readonly name: string }

/** A parsed pattern. */
export interface Pattern {
  readonly text: string
  readonly parts: readonly Part[]
  /** The text it begins with; may be empty. */
  readonly prefix: string
  /** It ends in `*`. */
  readonly open: boolean
  /** Names of its variables, without `$`. */
  readonly names: readonly string[]
  /** Sorts before that of every less specific pattern that matches the same target; equal = they match the same targets. */
  readonly order: string
}

/** Where a segment ends. */
function isSeparator(action: ActionName, char: string): boolean {
  if (action === 'stream.read' || action === 'stream.publish') return char === '/'
  return char === '.' || char === '/' || (action === 'api.call' && char === ' ')
}

/** Parses a pattern of a section; a text says what is wrong with it. */
export function parsePattern(text: string, action: ActionName): Pattern | string {
  const wrong = shapeFault(text, action)
  if (wrong !== undefined) return wrong
  const open = text.endsWith('*')
  const body = open ? text.slice(0, -1) : text
  const parts: Part[] = []
  let at = 0
  while (at < body.length) {
    const next = body[at] === '$' ? readName(body, at, action) : readText(body, at, action)
    if (typeof next === 'string') return next
    parts.push(next.part)
    at = next.end
  }
  const names = parts.flatMap((part) => ('name' in part ? [part.name] : []))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return `has $${twice} twice; give the second one another name`
  if (open && parts.at(-1) && 'name' in (parts.at(-1) as Part))
    return '$name stands for a whole segment, so * cannot follow it directly; put a / or . between them'
  return { text, parts, prefix: parts[0] && 'text' in parts[0] ? parts[0].text : '', open, names, order: orderOf(parts, open) }
}

/** What can be said about a pattern without taking it apart. */
function shapeFault(text: string, action: ActionName): string | undefined {
  if (text === '') return 'is empty; "*" stands for everything'
  if (Buffer.byteLength(text) > maxPatternBytes) return `is longer than ${maxPatternBytes} bytes`
  const star = text.indexOf('*')
  if (star >= 0 && star < text.length - 1) return 'has a * that is not the last character; * stands for the rest, $name for one segment'
  if (action === 'payload.send' || action === 'api.call') return /^[\x20-\x7e]+$/.test(text) ? undefined : 'may hold only printable ASCII characters'
  return pathFault(text)
}

function pathFault(text: string): string | undefined {
  const bare = text.split('/').filter((segment) => segment !== '')
  if (bare.join('/') !== text) return `has a / too many; did you mean ${bare.join('/') || '*'}?`
  if (bare.includes('.') || bare.includes('..')) return 'has a segment . or .., which no stream path has'
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069\\?#]/u.test(text)) return 'has a character that no stream path has: \\ ? # or a control character'
  return text.normalize('NFC') === text ? undefined : `is not in the form NFC of Unicode; write ${JSON.stringify(text.normalize('NFC'))}`
}

type Read = { readonly part: Part; readonly end: number } | string

function readName(body: string, at: number, action: ActionName): Read {
  const name = /^\$([A-Za-z][A-Za-z0-9_]*)/.exec(body.slice(at))?.[1]
  if (name === undefined) return 'has a $ without a name behind it; a variable is $ and a name of letters and digits'
  const end = at + 1 + name.length
  const starts = at === 0 || isSeparator(action, body[at - 1] ?? '')
  const ends = end === body.length || isSeparator(action, body[end] ?? '')
  if (!starts || !ends) return `has $${name} beside other text; a variable stands for a whole segment`
  return { part: { name }, end }
}

function readText(body: string, at: number, action: ActionName): Read {
  const dollar = body.indexOf('$', at)
  const end = dollar < 0 ? body.length : dollar
  if (dollar > 0 && !isSeparator(action, body[dollar - 1] ?? '')) return 'has a $ within a segment; a variable stands for a whole segment'
  return { part: { text: body.slice(at, end) }, end }
}

/**
 * Text before a variable, a variable before the end, the end before the rest. Of two patterns that match one target the
 * first difference is never one letter against another, so plain sorting puts the more specific one first.
 */
function orderOf(parts: readonly Part[], open: boolean): string {
  const marks = parts.map((part) => ('name' in part ? '\u0002' : [...part.text].map((char) => `\u0001${char}`).join('')))
  return `${marks.join('')}${open ? '\u0004' : '\u0003'}`
}

/** What the variables stand for, or `undefined` when the pattern does not match. */
export function matchPattern({ parts, prefix, open }: Pattern, target: string, action: ActionName): ReadonlyMap<string, string> | undefined {
  // most patterns end here, before anything is made
  if (!target.startsWith(prefix)) return undefined
  const captured = new Map<string, string>()
  let at = 0
  for (const part of parts) {
    if ('text' in part) {
      if (!target.startsWith(part.text, at)) return undefined
      at += part.text.length
    } else {
      const start = at
      while (at < target.length && !isSeparator(action, target[at] ?? '')) at++
      if (at === start) return undefined
      captured.set(part.name, target.slice(start, at))
    }
  }
  return open || at === target.length ? captured : undefined
}

/** Why `name` is no section. */
export function unknownAction(name: string): string {
  return `is no section${didYouMean(name, actionNames) || `; sections are ${actionNames.join(', ')}`}`
}
