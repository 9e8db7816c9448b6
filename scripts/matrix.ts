/** `npm run matrix`: every way in beside every way out by real programs, 20 s each, into the table of `docs/matrix.md`. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cell, Matrix } from '../test/matrix/matrix.js'
import { matrixTable, problemsOf } from '../test/matrix/table.js'

const seconds = Number(process.argv[2] ?? 20)
const page = join(import.meta.dirname, '..', 'docs', 'matrix.md')
const matrix = new Matrix(seconds)
const cells: Cell[] = []
try {
  await matrix.start()
  for (const ingest of matrix.ingests) {
    const row = await matrix.run(ingest)
    cells.push(...row)
    for (const cell of row) console.log(`${cell.ingest} -> ${cell.egress}, ${cell.node} node: ${problemsOf(cell, seconds).join(', ') || 'whole'}`)
  }
} finally {
  await matrix.close()
}
const text = readFileSync(page, 'utf8')
writeFileSync(
  page,
  text.replace(/(?<=<!-- matrix -->\n).*(?=<!-- \/matrix -->)/s, () => `${matrixTable(cells, seconds)}\n`),
)
process.exitCode = cells.some((cell) => problemsOf(cell, seconds).length > 0) ? 1 : 0
