/** `describe` and `it` for tests that need outside programs: skipped loudly where one is missing. */

import { describe, it } from 'vitest'
import { has, missingTools, type ToolName } from './tools.js'

/** Why tests that need `tool` are skipped. */
function reasonOf(tool: ToolName): string {
  return missingTools().find((missing) => missing.tool === tool)?.reason ?? ''
}

/** `describe` for tests that need tools; where one is missing the block is skipped and its name says why. */
export function describeWith(needed: readonly ToolName[], name: string, body: () => void): void {
  const missing = needed.find((tool) => !has(tool))
  if (missing) describe.skip(`${name} (skipped, needs ${missing}: ${reasonOf(missing)})`, body)
  else describe(name, body)
}

/** `it` for one test that needs tools. */
export function itWith(needed: readonly ToolName[], name: string, body: () => Promise<void> | void, timeout?: number): void {
  const missing = needed.find((tool) => !has(tool))
  if (missing) it.skip(`${name} (skipped, needs ${missing}: ${reasonOf(missing)})`, body, timeout)
  else it(name, body, timeout)
}
