/** A map from strings that is never changed in place: changing it gives another one, which shares all but a few hundred bytes with the first. */

type Leaf<V> = ReadonlyMap<string, V>
type Branch<V> = readonly (Leaf<V> | undefined)[]

/** Two levels of 32: a map of some thousand entries has a few in each leaf. */
const width = 32

/** Characters at the end of a key by which it is placed: keys that differ only before them share a leaf. */
const significant = 12

/** The map. Order of iteration is that of a hash. */
export class PersistentMap<V> implements Iterable<readonly [key: string, value: V]> {
  readonly size: number
  readonly #root: readonly (Branch<V> | undefined)[]

  private constructor(root: readonly (Branch<V> | undefined)[], size: number) {
    this.#root = root
    this.size = size
  }

  /** A map without entries. */
  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(new Array(width).fill(undefined), 0)
  }

  get(key: string): V | undefined {
    const at = place(key)
    return this.#root[at >> 5]?.[at & 31]?.get(key)
  }

  has(key: string): boolean {
    const at = place(key)
    return this.#root[at >> 5]?.[at & 31]?.has(key) ?? false
  }

  /** The map with this entry. */
  set(key: string, value: V): PersistentMap<V> {
    const at = place(key)
    const leaf = new Map(this.#root[at >> 5]?.[at & 31])
    const added = leaf.has(key) ? 0 : 1
    return this.#with(at, leaf.set(key, value), this.size + added)
  }

  /** The map without this key. */
  delete(key: string): PersistentMap<V> {
    const at = place(key)
    const leaf = new Map(this.#root[at >> 5]?.[at & 31])
    return leaf.delete(key) ? this.#with(at, leaf, this.size - 1) : this
  }

  *[Symbol.iterator](): Generator<readonly [key: string, value: V], void, undefined> {
    for (const branch of this.#root) {
      if (!branch) continue
      for (const leaf of branch) if (leaf) yield* leaf
    }
  }

  #with(at: number, leaf: Leaf<V>, size: number): PersistentMap<V> {
    const branch = [...(this.#root[at >> 5] ?? new Array<Leaf<V> | undefined>(width).fill(undefined))]
    branch[at & 31] = leaf.size > 0 ? leaf : undefined
    const root = [...this.#root]
    root[at >> 5] = branch
    return new PersistentMap(root, size)
  }
}

/** Ten bits of FNV-1a, folded. */
function place(key: string): number {
  let value = 0x811c9dc5
  for (let i = Math.max(0, key.length - significant); i < key.length; i++) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193)
  return (value ^ (value >>> 10) ^ (value >>> 20)) & 1023
}
