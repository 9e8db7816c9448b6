/** The suite that every plugin has to pass (`pluginCompliance` of `shoal/testing`), without a test runner. */

import { isDeepStrictEqual } from 'node:util'
import { within } from '../../../daemon/util/wait.js'
import type { Plugin } from '../../../plugin.js'
import { memoryLog } from '../../../testing/memory-log.js'
import { pluginCompliance } from '../../../testing/plugin-compliance.js'
import type { Expectation, TestApi } from '../../../testing/test-api.js'
import type { BenchEvent } from '../bench-event.js'
import type { Subject } from './subject.js'

/** ms that one case may take. */
const caseLimit = 60_000

/** Plugin objects that are loaded beforehand: the suite makes them without waiting. */
const pool = 12

interface Case {
  readonly name: string
  readonly body: () => void | Promise<void>
}

/** Runs the suite and tells of each case; how many failed. Rejects when the plugin cannot be loaded. */
export async function checkCompliance(subject: Subject, config: unknown, heard: (event: BenchEvent) => void, signal: AbortSignal): Promise<number> {
  const log = memoryLog(() => {})
  const first = await subject.load(log, signal)
  const plugins: Plugin[] = subject.kind === 'module' ? await modules(subject) : []
  const factory = (): Plugin => plugins.pop() ?? first.fresh?.() ?? first.plugin
  let failed = 0
  for (const { name, body } of casesOf(factory, config)) {
    signal.throwIfAborted()
    const error = await within(Promise.resolve().then(body), caseLimit, 'ERR_TIMEOUT', `It took more than ${caseLimit / 1000} s.`).catch((thrown) => thrown)
    if (error !== undefined) failed++
    heard({ type: 'case', name, ok: error === undefined, ...(error !== undefined && { error: error instanceof Error ? error.message : String(error) }) })
  }
  return failed
}

async function modules(subject: Subject): Promise<Plugin[]> {
  const loaded = await Promise.all(Array.from({ length: pool }, () => subject.load(memoryLog())))
  return loaded.map(({ plugin }) => plugin)
}

function casesOf(factory: () => Plugin, config: unknown): Case[] {
  const cases: Case[] = []
  const api: TestApi = { describe: (_name, body) => body(), it: (name, body) => void cases.push({ name, body }), expect: expectation }
  pluginCompliance(api, 'plugin', { factory, ...(config !== undefined && { config }) })
  return cases
}

/** Assertions in the words of vitest. */
function expectation(value: unknown): Expectation {
  const check = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${show(value)} ${what}`)
  }
  return {
    toBe: (other) => check(Object.is(value, other), `is not ${show(other)}`),
    toEqual: (other) => check(isDeepStrictEqual(value, other), `is not ${show(other)}`),
    toBeUndefined: () => check(value === undefined, 'is there, and should not be'),
    toMatch: (text) => check(typeof value === 'string' && (typeof text === 'string' ? value.includes(text) : text.test(value)), `does not match ${text}`),
    toContain: (part) => check(Array.isArray(value) ? value.includes(part) : String(value).includes(String(part)), `does not hold ${show(part)}`),
    toBeLessThanOrEqual: (most) => check(typeof value === 'number' && value <= most, `is more than ${most}`),
  }
}

function show(value: unknown): string {
  return value instanceof Error ? value.message : (JSON.stringify(value) ?? 'undefined').slice(0, 300)
}
