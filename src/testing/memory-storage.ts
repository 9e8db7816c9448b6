/** A {@link Storage} in memory, with the limits of the real one. */

import { ShoalError } from '../errors.js'
import type { KeyValue, Storage } from '../services.js'

const maxKey = 512
const maxValue = 1024 * 1024

/** Makes an empty one. */
export function memoryStorage(): Storage {
  const spaces = new Map<string, MemorySpace>()
  return {
    open(namespace) {
      const space = spaces.get(namespace) ?? new MemorySpace()
      spaces.set(namespace, space)
      return space
    },
  }
}

class MemorySpace implements KeyValue {
  readonly #entries = new Map<string, Uint8Array>()

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key)
    const value = this.#entries.get(key)
    return value && new Uint8Array(value)
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    checkKey(key)
    if (!(value instanceof Uint8Array) || value.length > maxValue) throw new ShoalError('ERR_KEY_INVALID', `A value is at most ${maxValue} bytes.`)
    this.#entries.set(key, new Uint8Array(value))
  }

  async delete(key: string): Promise<void> {
    checkKey(key)
    this.#entries.delete(key)
  }

  async *entries(prefix = ''): AsyncGenerator<readonly [string, Uint8Array], void, undefined> {
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix))
    // order of UTF-8 bytes, which is not that of UTF-16 units
    keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const key of keys) {
      const value = this.#entries.get(key)
      if (value) yield [key, new Uint8Array(value)]
    }
  }

  async clear(): Promise<void> {
    this.#entries.clear()
  }
}

function checkKey(key: string): void {
  const length = Buffer.byteLength(key)
  if (length < 1 || length > maxKey) throw new ShoalError('ERR_KEY_INVALID', `A key is 1 to ${maxKey} bytes, this one has ${length}.`)
}
