/** "Did you mean": the nearest of some words. */

/** Smallest number of inserted, deleted, replaced and swapped characters; `limit + 1` when it is more than `limit`. */
export function editDistance(a: string, b: string, limit = 2): number {
  if (Math.abs(a.length - b.length) > limit || a.length > 200) return limit + 1
  let older: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const steps = [(above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + (same ? 0 : 1)]
      if (swapped) steps.push((older[column - 2] ?? 0) + 1)
      line.push(Math.min(...steps))
    }
    older = above
    above = line
  }
  return Math.min(above[b.length] ?? limit + 1, limit + 1)
}

/** A key without case, `-` and `_`. */
export function folded(key: string): string {
  return key.replace(/[-_]/g, '').toLowerCase()
}

/** The nearest words, at most 2 edits away; several where they are equally near. Short words must be nearer. */
export function suggest(word: string, words: Iterable<string>): string[] {
  let nearest = 3
  let found: string[] = []
  for (const text of new Set(words)) {
    const distance = folded(word) === folded(text) ? 0 : editDistance(word.toLowerCase(), text.toLowerCase())
    if (distance > Math.min(nearest, 2, Math.floor(Math.max(word.length, text.length) / 2))) continue
    if (distance < nearest) found = []
    nearest = distance
    found.push(text)
  }
  return found.sort()
}
