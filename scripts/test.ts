/**
 * `npm test`: every tier, then one line that counts. A tier or test whose tools are missing is skipped with its reason printed and
 * counted; CI (`CI=true`) installs the tools first. `npm test -- unit e2e` runs the named tiers only.
 */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingTools } from '../test/tools.js'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface JsonReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
}

/** One run of vitest: its tiers. */
interface Run {
  readonly tiers: readonly string[]
}

/** One after the other; runs of one stage go side by side: the network tests mostly wait, the command line keeps one core busy. */
const stages: readonly (readonly Run[])[] = [
  [{ tiers: ['unit', 'compliance', 'fuzz'] }],
  [{ tiers: ['integration'] }],
  [{ tiers: ['e2e'] }, { tiers: ['lan'] }],
  [{ tiers: ['faults'] }],
]

/** Tiers whose files run one after the other. */
const serial: readonly string[] = ['e2e', 'lan', 'faults']

/** Runs some tiers; a suite that does not even load counts as one failure. */
async function runTiers({ tiers }: Run, folder: string, aside: boolean): Promise<Counts> {
  const output = join(folder, `${tiers.join('-')}.json`)
  // left to itself vitest keeps a core for its own process, which is idle nearly all the time
  const workers = tiers.some((tier) => serial.includes(tier)) ? [] : [`--maxWorkers=${Math.max(2, availableParallelism() - 1)}`]
  const projects = tiers.flatMap((tier) => ['--project', tier])
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`]
  const status = await finished(['node_modules/vitest/vitest.mjs', 'run', ...projects, ...workers, '--passWithNoTests', ...reporters], aside)
  if (!existsSync(output)) return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 }
  const report = JSON.parse(readFileSync(output, 'utf8')) as JsonReport
  const failed = Math.max(report.numFailedTests, report.success && status === 0 ? 0 : 1)
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests }
}

/** Runs Node; with `aside` its output comes in one piece at the end, so that two runs do not mix. */
function finished(args: readonly string[], aside: boolean): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', aside ? 'pipe' : 'inherit', aside ? 'pipe' : 'inherit'] })
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

const known = stages.flat().flatMap((run) => run.tiers)
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`Unknown tier: ${unknown.join(', ')}. Tiers: ${known.join(', ')}.`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-test-'))
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
for (const stage of stages) {
  const runs = stage
    .map((run) => ({ ...run, tiers: asked.length > 0 ? run.tiers.filter((name) => asked.includes(name)) : run.tiers }))
    .filter((run) => run.tiers.length > 0)
  for (const counts of await Promise.all(runs.map((run, index) => runTiers(run, folder, index > 0)))) {
    for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key]
  }
}
rmSync(folder, { recursive: true, force: true })

for (const { tool, reason } of missingTools()) console.log(`SKIPPED what needs ${tool}: ${reason}`)
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
