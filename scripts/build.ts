/**
 * `npm run build`: the declarations by the type checker, and the programs by esbuild. Every entry point is built in one run with code
 * splitting, so that the daemon, the library and plugins from elsewhere share one copy of each module. See docs/architecture.md.
 */

import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundle.js'

const root = join(import.meta.dirname, '..')

/** Types for whoever imports `shoal`; the types of what is bundled stay those of the packages. */
async function declarations(): Promise<void> {
  const tsc = spawn(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  const code = await new Promise((resolve, reject) => tsc.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error('The types are wrong.')
}

rmSync(join(root, 'dist'), { recursive: true, force: true })
const outcomes = await Promise.allSettled([declarations(), bundle(root, join(root, 'dist'))])
for (const outcome of outcomes) {
  if (outcome.status === 'fulfilled') continue
  console.error(`build: ${outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason)}`)
  process.exitCode = 1
}
