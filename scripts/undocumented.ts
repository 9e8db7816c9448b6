/** Finds what is exported without a doc comment. Looks at lines, not at syntax: biome formats every export onto a line of its own. */

/** An export without a doc comment. */
export interface Undocumented {
  /** From 1. */
  readonly line: number
  readonly name: string
}

const exported = /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|class|interface|type|const|enum|let) (\w+)/

/** The exports of one file that have no doc comment right above them. Further overloads of a function share the comment of the first one. */
export function undocumented(text: string): Undocumented[] {
  const lines = text.split('\n')
  const seen = new Set<string>()
  return lines.flatMap((line, at) => {
    const [, kind = '', name = ''] = exported.exec(line) ?? []
    if (name === '' || (kind.startsWith('function') && seen.has(name))) return []
    seen.add(name)
    return endsComment(lines, at - 1) ? [] : [{ line: at + 1, name }]
  })
}

/** Does a doc comment end in this line? */
function endsComment(lines: readonly string[], at: number): boolean {
  if (!lines[at]?.trimEnd().endsWith('*/')) return false
  for (let line = at; line >= 0; line--) {
    const text = lines[line]?.trimStart() ?? ''
    if (text.startsWith('/**')) return true
    if (!text.startsWith('*')) return false
  }
  return false
}
