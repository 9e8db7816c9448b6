/**
 * Slows down whoever tries one password after the other. Failures are counted for each address with each user, and for each
 * address alone; beyond a few the next try has to wait, twice as long each time. Programs on this machine share an address with
 * a proxy in front, so there only address and user count together; a token from this machine, and whoever comes over a unix
 * socket, is never held up: the owner could not repair what an attacker had locked.
 */

import { isIPv6 } from 'node:net'
import type { Credentials } from '../../services.js'
import { monotonic } from '../util/wait.js'

/** Failures that cost nothing, and the longest pause after more, in ms. */
interface Allowance {
  readonly free: number
  readonly maxPause: number
}

interface Tally {
  failures: number
  /** Monotonic ms before which no try counts. */
  until: number
  /** Monotonic ms of the last failure. */
  last: number
}

const perUser: Allowance = { free: 5, maxPause: 60_000 }
const perAddress: Allowance = { free: 50, maxPause: 15_000 }
/** ms of the first pause. */
const firstPause = 1000
/** ms without a failure after which it is forgotten. */
const memory = 600_000
/** Tallies kept; the oldest go first. */
const maxTallies = 10_000

/** Counts failures, and says who has to wait. */
export class LoginThrottle {
  readonly #tallies = new Map<string, Tally>()
  readonly #now: () => number

  /** `now`: monotonic ms. */
  constructor(now: () => number = monotonic) {
    this.#now = now
  }

  /** Tallies kept. */
  get size(): number {
    return this.#tallies.size
  }

  /** ms until these credentials may be tried; 0 = now, and then the next try after it has to wait where failures were many. */
  take(credentials: Credentials): number {
    const now = this.#now()
    const keys = keysOf(credentials)
    const wait = Math.max(0, ...keys.map(([key]) => (this.#recent(key, now)?.until ?? 0) - now))
    // one at a time: those that come together would all pass before the first has failed
    if (wait === 0) for (const [key, allowance] of keys) this.#reserve(key, allowance, now)
    return wait
  }

  /** They were wrong. */
  failed(credentials: Credentials): void {
    const now = this.#now()
    for (const [key, allowance] of keysOf(credentials)) {
      const failures = (this.#recent(key, now)?.failures ?? 0) + 1
      this.#tallies.delete(key)
      this.#tallies.set(key, { failures, until: now + pauseOf(failures, allowance), last: now })
    }
    for (const oldest of this.#tallies.keys()) {
      if (this.#tallies.size <= maxTallies) return
      this.#tallies.delete(oldest)
    }
  }

  /** They were right: this user begins anew. Others at the address do not, or a guesser with an account of its own would never wait. */
  succeeded(credentials: Credentials): void {
    for (const [key, allowance] of keysOf(credentials)) {
      if (allowance === perUser) this.#tallies.delete(key)
      else this.#release(key)
    }
  }

  /** Nobody could say: the try does not count. */
  undecided(credentials: Credentials): void {
    for (const [key] of keysOf(credentials)) this.#release(key)
  }

  #reserve(key: string, allowance: Allowance, now: number): void {
    const tally = this.#tallies.get(key)
    if (tally) tally.until = Math.max(tally.until, now + pauseOf(tally.failures, allowance))
  }

  #release(key: string): void {
    const tally = this.#tallies.get(key)
    if (tally) tally.until = 0
  }

  #recent(key: string, now: number): Tally | undefined {
    const tally = this.#tallies.get(key)
    if (!tally || now - tally.last < memory) return tally
    this.#tallies.delete(key)
    return undefined
  }
}

function pauseOf(failures: number, { free, maxPause }: Allowance): number {
  return failures < free ? 0 : Math.min(maxPause, firstPause * 2 ** Math.min(failures - free, 10))
}

function keysOf({ address, local, user }: Credentials): (readonly [key: string, allowance: Allowance])[] {
  if (address === undefined) return []
  const place = networkOf(address)
  const keys: (readonly [string, Allowance])[] = local === true ? [] : [[place, perAddress]]
  return user === undefined ? keys : [...keys, [`${place} ${user.normalize('NFC').slice(0, 200)}`, perUser]]
}

/** An IPv6 host has as many addresses as it likes: its network of 64 bits counts. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter(Boolean)) as [string[], string[]]
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::`
}
