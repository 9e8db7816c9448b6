/** A rules file, from text to rules. Data only: nothing in it is evaluated. Source: YAML 1.2.2, core schema. */

import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, type YAMLError, type YAMLMap } from 'yaml'
import { type ActionName, actionNames, type Pattern, parsePattern, unknownAction } from './pattern.js'
import { maxProblems, type Problem } from './problem.js'
import { type Rule, RuleSet } from './rule-set.js'
import { parseSubject, type Subject } from './subject.js'
import { didYouMean } from './suggest.js'

/** Bytes of a file. */
export const maxFileSize = 256 * 1024
/** Rules of one section. */
const maxRules = 1000
/** Subjects of one list. */
const maxSubjects = 200

/** What came of reading: rules, or problems. Never both. */
export type ReadRules = { readonly rules: RuleSet; readonly problems: readonly [] } | { readonly rules?: undefined; readonly problems: readonly Problem[] }

/** Reads the text of a file; `file` names it in problems. Never throws for what the text holds. */
export function readRules(text: string, file: string): ReadRules {
  const reader = new Reader(text, file)
  const rules = reader.read()
  return reader.problems.length > 0 ? { problems: reader.problems } : { rules: new RuleSet(rules), problems: [] }
}

type Node = ParsedNode | null

interface Entry {
  readonly key: string
  readonly at: number
  readonly value: Node
}

interface Whom {
  readonly allow: readonly Subject[]
  readonly deny: readonly Subject[]
}

const everyone: Whom = { allow: [{ kind: 'anyone' }], deny: [] }
const nobody: Whom = { allow: [], deny: [] }

