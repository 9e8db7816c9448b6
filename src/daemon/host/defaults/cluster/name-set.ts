/** A set of names with a checksum that does not depend on their order. */

/** Names that one node owns of one topic. */
export class NameSet implements Iterable<string> {
  readonly #names = new Set<string>()
  #checksum = 0

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.add(name)
  }

  get size(): number {
    return this.#names.size
  }

  /** The sum of the names' hashes, 32 bits. A sum and not XOR: two equal differences would hide each other. */
  get checksum(): number {
    return this.#checksum
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** False when it was there. */
  add(name: string): boolean {
    if (this.#names.has(name)) return false
    this.#names.add(name)
    this.#checksum = (this.#checksum + hash(name)) >>> 0
    return true
  }

  /** False when it was not there. */
  delete(name: string): boolean {
    if (!this.#names.delete(name)) return false
    this.#checksum = (this.#checksum - hash(name)) >>> 0
    return true
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#names.values()
  }
}

/** FNV-1a, 32 bits, over UTF-16 code units, with a last mix (MurmurHash3's). */
function hash(name: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < name.length; at++) value = Math.imul(value ^ name.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return (value ^ (value >>> 13)) >>> 0
}
