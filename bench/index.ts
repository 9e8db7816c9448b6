/**
 * Runs the benchmarks that are named, or all, in their short form: `npm run bench [NAME…]`. `-- --full` takes the long one, `-- --dry-run`
 * leaves results.md alone. Each prints its tables and rewrites its section of results.md. One that fails does not keep the others back.
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ownBuild } from './shoal-node.js'

/** In this order; the second word is what the short form means for those without one of their own. */
const benches: Readonly<Record<string, readonly string[]>> = {
  fanout: ['--readers', '10', '--seconds', '5', '--rounds', '1'],
  viewers: ['--short'],
  stall: ['--short'],
  link: ['--short'],
  relay: ['--seconds', '5', '--rounds', '1', '--chains', '2'],
  ingest: ['--short'],
  pull: ['--short'],
  payload: ['--short'],
  start: ['--short'],
  store: ['--short'],
  latency: ['--short'],
  misbehaviour: ['--short'],
}

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false }, short: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !(name in benches))
if (unknown.length > 0) throw new Error(`no benchmark is called ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
if (!existsSync(`${ownBuild}dist/cli/main.js`)) throw new Error('build first: npm run build')

const summary: string[] = []
for (const [name, short] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const script = new URL(`${name}.ts`, import.meta.url).pathname
  const dry = values['dry-run'] ? ['--dry-run'] : []
  const began = performance.now()
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script, ...(values.full ? [] : short), ...dry], { stdio: 'inherit' })
  summary.push(`${name.padEnd(14)} ${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${status === 0 ? 'done' : `failed, exit code ${status}`}`)
  if (status !== 0) process.exitCode = 1
}
process.stderr.write(`${summary.join('\n')}\n`)