class Reader {
  readonly problems: Problem[] = []
  readonly #text: string
  readonly #file: string
  readonly #counter = new LineCounter()

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
  }

  read(): Rule[] {
    if (Buffer.byteLength(this.#text) > maxFileSize) return this.#fail(0, '', `is larger than ${maxFileSize / 1024} KiB`)
    // a plain star as key is the commonest slip, and the parser's words for it help nobody
    const star = /^[ \t]*\*[ \t]*:/m.exec(this.#text)
    const strange = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(this.#text)
    if (strange) return this.#unreadable(strange.index)
    const root = this.#parse()
    if (root === undefined && star) this.problems.length = 0
    if (root === undefined) return star ? this.#fail(star.index + star[0].indexOf('*'), '', starMessage) : []
    if (root === null || (isScalar(root) && root.value === null)) return this.#fail(0, '', `holds no rules; sections are ${actionNames.join(', ')}`)
    if (!isMap(root)) return this.#fail(root.range[0], '', 'must hold the sections of rules, as in "stream.read:", at its top level')
    const sections = this.#entries(root, '', '')
    const rules = sections.flatMap(({ key, at, value }) => {
      const action = actionNames.find((name) => name === key)
      return action ? this.#section(action, at, value) : this.#fail(at, key, unknownAction(key))
    })
    for (const name of actionNames) if (sections.every(({ key }) => key !== name)) this.#missing(name)
    return rules
  }

  /** A text that is not even given to the parser, which would know its lines. */
  #unreadable(at: number): never[] {
    const lines = this.#text.slice(0, at).split('\n')
    this.#problemAt({ line: lines.length, column: (lines.at(-1) ?? '').length + 1 }, '', 'holds a control character')
    return []
  }

  #missing(name: ActionName): void {
    this.#problem(Math.max(0, this.#text.length - 1), name, `is missing; every section must be there, with a rule "*" for what no other rule names`)
  }

  /** The root node; `undefined` where the text is no YAML, which has become a problem. */
  #parse(): Node | undefined {
    try {
      const options = { lineCounter: this.#counter, prettyErrors: false, stringKeys: true, uniqueKeys: false, logLevel: 'error' } as const
      const document = parseDocument(this.#text, options)
      const faults: readonly YAMLError[] = document.errors
      if (faults.some(({ message }) => message.startsWith('Maximum call stack'))) throw new RangeError()
      for (const fault of faults) this.#problem(fault.pos[0], '', syntaxMessage(fault, this.#text))
      return faults.length > 0 ? undefined : document.contents
    } catch (error) {
      // brackets nested thousands deep exhaust the parser's stack
      this.#problem(0, '', error instanceof RangeError ? 'is nested too deeply' : `cannot be parsed: ${String(error).slice(0, 200)}`)
      return undefined
    }
  }

  #section(action: ActionName, at: number, node: Node): Rule[] {
    const entries = this.#entries(node, action, 'must hold rules: a pattern, a colon, and whom it lets')
    if (entries.length > maxRules) return this.#fail(at, action, `has ${entries.length} rules; ${maxRules} are allowed`)
    const rules = entries.flatMap((entry) => this.#rule(action, entry) ?? [])
    const seen = new Map<string, Rule>()
    for (const rule of rules) {
      const before = seen.get(rule.pattern.order)
      if (before) this.#problemAt(rule, `${action} ${rule.pattern.text}`, `matches the same as ${before.pattern.text} in line ${before.line}`)
      else seen.set(rule.pattern.order, rule)
    }
    if (node && isMap(node) && entries.every(({ key }) => key !== '*'))
      this.#problem(at, action, 'has no rule "*"; every section needs one for what no other rule names')
    return rules
  }

  #rule(action: ActionName, { key, at, value }: Entry): Rule | undefined {
    const path = `${action} ${key.slice(0, 80)}`
    const pattern = parsePattern(key, action)
    if (typeof pattern === 'string') {
      this.#problem(at, path, pattern)
      return undefined
    }
    const whom = this.#whom(pattern, value, at, path)
    if (!whom) return undefined
    const { line, column } = this.#place(at)
    const end = value?.range[1] ?? at
    return { action, pattern, ...whom, line, column, source: this.#text.slice(at, end).replace(/\s+/g, ' ').trim().slice(0, 300) }
  }

  #whom(pattern: Pattern, node: Node, at: number, path: string): Whom | undefined {
    const place = node?.range[0] ?? at
    if (node && isSeq(node)) return { allow: this.#subjects(pattern, node, place, path), deny: [] }
    if (node && isMap(node)) return this.#both(pattern, node, place, path)
    const value: unknown = node && isScalar(node) && node.tag === undefined && node.anchor === undefined ? node.value : undefined
    if (value === true) return everyone
    if (value === false) return nobody
    this.#problem(place, path, wrongRule(node, value))
    return undefined
  }

  #both(pattern: Pattern, node: YAMLMap.Parsed, at: number, path: string): Whom {
    const found = new Map<string, Subject[]>()
    for (const { key, at: keyAt, value } of this.#entries(node, path, '')) {
      if (key === 'allow' || key === 'deny') found.set(key, this.#subjects(pattern, value, value?.range[0] ?? keyAt, `${path} ${key}`))
      else this.#problem(keyAt, path, `${JSON.stringify(key.slice(0, 40))} is neither allow nor deny${didYouMean(key, ['allow', 'deny'])}`)
    }
    const allow = found.get('allow')
    if (!allow) this.#problem(at, path, 'does not say whom it lets; add allow: ["*"] to let all others')
    return { allow: allow ?? [], deny: found.get('deny') ?? [] }
  }

  #subjects(pattern: Pattern, node: Node, at: number, path: string): Subject[] {
    if (!node || !isSeq(node)) return this.#fail(at, path, 'must be a list of subjects, as in [owner, peer:kitchen]')
    const items = node.items as Node[]
    if (items.length > maxSubjects) return this.#fail(at, path, `has ${items.length} subjects; ${maxSubjects} are allowed`)
    return items.flatMap((item) => {
      const place = item?.range[0] ?? at
      if (!item || !isScalar(item) || typeof item.value !== 'string') return this.#fail(place, path, wrongSubject(item))
      if (item.tag !== undefined || item.anchor !== undefined) return this.#fail(place, path, 'has a tag or an anchor; neither is supported here')
      const subject = parseSubject(item.value, pattern.names)
      return typeof subject === 'string' ? this.#fail(place, path, subject) : [subject]
    })
  }

  /** Keys and values of a mapping; what is none, or a key that cannot be used, becomes a problem. */
  #entries(node: Node, path: string, otherwise: string): Entry[] {
    if (!node || !isMap(node)) return this.#fail(node?.range[0] ?? 0, path, otherwise)
    const { items } = node as YAMLMap.Parsed
    const seen = new Set<string>()
    if ((node.tag !== undefined && node.tag !== 'tag:yaml.org,2002:map') || node.anchor !== undefined)
      this.#problem(node.range[0], path, 'has a tag or an anchor; neither is supported here')
    return items.flatMap(({ key, value }) => {
      const at = (key as Node)?.range[0] ?? node.range[0]
      const name: unknown = isScalar(key) ? key.value : undefined
      if (typeof name !== 'string') return this.#fail(at, path, isAlias(key) ? starMessage : 'has a key that is not text')
      if (name === '<<') return this.#fail(at, path, 'merge keys are not supported; repeat the rules')
      if (seen.has(name)) return this.#fail(at, `${path} ${name}`.trim(), 'stands here for the second time')
      seen.add(name)
      return [{ key: name, at, value: value as Node }]
    })
  }

  #fail(at: number, path: string, message: string): never[] {
    this.#problem(at, path, message)
    return []
  }

  #problem(at: number, path: string, message: string): void {
    this.#problemAt(this.#place(at), path, message)
  }

  #problemAt({ line, column }: { readonly line: number; readonly column: number }, path: string, message: string): void {
    if (this.problems.length < maxProblems) this.problems.push({ file: this.#file, line, column, path: path.slice(0, 300), message })
  }

  #place(offset: number): { line: number; column: number } {
    const { line, col } = this.#counter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

const starMessage = 'has a * without quotes, which YAML takes for an alias; write "*"'

function wrongRule(node: Node, value: unknown): string {
  const allowed = 'true, false, a list of subjects, or allow and deny with a list each'
  if (node && isAlias(node)) return starMessage
  if (value === undefined || value === null)
    return node && isScalar(node) && node.value !== null ? 'has a tag or an anchor; neither is supported here' : `has no value; it must be ${allowed}`
  if (typeof value !== 'string') return `must be ${allowed}, not ${String(value).slice(0, 40)}`
  if (/^(yes|on|allow|ok)$/i.test(value)) return `must be ${allowed}; did you mean true?`
  if (/^(no|off|deny|none|never)$/i.test(value)) return `must be ${allowed}; did you mean false?`
  const subject = parseSubject(value, [])
  return typeof subject === 'string' && !value.startsWith('$')
    ? `must be ${allowed}, not ${JSON.stringify(value.slice(0, 60))}`
    : `must be ${allowed}; did you mean [${value}]?`
}

function wrongSubject(item: Node): string {
  if (item && isAlias(item)) return starMessage
  if (item && isMap(item)) return 'must be text; a subject has no blank behind its colon: peer:kitchen'
  return 'must be text: owner, peer:kitchen, user:ada …'
}

/** The parser's messages, made clearer where people meet them often. */
function syntaxMessage(fault: YAMLError, text: string): string {
  if (fault.code === 'TAB_AS_INDENT') return 'tabs cannot indent; use spaces'
  if (fault.code === 'MULTIPLE_DOCS') return 'a second document starts here; a file holds one'
  if (fault.code === 'BAD_ALIAS' || text[fault.pos[0]] === '*') return starMessage
  return fault.message.slice(0, 300).replace(/^[A-Z]/, (letter) => letter.toLowerCase())
}
