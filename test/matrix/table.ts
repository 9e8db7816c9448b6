/** The matrix as a table of the docs. */

import type { Cell } from './matrix.js'
import { expected, faultsShown } from './shown.js'
import { faultsOf } from './verdict.js'

/** What is wrong with a cell; empty = nothing. */
export function problemsOf({ verdict, shown }: Cell, seconds: number): string[] {
  if (verdict instanceof Error) return [verdict.message]
  return [...faultsOf(verdict, seconds), ...(shown ? faultsShown(shown, verdict) : [])]
}

/** Markdown: a row for each way in, a column for each way out, both nodes in one cell. */
export function matrixTable(cells: readonly Cell[], seconds: number): string {
  const ingests = [...new Set(cells.map(({ ingest }) => ingest))]
  const egresses = [...new Set(cells.map(({ egress }) => egress))]
  const rows = ingests.map((ingest) => {
    const texts = egresses.map((egress) => {
      const both = cells.filter((cell) => cell.ingest === ingest && cell.egress === egress)
      return both.map((cell) => textOf(cell, seconds)).join('; ')
    })
    return `| ${ingest} | ${texts.join(' | ')} |`
  })
  return [`| in \\ out | ${egresses.join(' | ')} |`, `| --- |${' --- |'.repeat(egresses.length)}`, ...rows].join('\n')
}

function textOf(cell: Cell, seconds: number): string {
  const problems = problemsOf(cell, seconds)
  if (problems.length > 0) return problems.join(', ')
  if (cell.verdict instanceof Error) return ''
  const { offset } = cell.verdict
  const sound = offset === undefined ? 'picture alone' : `${offset.toFixed(1).replace(/^-0\.0$/, '0.0')} ms`
  return cell.shown ? `${sound}, ${cell.shown.seen}/${expected(cell.shown, cell.verdict)}` : sound
}
