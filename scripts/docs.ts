/**
 * Writes the tables of the docs from the code: error codes, configuration keys, API routes, commands. `--check` changes nothing and
 * fails when a page is out of date. Each table stands between `<!-- table: NAME -->` and `<!-- end -->`; the prose around it is
 * written by hand.
 */

import '../src/polyfill.js'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tables } from './docs-tables.js'

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')
const pages = ['docs/errors.md', 'docs/configuration.md', 'docs/operations.md']
const placed = new Set<string>()
let stale = 0

for (const page of pages) {
  const file = join(root, page)
  const before = readFileSync(file, 'utf8')
  const after = before.replace(/(<!-- table: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_all, open: string, name: string, close: string) => {
    const make = tables[name]
    if (!make) throw new Error(`${page} names a table that does not exist: ${name}`)
    placed.add(name)
    return `${open}\n${make()}\n\n${close}`
  })
  if (after === before) continue
  if (check) {
    console.error(`${page} is out of date: npm run docs`)
    stale++
  } else writeFileSync(file, after)
}

for (const name of Object.keys(tables)) {
  if (!placed.has(name)) {
    console.error(`The table ${name} stands on no page.`)
    stale++
  }
}
console.log(`${placed.size} tables, ${stale} problems`)
process.exitCode = stale > 0 ? 1 : 0
