/** The one way in which every messenger is measured: so many calls on their way, the next when one is answered. */

import { performance } from 'node:perf_hooks'
import { cpuSeconds, quantile } from './cpu.js'

/** What to measure. */
export interface Plan {
  /** Bytes of a message. */
  readonly size: number
  /** Calls on their way at once; 1 measures the round trip. */
  readonly window: number
  readonly seconds: number
  /** More than 0: publish to so many subscribers, and a call is over when all have it. 0: request and reply. */
  readonly subscribers: number
  /** Processes that answer and carry, whose CPU counts too. */
  readonly pids: readonly number[]
}

/** What came out. Times in ms, from the call to its answer. */
export interface Figures {
  readonly perSecond: number
  /** What a call takes when nothing else runs between: the fastest tenth. */
  readonly p10: number
  readonly p50: number
  readonly p95: number
  /** CPU µs of each call, all processes that took part. */
  readonly cpu: number
}

/** s before the window opens: compilers settle. */
const warmUp = 0.4

/** Calls over and over. A call that rejects ends the run. */
export async function closedLoop(plan: Plan, call: (body: Uint8Array) => Promise<unknown>): Promise<Figures> {
  const used = (): number => [process.pid, ...plan.pids].reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const body = new Uint8Array(plan.size).fill(120)
  const times: number[] = []
  const opens = performance.now() + warmUp * 1000
  const closes = opens + plan.seconds * 1000
  await Promise.all(Array.from({ length: plan.window }, () => callUntil(opens, body, call, [])))
  const cpu = used()
  const began = performance.now()
  await Promise.all(Array.from({ length: plan.window }, () => callUntil(closes, body, call, times)))
  const seconds = (performance.now() - began) / 1000
  return {
    perSecond: times.length / seconds,
    p10: quantile(times, 0.1),
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    cpu: ((used() - cpu) * 1e6) / times.length,
  }
}

async function callUntil(end: number, body: Uint8Array, call: (body: Uint8Array) => Promise<unknown>, times: number[]): Promise<void> {
  for (let now = performance.now(); now < end; ) {
    await call(body)
    const after = performance.now()
    times.push(after - now)
    now = after
  }
}

/** Calls whose answers come in the order of the calls, recognised by their bytes alone. */
export class Pipeline {
  readonly #waiting: { size: number; resolve: () => void }[] = []
  #head = 0
  #got = 0

  /** Resolves when `size` further bytes came back. */
  expect(size: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ size, resolve }))
  }

  /** Takes note of bytes that came. */
  received(bytes: number): void {
    this.#got += bytes
    for (let next = this.#waiting[this.#head]; next && this.#got >= next.size; next = this.#waiting[this.#head]) {
      this.#got -= next.size
      this.#head++
      next.resolve()
    }
    if (this.#head < 1024) return
    this.#waiting.splice(0, this.#head)
    this.#head = 0
  }
}

/** Counts copies of messages, for a publisher that waits until every subscriber has one. */
export class Copies {
  readonly #waiting: { left: number; resolve: () => void }[] = []
  readonly #seen: number[]

  constructor(subscribers: number) {
    this.#seen = new Array(subscribers).fill(0)
  }

  /** Resolves when each subscriber has the next message. */
  expect(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ left: this.#seen.length, resolve }))
  }

  /** Subscriber `at` got its next message; messages come in order. */
  received(at: number): void {
    const message = this.#seen[at] ?? 0
    this.#seen[at] = message + 1
    const waiting = this.#waiting[message]
    if (waiting && --waiting.left === 0) waiting.resolve()
  }
}
