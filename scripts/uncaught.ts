/** A reporter for vitest: writes errors that no test caught into the file that a variable names, for `scripts/test.ts` to say them at its end. */

import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** Names the file. */
export const uncaughtFile = 'SHOAL_TEST_UNCAUGHT'

/** One of them. */
export interface UncaughtError {
  /** The test or the file that ran then, where it is known. */
  readonly test: string
  readonly message: string
  readonly stack: string
}

/** See above. */
export default class UncaughtReporter implements Reporter {
  onTestRunEnd(_: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env[uncaughtFile]
    if (!file || errors.length === 0) return
    writeFileSync(file, JSON.stringify(errors.map(told)))
  }
}

/** vitest adds where it happened under names of its own. */
function told(error: SerializedError): UncaughtError {
  const { VITEST_TEST_PATH: path, VITEST_TEST_NAME: name } = error
  const test = [path, name].filter((part) => typeof part === 'string').join(' > ')
  return { test, message: `${error.name ?? 'Error'}: ${error.message}`, stack: error.stack ?? '' }
}
