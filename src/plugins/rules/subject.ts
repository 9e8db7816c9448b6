/** Whom a rule is about. */

import type { Principal } from '../../services.js'
import { didYouMean } from './suggest.js'

/** One subject of a rule. `ref`: a peer id or name, a user name. `variable`: a name without `$`. */
export type Subject =
  | { readonly kind: 'anyone' | 'owner' | 'any-peer' | 'any-user' | 'any-client' | 'local-client' }
  | { readonly kind: 'peer' | 'user'; readonly ref: string }
  | { readonly kind: 'variable'; readonly of: 'peer' | 'user' | 'either'; readonly variable: string }

/** What is known about peers. */
export interface PeerNames {
  /** Does `ref`, an id or a name in a rule, mean this peer? */
  means(ref: string, peer: string): boolean
  /** The name under which this node lists the peer. */
  nameOf(peer: string): string | undefined
}

const fixed: ReadonlyMap<string, Subject> = new Map([
  ['*', { kind: 'anyone' }],
  ['owner', { kind: 'owner' }],
  ['peer:*', { kind: 'any-peer' }],
  ['user:*', { kind: 'any-user' }],
  ['client:*', { kind: 'any-client' }],
  ['client:local', { kind: 'local-client' }],
] as const)

const forms = 'subjects are owner, peer:NAME, user:NAME, client:local, peer:*, user:*, client:*, $name and "*"'

/** Parses a subject; `variables` are those of the rule's pattern. A text says what is wrong. */
export function parseSubject(text: string, variables: readonly string[]): Subject | string {
  const known = fixed.get(text)
  if (known) return known
  const [, kind, ref] = /^(?:(peer|user):)?(.*)$/su.exec(text) ?? []
  if (ref?.startsWith('$')) return variable(kind, ref.slice(1), variables)
  if (kind === undefined || ref === undefined) return `${JSON.stringify(text.slice(0, 64))} is no subject${didYouMean(text, nearby(text))} (${forms})`
  const wrong = refFault(ref)
  if (wrong !== undefined) return `${JSON.stringify(text.slice(0, 64))} ${wrong}`
  return kind === 'peer' ? { kind: 'peer', ref } : { kind: 'user', ref }
}

function variable(kind: string | undefined, name: string, variables: readonly string[]): Subject | string {
  const of = kind === 'peer' || kind === 'user' ? kind : 'either'
  if (variables.includes(name)) return { kind: 'variable', of, variable: name }
  const none = variables.length === 0 ? '; it has no variables' : didYouMean(name, variables).replace('mean ', 'mean $')
  return `$${name.slice(0, 64)} is no variable of this pattern${none}`
}

/** Well-formed subjects that somebody may have meant. */
function nearby(text: string): string[] {
  const rest = /^\w+:(.+)$/.exec(text)?.[1]
  return [...fixed.keys(), ...(rest === undefined ? [] : [`peer:${rest}`, `user:${rest}`])]
}

function refFault(ref: string): string | undefined {
  if (ref === '') return 'has no name behind the colon'
  if (ref !== ref.trim()) return 'has a blank at an end of the name'
  if (ref.includes('…') || ref.endsWith('...')) return 'is shortened; write the whole id'
  if (ref.includes('*')) return 'has a * within a name; only peer:* and user:* stand for all'
  if (/[\u0000-\u001f\u007f]/.test(ref)) return 'has a control character'
  return Buffer.byteLength(ref) > 255 ? 'is longer than 255 bytes' : undefined
}

/** Is `who` the subject? `captured`: what the variables of the pattern stand for. */
export function isSubject(subject: Subject, who: Principal, captured: ReadonlyMap<string, string>, peers: PeerNames): boolean {
  switch (subject.kind) {
    case 'anyone':
      return true
    case 'owner':
      return who.kind === 'owner'
    case 'any-peer':
      return who.kind === 'peer'
    case 'any-user':
      return isUser(who)
    case 'any-client':
      return who.kind === 'client'
    case 'local-client':
      return who.kind === 'client' && who.local === true
    case 'peer':
      return who.kind === 'peer' && peers.means(subject.ref, who.id)
    case 'user':
      return isUser(who) && who.id === subject.ref
    case 'variable':
      return isNamed(who, subject.of, captured.get(subject.variable), peers)
  }
}

/** A client that has shown who it is. */
function isUser({ kind, id }: Principal): boolean {
  return kind === 'client' && id !== '' && id !== 'anonymous'
}

function isNamed(who: Principal, of: 'peer' | 'user' | 'either', name: string | undefined, peers: PeerNames): boolean {
  if (name === undefined) return false
  if (who.kind === 'peer') return of !== 'user' && (who.id === name || peers.nameOf(who.id) === name)
  return of !== 'peer' && isUser(who) && who.id === name
}
