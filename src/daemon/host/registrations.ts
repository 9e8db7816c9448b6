/** What one plugin has registered, so that all of it can be undone. */

import { ShoalError } from '../../errors.js'
import { describe } from './containment.js'

/** What a plugin can register. */
export type RegistrationKind = 'route' | 'puller' | 'pusher' | 'service' | 'kind' | 'pull' | 'task'

interface Registration {
  readonly kind: RegistrationKind
  readonly label: string
  readonly undo: () => void
}

/** The registrations of one plugin, bounded for each kind of them. */
export class Registrations {
  readonly #owner: string
  readonly #limit: number
  readonly #held = new Set<Registration>()
  readonly #counts = new Map<RegistrationKind, number>()

  constructor(owner: string, limit: number) {
    this.#owner = owner
    this.#limit = limit
  }

  get size(): number {
    return this.#held.size
  }

  /**
   * Runs `register`, which returns its undo, and keeps that. `label` is what people see: `GET /hello/x`. Returns a
   * function that drops the entry without undoing it, for what ends by itself. Throws `ERR_LIMIT` before it registers.
   */
  add(kind: RegistrationKind, label: string, register: () => () => void): () => void {
    this.admit(kind)
    const held = { kind, label, undo: register() }
    this.#held.add(held)
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    return () => this.#drop(held)
  }

  /** Throws `ERR_LIMIT` when no more of this kind may be added. */
  admit(kind: RegistrationKind): void {
    const count = this.#counts.get(kind) ?? 0
    // a server plugin has a task for each connection
    const limit = kind === 'task' ? this.#limit * 10 : this.#limit
    if (count >= limit) throw new ShoalError('ERR_LIMIT', `The plugin ${this.#owner} has ${count} of these already, more are not allowed: ${kind}.`)
  }

  /** Labels of one kind, in the order of registration. */
  labels(kind: RegistrationKind): string[] {
    return [...this.#held].filter((held) => held.kind === kind).map((held) => held.label)
  }

  /** Undoes everything, or all of one kind, last first. Never throws; returns what the undos threw. */
  undo(kind?: RegistrationKind): string[] {
    const faults: string[] = []
    for (const held of [...this.#held].reverse()) {
      if (kind !== undefined && held.kind !== kind) continue
      this.#drop(held)
      try {
        held.undo()
      } catch (error) {
        faults.push(`${held.kind} ${held.label}: ${describe(error)}`)
      }
    }
    return faults
  }

  #drop(held: Registration): void {
    if (this.#held.delete(held)) this.#counts.set(held.kind, (this.#counts.get(held.kind) ?? 1) - 1)
  }
}
