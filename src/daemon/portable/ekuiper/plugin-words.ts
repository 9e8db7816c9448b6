/** What a plugin says went wrong, as a person wants to read it. */

/** Characters that are shown. */
const maxShown = 1000

/** Some SDKs answer with a whole traceback; its last line says what happened. Anything but text becomes JSON. */
export function wordsOf(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : (JSON.stringify(value) ?? '')
  const words = text.startsWith('Traceback (most recent call last)') ? (text.split('\n').at(-1) ?? text) : text
  return words === '' ? '(nothing)' : words.slice(0, maxShown)
}
