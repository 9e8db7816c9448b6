/** A line of the console of `shoal plugins test`: a command, its words, and options at its end. */

/** One line, cut. */
export interface BenchLine {
  readonly command: string
  /** What follows the command, without the options. */
  readonly rest: string
  /** The words of {@link rest}. */
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

const option = /\s--(peer|seconds)\s+(\S+)\s*$/

/** Cuts a line; undefined for an empty one and a comment. There are no quotes: JSON and texts are taken as they stand. */
export function readBenchLine(text: string): BenchLine | undefined {
  const options: Record<string, string> = {}
  let left = text.trim()
  for (let match = option.exec(left); match; match = option.exec(left)) {
    options[match[1] ?? ''] = match[2] ?? ''
    left = left.slice(0, match.index)
  }
  if (left === '' || left.startsWith('#')) return undefined
  const [command = ''] = left.split(/\s+/, 1)
  const rest = left.slice(command.length).trim()
  return { command, rest, words: rest === '' ? [] : rest.split(/\s+/), options }
}

/** The rest of a line after its first `count` words. */
export function wordsAfter(rest: string, count: number): string {
  let left = rest
  for (let i = 0; i < count; i++) left = left.replace(/^\S+\s*/, '')
  return left
}
