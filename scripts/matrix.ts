/**
 * `npm run matrix`: every way in beside every way out by real programs, 20 s each, into the table of `docs/matrix.md`. `npm run matrix -- SRT
 * 'HLS pull'` measures these rows anew and leaves the others as they stand. `--to NAME` (any number of them) tries some ways out, `--seconds N` a
 * shorter recording: these two say what they see and write nothing.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { egresses } from '../test/matrix/egress.js'
import { ingests } from '../test/matrix/ingest.js'
import { Matrix } from '../test/matrix/matrix.js'
import { mergedTable, problemsOf, rowText, textOf } from '../test/matrix/table.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '20' }, to: { type: 'string', multiple: true } },
})
const seconds = Number(values.seconds)
const page = join(import.meta.dirname, '..', 'docs', 'matrix.md')
const names = { ins: ingests.map(({ name }) => name), outs: egresses.map(({ name }) => name) }
const outs = values.to ?? names.outs
const unknown = [...positionals.filter((name) => !names.ins.includes(name)), ...outs.filter((name) => !names.outs.includes(name))]
if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}; ways in: ${names.ins.join(', ')}; ways out: ${names.outs.join(', ')}`)

const matrix = new Matrix(seconds)
const chosen = egresses.filter(({ name }) => outs.includes(name))
let faults = 0
try {
  await matrix.start()
  for (const ingest of matrix.ingests.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const cells = await matrix.run(ingest, chosen)
    for (const cell of cells) {
      const problems = problemsOf(cell, seconds)
      faults += problems.length
      console.log(`${cell.ingest} -> ${cell.egress}, ${cell.node} node: ${problems.length > 0 ? problems.join(', ') : `whole: ${textOf(cell, seconds)}`}`)
    }
    // row by row, so that what was measured is not lost with a later one
    if (chosen.length === egresses.length && seconds === 20) write(ingest.name, rowText(ingest.name, names.outs, cells, seconds))
  }
} finally {
  await matrix.close()
}
process.exitCode = faults > 0 ? 1 : 0

function write(name: string, row: string): void {
  const text = readFileSync(page, 'utf8')
  writeFileSync(
    page,
    text.replace(/(?<=<!-- matrix -->\n).*(?=<!-- \/matrix -->)/s, (table) => `${mergedTable(table, names, { name, row })}\n`),
  )
}
