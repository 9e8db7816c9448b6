/** Display names of peers: what is allowed, how a stranger's own name is made fit, and which name was meant. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'

/** Longest name, in characters. */
export const maxName = 63

/** Letters, marks, digits, punctuation, symbols and the plain space; hence no control, no direction mark, no zero-width character. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu

/** What all peer ids start with; a name that does could pass for one. */
const idStart = '12D3KooW'

/** Two names with the same key would look the same to people. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

/** A name a person chose, in NFC and trimmed. Throws `ERR_REQUEST_INVALID`. */
export function checkName(text: string): string {
  const name = text.normalize('NFC').trim()
  const length = [...name].length
  const refuse = (why: string): never => {
    throw new ShoalError('ERR_REQUEST_INVALID', `${JSON.stringify(name)} is no name for a peer: ${why}.`)
  }
  if (length < 1 || length > maxName) refuse(`it has ${length} characters, not 1 to ${maxName}`)
  if (!printable.test(name)) refuse('it holds characters that cannot be seen')
  if (name.includes('/')) refuse('a slash would end it in shoal://PEER/PATH')
  if (name.startsWith(idStart)) refuse('it looks like a peer id')
  return name
}

/** The name a peer gave itself, made fit: it is a suggestion by somebody else. */
export function fitName(text: string, id: PeerId): string {
  const visible = text.slice(0, 1024).normalize('NFC').replace(/\s+/gu, ' ').replace(unprintable, '').replaceAll('/', '-').trim()
  const name = cut(visible, maxName)
  return name === '' || name.startsWith(idStart) ? `peer-${id.slice(-6)}` : name
}

/** `name`, or `name-2`, `name-3` … : the first that is not taken. */
export function uniqueName(name: string, taken: (key: string) => boolean): string {
  let candidate = name
  for (let number = 2; taken(nameKey(candidate)); number++) {
    const suffix = `-${number}`
    candidate = cut(name, maxName - suffix.length) + suffix
  }
  return candidate
}

/** The one of `names` within two typing mistakes of `text`, the nearest first. */
export function closestName(text: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = 3
  for (const name of names) {
    const distance = mistakes(nameKey(text), nameKey(name))
    if (distance < bestDistance && distance < name.length) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

function cut(name: string, length: number): string {
  return [...name].slice(0, length).join('').trim()
}

/** Insertions, deletions and changes from `a` to `b` (Levenshtein); more than 2 may come out as 3. */
function mistakes(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
