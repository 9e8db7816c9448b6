/** "Did you mean": the nearest of a few words. */

/** Smallest number of inserted, deleted and replaced characters. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      line.push(Math.min((above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + (same ? 0 : 1)))
    }
    above = line
  }
  return above[b.length] ?? 0
}

const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9$*]/g, '')

/** `; did you mean X?` for the nearest of `words`, or nothing when none is near. */
export function didYouMean(word: string, words: Iterable<string>): string {
  if (word.length > 64) return ''
  let best: { readonly text: string; readonly edits: number } | undefined
  for (const text of words) {
    const edits = plain(word) === plain(text) ? 0 : distance(word.toLowerCase(), text.toLowerCase())
    if (edits <= Math.min(3, Math.floor(text.length / 2)) && edits < (best?.edits ?? 4)) best = { text, edits }
  }
  return best ? `; did you mean ${best.text}?` : ''
}
