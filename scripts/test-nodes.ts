/**
 * Runs the tests on Node 20, 22 and 24 in turn (`npm run test:nodes`, or `npm run test:nodes -- 22`). The programs are npm
 * packages, installed into a temporary folder; the tiers are unit, compliance and integration unless `SHOAL_TIERS` names others.
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24']
const tiers = (process.env.SHOAL_TIERS ?? 'unit compliance integration').split(/\s+/)

/** Installs one major version of Node and gives the folder of its program. */
function install(version: string, folder: string): string {
  const { status } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `node@${version}`], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`node@${version} could not be installed`)
  return dirname(join(folder, 'node_modules', 'node', 'bin', 'node'))
}

let failures = 0
for (const version of versions) {
  const folder = mkdtempSync(join(tmpdir(), `shoal-node${version}-`))
  try {
    const bin = install(version, folder)
    const node = join(bin, 'node')
    console.log(`Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
    const { status } = spawnSync(node, ['node_modules/tsx/dist/cli.mjs', 'scripts/test.ts', ...tiers], { stdio: 'inherit', env })
    if (status !== 0) failures++
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
process.exitCode = failures > 0 ? 1 : 0
