/** The default of the slot `locks`: {@link LockMachine} over the slots `clusterNode` and `clusterRegistry`. */

import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import { ShoalError } from '../../../../errors.js'
import type { KeyValue, Lock, LockOptions, Locks } from '../../../../services.js'
import { abortReason, monotonic } from '../../../util/wait.js'
import { type ClusterParts, followMembers, followTopic } from './cluster-parts.js'
import { checkText, ownPrefix } from './cluster-text.js'
import type { LockEffect } from './lock-effect.js'
import { LockMachine, type LockTiming } from './lock-machine.js'
import { readLockMessage, type Term } from './lock-messages.js'
import { readJson, writeJson } from './state-messages.js'

const wireTopic = `${ownPrefix}locks`
const termKey = 'term'
const savedTerm = Type.Object({ number: Type.Integer({ minimum: 0 }), leader: Type.String() })

/** Locks a node may hold and ask for at a time. */
const maxLocks = 500
const defaultTimeout = 5000
const defaultTiming: LockTiming = { retry: 400, report: 2000, grace: 1000, absence: 2000 }

/** What it is made of. */
export interface LockParts extends ClusterParts {
  /** Where the term is kept, so that tokens go on rising when the whole cluster was off. Opened when it is first needed. */
  readonly store: () => KeyValue
  readonly timing?: Partial<LockTiming>
}

/** A call of `get` that waits for the leader. */
interface Waiting {
  settle(lock: Lock | undefined): void
}

/** Locks that the leader grants. */
export class LeaderLocks implements Locks {
  readonly #parts: LockParts
  readonly #instance = randomBytes(6).toString('hex')
  readonly #ending = new AbortController()
  readonly #waiting = new Map<string, Waiting>()
  readonly #held = new Map<string, AbortController>()
  readonly #sending = new Set<Promise<void>>()
  #tasks: readonly Promise<void>[] = []
  #opening: Promise<LockMachine> | undefined
  #machine: LockMachine | undefined
  #timer: NodeJS.Timeout | undefined
  #requests = 0
  #asked = 0

  constructor(parts: LockParts) {
    this.#parts = parts
  }

