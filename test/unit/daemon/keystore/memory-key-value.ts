/** A KeyValue in memory whose writes can fail or wait. */

import { ShoalError } from '../../../../src/errors.js'
import type { KeyValue } from '../../../../src/services.js'

/** What a test sees and switches. */
export interface MemoryKeyValue extends KeyValue {
  readonly map: Map<string, Uint8Array>
  full: boolean
  /** Writes wait for it. */
  gate: Promise<void>
  writes: number
}

/** Makes an empty one. */
export function memoryKeyValue(): MemoryKeyValue {
  const map = new Map<string, Uint8Array>()
  const write = async (change: () => void): Promise<void> => {
    kv.writes++
    await kv.gate
    if (kv.full) throw new ShoalError('ERR_STORE_READ_ONLY')
    change()
  }
  const kv: MemoryKeyValue = {
    map,
    full: false,
    gate: Promise.resolve(),
    writes: 0,
    get: async (key) => map.get(key),
    set: (key, value) => write(() => map.set(key, value)),
    delete: (key) => write(() => map.delete(key)),
    clear: () => write(() => map.clear()),
    async *entries(prefix = '') {
      for (const key of [...map.keys()].sort()) if (key.startsWith(prefix)) yield [key, map.get(key) as Uint8Array] as const
    },
  }
  return kv
}
