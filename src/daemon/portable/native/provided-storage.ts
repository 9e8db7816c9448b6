/** The `storage` slot, filled by a plugin's process. */

import { ShoalError } from '../../../errors.js'
import type { KeyValue, Storage } from '../../../services.js'
import type { ServiceCaller } from './service-caller.js'

const slot = 'storage'
const maxKey = 512
const maxValue = 1024 * 1024

/** A storage whose name spaces are in the process. The limits of keys and values are checked here, once for all programs. */
export function providedStorage(caller: ServiceCaller): Storage {
  return { open: (namespace) => space(caller, namespace) }
}

function space(caller: ServiceCaller, namespace: string): KeyValue {
  return {
    async get(key) {
      checkKey(key)
      return caller.bytes(slot, 'get', [namespace, key])
    },
    async set(key, value) {
      checkKey(key)
      if (value.byteLength > maxValue) throw new ShoalError('ERR_KEY_INVALID', `A value has at most ${maxValue} bytes, not ${value.byteLength}.`)
      await caller.call(slot, 'set', [namespace, key, value])
    },
    async delete(key) {
      checkKey(key)
      await caller.call(slot, 'delete', [namespace, key])
    },
    entries: (prefix = '') => entries(caller, namespace, prefix),
    async clear() {
      await caller.call(slot, 'clear', [namespace])
    },
  }
}

/** Page by page; each page is asked for when the one before was read. */
async function* entries(caller: ServiceCaller, namespace: string, prefix: string): AsyncGenerator<readonly [string, Uint8Array]> {
  let after = ''
  for (;;) {
    const page = await caller.call(slot, 'entries', [namespace, prefix, after])
    for (const { key, value } of page.entries) {
      // a page that does not go on would be read for ever
      if (after !== '' && Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) throw caller.nonsense(slot, 'entries')
      after = key
      yield [key, new Uint8Array(value)]
    }
    if (!page.flag) return
    if (page.entries.length === 0) throw caller.nonsense(slot, 'entries')
  }
}

function checkKey(key: string): void {
  const length = Buffer.byteLength(key)
  if (length < 1 || length > maxKey) throw new ShoalError('ERR_KEY_INVALID', `A key has 1 to ${maxKey} bytes, not ${length}.`)
  if (/\p{Surrogate}/u.test(key)) throw new ShoalError('ERR_KEY_INVALID', 'A key is not well-formed Unicode.')
}
