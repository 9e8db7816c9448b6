/**
 * `npm test`: every tier, then one line that counts. A tier or test whose tools are missing is skipped with its reason printed and
 * counted; CI (`CI=true`) installs the tools first. `npm test -- unit e2e` runs the named tiers only. The last
 * tier, `bench`, compares what messages and links cost with `bench/baseline.json`.
 */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingTools } from '../test/tools.js'
import { type UncaughtError, uncaughtFile } from './uncaught.js'

interface Counts {
  passed: number
  failed: number
  skipped: number
  /** What failed, with the first lines of why: said again at the end, where nobody has to search for it. */
  failures: readonly string[]
}

interface JsonReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
  testResults: readonly {
    name: string
    status: string
    message?: string
    assertionResults: readonly { fullName: string; status: string; failureMessages?: readonly string[] }[]
  }[]
}

/** One run of vitest: its tiers. */
interface Run {
  readonly tiers: readonly string[]
}

/** Stages go one after the other, the lanes of a stage side by side, the runs of a lane one after the other: the network tests mostly wait. */
const stages: readonly (readonly (readonly Run[])[])[] = [
  [[{ tiers: ['unit', 'compliance', 'fuzz'] }]],
  [[{ tiers: ['integration'] }]],
  [[{ tiers: ['e2e'] }], [{ tiers: ['lan'] }, { tiers: ['faults'] }]],
]

/** Not of vitest: ratios of CPU against `bench/baseline.json`, when all else is over. */
const benchTier = 'bench'

/** Tiers whose files run one after the other. */
const serial: readonly string[] = ['lan', 'faults']

/** Runs some tiers; a suite that does not even load counts as one failure. */
async function runTiers({ tiers }: Run, folder: string, aside: boolean): Promise<Counts> {
  const output = join(folder, `${tiers.join('-')}.json`)
  // left to itself vitest keeps a core for its own process, which is idle nearly all the time
  const workers = tiers.some((tier) => serial.includes(tier)) ? [] : [`--maxWorkers=${Math.max(2, availableParallelism() - 1)}`]
  const projects = tiers.flatMap((tier) => ['--project', tier, '--project', `${tier}-*`])
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`, '--reporter=./scripts/uncaught.ts']
  const uncaught = join(folder, `${tiers.join('-')}-uncaught.json`)
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...workers, '--passWithNoTests', ...reporters]
  const status = await finished(args, aside, { [uncaughtFile]: uncaught })
  const name = tiers.join(', ')
  if (!existsSync(output))
    return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0, failures: status === 0 ? [] : [`${name}: no report, status ${status}`] }
  const report = JSON.parse(readFileSync(output, 'utf8')) as JsonReport
  const failed = Math.max(report.numFailedTests, report.success && status === 0 ? 0 : 1)
  const failures = [...failuresOf(report), ...uncaughtOf(uncaught)]
  if (failed > 0 && failures.length === 0) failures.push(`${name}: status ${status} without a failed test`)
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests, failures }
}

function failuresOf(report: JsonReport): string[] {
  return report.testResults.flatMap((file) => {
    const tests = file.assertionResults.filter((test) => test.status === 'failed')
    const lines = tests.map((test) => `${file.name}\n  ${test.fullName}\n  ${firstLines(test.failureMessages?.join('\n'))}`)
    return lines.length === 0 && file.status === 'failed' ? [`${file.name}\n  ${firstLines(file.message)}`] : lines
  })
}

/** Errors that no test caught, as the reporter wrote them down: vitest's own report leaves them out. */
function uncaughtOf(file: string): string[] {
  if (!existsSync(file)) return []
  const errors = JSON.parse(readFileSync(file, 'utf8')) as readonly UncaughtError[]
  return errors.map(({ test, message, stack }) => `an error that no test caught${test ? `, in ${test}` : ''}\n  ${firstLines(stack || message)}`)
}

function firstLines(text = ''): string {
  return text.split('\n').slice(0, 12).join('\n  ')
}

/** Runs Node; with `aside` its output comes in one piece at the end, so that two runs do not mix. */
function finished(args: readonly string[], aside: boolean, env: NodeJS.ProcessEnv = {}): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', aside ? 'pipe' : 'inherit', aside ? 'pipe' : 'inherit'] })
    const parts: Buffer[] = []
    child.stdout?.on('data', (part: Buffer) => parts.push(part))
    child.stderr?.on('data', (part: Buffer) => parts.push(part))
    child.on('error', reject)
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(parts))
      resolve(code)
    })
  })
}

/** Each ratio counts as a test. */
async function runBench(folder: string): Promise<Counts> {
  const report = join(folder, 'bench.json')
  const status = await finished(['--import', 'tsx', 'bench/regression.ts', '--short', '--report', report], false)
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0, failures: [`${benchTier}: no report, status ${status}`] }
  const { passed, failed: missed } = JSON.parse(readFileSync(report, 'utf8')) as Counts
  const failed = Math.max(missed, status === 0 ? 0 : 1)
  return { passed, failed, skipped: 0, failures: failed > 0 ? [`${benchTier}: the table above says which ratio`] : [] }
}

const known = [...stages.flat(2).flatMap((run) => run.tiers), benchTier]
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`Unknown tier: ${unknown.join(', ')}. Tiers: ${known.join(', ')}.`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-test-'))
const total = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] }
const add = (counts: Counts): void => {
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key]
  total.failures.push(...counts.failures)
}
/** The lane's runs, as far as they were asked for. */
async function runLane(lane: readonly Run[], aside: boolean): Promise<void> {
  for (const run of lane) {
    const tiers = asked.length > 0 ? run.tiers.filter((name) => asked.includes(name)) : run.tiers
    if (tiers.length > 0) add(await runTiers({ tiers }, folder, aside))
  }
}
for (const stage of stages) await Promise.all(stage.map((lane, index) => runLane(lane, index > 0)))
if (asked.length === 0 || asked.includes(benchTier)) add(await runBench(folder))
rmSync(folder, { recursive: true, force: true })

for (const failure of total.failures) console.log(`FAILED ${failure}`)
for (const { tool, reason } of missingTools()) console.log(`SKIPPED what needs ${tool}: ${reason}`)
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
