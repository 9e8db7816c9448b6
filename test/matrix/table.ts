/** The matrix as a table of the docs. */

import type { Cell } from './matrix.js'
import { expected, faultsShown } from './shown.js'
import { faultsOf } from './verdict.js'

/** What is wrong with a cell; empty = nothing. */
export function problemsOf({ verdict, shown }: Cell, seconds: number): string[] {
  if (verdict instanceof Error) return [verdict.message]
  return [...faultsOf(verdict, seconds), ...(shown ? faultsShown(shown, verdict) : [])]
}

/** A row of Markdown: one way in, a cell for each way out, both nodes in it; empty where its program is not here. */
export function rowText(ingest: string, outs: readonly string[], cells: readonly Cell[], seconds: number): string {
  const texts = outs.map((out) => {
    const both = cells.filter((cell) => cell.ingest === ingest && cell.egress === out)
    return both.map((cell) => textOf(cell, seconds)).join('; ')
  })
  return `| ${ingest} | ${texts.join(' | ')} |`
}

/** All rows and columns that there are. */
interface Names {
  readonly ins: readonly string[]
  readonly outs: readonly string[]
}

/** The table with one row in place of its like. Rows with other columns than those of now, or of no way in, are left out. */
export function mergedTable(table: string, { ins, outs }: Names, { name, row }: { readonly name: string; readonly row: string }): string {
  const head = `| in \\ out | ${outs.join(' | ')} |`
  const lines = table.split('\n')
  const kept = lines.includes(head) ? lines.filter((line) => line.startsWith('| ')) : []
  const rows = ins.flatMap((one) => (one === name ? [row] : kept.filter((line) => line.startsWith(`| ${one} |`))))
  return [head, `| --- |${' --- |'.repeat(outs.length)}`, ...rows].join('\n')
}

/** What a cell says. */
export function textOf(cell: Cell, seconds: number): string {
  const problems = problemsOf(cell, seconds)
  if (problems.length > 0) return problems.join(', ')
  if (cell.verdict instanceof Error) return ''
  const { offset } = cell.verdict
  const sound = offset === undefined ? 'picture alone' : `${offset.toFixed(1).replace(/^-0\.0$/, '0.0')} ms`
  const through = cell.preset ? `\`~${cell.preset}\`: ` : ''
  return cell.shown ? `${through}${sound}, ${cell.shown.seen}/${expected(cell.shown, cell.verdict)}` : sound
}