  /** Begins to speak with the other members. */
  start(): void {
    const { signal } = this.#ending
    this.#tasks = [
      followMembers(this.#parts, signal, () => this.#look()),
      followTopic(this.#parts, wireTopic, signal, (peer, body) => this.#receive(peer, body)),
    ]
    void this.#open().then(() => this.#look())
  }

  async get(name: string, options: LockOptions = {}): Promise<Lock | undefined> {
    checkText(name, 'The name of a lock', 200)
    const { signal } = options
    signal?.throwIfAborted()
    if (this.#ending.signal.aborted) throw new ShoalError('ERR_STOPPING')
    if (this.#asked + this.#held.size >= maxLocks) throw new ShoalError('ERR_LIMIT', `This node has ${maxLocks} locks already.`)
    this.#asked++
    try {
      const machine = await this.#open()
      signal?.throwIfAborted()
      this.#look()
      return await this.#ask(machine, name, options)
    } finally {
      this.#asked--
    }
  }

  /** Gives back what is held and waits, at most `limit` ms, until the leader knows. */
  async close(limit = 500): Promise<void> {
    if (this.#ending.signal.aborted) return
    const error = new ShoalError('ERR_STOPPING')
    for (const request of [...this.#held.keys()]) void this.#release(request, error)
    for (const { settle } of [...this.#waiting.values()]) settle(undefined)
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limit)
    await Promise.race([promise, Promise.all(this.#sending)])
    clearTimeout(timer)
    clearTimeout(this.#timer)
    this.#ending.abort(error)
    await Promise.all(this.#tasks)
  }

  #ask(machine: LockMachine, name: string, { timeout = defaultTimeout, signal }: LockOptions): Promise<Lock | undefined> {
    const request = `${this.#instance}.${++this.#requests}`
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
        this.#waiting.delete(request)
      }
      const settle = (lock: Lock | undefined): void => {
        done()
        // an answer that comes later than this finds nobody
        if (!lock) this.#apply(machine.drop(request, monotonic()))
        resolve(lock)
      }
      const stop = (): void => {
        reject(signal ? abortReason(signal) : undefined)
        settle(undefined)
      }
      const timer = setTimeout(() => settle(undefined), timeout)
      signal?.addEventListener('abort', stop, { once: true })
      this.#waiting.set(request, { settle })
      this.#apply(machine.acquire(request, name, monotonic()))
    })
  }

  #open(): Promise<LockMachine> {
    this.#opening ??= this.#load().then((term) => {
      this.#machine = new LockMachine(this.#parts.self, term, { ...defaultTiming, ...this.#parts.timing })
      return this.#machine
    })
    return this.#opening
  }

  async #load(): Promise<Term> {
    try {
      const saved = await this.#parts.store().get(termKey)
      if (saved) return readJson(savedTerm, saved)
    } catch (err) {
      this.#parts.log.error('the term of the locks cannot be read; fencing tokens may be lower than before', { err })
    }
    return { number: 0, leader: '' }
  }

  async #save(term: Term): Promise<void> {
    try {
      await this.#parts.store().set(termKey, writeJson(term))
    } catch (err) {
      this.#parts.log.error('the term of the locks cannot be saved; after a restart of all nodes fencing tokens may be lower than before', { err })
    }
    if (this.#machine && !this.#ending.signal.aborted) this.#apply(this.#machine.saved(term, monotonic()))
  }

  /** Members and leader as they are now. */
  #look(): void {
    const registry = this.#parts.registry()
    if (this.#machine) this.#apply(this.#machine.view(registry.members(), registry.leader(), monotonic()))
  }

  #receive(peer: string, body: Uint8Array): void {
    this.#look()
    if (this.#machine) this.#apply(this.#machine.receive(peer, readLockMessage(body), monotonic()))
  }

  /** Returns what was sent. */
  #apply(effects: readonly LockEffect[]): readonly Promise<void>[] {
    const sent: Promise<void>[] = []
    for (const effect of effects) {
      if (effect.type === 'send') sent.push(this.#send(effect))
      else if (effect.type === 'save') void this.#save(effect.term)
      else if (effect.type === 'granted') this.#granted(effect)
      else if (effect.type === 'denied') this.#waiting.get(effect.request)?.settle(undefined)
      else this.#end(effect.request, new ShoalError('ERR_ABORTED', 'The lock is lost: it was granted to another while this node was cut off.'))
    }
    this.#arm()
    return sent
  }

  #arm(): void {
    if (this.#timer || this.#ending.signal.aborted || !this.#machine?.busy) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#look()
      this.#apply(this.#machine?.tick(monotonic()) ?? [])
    }, 200).unref()
  }

  #send({ to, message }: Extract<LockEffect, { type: 'send' }>): Promise<void> {
    const sent: Promise<void> = this.#parts
      .node()
      .sendDirect(to, wireTopic, writeJson(message))
      // what is lost is said again
      .catch((err: unknown) => this.#parts.log.debug('a lock message was not sent', { err, to, type: message.type }))
      .finally(() => this.#sending.delete(sent))
    this.#sending.add(sent)
    return sent
  }

  #granted({ request, name, token }: Extract<LockEffect, { type: 'granted' }>): void {
    const controller = new AbortController()
    this.#held.set(request, controller)
    const release = (): Promise<void> => this.#release(request, new ShoalError('ERR_ABORTED', 'The lock was released.'))
    const lock: Lock = { name, token, signal: controller.signal, release, [Symbol.asyncDispose]: release }
    this.#waiting.get(request)?.settle(lock)
  }

  async #release(request: string, reason: ShoalError): Promise<void> {
    if (!this.#machine || !this.#end(request, reason)) return
    await Promise.all(this.#apply(this.#machine.drop(request, monotonic())))
  }

  /** False when it was not held any more. */
  #end(request: string, reason: ShoalError): boolean {
    const controller = this.#held.get(request)
    this.#held.delete(request)
    controller?.abort(reason)
    return controller !== undefined
  }
}
