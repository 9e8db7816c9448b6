/** Sections of `results.md`: each benchmark rewrites its own and leaves the others. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'

const file = new URL('results.md', import.meta.url)

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** How a target is told in a table. */
export function verdict(met: boolean): string {
  return met ? 'met' : '**missed**'
}

/** What it ran on, and how busy that was. */
export function machineText(): string {
  const day = new Date().toISOString().slice(0, 10)
  return `${availableParallelism()} cores, Node ${process.version}, ${day}, load ${(loadavg()[1] ?? 0).toFixed(1)} at the end.`
}

/** `text` with the section `name` replaced, or added at its end. */
export function withSection(text: string, name: string, title: string, body: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const section = `${open}\n## ${title}\n\n${body}\n${close}\n`
  const [from, to] = [text.indexOf(open), text.indexOf(close)]
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${section}`
  return text.slice(0, from) + section + text.slice(to + close.length + 1)
}

/** Rewrites a section. `name` marks it in the file. */
export function writeSection(name: string, title: string, body: string): void {
  writeFileSync(file, withSection(existsSync(file) ? readFileSync(file, 'utf8') : '', name, title, body))
}
