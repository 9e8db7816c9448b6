/** The rules of one file, ready to decide. Immutable; pure but for what it is told about peers. */

import type { Action, Principal } from '../../services.js'
import { type ActionName, actionNames, matchPattern, type Pattern } from './pattern.js'
import { isSubject, type PeerNames, type Subject } from './subject.js'

/** One line of a section. */
export interface Rule {
  readonly action: ActionName
  readonly pattern: Pattern
  /** Whom it lets. */
  readonly allow: readonly Subject[]
  /** Whom it refuses, whatever `allow` says. */
  readonly deny: readonly Subject[]
  /** Where it stands, from 1. */
  readonly line: number
  readonly column: number
  /** The rule as it is written, on one line. */
  readonly source: string
}

/** What came of a question. */
export interface Decision {
  readonly allowed: boolean
  /** Absent: the owner at the socket, who is bound by no rule. */
  readonly rule?: Rule
}

const anyoneElse: Decision = { allowed: false }

/** All rules. */
export class RuleSet {
  readonly rules: readonly Rule[]
  readonly #sections: ReadonlyMap<string, readonly Rule[]>

  constructor(rules: readonly Rule[]) {
    const sorted = [...rules].sort((a, b) => (a.pattern.order < b.pattern.order ? -1 : 1))
    this.rules = sorted
    this.#sections = new Map(actionNames.map((name) => [name, sorted.filter(({ action }) => action === name)]))
  }

  /** Decides. The most specific rule that matches the target decides alone; without one the answer is no. */
  decide(who: Principal, { action, target }: Action, peers: PeerNames): Decision {
    // who can open the socket can edit the file as well, and must be able to mend it
    if (isSocketOwner(who)) return { allowed: true }
    for (const rule of this.#sections.get(action) ?? []) {
      const captured = matchPattern(rule.pattern, target, action)
      if (!captured) continue
      const named = (subject: Subject): boolean => isSubject(subject, who, captured, peers)
      return { allowed: rule.allow.some(named) && !rule.deny.some(named), rule }
    }
    return anyoneElse
  }

  /** Names and ids of peers in the rules, each with a rule that has it. */
  peerRefs(): ReadonlyMap<string, Rule> {
    const found = new Map<string, Rule>()
    for (const rule of this.rules) for (const subject of [...rule.allow, ...rule.deny]) if (subject.kind === 'peer') found.set(subject.ref, rule)
    return found
  }
}

/** The user of this machine who came through the unix socket: the only owner without an address. */
function isSocketOwner({ kind, local, address }: Principal): boolean {
  return kind === 'owner' && local === true && address === undefined
}
