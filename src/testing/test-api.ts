/** The part of a test runner that the suites need; vitest and jest have it. */

import { createHook } from 'node:async_hooks'

/** What a suite is run with: `import { describe, expect, it } from 'vitest'`. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it(name: string, body: () => void | Promise<void>): void
  expect(value: unknown): Expectation
}

/** Assertions that the suites use. */
export interface Expectation {
  toBe(value: unknown): void
  toEqual(value: unknown): void
  toBeUndefined(): void
  toMatch(text: RegExp | string): void
  toContain(value: unknown): void
  toBeLessThanOrEqual(value: number): void
}

/** The code of what `call` throws or rejects with: a ShoalError's code, `other: message`, or `undefined` when nothing was thrown. */
export async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.name === 'ShoalError') return String(error.code)
    return `other: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Waits until `fact` holds, at most `limit` ms; then throws what it waited for. */
export async function until(what: string, fact: () => boolean | Promise<boolean>, limit = 5000): Promise<void> {
  const end = performance.now() + limit
  while (!(await fact())) {
    if (performance.now() > end) throw new Error(`waited ${limit} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Resources that live until someone closes them, as `async_hooks` names them. */
const lasting = ['Timeout', 'TCPWRAP', 'TCPSERVERWRAP', 'PIPEWRAP', 'PIPESERVERWRAP', 'UDPWRAP', 'FSEVENTWRAP', 'PROCESSWRAP', 'WORKER', 'MESSAGEPORT']

/**
 * Runs `body` and waits until every socket, server, timer, child process and file watcher that was made meanwhile is gone,
 * at most `limit` ms; then throws what is left. Each is known by itself, so what others open and close does not count.
 */
export async function withoutLeaks(body: () => Promise<void>, limit = 3000): Promise<void> {
  const alive = new Map<number, string>()
  let recording = true
  const hook = createHook({
    init: (id, type) => void (recording && lasting.includes(type) && alive.set(id, type)),
    destroy: (id) => void alive.delete(id),
  }).enable()
  try {
    await body()
    recording = false
    await until('resources to go', () => alive.size === 0, limit).catch(() => {
      throw new Error(`left behind: ${[...alive.values()].join(', ')}`)
    })
  } finally {
    hook.disable()
  }
}
