/** Keeps secrets out of what people see: log lines, configuration listings, messages. Every walk is bounded. */

/** What stands in place of a secret. */
export const hidden = '<hidden>'

const secretWords = new Set(['token', 'secret', 'passphrase', 'password', 'passwd', 'authorization', 'ticket', 'cookie', 'credential'])

/** The words of `apiToken`, `api-token`, `API_TOKEN`; without a plural s. */
function wordsOf(key: string): string[] {
  return key
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/s$/, ''))
}

/** Does a key of this name hold a secret: `token`, `password`, `streamKey` …? */
export function isSecretKey(key: string): boolean {
  const words = wordsOf(key)
  return words.at(-1) === 'key' || words.some((word) => secretWords.has(word))
}

// user information of a URL; a password may hold @ and /, but `host:port/a@b` is none
const userInfo = /(:\/\/)(?:[^\s/?#"'<>]{0,500}@|[^\s/?#@:"'<>]{0,200}:(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{0,500}@)/g
const parameters = /([?&;](?:token|secret|password|passphrase|passwd|pass|pwd|key|ticket|auth|signature|sig)=)[^&;\s"'<>#]{1,4096}/gi
const bearer = /\b(bearer|basic)\s+[\w+/=.~-]{6,}/gi
const ticket = /\bshoal1[a-z0-9]{16,}/gi

/** `text` without the credentials of URLs, secret query parameters, tickets and Authorization values. */
export function redactText(text: string): string {
  let safe = text
  if (safe.includes('://')) safe = safe.replace(userInfo, '$1***@')
  if (safe.includes('=')) safe = safe.replace(parameters, '$1***')
  if (/bearer|basic/i.test(safe)) safe = safe.replace(bearer, '$1 ***')
  return /shoal1/i.test(safe) ? safe.replace(ticket, 'shoal1***') : safe
}

/** Bounds of one {@link Redactor.value}: what is beyond them is left out and marked. */
export interface RedactLimits {
  readonly depth: number
  readonly items: number
  /** Characters of one text … */
  readonly text: number
  /** … and of all of them together. */
  readonly total: number
}

const defaultLimits: RedactLimits = { depth: 6, items: 50, text: 4096, total: 16_384 }

/** Copies values into plain, safe, bounded JSON. One object serves one value. */
export class Redactor {
  readonly #limits: RedactLimits
  readonly #showError: (error: Error, copy: (value: unknown) => unknown) => unknown
  readonly #clean: (text: string) => string
  readonly #above = new Set<object>()
  #nodes = 0
  #chars = 0

  /** `clean` makes a text safe, `showError` an error into fields. */
  constructor(
    options: {
      readonly limits?: Partial<RedactLimits>
      readonly clean?: (text: string) => string
      readonly showError?: (error: Error, copy: (value: unknown) => unknown) => unknown
    } = {},
  ) {
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#clean = options.clean ?? redactText
    this.#showError = options.showError ?? ((error) => error.message)
  }

  /** A copy without secrets; never throws, whatever getters and proxies do. */
  value(value: unknown): unknown {
    try {
      return this.#copy(value)
    } catch {
      return '<unreadable>'
    }
  }

  /** One text, made safe and cut to what is left of the limits. */
  text(text: string): string {
    const room = Math.max(0, Math.min(this.#limits.text, this.#limits.total - this.#chars))
    // more than will be shown is looked at: a secret that starts before the cut may be recognised only by what follows
    const safe = this.#clean(text.slice(0, room + 1024))
    const part = safe.length > room ? `${safe.slice(0, room)}…` : safe
    this.#chars += part.length
    return part
  }

  #copy(value: unknown): unknown {
    if (++this.#nodes > this.#limits.items * 10) return '<more>'
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'bigint') return String(value)
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (typeof value === 'function' || typeof value === 'symbol') return `<${typeof value}>`
    if (typeof value !== 'object' || value === null) return value
    return this.#copyObject(value)
  }

  #copyObject(value: object): unknown {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '<no date>' : value.toISOString()
    if (value instanceof URL) return this.text(value.href)
    if (this.#above.has(value)) return '<circular>'
    if (this.#above.size >= this.#limits.depth) return '<deeper>'
    this.#above.add(value)
    try {
      if (value instanceof Error) return this.#showError(value, (part) => this.value(part))
      if (Array.isArray(value)) return this.#list(value, value.length)
      if (value instanceof Set) return this.#list(value, value.size)
      if (value instanceof Map) return this.#fields(value, value.size)
      const keys = Object.keys(value)
      return this.#fields(readAll(value, keys.slice(0, this.#limits.items)), keys.length)
    } finally {
      this.#above.delete(value)
    }
  }

  #list(values: Iterable<unknown>, length: number): unknown[] {
    const copy: unknown[] = []
    for (const item of values) {
      if (copy.length === this.#limits.items) break
      copy.push(this.value(item))
    }
    return length > copy.length ? [...copy, `<${length - copy.length} more>`] : copy
  }

  #fields(entries: Iterable<readonly [unknown, unknown]>, length: number): Record<string, unknown> {
    const copy: [string, unknown][] = []
    for (const [name, value] of entries) {
      if (copy.length === this.#limits.items) break
      const key = String(name)
      copy.push([this.text(key), isSecretKey(key) && holdsSecret(key, value) ? hidden : this.value(value)])
    }
    return Object.fromEntries(length > copy.length ? [...copy, ['more', length - copy.length]] : copy)
  }
}

/** Own fields; one whose getter throws says so. */
function readAll(object: object, keys: readonly string[]): (readonly [string, unknown])[] {
  return keys.map((key) => {
    try {
      return [key, (object as Record<string, unknown>)[key]]
    } catch {
      return [key, '<unreadable>']
    }
  })
}

/** Flags and counts under a secret name are none: `key: true`, `tickets: 3`. A numeric password is one. */
function holdsSecret(key: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false
  return typeof value !== 'number' || /(password|passphrase|secret|token)$/i.test(key)
}
