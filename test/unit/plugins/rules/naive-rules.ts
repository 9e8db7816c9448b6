/** Rules decided the slow and plain way: every pattern is tried, and the matches are compared letter by letter of the target. */

import type { ActionName } from '../../../../src/plugins/rules/pattern.js'

const separators: Readonly<Record<ActionName, string>> = { 'stream.read': '/', 'stream.publish': '/', 'payload.send': './', 'api.call': './ ' }

/** For each letter of the target what covers it: L a letter, V a variable, R the rest; at the end E. A better match is greater. */
function cover(pattern: string, target: string, action: ActionName): string | undefined {
  if (pattern === '') return target === '' ? 'Z' : undefined
  if (pattern === '*') return 'A'.repeat(target.length + 1)
  const variable = /^\$[A-Za-z][A-Za-z0-9_]*/.exec(pattern)?.[0]
  if (variable !== undefined) {
    let length = 0
    while (length < target.length && !separators[action].includes(target[length] as string)) length++
    const rest = length > 0 ? cover(pattern.slice(variable.length), target.slice(length), action) : undefined
    return rest === undefined ? undefined : 'M'.repeat(length) + rest
  }
  if (pattern[0] !== target[0]) return undefined
  const rest = cover(pattern.slice(1), target.slice(1), action)
  return rest === undefined ? undefined : `Z${rest}`
}

/** The pattern that decides about a target. */
export function naiveWinner(patterns: readonly string[], target: string, action: ActionName): string | undefined {
  const matches = patterns.flatMap((pattern) => {
    const covered = cover(pattern, target, action)
    return covered === undefined ? [] : [{ pattern, covered }]
  })
  return matches.sort((a, b) => (a.covered > b.covered ? -1 : 1))[0]?.pattern
}

/** What the variables of the pattern stand for, by a regular expression. */
export function naiveCapture(pattern: string, target: string, action: ActionName): Record<string, string> | undefined {
  const literal = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}/]/g, '\\$&')
  const source = pattern
    .replace(/\*$/, '\u0000')
    .split(/(\$[A-Za-z][A-Za-z0-9_]*|\u0000)/)
    .map((part) => {
      if (part === '\u0000') return '[^]*'
      return part.startsWith('$') ? `(?<${part.slice(1)}>[^${literal(separators[action])}]+)` : literal(part)
    })
    .join('')
  const match = new RegExp(`^${source}$`, 'u').exec(target)
  return match ? { ...match.groups } : undefined
}
